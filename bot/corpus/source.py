"""Sources of articles: read one article at a time, so that a corpus larger than memory can be indexed."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from bot.corpus.article import Article
from bot.corpus.refused import Refused
from bot.corpus.sites import Address, address_of
from bot.corpus.synonyms import Synonym
from bot.errors import CorpusError


@dataclass(frozen=True, slots=True)
class Alternate:
    """Another wording of the question that a passage answers: a row of `alternates.csv`."""

    question: str
    passage: str
    line: int


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question that no article answers: a row of `unanswered.csv`, or a FAQ that is still to be written."""

    question: str


TableRow = Alternate | Synonym | Unanswered
"""A row of the editors' tables that bear upon a build."""

PartReader = Callable[[Any], Iterator[Article | Refused]]
"""Reads one part (a file, say) independently of the others; can be pickled and sent to another process."""


class ArticleSource(ABC):
    """A sequence of `parts`, usually files, that are read into articles.

    Iterating reads every part once. A caller that reads the parts elsewhere, in other processes, does the same in three
    steps: call `part_reader()` on each part, pass every result to `admit` in the order of the parts, and call `finish`.
    Afterwards `refused` lists what could not be read, and `also_at` and `resolve_names` give what is only known once
    the whole corpus has been read.
    """

    def __init__(self, name: str, parts: Sequence[Any], rows: Sequence[TableRow | Refused] = ()) -> None:
        """`rows` come from the editors' tables."""
        self.name, self.parts, self.files_read = name, parts, 0
        self.on_read: Callable[[], object] | None = None
        """Called after each part."""
        self.alternates = tuple(row for row in rows if isinstance(row, Alternate))
        self.synonyms = tuple(row for row in rows if isinstance(row, Synonym))
        self.unanswered = tuple(row.question for row in rows if isinstance(row, Unanswered))
        self.refused: list[Refused] = []
        self._extra = [row for row in rows if isinstance(row, Refused)]
        """Refusals that concern no article, added by `finish`."""
        self.also_at: dict[str, tuple[str, ...]] = {}
        """Article id → the URLs of other articles with the same text."""
        self._places: dict[str, tuple[str, Address]] = {}
        """Article id → its file and address."""
        self._first_with_text: dict[bytes, str] = {}
        """Hash of a text → id of the first article with that text."""
        self._by_title: dict[str, str] = {}

    def __iter__(self) -> Iterator[Article]:
        read = self.part_reader()
        for part in self.parts:
            yield from filter(self.admit, read(part))
            self.count_read(self.files_read + 1)
        self.finish()

    def count_read(self, files: int) -> None:
        """Set the number of parts that were read, and report it."""
        self.files_read = files
        if self.on_read:
            self.on_read()

    def admit(self, item: Article | Refused) -> TypeGuard[Article]:
        """Register an item of a part; return whether it is an article to index. All else goes to `refused`."""
        if isinstance(item, Refused):
            self.refused.append(item)
        elif duplicate := self._check_duplicate(item):
            self.refused.append(duplicate)
        else:
            self._by_title[item.title.casefold()] = item.id
            return True
        return False

    def finish(self) -> None:
        """Complete `refused`. Raises `CorpusError` if there was no article."""
        self.refused += self._extra
        if not self._by_title:
            reasons = sorted(self.refused, key=lambda item: item.kind != "refused")
            first = f"; the first reason: {reasons[0]}" if reasons else ""
            raise CorpusError(f"No article could be read from {self.name}{first}.")

    @abstractmethod
    def digest(self) -> str:
        """Return a sha256 of the whole input: equal if nothing changed."""

    @abstractmethod
    def part_reader(self) -> PartReader:
        """Return the function that reads one part."""

    def part_digest(self, part: Any) -> str | None:  # noqa: ARG002 - sources that are read quickly have none
        """Return a hash of all that reading a part depends on; None if its articles are not worth a place on disk."""
        return None

    def resolve_names(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the ids of articles; text dumps of pages name related ones by title, which this looks up."""
        return tuple(dict.fromkeys(self._by_title.get(name.casefold(), name) for name in names))

    def _check_duplicate(self, article: Article) -> Refused | None:
        """Refuse an article whose id is taken; merge one with the text of an earlier one, which gets its URL too."""
        address = address_of(article.url)
        if article.id in self._places:
            taken, known = self._places[article.id]
            if article.url and known == address:
                reason = f"{article.title!r}: the same address as an article in {taken}; that one is read"
                return Refused(article.source, None, reason, "left out")
            name = f"{article.title!r} has the id {article.id!r}, which is already used by an article in {taken}"
            return Refused(article.source, None, f"{name}: give one of them another url or id")
        self._places[article.id] = article.source, address
        digest = hashlib.sha256(" ".join(article.text.split()).encode()).digest()
        first = self._first_with_text.setdefault(digest, article.id)
        # Different questions may well have the same answer.
        is_single_faq = any((faq.start, faq.end) == (0, len(article.text)) for faq in article.faqs)
        if first == article.id or is_single_faq:
            return None
        self.also_at[first] = (*self.also_at.get(first, ()), *([article.url] if article.url else []))
        reason = f"{article.title!r} has the same text as {first!r}: indexed once, with both addresses"
        return Refused(article.source, None, reason, "merged")
