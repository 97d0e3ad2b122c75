"""The history of the decisions: each is a line that says which rows it added and removed, so that it can be undone."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args
from uuid import uuid4

from bot.corpus.decisions.article_file import is_correctable, replace_words
from bot.corpus.decisions.files import ALTERNATES, HISTORY, LAYOUTS, WRITTEN
from bot.corpus.decisions.table import Cells, add_row, remove_row
from bot.errors import CorpusError

Action = Literal["accept", "draft", "ignore", "reject", "write", "change", "withdraw", "correct", "starters", "undo"]


@dataclass(frozen=True, slots=True)
class Change:
    """A row that is added to a file of the corpus, or removed from it; of an article's file, its words."""

    file: str
    cells: Cells
    """Those of the row; of an article's file, what `replace_words` needs."""
    is_added: bool = True
    """Of an article's file, whether the new words replace the old ones."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What an editor decided about a question."""

    id: str
    when: str
    """The time in UTC, ISO 8601."""
    who: str
    action: Action
    question: str
    passage: str
    """The id of the passage that it is about; empty if there is none."""
    changes: tuple[Change, ...]
    undoes: str = ""
    """The id of the decision that this one undoes."""

    @property
    def changes_index(self) -> bool:
        """Whether a build reads the files that it changed."""
        return bool(self.corrections) or any(change.file in (ALTERNATES, WRITTEN) for change in self.changes)

    @property
    def corrections(self) -> list[Change]:
        """The changes of words in articles' files."""
        return [change for change in self.changes if change.file not in LAYOUTS]


def decide(
    corpus: Path, action: Action, question: str, changes: Sequence[Change], *, who: str, passage: str = "",
    undoes: str = "",
) -> Decision:  # fmt: skip
    """Change the files and add the decision to the history, unless nothing changes.

    Raises `CorpusError` if a file cannot be written.
    """
    made = tuple(filter(None, (_make(corpus, change) for change in changes)))
    now = datetime.now(UTC).isoformat(timespec="seconds")
    decision = Decision(uuid4().hex[:12], now, who, action, " ".join(question.split()), passage, made, undoes)
    if made:
        path = corpus / HISTORY
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(decision), ensure_ascii=False) + "\n")
        except OSError as error:
            raise CorpusError(f"{path} cannot be written ({error.strerror}): check its permissions.") from error
    return decision


def _make(corpus: Path, change: Change) -> Change | None:
    """Change a file and return what changed, None if nothing did."""
    if change.file not in LAYOUTS:
        return change if replace_words(corpus, change.file, change.cells, back=not change.is_added) else None
    path, layout = corpus / change.file, LAYOUTS[change.file]
    if change.is_added:
        return change if add_row(path, layout, change.cells) else None
    removed = remove_row(path, layout, change.cells)
    return Change(change.file, removed, is_added=False) if removed else None


def undo(corpus: Path, ident: str, *, who: str = "") -> Decision:
    """Reverse a decision, which may itself be one that undid another.

    Raises `CorpusError` if there is none with this id, or its rows were changed since.
    """
    decision = next((one for one in read_history(corpus) if one.id == ident), None)
    if decision is None:
        raise CorpusError(f"There is no decision {ident!r} in {HISTORY}: nothing was undone.")
    # First the added rows go, then the removed ones come back in their order.
    reverse = [replace(change, is_added=not change.is_added) for change in decision.changes]
    reverse.sort(key=lambda change: change.is_added)
    undone = decide(corpus, "undo", decision.question, reverse, who=who, passage=decision.passage, undoes=decision.id)
    if not undone.changes:
        names = " and ".join(dict.fromkeys(change.file for change in decision.changes))
        raise CorpusError(f"{names} was changed since by other means: there is nothing left to undo.")
    return undone


def read_history(corpus: Path) -> list[Decision]:
    """Return the decisions, oldest first. Raises `CorpusError` if the history cannot be read."""
    path = corpus / HISTORY
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path} cannot be read ({error}): restore it, or move it away.") from error
    return [_parse(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def in_force(history: Iterable[Decision]) -> dict[str, bool]:
    """Return the ids of all decisions, each with whether it holds; undoing what undid it makes it hold again."""
    undone_by = {one.undoes: one.id for one in history if one.undoes}

    def holds(ident: str) -> bool:
        return ident not in undone_by or not holds(undone_by[ident])

    return {one.id: holds(one.id) for one in history}


def _parse(path: Path, number: int, line: str) -> Decision:
    try:
        fields: Mapping[str, Any] = json.loads(line)
        changes = tuple(Change(one["file"], dict(one["cells"]), bool(one["is_added"])) for one in fields["changes"])
        decision = Decision(**{**fields, "changes": changes})
        is_known = decision.action in get_args(Action) and all(
            change.file in LAYOUTS or is_correctable(change.file) for change in changes
        )
    except (ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"{path}:{number} cannot be read ({error}): remove the line.") from error
    if not is_known:
        raise CorpusError(f"{path}:{number} cannot be read (unknown action or file): install a newer articlebot.")
    return decision
