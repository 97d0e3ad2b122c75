"""Excel workbooks → rows of cells as people see them."""

import re
import warnings
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from openpyxl import load_workbook

from bot.corpus.formats.office_package import PARSER_ERRORS, check_package, damaged_file
from bot.corpus.formats.tables import MAX_ROWS, Row

MAX_COLUMNS = 100
"""Read of each row: tables of FAQs have ten."""
_LAST_ROW = 1_048_576
"""Excel's own limit; a file may claim any number."""
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_CONTROL = re.compile(r"_x00[01][0-9A-Fa-f]_")
"""How Excel writes control characters; a line break typed on a Mac is `_x000D_`."""
_NUMBER = re.compile(
    r"(?P<before>[^#0,.%E]*)(?P<whole>[#0,]+)(?:\.(?P<part>[0#]+))?(?P<percent>%?)(?P<after>[^#0,.%E]*)"
)
_DATE_PARTS = re.compile(r"yyyy|yy|mmmm|mmm|mm|m|dddd|ddd|dd|d|hh|h|ss|s|am/pm", re.IGNORECASE)
_LOCAL_FORMATS = ("mm-dd-yy", "m/d/yy h:mm")
"""Shown in each reader's own order of day and month: we write such days as 2025-10-09, which all read alike."""


def sheets(path: Path) -> Iterator[tuple[str, list[Row]]]:
    """The title and the rows, without blank ones, of each sheet that has any.

    Raises `Unreadable` when the file is no workbook, is protected or damaged, or would unpack to more than any real one.
    """
    check_package(path, "xlsx")
    try:
        with path.open("rb") as file, path.open("rb") as again, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about validation rules and styles, which are not read
            found = _read(file, again if _has_formulas(path) else None)
    except (OSError, *PARSER_ERRORS):  # openpyxl raises a bare OSError when there is no workbook inside
        raise damaged_file("xlsx") from None
    yield from found


def _has_formulas(path: Path) -> bool:
    with ZipFile(path) as package:
        return any(_FORMULA.search(package.read(part)) for part in package.infolist() if "worksheets/" in part.filename)


def _read(file: Any, again: Any) -> list[tuple[str, list[Row]]]:
    values = load_workbook(file, read_only=True, data_only=True)
    formulas = load_workbook(again, read_only=True) if again else None
    found = []
    for sheet in values.worksheets:
        unsaved = _formula_places(formulas[sheet.title]) if formulas else {}
        rows = _rows(sheet, unsaved)
        if rows:
            found.append((sheet.title, rows))
    return found


def _cells(sheet: Any) -> Iterator[tuple[int, tuple[Any, ...]]]:
    sheet.reset_dimensions()  # some programs write a wrong size, and openpyxl would stop there
    for number, cells in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS), 1):
        if number > _LAST_ROW:
            return
        if any(cell.value is not None for cell in cells):
            yield number, cells


def _formula_places(sheet: Any) -> Mapping[int, frozenset[int]]:
    """For each row, the places of its formulas."""
    found = {}
    for number, cells in _cells(sheet):
        places = frozenset(place for place, cell in enumerate(cells) if cell.data_type == "f")
        if places:
            found[number] = places
        if number > _LAST_ROW or len(found) > MAX_ROWS:
            break
    return found


def _rows(sheet: Any, formulas: Mapping[int, frozenset[int]]) -> list[Row]:
    rows: list[Row] = []
    for number, cells in _cells(sheet):
        if len(rows) > MAX_ROWS:
            rows.append(
                Row(number, (), flaw=f"more than {MAX_ROWS} rows: from here on nothing is read, split the table")
            )
            break
        row = _row(number, cells, formulas.get(number, frozenset()))
        if not row.blank:
            rows.append(row)
    return rows


def _row(number: int, cells: tuple[Any, ...], formulas: frozenset[int]) -> Row:
    shown = tuple("" if cell.value is None else _shown(cell.value, cell.number_format) for cell in cells)
    days = {place: cell.value for place, cell in enumerate(cells) if isinstance(cell.value, date)}
    flaws = {place: f"holds the error {cell.value}" for place, cell in enumerate(cells) if cell.data_type == "e"}
    for place in formulas:
        if cells[place].value is None:
            flaws[place] = "is a formula whose result the file does not hold: open and save it in Excel or LibreOffice"
    return Row(number, shown, days, flaws)


def _shown(value: object, number_format: str | None) -> str:
    """A cell's value as its sheet shows it."""
    layout = _layout(number_format or "General")
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, (int, float)):
        return _number(value, layout)
    if isinstance(value, (date, time)):
        return _day(value, layout)
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")
    return _CONTROL.sub("", str(value)).replace("\r\n", "\n").strip()


def _layout(number_format: str) -> str:
    """The part of a format for positive values, with its literal words bare."""
    layout = re.sub(r"\[\$([^\]-]*)[^\]]*\]", r"\1", number_format.split(";", maxsplit=1)[0])
    return re.sub(r"\[[^\]]*\]|_.|\*.", "", layout).replace('"', "").replace("\\", "")


def _number(value: float, layout: str) -> str:
    match = _NUMBER.fullmatch(layout)
    if match is None:
        return (
            f"{value:.10f}".rstrip("0").rstrip(".")
            if isinstance(value, float) and 1e-4 < abs(value) < 1e15
            else f"{value:.15g}"
        )
    scaled = value * 100 if match["percent"] else value
    part = match["part"] or ""
    digits = f"{scaled:{',' if ',' in match['whole'] else ''}.{len(part)}f}"
    if part.endswith("#"):
        digits = digits.rstrip("0").rstrip(".")
    whole = digits.split(".")[0]
    padded = digits.zfill(len(digits) - len(whole) + match["whole"].count("0")) if "," not in match["whole"] else digits
    return f"{match['before']}{padded}{match['percent']}{match['after']}".strip()


def _day(value: date | time, layout: str) -> str:
    timed = isinstance(value, time) or (isinstance(value, datetime) and value.time() != time())
    if layout in {"General", *_LOCAL_FORMATS} or not _DATE_PARTS.search(layout):
        return (
            value.isoformat(sep=" ", timespec="minutes") if isinstance(value, datetime) and timed else str(value)[:10]
        )
    names = _DATE_NAMES | ({"h": "%-I", "hh": "%I"} if "am/pm" in layout.lower() else {})
    parts: list[str] = []
    last = ""
    for piece in re.split(f"({_DATE_PARTS.pattern})", layout.split("@", maxsplit=1)[0], flags=re.IGNORECASE):
        part = piece.lower()
        # "m" is the month, and the minute after an hour.
        code = "%M" if part in ("m", "mm") and last.startswith("h") else names.get(part)
        parts.append(value.strftime(code) if code else piece)
        last = part if code else last
    return "".join(parts).strip(" ;")


_DATE_NAMES = {
    "yyyy": "%Y", "yy": "%y", "mmmm": "%B", "mmm": "%b", "mm": "%m", "m": "%-m", "dddd": "%A", "ddd": "%a", "dd": "%d", "d": "%-d",
    "hh": "%H", "h": "%-H", "ss": "%S", "s": "%-S", "am/pm": "%p",
}  # fmt: skip
