"""How often do the words shown answer bare subjects, stories, double questions, unknown names, Hindi and Hinglish?

usage: python -m benchmarks.quality.messages [FILE ...] [--index INDEX] [--half 0|1] [--failures]

FILE has JSON lines as in tests/questions/subjects.jsonl and messages.jsonl, by default these two, about the articles of
the index. Prints, by style and language, how often the text shown holds the words that answer, how often everything
that belongs to the answer is shown (the last item of a list, the words that answer the second question), how often
articles are offered instead, the right one among them, and how often there is an answer, the closest words, or none.
`--half` takes the questions about one half of the articles, as conversations.py does.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.quality.conversations import half_of
from bot.answering.answer import Answer
from bot.answering.bot import Bot
from bot.evaluation.evaluate import holds_one

FILES = [Path("tests/questions") / name for name in ("subjects.jsonl", "messages.jsonl")]
_COLUMNS = ("words quoted", "all shown", "articles offered", "answered", "closest", "refused")
Outcome = tuple[bool, ...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="*", default=FILES)
    parser.add_argument("--index", type=Path, default=Path("index"))
    parser.add_argument("--half", type=int, choices=(0, 1))
    parser.add_argument("--failures", action="store_true", help="print the messages whose words are not quoted")
    arguments = parser.parse_args()
    bot, rows = Bot.open(arguments.index), defaultdict(list)
    for message in (json.loads(line) for file in arguments.files for line in file.read_text("utf-8").splitlines()):
        if arguments.half in (None, half_of(message["article"])):
            answer = bot.ask(message["question"])
            outcome = _outcome(bot, answer, message)
            for group in _groups_of(message):
                rows[group].append(outcome)
            if arguments.failures and not any(outcome[:3]):
                print(message["style"], repr(message["question"]), f"\n  {answer.text!r}\n  {message['words']!r}")
    _print_table(rows)


def _groups_of(message: Mapping[str, Any]) -> list[str]:
    style, language = message["style"], message.get("language")
    if language is None:
        return [style]
    return [f"{language}, near"] if style == "near" else [f"{language}, {style}", f"{language}, all"]


def _print_table(rows: Mapping[str, list[Outcome]]) -> None:
    print(f"| style | {' | '.join(_COLUMNS)} |\n{'| --- ' * (len(_COLUMNS) + 1)}|")
    for group, outcomes in sorted(rows.items()):
        shares = 100 * np.mean(outcomes, axis=0)
        print(f"| {group} ({len(outcomes)}) | {' | '.join(f'{share:.0f}' for share in shares)} |")


def _outcome(bot: Bot, answer: Answer, message: Mapping[str, Any]) -> Outcome:
    """Return what the columns count."""
    shown = [answer.text, *(other.text for other in answer.answers)]
    words = (message["words"], *message["also"])
    quoted = bool(message["words"]) and any(holds_one(text, words) for text in shown)
    second = (message["words2"], *message.get("also2", ())) if "words2" in message else (message.get("last", ""),)
    whole = quoted and any(holds_one(text, second) for text in shown)
    articles = {source.passage.article.id for title in answer.did_you_mean for source in bot.ask(title).sources}
    statuses = [answer.status == each for each in ("answered", "closest", "no_answer")]
    return quoted, whole, message["article"] in articles, *statuses


if __name__ == "__main__":
    main()
