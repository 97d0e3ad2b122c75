"""Reads text tables (`.csv`, `.tsv`) with any usual separator, past rows with faulty quotation marks."""

import csv
import re
from collections.abc import Callable, Iterator
from itertools import islice

from bot.corpus.refused import Unreadable
from bot.corpus.table_row import MAX_CELL_LENGTH, TableRow, truncate_rows

MAX_LINES_PER_ROW = 500
"""Maximum number of lines in a row; a quotation mark that is open longer was never meant to be closed."""
MAX_HEAD_ROWS = 10
"""Number of rows searched for the header: a sheet may have a title above it."""
MAX_BROKEN_ROWS = 100
"""Maximum number of rows with faulty quotation marks before the rest of a file is given up."""

_SEPARATORS = (",", ";", "\t", "|")
_DOUBTFUL = "perhaps the rest of the row above, whose quotation marks are faulty"


def read_delimited(text: str, count_columns: Callable[[list[TableRow]], int]) -> list[TableRow]:
    """Read a table with the separator for which `count_columns` recognises most columns in the first rows.

    Raises `Unreadable` if the text is empty.
    """
    lines = text.split("\n")
    if not any(line.strip() for line in lines):
        raise Unreadable("the file is empty")
    start = 1 if re.fullmatch(r"sep=.", lines[0].strip(), re.IGNORECASE) else 0  # how Excel declares it
    lines = [f"{line}\n" for line in lines]

    def fit(separator: str) -> tuple[int, int]:
        rows = (row for row in _records(lines, start, separator) if not row.is_blank)
        head = list(islice(rows, MAX_HEAD_ROWS))
        return count_columns(head), max((len(row.cells) for row in head), default=0)

    return truncate_rows(_records(lines, start, max(_SEPARATORS, key=fit)))


def _records(lines: list[str], start: int, separator: str) -> Iterator[TableRow]:
    """Yield the rows from line `start` on.

    After a row with faulty quotation marks, rows are doubtful until one has the usual number of cells.
    """
    at, width, broken, is_doubtful = start, 0, 0, False
    while at < len(lines):
        number, block = at + 1, lines[at : at + MAX_LINES_PER_ROW]
        reader = csv.reader(block, delimiter=separator, skipinitialspace=True, strict=True)
        try:
            cells = tuple(unescape(cell, always=separator == "\t").strip() for cell in next(reader))
        except csv.Error as error:
            broken, is_doubtful = broken + 1, True
            yield TableRow(number, (), flaw=_explain(str(error), broken))
            if broken > MAX_BROKEN_ROWS:
                return
            at += 1 if "unexpected end" in str(error) else reader.line_num
            continue
        at += reader.line_num
        is_doubtful = is_doubtful and (len(cells) != width or any(cell.count('"') % 2 for cell in cells))
        width = width if is_doubtful or not any(cells) else len(cells)
        yield TableRow(number, cells, flaw=_DOUBTFUL if is_doubtful and any(cells) else None)


def unescape(cell: str, *, always: bool) -> str:
    """Return a cell with its line breaks, which tables write as "\\n" where they cannot have them.

    Between tabs, and from QnA Maker, it is always one; elsewhere not before a lower-case letter, as in "C:\\new".
    """
    return re.sub(rf"(?:\\r)?\\n{'' if always else '(?![a-z])'}", "\n", cell) if "\\" in cell else cell


def _explain(error: str, broken: int) -> str:
    if broken > MAX_BROKEN_ROWS:
        return f"more than {MAX_BROKEN_ROWS} rows with faulty quotation marks: the rest is not read"
    if "unexpected end" in error:
        return f"a quotation mark opens a cell here and is not closed within {MAX_LINES_PER_ROW} lines"
    if "field larger" in error:
        return f"a cell longer than {MAX_CELL_LENGTH} characters"
    return "a quotation mark inside a cell is not doubled"
