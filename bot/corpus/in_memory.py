"""A list of articles in memory → what a build reads."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bot.corpus.article import Article
from bot.corpus.formats.jsonl import parse_article
from bot.corpus.refused import Refused, Unreadable
from bot.corpus.source import ArticleSource, PartReader
from bot.errors import CorpusError

ArticleInput = Article | Mapping[str, Any]
"""An article, or the fields of one or of a FAQ as a line of `.jsonl` has them."""

_NAME = "articles"


class InMemorySource(ArticleSource):
    """Articles that a program has. Raises `CorpusError` with the place of one that cannot be read: a program can mend that at once."""

    def __init__(self, articles: Iterable[ArticleInput]) -> None:
        read = [_article(given, number) for number, given in enumerate(articles, 1)]
        if twice := [ident for ident, times in Counter(article.id for article in read).items() if times > 1]:
            raise CorpusError(f"The id {twice[0]!r} is that of several articles of the list: give each its own.")
        super().__init__("the list of articles", read)

    def digest(self) -> str:
        return hashlib.sha256("\0".join(map(repr, self.parts)).encode()).hexdigest()

    def part_reader(self) -> PartReader:
        return _as_it_is


def _as_it_is(article: Article) -> Iterator[Article | Refused]:
    yield article


def _article(given: ArticleInput, number: int) -> Article:
    if isinstance(given, Article):
        return given
    try:
        return parse_article(given, f"{_NAME}.{number}", number)
    except Unreadable as error:
        raise CorpusError(f"Article {number} of the list cannot be read: {error}.") from None
