"""Articles read one at a time, each once, so that a corpus larger than the memory can be read."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from bot.corpus.article import Article
from bot.corpus.refused import Refused
from bot.errors import CorpusError


@dataclass(frozen=True, slots=True)
class Alternate:
    """One more way to ask what a passage answers: a row of `alternates.csv`."""

    question: str
    passage: str
    line: int


PartReader = Callable[[Any], Iterator[Article | Refused]]
"""Reads one part, a file or what stands for one, and knows of no other; may be sent to another process."""


class ArticleSource(ABC):
    """Articles and where they come from: `name`, of whose `files` `files_read` are read.

    Its `parts` are read one by one, here or elsewhere, by its `part_reader`; what comes of them goes through `admit`, each once and in order, and then `finish`,
    as an iteration over it does. Then `refused` lists what could not be read, `also_at` and `resolve_related` tell what only the whole corpus can.
    """

    def __init__(
        self, name: str, parts: Sequence[Any], alternates: tuple[Alternate, ...] = (), unread: Sequence[Refused] = ()
    ) -> None:
        self.name, self.parts, self.files_read = name, parts, 0
        self.alternates = alternates
        self.refused: list[Refused] = []
        self._unread = unread
        """What was refused besides articles: told last."""
        self.also_at: dict[str, tuple[str, ...]] = {}
        """By id of an article, the addresses of others that had its text."""
        self._sources: dict[str, str] = {}
        """By id of an article, its file."""
        self._owners: dict[bytes, str] = {}
        """By hash of a text, the id of the first article that has it."""
        self._by_title: dict[str, str] = {}

    def __iter__(self) -> Iterator[Article]:
        read = self.part_reader()
        for part in self.parts:
            yield from filter(self.admit, read(part))
            self.files_read += 1
        self.finish()

    @property
    def files(self) -> int:
        return len(self.parts)

    def admit(self, item: Article | Refused) -> TypeGuard[Article]:
        """Whether what was read is an article that goes in; of what does not, `refused` tells why."""
        if isinstance(item, Refused):
            self.refused.append(item)
        elif double := self._double(item):
            self.refused.append(double)
        else:
            self._by_title[item.title.casefold()] = item.id
            return True
        return False

    def finish(self) -> None:
        """Raises `CorpusError` when there was no article."""
        self.refused += self._unread
        if not self._by_title:
            first = f"; the first reason: {self.refused[0]}" if self.refused else ""
            raise CorpusError(f"No article could be read from {self.name}{first}.")

    @abstractmethod
    def digest(self) -> str:
        """A sha256 of all that is read: equal when nothing changed."""

    @abstractmethod
    def part_reader(self) -> PartReader:
        """What reads the parts."""

    def resolve_related(self, names: Iterable[str]) -> tuple[str, ...]:
        """The ids of related posts, of which some are named by title (page dumps know no ids)."""
        return tuple(dict.fromkeys(self._by_title.get(name.casefold(), name) for name in names))

    def _double(self, article: Article) -> Refused | None:
        """Why an article does not go in: its id is taken, or an earlier one has its text, to which its address then goes."""
        if article.id in self._sources:
            return Refused(
                article.source, None, f"the id {article.id!r} is already that of {self._sources[article.id]}"
            )
        self._sources[article.id] = article.source
        owner = self._owners.setdefault(hashlib.sha256(" ".join(article.text.split()).encode()).digest(), article.id)
        if owner == article.id or _is_row(article):
            return None
        self.also_at[owner] = (*self.also_at.get(owner, ()), *([article.url] if article.url else []))
        return Refused(
            article.source, None, f"the same text as {self._sources[owner]}: indexed once, with both addresses"
        )


def _is_row(article: Article) -> bool:
    """Whether an article is one FAQ: two questions may well have the same answer."""
    return any((faq.start, faq.end) == (0, len(article.text)) for faq in article.faqs)
