"""How often is the last question of a conversation answered with the words that answer?

usage: python -m benchmarks.quality.conversations [--index INDEX] [--half 0|1] [--failures]
       python -m benchmarks.quality.conversations --data DATA_FOLDER --work FOLDER [--failures]

Asks the conversations of tests/questions/conversations.jsonl, which are about the shipped articles, or with --data the
ones about the articles of answer_words, of which it builds an index in --work. Prints, by kind, how often the text
shown holds the words that answer: the last question alone; after the earlier questions; after the earlier questions and
their answers; and rewritten by a person to stand alone. `--half` takes the conversations about one half of the
articles: the limits are fitted on the half 0 of the first 120, half 1 is reported.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from benchmarks.shared.question_sets import build_rows, read_conversations, read_json_lines
from bot.answering.answer import Answer
from bot.answering.bot import Bot
from bot.evaluation.evaluate import holds_one
from bot.retrieval.topic import Turn

Conversation = Mapping[str, Any]
_CONVERSATIONS = Path("tests/questions/conversations.jsonl")
_TIMED = 4  # every how many-th conversation is timed
_COLUMNS = ("alone", "questions", "questions and answers", "rewritten")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path, default=Path("index"))
    parser.add_argument("--data", type=Path)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--half", type=int, choices=(0, 1))
    parser.add_argument("--failures", action="store_true", help="print the conversations that go wrong")
    arguments = parser.parse_args()
    if arguments.data:
        words = arguments.data / "answer_words"
        build_rows(read_json_lines(words / "corpus.jsonl"), arguments.work)
        index, conversations = arguments.work / "index", read_conversations(words)
    else:
        index, conversations = arguments.index, read_json_lines(_CONVERSATIONS)
    bot = Bot.open(index)
    rows = []
    for conversation in conversations:
        if arguments.half in (None, half_of(conversation["article"])):
            answers = [ask() for ask in _ways(bot, conversation)]
            rows.append((conversation["kind"], [is_right(answer, conversation) for answer in answers]))
            if arguments.failures and not all(rows[-1][1]):
                _print_failure(conversation, answers)
    _print_table(rows)
    _print_times(Bot.open(index), conversations)  # a bot that has not kept these answers


def half_of(article: str) -> int:
    """Return the half of the articles that an article belongs to."""
    return sha256(article.encode()).digest()[0] % 2


def is_right(answer: Answer, conversation: Conversation) -> bool:
    return holds_one(answer.text, (conversation["words"], *conversation["also"]))


def with_answers(bot: Bot, questions: list[str]) -> list[Turn]:
    """Return the messages of a conversation in which each question was asked after those before it."""
    messages: list[Turn] = []
    for question in questions:
        said = bot.ask(question, messages).text
        messages += [{"role": "user", "content": question}, {"role": "assistant", "content": said}]
    return messages


def _ways(bot: Bot, conversation: Conversation) -> Iterator[Callable[[], Answer]]:
    """Yield a way to ask the last question for each of the `_COLUMNS`."""
    *earlier, last = conversation["turns"]
    yield lambda: bot.ask(last)
    yield lambda: bot.ask(last, earlier)
    yield lambda: bot.ask(last, with_answers(bot, earlier))
    yield lambda: bot.ask(conversation["alone"])


def _print_table(rows: list[tuple[str, list[bool]]]) -> None:
    print(f"| conversations | {' | '.join(_COLUMNS)} |\n| --- |{' --- |' * len(_COLUMNS)}")
    for kind in [*dict.fromkeys(kind for kind, _ in rows), "all"]:
        right = np.array([each for own, each in rows if kind in (own, "all")])
        print(f"| {kind} ({len(right)}) | {' | '.join(f'{100 * share:.0f}' for share in right.mean(axis=0))} |")


def _print_failure(conversation: Conversation, answers: list[Answer]) -> None:
    print(f"{conversation['kind']}: {' >> '.join(conversation['turns'])}\n  wanted: {conversation['words']}")
    for column, answer in zip(_COLUMNS, answers, strict=True):
        verdict = "right" if is_right(answer, conversation) else "wrong"
        shown, source = " ".join(answer.text.split())[:160], answer.sources[0].passage.id if answer.sources else ""
        print(f"  {column}: {verdict}, {answer.status} {answer.probability:.2f}, {source}: {shown}")


def _print_times(bot: Bot, conversations: Sequence[Conversation]) -> None:
    """Print the median processor time of the last questions without and with their history."""
    times: list[list[float]] = [[], [], []]
    for conversation in conversations[::_TIMED]:
        *earlier, last = conversation["turns"]
        for own, history in zip(times, ((), earlier, with_answers(bot, earlier)), strict=True):
            own.append(_seconds(partial(bot.ask, last, history)))
    alone, questions, answers = (1000 * float(np.median(own)) for own in times)
    print(
        f"\nmedian processor time in ms: {alone:.1f} alone, {questions:.1f} after questions, {answers:.1f} after both"
    )


def _seconds(ask: Callable[[], Answer]) -> float:
    start = process_time()
    ask()
    return process_time() - start


if __name__ == "__main__":
    main()
