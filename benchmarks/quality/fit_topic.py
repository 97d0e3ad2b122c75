"""Fit the weights of `bot.retrieval.topic.continues_topic`, and print them.

usage: python -m benchmarks.quality.fit_topic [--index INDEX]

A logistic regression, with equal weight for both kinds: last questions of the conversations about half 0 of the
articles that continue their topic, against those that change it and against questions of
tests/questions/reader.jsonl after one about another article of the same category. Questions without a subject of their
own are left out: they always continue. Prints the weights, and how many of each kind they get right on both halves.
"""

import argparse
import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks.quality.conversations import half_of, with_answers
from benchmarks.shared.question_sets import read_json_lines
from bot.answering.bot import Bot
from bot.index.lexical import content_terms
from bot.retrieval import finder, topic

QUESTIONS = Path(__file__).parents[2] / "tests" / "questions"
PAIRS = 300  # number of questions after one about another article


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path, default=Path("index"))
    bot = Bot.open(parser.parse_args().index)
    rows = [
        (half, signals, continues)
        for half, turns, continues in conversations(bot)
        if (signals := signals_of(bot, turns)) is not None
    ]
    halves, signals, continues = (np.array(column) for column in zip(*rows, strict=True))
    fitted = LogisticRegression(C=100, class_weight="balanced", max_iter=1000)
    fitted.fit(signals[halves == 0], continues[halves == 0])
    print(f"weights {-fitted.coef_[0].round(2)}, limit {fitted.intercept_[0]:.2f}")
    for half in (0, 1):
        own = halves == half
        is_right = fitted.predict(signals[own]) == continues[own]
        for kind in (True, False):
            some = is_right[continues[own] == kind]
            print(f"half {half}, {'continue' if kind else 'another'}: {len(some)}, right {100 * some.mean():.0f} %")


def conversations(bot: Bot) -> Iterator[tuple[int, list[str], bool]]:
    """Yield the half of the articles, the questions, and whether the last one continues the topic."""
    for row in read_json_lines(QUESTIONS / "conversations.jsonl"):
        yield half_of(row["article"]), row["turns"], row["kind"] != "topic_change"
    by_category = defaultdict(list)
    categories = {one.article.id: one.article.category for one in bot.retriever.generation.table.all_passages()}
    for row in read_json_lines(QUESTIONS / "reader.jsonl"):
        if row["words"]:
            by_category[categories[row["article"]]].append(row)
    chosen = random.Random(0)
    for _ in range(PAIRS):
        one, other = chosen.sample(by_category[chosen.choice(sorted(by_category))], 2)
        if one["article"] != other["article"] and half_of(one["article"]) == half_of(other["article"]):
            yield half_of(one["article"]), [one["question"], other["question"]], False


def signals_of(bot: Bot, turns: list[str]) -> list[float] | None:
    """Return what `continues_topic` weighs for the last question; None if there is no topic, or it has no subject."""
    *earlier, last = turns
    history = with_answers(bot, earlier)
    with mock.patch.object(finder, "continues_topic", wraps=topic.continues_topic) as asked:
        bot.ask(last, history)
    for question, scores, articles, number in (call.args for call in asked.call_args_list):
        if number is not None and len(scores) and not topic.names_no_subject(question):
            own = scores[articles == number]
            gap = scores.max() - (own.max() if len(own) else scores.min())
            terms = np.log(max(1, len(set(content_terms(question)))))
            margin = topic.top_article_margin(scores, articles)
            return [float(gap), margin, float(terms), -float(topic.refers_back(question))]
    return None


if __name__ == "__main__":
    main()
