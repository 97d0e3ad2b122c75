"""What is read of an index's articles and passages, wherever they are kept."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from bot.corpus.article import Article
from bot.passages import Passage


class Passages(Protocol):
    """Articles and passages by number and by id. A number is what the generation itself calls a passage or an article by, and means nothing elsewhere."""

    def __len__(self) -> int:
        """The number of passages."""

    @property
    def categories(self) -> Mapping[str, int]:
        """How many articles each category has, most first."""

    def count_articles(self) -> int: ...

    def passages(self, numbers: Iterable[int]) -> list[Passage]:
        """The passages of the given numbers, in their order."""

    def passage(self, number: int, /) -> Passage:
        """The passage with a number."""

    def number(self, passage: Passage) -> int:
        """The number of one of its passages."""

    def sample(self, most: int, *, faqs: bool = False) -> list[Passage]:
        """At most so many passages, spread evenly over all, or over all FAQs."""

    def articles(self) -> Iterator[Article]:
        """All articles, in the order of the corpus."""

    def all_passages(self) -> Iterator[Passage]:
        """All passages, none of which is kept in memory."""

    def count_faqs(self) -> int: ...

    def faq_ids(self) -> Iterator[str]:
        """The ids of all passages that are FAQs."""

    def faqs(self, article: str) -> list[Passage]:
        """The FAQs of the article with an id, in the order of its text; none when there is no such article."""

    def faqs_in_turn(self) -> Iterator[int]:
        """The numbers of FAQs, one of each category in turn, the largest first; in each the first FAQs of the articles, newest first, then the second ones."""

    def passage_called(self, ident: str) -> Passage | None:
        """The passage with an id."""

    def article(self, ident: str) -> Article | None:
        """The article with an id."""

    def listed(self, category: str | None, offset: int, limit: int) -> list[Article]:
        """Up to `limit` articles after the first `offset`, in the order of the corpus; with a category only those in it."""

    def newest_articles(self, most: int) -> list[Article]:
        """The at most `most` articles that were published last, newest first; those without a day are not among them."""
