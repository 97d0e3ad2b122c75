"""Adds the rows of `alternates.csv` to passages; a row whose passage has another id now follows it."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

from bot.corpus.article import slug
from bot.corpus.decisions.files import ALTERNATES
from bot.corpus.refused import Refused
from bot.corpus.sites import address_of
from bot.corpus.source import Alternate
from bot.passages import Passage


class Placement:
    """Places the rows on the passages of a corpus: first `add_to` all of them, then `follow`."""

    def __init__(self, rows: Sequence[Alternate]) -> None:
        self.notes: list[Refused] = []
        """The rows that were followed or whose passage is missing, complete after `follow`."""
        self._waiting: dict[str, list[Alternate]] = {}
        for row in rows:
            self._waiting.setdefault(row.passage, []).append(row)
        self._found = {name: list[tuple[int, str]]() for passage in self._waiting for name in _names_sought(passage)}
        """Number and id of the passages with a name that rows give, or with the question in it."""

    def add_to(self, passages: Iterable[Passage]) -> Iterator[Passage]:
        """Yield the passages with the alternates of the rows that have their ids."""
        for number, passage in enumerate(passages):
            for name in _other_names(passage) if self._found else ():
                if name in self._found:
                    self._found[name].append((number, passage.id))
            asked = dict.fromkeys(row.question for row in self._waiting.pop(passage.id, ()))
            new = [question for question in asked if question not in (passage.question, *passage.alternates)]
            yield replace(passage, alternates=(*passage.alternates, *new)) if new else passage

    def follow(self) -> Iterator[tuple[int, str]]:
        """Yield number and alternate of each passage that is the only one with a row's permalink, or its question."""
        for row in (row for rows in self._waiting.values() for row in rows):
            found = [self._found[name] for name in _names_sought(row.passage)]
            now = next((places[0] for places in found if len(places) == 1), None)
            if now is not None:
                yield now[0], row.question
                reason = f"the passage {row.passage!r} is {now[1]!r} now, and is followed: write that id in the row"
                self.notes.append(Refused(ALTERNATES, row.line, reason, "followed"))
            else:
                which = ", and several have its address or question: write the id of one" if any(found) else ""
                self.notes.append(Refused(ALTERNATES, row.line, f"the passage {row.passage!r} does not exist{which}"))


def notes_on(rows: Sequence[Alternate], passages: Iterable[Passage]) -> list[Refused]:
    """Return the rows that a build from these passages follows or refuses."""
    placement = Placement(rows)
    deque(chain(placement.add_to(passages if rows else ()), placement.follow()), maxlen=0)
    return placement.notes


def _names_sought(passage: str) -> list[str]:
    """Return the id in a row, and the part of it that is made of a FAQ's question."""
    _, mark, question = passage.partition("#faq-")
    return [passage, mark + question] if mark else [passage]


def _other_names(passage: Passage) -> set[str]:
    """Return the ids that a passage would have by its permalink, with and without the site, and by its question."""
    article, mark, part = passage.id.partition("#")
    site, path = address_of(passage.article.url)
    ids = {path, article.removeprefix(f"{site}/")} if path else set()
    names = {f"{each}{mark}{part}" for ident in ids for each in (ident, f"{site}/{ident}")}
    return names | ({f"#faq-{slug(passage.question)}"} if passage.question else set())
