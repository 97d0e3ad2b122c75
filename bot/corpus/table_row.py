"""The row of a table, whatever file it comes from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import islice

MAX_ROWS = 100_000
MAX_CELL_LENGTH = 100_000


@dataclass(frozen=True, slots=True)
class TableRow:
    """The cells of a row, with the text that people see in them."""

    number: int
    """Number of its first line, or in its sheet."""
    cells: tuple[str, ...]
    dates: Mapping[int, date] = field(default_factory=dict)
    """Dates in cells, by column."""
    cell_flaws: Mapping[int, str] = field(default_factory=dict)
    """Reasons why cells cannot be read, by column."""
    copied: frozenset[int] = frozenset()
    """Columns whose cell belongs to a merged one that begins in a row above."""
    flaw: str | None = None
    """Reason why the whole row cannot be read."""

    @property
    def is_blank(self) -> bool:
        return not (self.flaw or self.cell_flaws or any(self.cells))


def truncate_rows(rows: Iterable[TableRow]) -> list[TableRow]:
    """Return the rows that are not blank, up to a header and `MAX_ROWS`; a last one reports that there are more."""
    top = list(islice((row for row in rows if not row.is_blank), MAX_ROWS + 2))
    if len(top) > MAX_ROWS + 1:
        top[-1] = TableRow(top[-1].number, (), flaw=f"more than {MAX_ROWS} rows, the rest is not read: split the table")
    return top
