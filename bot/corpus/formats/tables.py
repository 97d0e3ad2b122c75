"""`.csv`, `.tsv` and `.xlsx`: tables with one FAQ in each row, below a header that names the columns."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.corpus.article import Article
from bot.corpus.columns import FAQ_COLUMNS, find_columns
from bot.corpus.fields import Fields, build_faq_article
from bot.corpus.formats.delimited import MAX_HEAD_ROWS, read_delimited
from bot.corpus.html.plain_form import html_to_plain_form
from bot.corpus.refused import Refused, Unreadable
from bot.corpus.table_row import MAX_CELL_LENGTH, TableRow

MAX_QUESTION_LENGTH = 1_000

_TAG = "p|br|div|span|ul|ol|li|a|b|strong|i|em|u|h[1-6]|table|tr|td|th|tbody|thead"
_HTML = re.compile(rf"</?(?:{_TAG})(?:\s[^<>]*)?/?>", re.IGNORECASE)
_HTML_BLOCK = re.compile(r"<(?:p|br|div|ul|ol|table|h[1-6])[\s/>]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Header:
    number: int
    width: int
    columns: Mapping[str, tuple[int, ...]]
    """Columns of each field."""


def read_file(path: Path, source: str) -> Iterator[Article | Refused]:
    """Yield the FAQs of a table, each as an article; rows that cannot be read are refused with their number.

    Raises `Unreadable` if the file is not in the format of its suffix, or has no columns for question and answer.
    """
    if path.suffix.lower() != ".xlsx":
        yield from _articles(read_delimited(path, _count_columns), source)
        return
    from bot.corpus.formats.workbook import read_sheets

    flaws: list[str] = []
    tables = 0
    for title, rows in read_sheets(path):
        try:
            yield from _articles(rows, source, f"sheet {title!r}: ")
            tables += 1
        except Unreadable as error:
            flaws.append(f"sheet {title!r}: {error}")
    if not tables:
        raise Unreadable("; ".join(flaws[:MAX_HEAD_ROWS]) or "no sheet with cells in it")
    yield from (Refused(source, None, flaw) for flaw in flaws)


def _count_columns(rows: list[TableRow]) -> int:
    """Count the known columns of the header among the first rows."""
    header = _find_header(rows)
    return len(header.columns) if header else 0


def _articles(rows: list[TableRow], source: str, where: str = "") -> Iterator[Article | Refused]:
    """Yield a table's articles; `where` names the sheet in refusals. Raises `Unreadable` without a header."""
    header = _find_header(rows[:MAX_HEAD_ROWS])
    if header is None:
        named = _quote_names(rows[0].cells) if rows else "nothing"
        raise Unreadable(f"no columns for the question and the answer: the first row names {named}")
    ids: dict[str, int] = {}
    for row in rows:
        if row.number <= header.number:
            if row.number < header.number:
                yield Refused(source, row.number, f"{where}{row.flaw or 'above the header of the table: no FAQ'}")
            continue
        try:
            yield _article(row, header, source, ids)
        except Unreadable as error:
            yield Refused(source, row.number, f"{where}{error}")


def _article(row: TableRow, header: _Header, source: str, ids: dict[str, int]) -> Article:
    """Build the article of a row and add its id to `ids`. Raises `Unreadable` if the row cannot be read."""
    article = build_faq_article(source, _fields(row, header))
    if article.id in ids:
        raise Unreadable(f"the id {article.id!r} is already used by row {ids[article.id]}")
    ids[article.id] = row.number
    return article


def _fields(row: TableRow, header: _Header) -> Fields:
    if row.flaw:
        raise Unreadable(row.flaw)
    if any(row.cells[header.width :]):
        counts = f"{len(row.cells)} cells, but {header.width} columns in the header"
        raise Unreadable(f"{counts}: put a cell that contains the separator in quotation marks")
    fields: dict[str, object] = {}
    for name, columns in header.columns.items():
        if flaw := next((row.cell_flaws[column] for column in columns if column in row.cell_flaws), None):
            raise Unreadable(f"the {name} {flaw}")
        cells = [row.cells[column] for column in columns if column < len(row.cells) and row.cells[column]]
        longest = MAX_QUESTION_LENGTH if name == "question" else MAX_CELL_LENGTH
        if any(len(cell) > longest for cell in cells):
            raise Unreadable(f"the {name} is longer than {longest} characters")
        day = row.dates.get(columns[0]) if name in ("date", "updated") else None
        fields[name] = day or _CONVERTERS.get(name, " ".join)(cells)
    return fields


def _find_header(rows: Iterable[TableRow]) -> _Header | None:
    """Return the first row with a column for the question and one for the answer."""
    for row in rows:
        columns = find_columns(row.cells, FAQ_COLUMNS, repeated=("alternates",))
        if "question" in columns and "answer" in columns:
            width = max(n for n, cell in enumerate(row.cells, 1) if cell)
            return _Header(row.number, width, columns)
    return None


def _quote_names(cells: Iterable[str]) -> str:
    names = [cell for cell in cells if cell]
    return ", ".join(repr(name[:40]) for name in names[:MAX_HEAD_ROWS]) + (" …" if len(names) > MAX_HEAD_ROWS else "")


def _to_plain_form(cells: list[str]) -> str:
    """Return the plain form of cells that may contain HTML, as exports of FAQ plugins do."""
    text = "\n".join(cells)
    if not _HTML.search(text):
        return re.sub(r"^(?=#{1,6} )", r"\\", text, flags=re.MULTILINE)
    return html_to_plain_form(text if _HTML_BLOCK.search(text) else text.replace("\n", "<br>")).text


def _split(cells: list[str], pattern: str) -> list[str]:
    return [part.strip() for cell in cells for part in re.split(pattern, cell) if part.strip()]


_CONVERTERS: dict[str, Callable[[list[str]], object]] = {
    "question": _to_plain_form,
    "answer": _to_plain_form,
    "alternates": lambda cells: _split(cells, r"[|\n]"),
    "tags": lambda cells: _split(cells, r"[|,;\n]"),
}
"""Converters of cells to the value of a field; the default joins them with spaces."""
