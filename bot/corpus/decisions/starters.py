"""The questions that an empty chat offers: which come first, in which order, and which never."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bot.corpus.decisions.files import PINNED, UNWANTED, questions_in
from bot.corpus.decisions.history import Change, Decision, decide
from bot.languages.normalization import normalize


@dataclass(frozen=True, slots=True)
class StarterChoices:
    """What editors chose."""

    pinned: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()

    @classmethod
    def read(cls, corpus: Path) -> "StarterChoices":
        """Read the choices in a corpus folder. Raises `CorpusError` if they cannot be read."""
        return cls(*(tuple(questions_in(corpus, name)) for name in (PINNED, UNWANTED)))

    def order(self, questions: Iterable[str]) -> tuple[str, ...]:
        """Return the pinned questions, then the others without hidden ones."""
        taken = set(map(normalize, (*self.pinned, *self.hidden)))
        return (*self.pinned, *(question for question in questions if normalize(question) not in taken))


def pin_starter(corpus: Path, question: str, place: int, *, who: str = "") -> Decision:
    """Offer a question at a place among the pinned ones, counted from 0, even if it is hidden or pinned elsewhere.

    Raises `CorpusError` if a file cannot be written.
    """
    old = StarterChoices.read(corpus).pinned
    pinned = [each for each in old if normalize(each) != normalize(question)]
    pinned.insert(place, question)
    changes = [
        *(Change(PINNED, {"question": each}, is_added=False) for each in old),
        *(Change(PINNED, {"question": each}) for each in pinned),
        Change(UNWANTED, {"question": question}, is_added=False),
    ]
    return decide(corpus, "starters", question, changes, who=who)


def unpin_starter(corpus: Path, question: str, *, who: str = "") -> Decision:
    """Offer a pinned question no longer first. Raises `CorpusError` if a file cannot be written."""
    return decide(corpus, "starters", question, [Change(PINNED, {"question": question}, is_added=False)], who=who)


def hide_starter(corpus: Path, question: str, *, who: str = "") -> Decision:
    """Never offer a question. Raises `CorpusError` if a file cannot be written."""
    row = {"question": question}
    return decide(corpus, "starters", question, [Change(PINNED, row, is_added=False), Change(UNWANTED, row)], who=who)


def show_starter(corpus: Path, question: str, *, who: str = "") -> Decision:
    """Allow a hidden question again. Raises `CorpusError` if a file cannot be written."""
    return decide(corpus, "starters", question, [Change(UNWANTED, {"question": question}, is_added=False)], who=who)
