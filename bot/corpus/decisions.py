"""What an editor does about questions: lines in files of the corpus that people read, edit and keep in git; undoing one is deleting its line."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bot.corpus.corpus import ALTERNATES, IGNORED, REJECTED
from bot.errors import CorpusError
from bot.index.generation import Passages
from bot.retrieval.near_duplicates import wording

DRAFTS = "faqs-to-write.csv"
"""A FAQ table whose answers are still empty: builds tell of each, until someone has written it."""


@dataclass(frozen=True, slots=True)
class Decisions:
    """What an editor has decided so far."""

    settled: Sequence[str] = ()
    """Questions that something was done about: accepted, put on the list of FAQs to write, or not for us."""
    rejected: Sequence[tuple[str, str]] = ()
    """Questions, each with the id of a FAQ that it does not mean."""

    @classmethod
    def read(cls, corpus: Path) -> "Decisions":
        """Those in the files of a corpus. Raises `CorpusError` when one cannot be read."""
        settled = [question for name in (ALTERNATES, DRAFTS, IGNORED) for question, _ in _rows(corpus / name)]
        return cls(settled, _rows(corpus / REJECTED))


def accept(corpus: Path, table: Passages, question: str, passage: str, *, who: str = "") -> Path:
    """Make a question an alternate of a FAQ, from the next build on; returns the file. Raises `CorpusError` when there is no such FAQ, or it cannot be written."""
    faq = table.passage_called(passage)
    if faq is None or faq.kind != "faq":
        raise CorpusError(f"There is no FAQ {passage!r}: name the id of one, as articlebot search --json tells it.")
    return _append(
        corpus / ALTERNATES, ("question", "passage", "who", "when"), (question, passage, who, date.today().isoformat())
    )


def draft(corpus: Path, question: str) -> Path:
    """Put a question on the list of FAQs to write; returns the file. Raises `CorpusError` when it cannot be written."""
    return _append(corpus / DRAFTS, ("question", "answer"), (question, ""))


def ignore(corpus: Path, question: str) -> Path:
    """Leave a question out of reports; returns the file. Raises `CorpusError` when it cannot be written."""
    return _append(corpus / IGNORED, ("question",), (question,))


def reject(corpus: Path, question: str, passage: str) -> Path:
    """Propose a question no more as an alternate of a FAQ; returns the file. Raises `CorpusError` when it cannot be written."""
    return _append(corpus / REJECTED, ("question", "passage"), (question, passage))


def _rows(path: Path) -> list[tuple[str, str]]:
    """Question and passage of each row; none where there is no such file."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [(row["question"], row.get("passage") or "") for row in csv.DictReader(file) if row.get("question")]
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(f"{path} cannot be read ({error}): save it as CSV in UTF-8.") from error


def _append(path: Path, columns: Sequence[str], values: Iterable[str]) -> Path:
    """Add a row in the columns that the file has, unless it has the question already."""
    given = {name: " ".join(value.split()) for name, value in zip(columns, values, strict=True)}
    try:
        text = path.read_text(encoding="utf-8-sig") if path.exists() else ""
        rows = csv.DictReader(text.splitlines())
        has = list(rows.fieldnames or columns)
        if any(_same(row, given) for row in rows):
            return path
        with path.open("a", encoding="utf-8", newline="") as file:
            if text and not text.endswith("\n"):
                file.write("\n")
            writer = csv.DictWriter(file, has, extrasaction="ignore", lineterminator="\n")
            if not text:
                writer.writeheader()
            writer.writerow(given)
    except OSError as error:
        raise CorpusError(f"{path} cannot be written ({error.strerror}): check its permissions.") from error
    return path


def _same(row: dict[str, str], given: dict[str, str]) -> bool:
    return wording(row.get("question") or "") == wording(given["question"]) and row.get("passage") == given.get(
        "passage"
    )
