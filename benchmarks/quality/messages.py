"""How often do the words shown answer bare subjects, stories, double questions and questions with unknown names?

usage: python -m benchmarks.quality.messages [FILE ...] [--index INDEX] [--failures]

FILE has JSON lines as in tests/questions/subjects.jsonl and messages.jsonl, by default these two, about the articles of
the index. Prints, by style, how often the text shown holds the words that answer, how often everything that belongs to
the answer is shown (the last item of a list, the words that answer the second question), and how often articles are
offered instead, the right one among them.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bot.answering.answer import Answer
from bot.answering.bot import Bot
from bot.evaluation.evaluate import holds_one

FILES = [Path("tests/questions") / name for name in ("subjects.jsonl", "messages.jsonl")]
_COLUMNS = ("words quoted", "all shown", "articles offered", "refused")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="*", default=FILES)
    parser.add_argument("--index", type=Path, default=Path("index"))
    parser.add_argument("--failures", action="store_true", help="print the messages whose words are not quoted")
    arguments = parser.parse_args()
    bot, rows = Bot.open(arguments.index), defaultdict(list)
    for message in (json.loads(line) for file in arguments.files for line in file.read_text("utf-8").splitlines()):
        answer = bot.ask(message["question"])
        outcome = _outcome(bot, answer, message)
        rows[message["style"]].append(outcome)
        if arguments.failures and not any(outcome[:3]):
            print(f"{message['style']} {message['question']!r}\n  {answer.status} {answer.text!r}\n  {message['words']!r}")
    print(f"| style | {' | '.join(_COLUMNS)} |\n{'| --- ' * (len(_COLUMNS) + 1)}|")
    for style, outcomes in rows.items():
        shares = 100 * np.mean(outcomes, axis=0)
        print(f"| {style} ({len(outcomes)}) | {' | '.join(f'{share:.0f}' for share in shares)} |")


def _outcome(bot: Bot, answer: Answer, message: Mapping[str, Any]) -> tuple[bool, ...]:
    """Return what the columns count."""
    shown = [answer.text, *(other.text for other in answer.answers)]
    quoted = any(holds_one(text, (message["words"], *message["also"])) for text in shown)
    second = (message["words2"], *message.get("also2", ())) if "words2" in message else (message.get("last", ""),)
    whole = quoted and any(holds_one(text, second) for text in shown)
    articles = {source.passage.article.id for title in answer.did_you_mean for source in bot.ask(title).sources}
    return quoted, whole, message["article"] in articles, answer.status == "no_answer"


if __name__ == "__main__":
    main()
