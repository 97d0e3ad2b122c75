"""The websites that the reader learns from, and the questions about them."""

import pytest

from benchmarks.quality.fit_reader import WEBSITES, website_names, website_questions
from benchmarks.quality.publishers import PUBLISHERS
from bot.corpus.corpus import read_corpus
from bot.languages.normalization import words_only


@pytest.mark.parametrize("name", website_names())
def test_the_words_that_answer_stand_in_the_articles(name: str):
    texts = {article.id: words_only(article.text) for article in read_corpus(WEBSITES / name).articles}
    assert len(texts) == len(list((WEBSITES / name).iterdir()))  # none is left out
    labelled = [one for one in website_questions(name) if one["words"]]
    elsewhere = [one["words"] for one in labelled if words_only(one["words"]) not in texts[one["article"]]]
    assert elsewhere == []
    also = [words for one in labelled for words in one["also"]]
    missing = [words for words in also if not any(words_only(words) in text for text in texts.values())]
    assert missing == []


def test_no_measured_website_is_learned_from():
    assert {path.name for path in PUBLISHERS.iterdir()}.isdisjoint(website_names())
