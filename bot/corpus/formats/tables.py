"""`.csv`, `.tsv` and `.xlsx`: FAQ tables, one row one FAQ, below a header that names the columns."""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path

from bot.corpus.article import Article
from bot.corpus.columns import FAQ_COLUMNS, find_columns
from bot.corpus.decoding import decode
from bot.corpus.fields import Fields, build_faq_article
from bot.corpus.html.plain_form import html_to_plain_form
from bot.corpus.refused import Refused, Unreadable

MAX_BYTES = 50 * 2**20
MAX_ROWS = 100_000
MAX_LINES_PER_ROW = 500
"""Of one row: a quotation mark that is open longer was never meant to be closed."""
MAX_BROKEN_ROWS = 100
"""Rows whose quotation marks do not fit, before the rest of a file is given up."""
MAX_CELL_LENGTH = 100_000
MAX_QUESTION_LENGTH = 1_000
MAX_HEADER_ROW = 10
"""Rows: a sheet may have its title above the header."""

_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_HTML = re.compile(
    r"</?(?:p|br|div|span|ul|ol|li|a|b|strong|i|em|u|h[1-6]|table|tr|td|th|tbody|thead)(?:\s[^<>]*)?/?>", re.IGNORECASE
)
_HTML_BLOCK = re.compile(r"<(?:p|br|div|ul|ol|table|h[1-6])[\s/>]", re.IGNORECASE)
_CSV_ERRORS = {
    "unexpected end of data": f"a quotation mark opens a cell here and is not closed within {MAX_LINES_PER_ROW} lines",
    "field larger than field limit": f"a cell longer than {MAX_CELL_LENGTH} characters",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: its number (of its first line, or in its sheet) and its cells as people see them."""

    number: int
    cells: tuple[str, ...]
    days: Mapping[int, date] = field(default_factory=dict)
    """Cells that hold dates, by their place."""
    flaws: Mapping[int, str] = field(default_factory=dict)
    """Cells that cannot be read and why, by their place."""
    flaw: str | None = None
    """Why nothing of the row can be read."""

    @property
    def blank(self) -> bool:
        return not (self.flaw or self.flaws or any(self.cells))


@dataclass(frozen=True, slots=True)
class _Header:
    number: int
    width: int
    places: Mapping[str, tuple[int, ...]]
    """Where the columns of each field are."""


def read_file(path: Path, source: str) -> Iterator[Article | Refused]:
    """The FAQs of a table, each an article of its own; a row that cannot be read is refused with its number.

    Raises `Unreadable` when the file is not what its ending says, or names no column for the question and the answer.
    """
    if path.suffix.lower() != ".xlsx":
        yield from _articles(_separated(path), source)
        return
    from bot.corpus.formats.workbook import sheets

    others: list[str] = []
    tables = 0
    for title, rows in sheets(path):
        try:
            yield from _articles(rows, source, f"sheet {title!r}: ")
            tables += 1
        except Unreadable as error:
            others.append(f"sheet {title!r}: {error}")
    if not tables:
        raise Unreadable("; ".join(others[:MAX_HEADER_ROW]) or "no sheet with cells in it")
    yield from (Refused(source, None, reason) for reason in others)


def _separated(path: Path) -> list[Row]:
    """The rows of a text table, split at the separator that makes its header name the most columns."""
    if path.stat().st_size > MAX_BYTES:
        raise Unreadable(f"larger than {MAX_BYTES >> 20} MB: split it")
    lines = decode(path.read_bytes()).split("\n")
    if not any(line.strip() for line in lines):
        raise Unreadable("the file is empty")
    begin = 1 if re.fullmatch(r"sep=.", lines[0].strip(), re.IGNORECASE) else 0  # Excel's own mark for the separator
    lines = [f"{line}\n" for line in lines]

    def recognised(separator: str) -> tuple[int, int]:
        head = list(islice((row for row in _records(lines, begin, separator) if not row.blank), MAX_HEADER_ROW))
        header = _header(head)
        return (len(header.places) if header else 0, max((len(row.cells) for row in head), default=0))

    separator = max(_SEPARATORS, key=recognised)
    return _limited(_records(lines, begin, separator))


def _limited(rows: Iterable[Row]) -> list[Row]:
    """The rows that are not blank; where they are too many, the last says so."""
    kept = list(islice((row for row in rows if not row.blank), MAX_ROWS + 2))
    if len(kept) > MAX_ROWS + 1:
        kept[-1:] = [
            Row(kept[-1].number, (), flaw=f"more than {MAX_ROWS} rows: from here on nothing is read, split the table")
        ]
    return kept


def _records(lines: list[str], at: int, separator: str) -> Iterator[Row]:
    """The rows from line `at` on; after one whose quotation marks do not fit, the next whole row is found by its number of cells."""
    width = broken = 0
    doubtful = False
    while at < len(lines):
        number, reader = (
            at + 1,
            csv.reader(lines[at : at + MAX_LINES_PER_ROW], delimiter=separator, skipinitialspace=True, strict=True),
        )
        try:
            cells = tuple(cell.strip() for cell in next(reader))
        except csv.Error as error:
            reason = next(
                (reason for words, reason in _CSV_ERRORS.items() if words in str(error)),
                "a quotation mark inside a cell is not doubled",
            )
            broken, doubtful = broken + 1, True
            if broken > MAX_BROKEN_ROWS:
                yield Row(
                    number,
                    (),
                    flaw=f"more than {MAX_BROKEN_ROWS} rows whose quotation marks do not fit: from here on nothing is read",
                )
                return
            yield Row(number, (), flaw=reason)
            at += 1 if "unexpected end" in str(error) else reader.line_num
            continue
        at += reader.line_num
        doubtful = doubtful and (len(cells) != width or any(cell.count('"') % 2 for cell in cells))
        width = width if doubtful or not any(cells) else len(cells)
        yield Row(
            number,
            cells,
            flaw="perhaps the rest of the row above whose quotation marks do not fit"
            if doubtful and any(cells)
            else None,
        )


def _articles(rows: list[Row], source: str, where: str = "") -> Iterator[Article | Refused]:
    """The articles of a table's rows; `where` says which of several sheets is meant.

    Raises `Unreadable` when no row at the top is a header.
    """
    header = _header(rows[:MAX_HEADER_ROW])
    if header is None:
        raise Unreadable(
            f"no columns for the question and the answer: the first row names {_listed(rows[0].cells) if rows else 'nothing'}"
        )
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


def _article(row: Row, header: _Header, source: str, ids: dict[str, int]) -> Article:
    """The article of a row, whose id joins `ids`; Raises `Unreadable` with the reason why there is none."""
    article = build_faq_article(source, _fields(row, header))
    if article.id in ids:
        raise Unreadable(f"the id {article.id!r} is already used by row {ids[article.id]}")
    ids[article.id] = row.number
    return article


def _fields(row: Row, header: _Header) -> Fields:
    if row.flaw:
        raise Unreadable(row.flaw)
    if any(row.cells[header.width :]):
        raise Unreadable(
            f"{len(row.cells)} cells where the header names {header.width}: put a cell that holds the separator between quotation marks"
        )
    fields: dict[str, object] = {}
    for name, places in header.places.items():
        flaw = next((row.flaws[place] for place in places if place in row.flaws), None)
        if flaw:
            raise Unreadable(f"the {name} {flaw}")
        words = [row.cells[place] for place in places if place < len(row.cells) and row.cells[place]]
        if any(len(cell) > _MAX_LENGTHS.get(name, MAX_CELL_LENGTH) for cell in words):
            raise Unreadable(f"the {name} is longer than {_MAX_LENGTHS.get(name, MAX_CELL_LENGTH)} characters")
        day = row.days.get(places[0]) if name in ("date", "updated") else None
        fields[name] = day or _VALUES.get(name, " ".join)(words)
    return fields


def _header(rows: Iterable[Row]) -> _Header | None:
    """The first of the rows that names a column for the question and one for the answer."""
    for row in rows:
        places = find_columns(row.cells, FAQ_COLUMNS, repeated=("alternates",))
        if "question" in places and "answer" in places:
            width = max(n for n, cell in enumerate(row.cells, 1) if cell)
            return _Header(row.number, width, places)
    return None


def _listed(cells: Iterable[str]) -> str:
    names = [cell for cell in cells if cell]
    return ", ".join(repr(name[:40]) for name in names[:MAX_HEADER_ROW]) + (" …" if len(names) > MAX_HEADER_ROW else "")


def _plain(words: list[str]) -> str:
    """A cell in an article's plain form: HTML, as exports of FAQ plugins hold it, becomes words, and no line looks like a heading."""
    text = "\n".join(words)
    if not _HTML.search(text):
        return re.sub(r"^(?=#{1,6} )", r"\\", text, flags=re.MULTILINE)
    return html_to_plain_form(text if _HTML_BLOCK.search(text) else text.replace("\n", "<br>")).text


def _split(words: list[str], pattern: str) -> list[str]:
    return [part.strip() for cell in words for part in re.split(pattern, cell) if part.strip()]


_MAX_LENGTHS = {"question": MAX_QUESTION_LENGTH}
_VALUES: dict[str, Callable[[list[str]], object]] = {
    "question": _plain,
    "answer": _plain,
    "alternates": lambda words: _split(words, r"[|\n]"),
    "tags": lambda words: _split(words, r"[|,;\n]"),
}
"""What a field's cells become, where it is not just their words."""
