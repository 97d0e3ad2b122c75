"""Reads the rows of Excel workbooks, with the text that people see in the cells."""

import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from openpyxl import load_workbook
from openpyxl.utils import column_index_from_string

from bot.corpus.formats.number_format import format_value
from bot.corpus.office_package import check_package, refuse_damaged
from bot.corpus.table_row import MAX_ROWS, TableRow, truncate_rows

MAX_COLUMNS = 100
"""Maximum number of columns read; tables of FAQs have about ten."""
_LAST_ROW = 1_048_576  # excel's own limit; a damaged file may claim any number
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_CONTROL = re.compile(r"_x00[01][0-9A-Fa-f]_")
"""Control characters as Excel writes them, such as `_x000D_` for a line break typed on a Mac."""
_HIDDEN_ROW = re.compile(rb"<(?:\w+:)?row\b(?=[^>]*\shidden=[\"'](?:1|true)[\"'])[^>]*\sr=[\"'](\d+)[\"']")
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\b[^>]*\sref=[\"']([A-Z]{1,3})(\d{1,7}):[A-Z]{1,3}(\d{1,7})[\"']")


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a sheet, without blank and hidden ones."""

    title: str
    rows: list[TableRow]
    hidden_rows: tuple[int, ...] = ()
    """Numbers of the hidden rows that have cells."""
    is_hidden: bool = False
    """Whether the whole sheet is hidden; then its rows are not read."""


def read_sheets(path: Path) -> Iterator[Sheet]:
    """Yield the sheets of a workbook that have cells.

    Raises `Unreadable` if the file is not a workbook, is protected or damaged, or would unpack to an unreasonable size.
    """
    check_package(path, "xlsx")
    with refuse_damaged("xlsx"), path.open("rb") as file, path.open("rb") as again, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns about validation rules and styles, which are not needed
        values = load_workbook(file, read_only=True, data_only=True)
        with ZipFile(path) as package:
            parts = [part for part in package.infolist() if "worksheets/" in part.filename]
            has_formulas = any(_FORMULA.search(package.read(part)) for part in parts)
            formulas = load_workbook(again, read_only=True) if has_formulas else None
            found = [_sheet(sheet, formulas, package) for sheet in values.worksheets]
    yield from (sheet for sheet in found if sheet.rows or sheet.hidden_rows or sheet.is_hidden)


def _sheet(sheet: Any, formulas: Any, package: ZipFile) -> Sheet:
    if sheet.sheet_state != "visible":
        return Sheet(sheet.title, [], is_hidden=any(True for _ in _cells(sheet)))
    # In its read-only mode, openpyxl skips merged cells and hidden rows.
    content = package.read(sheet._worksheet_path)  # noqa: SLF001
    hidden = frozenset(int(row[1]) for row in _HIDDEN_ROW.finditer(content))
    columns = _find_formulas(formulas[sheet.title]) if formulas else {}
    skipped: list[int] = []

    def shown() -> Iterator[TableRow]:
        for row in _rows(sheet, columns, _merged_cells(content)):
            if row.number not in hidden:
                yield row
            else:
                skipped.append(row.number)

    return Sheet(sheet.title, truncate_rows(shown()), tuple(skipped))


def _merged_cells(content: bytes) -> Mapping[int, list[tuple[int, int]]]:
    """Map the first row of merged cells to their first column and last row."""
    found: dict[int, list[tuple[int, int]]] = {}
    for letters, first, last in _MERGED.findall(content):
        if int(last) > int(first):
            found.setdefault(int(first), []).append((column_index_from_string(letters.decode()) - 1, int(last)))
    return found


def _cells(sheet: Any) -> Iterator[tuple[int, tuple[Any, ...]]]:
    sheet.reset_dimensions()  # some programs write a wrong size, at which openpyxl would stop
    for number, cells in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS), 1):
        if number > _LAST_ROW:
            return
        if any(cell.value is not None for cell in cells):
            yield number, cells


def _find_formulas(sheet: Any) -> Mapping[int, frozenset[int]]:
    """Map the number of each row with formulas to their columns."""
    found = {}
    for number, cells in _cells(sheet):
        if columns := frozenset(column for column, cell in enumerate(cells) if cell.data_type == "f"):
            found[number] = columns
        if len(found) > MAX_ROWS:
            break
    return found


def _rows(
    sheet: Any, formulas: Mapping[int, frozenset[int]], merged: Mapping[int, list[tuple[int, int]]]
) -> Iterator[TableRow]:
    """Yield the rows that have cells; a cell merged over several rows counts for each of them."""
    open_cells: dict[int, tuple[int, str, date | None]] = {}  # column → last row, text and date of a merged cell
    for number, cells in _cells(sheet):
        texts = ["" if cell.value is None else _text(cell) for cell in cells]
        dates = {column: cell.value for column, cell in enumerate(cells) if isinstance(cell.value, date)}
        flaws = {n: f"contains the error {cell.value}" for n, cell in enumerate(cells) if cell.data_type == "e"}
        for column in formulas.get(number, ()):
            if cells[column].value is None:
                flaws[column] = "is a formula without a saved result: open and save the file in Excel or LibreOffice"
        open_cells = {column: cell for column, cell in open_cells.items() if cell[0] >= number}
        for column, (_, text, day) in open_cells.items():
            texts += [""] * (column + 1 - len(texts))
            texts[column] = text
            dates |= {column: day} if day else {}
        yield TableRow(number, tuple(texts), dates, flaws, frozenset(open_cells))
        for column, last in merged.get(number, ()):
            if column < len(texts):
                open_cells[column] = (last, texts[column], dates.get(column))


def _text(cell: Any) -> str:
    text = format_value(cell.value, cell.number_format)
    return _CONTROL.sub("", text).replace("\r\n", "\n").strip() if isinstance(cell.value, str) else text
