"""Articles passed as Python objects instead of files."""

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
"""An `Article`, or a mapping with the fields of one line of a `.jsonl` file: an article or a FAQ."""


class InMemorySource(ArticleSource):
    """A list of articles. Raises `CorpusError` if one cannot be read, because the caller can fix that at once."""

    def __init__(self, articles: Iterable[ArticleInput]) -> None:
        read = [_to_article(item, number) for number, item in enumerate(articles, 1)]
        if repeated := [ident for ident, count in Counter(article.id for article in read).items() if count > 1]:
            raise CorpusError(f"Several articles of the list have the id {repeated[0]!r}: give each its own.")
        super().__init__("the list of articles", read)

    def digest(self) -> str:
        return hashlib.sha256("\0".join(map(repr, self.parts)).encode()).hexdigest()

    def part_reader(self) -> PartReader:
        return _pass_through


def _pass_through(article: Article) -> Iterator[Article | Refused]:
    yield article


def _to_article(item: ArticleInput, number: int) -> Article:
    if isinstance(item, Article):
        return item
    try:
        return parse_article(item, f"articles.{number}", number)
    except Unreadable as error:
        raise CorpusError(f"Article {number} of the list cannot be read: {error}.") from None
