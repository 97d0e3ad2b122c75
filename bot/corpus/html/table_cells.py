"""Gives each row of an HTML table all its cells, those that span rows or columns repeated, and writes plain tables.

https://html.spec.whatwg.org/multipage/tables.html#forming-a-table
"""

from collections.abc import Iterable

from lxml.html import HtmlElement

from bot.corpus.html.elements import own_descendants, text_of

_MAX_COLUMNS = 100
_MAX_REPEATED = 200
"""Maximum number of characters of a cell that is repeated; of a longer one, only the first row or column has it."""
_TO_THE_END = 1 << 16  # rowspan=0

_Waiting = dict[int, tuple[int, HtmlElement]]
"""Column → how many further rows its cell spans, and the cell."""


def spread_cells(table: HtmlElement) -> None:
    """Replace cells that span rows or columns by one cell for each, and the rows of a tall header by one, in place."""
    group, waiting = None, _Waiting()
    begun: set[int] = set()  # columns in which a cell begins; a span over others has no width there
    rows = [*own_descendants(table, "tr")]
    for row in rows:
        if row.getparent() is not group:
            group, waiting = row.getparent(), {}
        own = {*row.iterchildren("td", "th")}
        row.extend(cells := _spread_row(row, waiting))
        begun.update(column for column, cell in enumerate(cells) if cell in own)
    for row in rows:
        for column, cell in enumerate([*row.iterchildren("td", "th")]):
            if column not in begun:
                row.remove(cell)
    for head in table.iterchildren("thead"):
        _join_header([*head.iterchildren("tr")])


def _spread_row(row: HtmlElement, waiting: _Waiting) -> list[HtmlElement]:
    """Return all cells of a row, from left to right, and note in `waiting` those that span further rows."""
    own = list(row.iterchildren("td", "th"))
    is_title = len(own) == 1 and not waiting  # one cell over the whole width is a title: said once
    cells: list[HtmlElement] = []
    while (own or any(column >= len(cells) for column in waiting)) and len(cells) < _MAX_COLUMNS:
        column = len(cells)
        if column in waiting:
            rows, cell = waiting.pop(column)
            cells.append(_copy(cell))
            if rows > 1:
                waiting[column] = (rows - 1, cell)
        elif own:
            cell = own.pop(0)
            width, height = _span(cell, "colspan", 1), _span(cell, "rowspan", _TO_THE_END)
            columns = range(column, min(column + width, _MAX_COLUMNS))
            cells += [cell, *(_copy(cell, is_blank=is_title) for _ in columns[1:])]
            waiting |= {each: (height - 1, cell) for each in columns if height > 1}
        else:
            cells.append(row.makeelement("td"))
    return [*cells, *own]


def _span(cell: HtmlElement, name: str, zero: int) -> int:
    """Return how many rows or columns a cell spans, and remove the attribute."""
    value = (cell.attrib.pop(name, None) or "1").strip()
    return int(value[:6]) or zero if value.isascii() and value.isdigit() else 1


def _copy(cell: HtmlElement, *, is_blank: bool = False) -> HtmlElement:
    copy, text = cell.makeelement(cell.tag), text_of(cell)
    copy.text = "" if is_blank or len(text) > _MAX_REPEATED else text
    return copy


def _join_header(rows: list[HtmlElement]) -> None:
    """Join the rows of a header into the first: "Fee" above "General" becomes "Fee General"."""
    columns = [list(row.iterchildren("td", "th")) for row in rows]
    if len(rows) < 2 or len({len(cells) for cells in columns}) > 1:
        return
    for cells in zip(*columns, strict=True):
        texts = dict.fromkeys(filter(None, map(text_of, cells)))
        del cells[0][:]
        cells[0].text = " ".join(texts)
    for row in rows[1:]:
        row.drop_tree()


def write_table(rows: Iterable[list[str]]) -> str:
    """Return a table in plain form, without its empty rows; "" if there are no others."""
    filled = [row for row in rows if any(row)]
    width = max(map(len, filled), default=0)
    lines = [f"| {' | '.join(row + [''] * (width - len(row)))} |" for row in filled]
    return "\n".join([*lines[:1], f"|{' --- |' * width}", *lines[1:]]) if lines else ""
