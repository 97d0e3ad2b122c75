"""The websites that the encoder and the reader learn from, and the questions about them."""

from pathlib import Path

import pytest

from benchmarks.quality.teach_encoder import WEBSITES, read_website_questions
from bot.corpus.corpus import read_corpus
from bot.languages.normalization import words_only

FOLDERS = (WEBSITES, WEBSITES.with_name("reader"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_the_words_that_answer_stand_in_the_articles(folder: Path):
    corpus, questions = read_corpus(folder), read_website_questions(folder)
    texts = {article.id: words_only(article.text) for article in corpus.articles}
    assert len(texts) == len(list(folder.glob("*/*.md")))  # none is left out
    labels = [(one["article"], words) for one in questions if one["words"] for words in (one["words"], *one["also"])]
    missing = [words for _, words in labels if not any(words_only(words) in text for text in texts.values())]
    assert missing == []
    elsewhere = [one["words"] for one in questions if words_only(one["words"]) not in texts[one["article"]]]
    assert elsewhere == []


def test_no_website_is_learned_by_both_and_none_is_measured():
    taught, read = ({path.name for path in folder.iterdir()} for folder in FOLDERS)
    measured = {path.name for path in Path(__file__).with_name("publishers").iterdir()}
    assert taught & read == set()
    assert (taught | read) & measured == set()
