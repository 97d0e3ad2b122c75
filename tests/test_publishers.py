"""The articles of other publishers, to measure on and to learn from, and the questions that are asked of them."""

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.quality.fit_reader import WEBSITES
from benchmarks.quality.publishers import PUBLISHERS
from benchmarks.shared.question_sets import read_json_lines
from bot.corpus.corpus import read_corpus
from bot.languages.normalization import words_only

FOLDERS = [path.with_suffix("") for home in (PUBLISHERS, WEBSITES) for path in sorted(home.glob("*.jsonl"))]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_the_words_that_answer_stand_in_the_articles(folder: Path):
    texts = {article.id: words_only(article.text) for article in read_corpus(folder).articles}
    assert len(texts) == len(list(folder.iterdir()))  # none is left out
    questions = read_json_lines(folder.with_suffix(".jsonl"))
    assert len({question["question"] for question in questions}) == len(questions)
    assert Counter(bool(question["words"]) for question in questions)[False] == (
        20 if folder.parent == PUBLISHERS else 30
    )
    assert all(question["article"] in texts for question in questions if question["words"])
    wanted = [words for question in questions if question["words"] for words in (question["words"], *question["also"])]
    missing = [words for words in wanted if not any(words_only(words) in text for text in texts.values())]
    assert missing == []
    unlabelled = [question["question"] for question in questions if not question["words"] and question["also"]]
    assert unlabelled == []


def test_no_measured_website_is_learned_from():
    assert len({folder.name for folder in FOLDERS}) == len(FOLDERS)
