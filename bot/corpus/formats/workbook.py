"""Reads the rows of Excel workbooks, with the text that people see in the cells."""

import re
import warnings
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from openpyxl import load_workbook

from bot.corpus.office_package import check_package, refuse_damaged
from bot.corpus.table_row import MAX_ROWS, TableRow, truncate_rows

MAX_COLUMNS = 100
"""Maximum number of columns read; tables of FAQs have about ten."""
_LAST_ROW = 1_048_576  # excel's own limit; a damaged file may claim any number
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_CONTROL = re.compile(r"_x00[01][0-9A-Fa-f]_")
"""Control characters as Excel writes them, such as `_x000D_` for a line break typed on a Mac."""
_TEXT = r"[^#0,.%E]*"
_NUMBER = re.compile(rf"(?P<before>{_TEXT})(?P<whole>[#0,]+)(?:\.(?P<part>[0#]+))?(?P<percent>%?)(?P<after>{_TEXT})")
_DATE_PARTS = re.compile(r"yyyy|yy|mmmm|mmm|mm|m|dddd|ddd|dd|d|hh|h|ss|s|am/pm", re.IGNORECASE)
_LOCAL_FORMATS = ("mm-dd-yy", "m/d/yy h:mm")
"""Formats that Excel shows in the reader's own order of day and month; dates in them are written as 2025-10-09."""


def read_sheets(path: Path) -> Iterator[tuple[str, list[TableRow]]]:
    """Yield the title and the rows, without blank ones, of each sheet that has any.

    Raises `Unreadable` if the file is not a workbook, is protected or damaged, or would unpack to an unreasonable size.
    """
    check_package(path, "xlsx")
    with refuse_damaged("xlsx"), path.open("rb") as file, path.open("rb") as again, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns about validation rules and styles, which are not needed
        found = _read(file, again if _has_formulas(path) else None)
    yield from found


def _has_formulas(path: Path) -> bool:
    with ZipFile(path) as package:
        return any(_FORMULA.search(package.read(part)) for part in package.infolist() if "worksheets/" in part.filename)


def _read(file: Any, again: Any) -> list[tuple[str, list[TableRow]]]:
    values = load_workbook(file, read_only=True, data_only=True)
    formulas = load_workbook(again, read_only=True) if again else None
    sheets = [(sheet, _find_formulas(formulas[sheet.title]) if formulas else {}) for sheet in values.worksheets]
    found = [(sheet.title, truncate_rows(_rows(sheet, columns))) for sheet, columns in sheets]
    return [(title, rows) for title, rows in found if rows]


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
        if number > _LAST_ROW or len(found) > MAX_ROWS:
            break
    return found


def _rows(sheet: Any, formulas: Mapping[int, frozenset[int]]) -> Iterator[TableRow]:
    for number, cells in _cells(sheet):
        texts = tuple("" if cell.value is None else _format(cell.value, cell.number_format) for cell in cells)
        dates = {column: cell.value for column, cell in enumerate(cells) if isinstance(cell.value, date)}
        flaws = {n: f"contains the error {cell.value}" for n, cell in enumerate(cells) if cell.data_type == "e"}
        for column in formulas.get(number, ()):
            if cells[column].value is None:
                flaws[column] = "is a formula without a saved result: open and save the file in Excel or LibreOffice"
        yield TableRow(number, texts, dates, flaws)


def _format(value: object, number_format: str | None) -> str:
    """Format the value of a cell as its sheet shows it."""
    layout = _layout(number_format or "General")
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, (int, float)):
        return _format_number(value, layout)
    if isinstance(value, (date, time)):
        return _format_date(value, layout)
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")
    return _CONTROL.sub("", str(value)).replace("\r\n", "\n").strip()


def _layout(number_format: str) -> str:
    """Return the part of a number format for positive values, with its literal text unquoted."""
    layout = re.sub(r"\[\$([^\]-]*)[^\]]*\]", r"\1", number_format.split(";", maxsplit=1)[0])
    return re.sub(r"\[[^\]]*\]|_.|\*.", "", layout).replace('"', "").replace("\\", "")


def _format_number(value: float, layout: str) -> str:
    match = _NUMBER.fullmatch(layout)
    if match is None:
        is_plain = isinstance(value, float) and 1e-4 < abs(value) < 1e15
        return f"{value:.10f}".rstrip("0").rstrip(".") if is_plain else f"{value:.15g}"
    scaled = value * 100 if match["percent"] else value
    part = match["part"] or ""
    digits = f"{scaled:{',' if ',' in match['whole'] else ''}.{len(part)}f}"
    if part.endswith("#"):
        digits = digits.rstrip("0").rstrip(".")
    whole = digits.split(".")[0]
    padded = digits.zfill(len(digits) - len(whole) + match["whole"].count("0")) if "," not in match["whole"] else digits
    return f"{match['before']}{padded}{match['percent']}{match['after']}".strip()


def _format_date(value: date | time, layout: str) -> str:
    if layout in {"General", *_LOCAL_FORMATS} or not _DATE_PARTS.search(layout):
        if isinstance(value, datetime) and value.time() != time():
            return value.isoformat(sep=" ", timespec="minutes")
        return str(value)[:10]
    codes = _DATE_CODES | ({"h": "%-I", "hh": "%I"} if "am/pm" in layout.lower() else {})
    parts: list[str] = []
    last = ""
    for piece in re.split(f"({_DATE_PARTS.pattern})", layout.split("@", maxsplit=1)[0], flags=re.IGNORECASE):
        part = piece.lower()
        # "m" means the month, but after an hour the minute.
        code = "%M" if part in ("m", "mm") and last.startswith("h") else codes.get(part)
        parts.append(value.strftime(code) if code else piece)
        last = part if code else last
    return "".join(parts).strip(" ;")


_DATE_CODES = {
    "yyyy": "%Y", "yy": "%y", "mmmm": "%B", "mmm": "%b", "mm": "%m", "m": "%-m", "dddd": "%A", "ddd": "%a",
    "dd": "%d", "d": "%-d", "hh": "%H", "h": "%-H", "ss": "%S", "s": "%-S", "am/pm": "%p",
}  # fmt: skip
