"""Editors' decisions about questions: tables in the corpus folder that people read, edit and keep in git.

Only this module reads and writes them. Deleting a row undoes its decision.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bot.corpus.columns import FAQ_COLUMNS, find_columns
from bot.corpus.decoding import decode
from bot.corpus.refused import Refused, Unreadable, check_size
from bot.corpus.source import Alternate
from bot.corpus.synonyms import Synonym
from bot.errors import CorpusError
from bot.languages.normalization import normalize

ALTERNATES = "alternates.csv"
"""Further ways to ask FAQs that exist."""
SYNONYMS = "synonyms.csv"
"""Terms of the articles, each with other words for it."""
IGNORED = "ignored-questions.csv"
"""Questions that reports leave out."""
REJECTED = "rejected-alternates.csv"
"""Questions that were proposed as alternates of a FAQ but do not mean it."""
DRAFTS = "faqs-to-write.csv"
"""A FAQ table whose answers are still empty: each build lists the rows that nobody has written yet."""
NOT_ARTICLES = (ALTERNATES, SYNONYMS, IGNORED, REJECTED)
"""Files of a corpus folder that hold no articles."""

_NAMES = {
    "question": FAQ_COLUMNS["question"],
    "passage": "passage passages passage-id faq faqs faq-id id",
    "answer": FAQ_COLUMNS["answer"],
    "who": "who by editor",
    "when": "when date",
    "term": "term terms",
    "synonym": "also synonym synonyms",
}
_PAIR = ("question", "passage")
_NEEDED = {ALTERNATES: _PAIR, REJECTED: _PAIR, IGNORED: ("question",), DRAFTS: ("question", "answer")}
_SEPARATORS = ",;\t|"
_HEADER_WITHIN = 10  # lines at the top of a file among which its header is looked for
_LONGEST_HEADER = 10_000  # characters


@dataclass(frozen=True, slots=True)
class Decisions:
    """What editors have decided so far."""

    settled: Sequence[str] = ()
    """Questions that were accepted, put on the list of FAQs to write, or ignored."""
    rejected: Sequence[tuple[str, str]] = ()
    """Questions, each with the id of a FAQ that it does not mean."""

    @classmethod
    def read(cls, corpus: Path) -> "Decisions":
        """Read the decisions in a corpus folder. Raises `CorpusError` if one of the files cannot be read."""
        settled = [row["question"] for name in (ALTERNATES, DRAFTS, IGNORED) for row in _rows(corpus / name)]
        rejected = [(row["question"], row["passage"]) for row in _rows(corpus / REJECTED)]
        return cls([question for question in settled if question], rejected)


def read_alternates(path: Path) -> Iterator[Alternate | Refused]:
    """Read a table of alternates: its usable rows, and the fault of every other row."""
    for row in _read_pairs(path, *_PAIR):
        yield row if isinstance(row, Refused) else Alternate(*row)


def read_synonyms(path: Path) -> Iterator[Synonym | Refused]:
    """Read a table of synonyms, several to a term separated by a bar: the usable ones, and the fault of all others."""
    terms = dict[str, str]()
    for row in _read_pairs(path, "term", "synonym"):
        if isinstance(row, Refused):
            yield row
            continue
        term, words, line = row
        for word in filter(None, map(str.strip, words.split("|"))):
            other = terms.setdefault(word.lower(), term)
            yield Synonym(word, term) if other == term else Refused(path.name, line, f"{word!r} also means {other!r}")


def _read_pairs(path: Path, first: str, second: str) -> Iterator[tuple[str, str, int] | Refused]:
    """Yield two cells and the line of each usable row, and the fault of every other row."""
    try:
        check_size(path, megabytes=50)
        decoded = decode(path.read_bytes())
        yield from decoded.notes(path.name)
        table = _Table.parse(decoded.text, (first, second))
        for line, row in table.rows:
            if row[first] and row[second].strip("| "):
                yield row[first], row[second], line
            else:
                yield Refused(path.name, line, f"a row without a {second if row[first] else first}")
        if table.flaw:
            yield Refused(path.name, table.flaw.line, str(table.flaw))
    except Unreadable as error:
        yield Refused(path.name, error.line, str(error))
    except OSError as error:
        yield Refused(path.name, None, f"cannot be opened ({error.strerror})")


def accept(corpus: Path, question: str, passage: str, *, who: str = "") -> Path:
    """Make a question an alternate of the FAQ with this id, from the next build on, and return the file.

    Raises `CorpusError` if the file cannot be written.
    """
    when = date.today().isoformat()
    return _append(corpus / ALTERNATES, {"question": question, "passage": passage, "who": who, "when": when})


def draft(corpus: Path, question: str) -> Path:
    """Add a question to the FAQs to write and return the file. Raises `CorpusError` if it cannot be written."""
    return _append(corpus / DRAFTS, {"question": question, "answer": ""})


def ignore(corpus: Path, question: str) -> Path:
    """Leave a question out of reports and return the file. Raises `CorpusError` if it cannot be written."""
    return _append(corpus / IGNORED, {"question": question})


def reject(corpus: Path, question: str, passage: str) -> Path:
    """Stop proposing a question as an alternate of a FAQ and return the file. Raises `CorpusError` as `ignore` does."""
    return _append(corpus / REJECTED, {"question": question, "passage": passage})


@dataclass(frozen=True, slots=True)
class _Table:
    """A table as it stands in its file."""

    separator: str
    header: Sequence[str]
    columns: Mapping[str, int]
    """Position of each known column."""
    rows: Sequence[tuple[int, Mapping[str, str]]]
    """Line number and known cells of each row, up to the first one that cannot be read."""
    flaw: Unreadable | None
    """Why the rest of the file cannot be read."""

    @classmethod
    def parse(cls, text: str, needed: Sequence[str]) -> "_Table":
        """Split a text into rows. Raises `Unreadable` if no line at its top names the columns that are needed."""
        if not text.strip():
            raise Unreadable("the file is empty")
        lines = io.StringIO(text)
        for number, line in enumerate(text.split("\n")[:_HEADER_WITHIN], 1):
            lines.readline()
            for separator in _SEPARATORS:
                header = next(csv.reader([line[:_LONGEST_HEADER]], delimiter=separator), [])
                columns = {name: places[0] for name, places in find_columns(header, _NAMES).items()}
                if set(needed) <= columns.keys():
                    rows, flaw = _read_rows(lines, number, separator, columns)
                    return cls(separator, header, columns, rows, flaw)
        names = f"columns {' and '.join(needed)}" if len(needed) > 1 else f"column {needed[0]}"
        raise Unreadable(f"the first line should name the {names}", 1)

    def holds(self, values: Mapping[str, str]) -> bool:
        """Whether a row has this question already, about the same passage where there is one."""
        question, passage = normalize(values["question"]), values.get("passage")
        return any(normalize(row["question"]) == question and row.get("passage") == passage for _, row in self.rows)


def _read_rows(
    lines: io.StringIO, above: int, separator: str, columns: Mapping[str, int]
) -> tuple[list[tuple[int, dict[str, str]]], Unreadable | None]:
    reader = csv.reader(lines, delimiter=separator, strict=True)
    rows: list[tuple[int, dict[str, str]]] = []
    try:
        for cells in reader:
            if any(cells):
                cut = {name: " ".join(cells[n].split()) if n < len(cells) else "" for name, n in columns.items()}
                rows.append((above + reader.line_num, cut))
    except csv.Error as error:
        last = rows[-1][0] if rows else above
        return rows, Unreadable(f"from here on nothing is read ({error}): check the quotation marks", last + 1)
    return rows, None


def _whole_table(path: Path, content: bytes) -> _Table | None:
    """Return a table, or None if it is empty. Raises `Unreadable` if part of it cannot be read."""
    text = decode(content).text
    table = _Table.parse(text, _NEEDED[path.name]) if text.strip() else None
    if table and table.flaw:
        raise table.flaw
    return table


def _rows(path: Path) -> Sequence[Mapping[str, str]]:
    """Return the rows of a table; none if there is no such file."""
    try:
        table = _whole_table(path, path.read_bytes())
    except FileNotFoundError:
        return []
    except (OSError, Unreadable) as error:
        raise _unreadable(path, error) from error
    return [row for _, row in table.rows] if table else []


def _append(path: Path, values: Mapping[str, str]) -> Path:
    """Add a row in the columns that the file has, unless it has the question already."""
    values = {name: " ".join(value.split()) for name, value in values.items()}
    try:
        old = path.read_bytes().decode() if path.exists() else ""
        table = _whole_table(path, old.encode())
        if table is None or not table.holds(values):
            with path.open("a", encoding="utf-8", newline="") as file:
                file.write(_new_rows(old, table, values))
    except (Unreadable, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error
    except OSError as error:
        raise CorpusError(f"{path} cannot be written ({error.strerror}): check its permissions.") from error
    return path


def _new_rows(old: str, table: _Table | None, values: Mapping[str, str]) -> str:
    """Return the row, below a header if the file is new, with the separator and line ends that the file has."""
    end = next((mark for mark in ("\r\n", "\n", "\r") if mark in old), "\n")
    text = io.StringIO()
    writer = csv.writer(text, delimiter=table.separator if table else ",", lineterminator=end)
    if table is None:
        writer.writerows([list(values), list(values.values())])
    else:
        names = {n: name for name, n in table.columns.items()}
        writer.writerow(values.get(names.get(n, ""), "") for n in range(len(table.header)))
    return ("" if old.endswith(("\n", "\r", "\ufeff")) or not old else end) + text.getvalue()


def _unreadable(path: Path, error: Exception) -> CorpusError:
    place = f"{path}:{error.line}" if isinstance(error, Unreadable) and error.line else path
    reason = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else getattr(error, "strerror", None) or error
    return CorpusError(f"{place} cannot be read ({reason}): save it as CSV in UTF-8.")
