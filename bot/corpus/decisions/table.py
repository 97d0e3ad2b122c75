"""Tables that stay as people wrote them, apart from the rows that are added and removed."""

import csv
import io
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from bot.corpus.columns import Names, find_columns
from bot.corpus.decoding import decode
from bot.corpus.refused import Unreadable
from bot.errors import CorpusError
from bot.languages.normalization import normalize

Cells = Mapping[str, str]
"""The cells of a row by the name of their column."""

_SEPARATORS = ",;\t|"
_HEADER_WITHIN = 10  # lines at the top of a file among which its header is looked for
_LONGEST_HEADER = 10_000  # characters
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_WITH_LINES = ("answer",)  # columns whose line breaks mean something
WRITING = Lock()
"""Held from reading a file to replacing it: several editors may decide at once."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a kind of table."""

    names: Names
    """The names that each column may have."""
    needed: Sequence[str]


@dataclass(frozen=True, slots=True)
class Row:
    """The known cells of a row, and its first and last line."""

    first: int
    line: int
    cells: Cells


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it is in its file."""

    separator: str
    header: Sequence[str]
    columns: Mapping[str, int]
    """Position of each known column."""
    rows: Sequence[Row]
    """The rows up to the first one that cannot be read."""
    flaw: Unreadable | None
    """Why the rest of the file cannot be read."""

    @classmethod
    def parse(cls, text: str, layout: Layout) -> "Table":
        """Split a text into rows. Raises `Unreadable` if no line at its top names the columns that are needed."""
        if not text.strip():
            raise Unreadable("the file is empty")
        lines = io.StringIO(text)
        for number, line in enumerate(text.split("\n")[:_HEADER_WITHIN], 1):
            lines.readline()
            for separator in _SEPARATORS:
                header = next(csv.reader([line[:_LONGEST_HEADER]], delimiter=separator), [])
                columns = {name: places[0] for name, places in find_columns(header, layout.names).items()}
                if set(layout.needed) <= columns.keys():
                    rows, flaw = _read_rows(lines, number, separator, columns)
                    return cls(separator, header, columns, rows, flaw)
        needed = layout.needed
        names = f"columns {' and '.join(needed)}" if len(needed) > 1 else f"column {needed[0]}"
        raise Unreadable(f"the first line should name the {names}", 1)

    def find(self, cells: Cells) -> Row | None:
        """Return the row with the same question, about the same passage where there is one."""
        question, passage = normalize(cells["question"]), cells.get("passage")
        same = (row for row in self.rows if normalize(row.cells["question"]) == question)
        return next((row for row in same if row.cells.get("passage") == passage), None)


def _read_rows(
    lines: io.StringIO, above: int, separator: str, columns: Mapping[str, int]
) -> tuple[list[Row], Unreadable | None]:
    reader = csv.reader(lines, delimiter=separator, strict=True)
    rows: list[Row] = []
    first = above + 1
    try:
        for cells in reader:
            if any(cells):
                cut = {name: one_line(cells[n], name) if n < len(cells) else "" for name, n in columns.items()}
                rows.append(Row(first, above + reader.line_num, cut))
            first = above + reader.line_num + 1
    except csv.Error as error:
        last = rows[-1].line if rows else above
        return rows, Unreadable(f"from here on nothing is read ({error}): check the quotation marks", last + 1)
    return rows, None


def one_line(cell: str, column: str) -> str:
    """Return a cell on one line, unless its column may have several."""
    return cell.replace("\r\n", "\n").strip() if column in _WITH_LINES else " ".join(cell.split())


def read_rows(path: Path, layout: Layout) -> list[Cells]:
    """Return the rows of a table; none if there is no such file. Raises `CorpusError` if it cannot be read."""
    try:
        table = _whole_table(path.read_bytes(), layout)
    except FileNotFoundError:
        return []
    except (OSError, Unreadable) as error:
        raise _unreadable(path, error) from error
    return [row.cells for row in table.rows] if table else []


def add_row(path: Path, layout: Layout, cells: Cells) -> bool:
    """Add a row in the columns that the file has; False if it has the question already.

    Raises `CorpusError` if the file cannot be written.
    """
    cells = {name: one_line(cell, name) for name, cell in cells.items()}
    with WRITING:
        old, table = _read(path, layout)
        if table and table.find(cells):
            return False
        write_file(path, old + _new_row(old, table, cells))
    return True


def remove_row(path: Path, layout: Layout, cells: Cells) -> Cells | None:
    """Remove the row with a question and return its cells; None if there is none. Raises as `add_row` does."""
    with WRITING:
        old, table = _read(path, layout)
        row = table.find(cells) if table else None
        if row is None:
            return None
        lines = _LINE.findall(old)
        write_file(path, "".join([*lines[: row.first - 1], *lines[row.line :]]))
    return row.cells


def _read(path: Path, layout: Layout) -> tuple[str, Table | None]:
    """Return a file's text and table. Raises `CorpusError` if it cannot be read as a whole."""
    try:
        old = path.read_bytes().decode() if path.exists() else ""
        return old, _whole_table(old.encode(), layout)
    except (OSError, Unreadable, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error


def _whole_table(content: bytes, layout: Layout) -> Table | None:
    """Return a table, or None if it is empty. Raises `Unreadable` if part of it cannot be read."""
    text = decode(content).text
    table = Table.parse(text, layout) if text.strip() else None
    if table and table.flaw:
        raise table.flaw
    return table


def write_file(path: Path, text: str) -> None:
    """Replace a file, or the one that a link leads to, in one step: a build never reads half of it.

    Raises `CorpusError` if it cannot be written.
    """
    path = path.resolve()
    pending = path.with_name(f".{path.name}")
    try:
        pending.write_bytes(text.encode())
        if path.exists():
            shutil.copymode(path, pending)
        pending.replace(path)
    except OSError as error:
        raise CorpusError(f"{path} cannot be written ({error.strerror}): check its permissions.") from error


def _new_row(old: str, table: Table | None, cells: Cells) -> str:
    """Return a row, below a header if the file is new, with the separator and line ends that the file has."""
    end = next((mark for mark in ("\r\n", "\n", "\r") if mark in old), "\n")
    text = io.StringIO()
    writer = csv.writer(text, delimiter=table.separator if table else ",", lineterminator=end)
    if table is None:
        writer.writerows([list(cells), list(cells.values())])
    else:
        names = {n: name for name, n in table.columns.items()}
        writer.writerow(cells.get(names.get(n, ""), "") for n in range(len(table.header)))
    return ("" if old.endswith(("\n", "\r", "\ufeff")) or not old else end) + text.getvalue()


def _unreadable(path: Path, error: Exception) -> CorpusError:
    place = f"{path}:{error.line}" if isinstance(error, Unreadable) and error.line else path
    reason = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else getattr(error, "strerror", None) or error
    return CorpusError(f"{place} cannot be read ({reason}): save it as CSV in UTF-8.")
