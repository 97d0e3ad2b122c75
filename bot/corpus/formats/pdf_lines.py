"""The lines of a PDF: their text, place and size of letters, without running heads, and which of them are headings.

A PDF has no headings: they come from the file's outline (its bookmarks) or else from larger letters.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from pypdf import PageObject, PdfReader
from pypdf.errors import PyPdfError

from bot.corpus.office_package import PARSER_ERRORS
from bot.corpus.refused import Unreadable

MAX_OPERATIONS = 3_000_000
"""Maximum number of drawing operations in a file; at about 5 µs each, a file is read within a minute."""
MAX_HEADING_WORDS = 15
PAGE_LEVEL = 6
"""Heading level of "Page 3"; headings of the text are above it."""

_BULLET = re.compile("^(?:[\0-\x1f\x7f•◦▪▫■□●○‣⁃∙·\ue000-\uf8ff]|[-–*](?=\\s))\\s*")
_UNWANTED = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\ufeff\ue000-\uf8ff]")


@dataclass(slots=True)
class Line:
    """A line of text at a place on a page, in the page's units."""

    text: str
    page: int
    x: float
    y: float
    size: float
    level: int = 0
    """Heading level; 0 for text."""


def extract_lines(reader: PdfReader) -> list[list[Line]]:
    """Return the lines of each page in the order in which they are drawn."""
    operations = count(1)

    def check(*_: object) -> None:
        if next(operations) > MAX_OPERATIONS:
            raise Unreadable(f"more than {MAX_OPERATIONS} drawing operations: export its text to another format")

    return [_page_lines(page, number, check) for number, page in enumerate(reader.pages, 1)]


def _page_lines(page: PageObject, number: int, check: Callable[..., None]) -> list[Line]:
    lines: list[Line] = []
    ended = True

    def add(text: str, place: list[float], matrix: list[float], _: object, size: float) -> None:
        nonlocal ended
        x, y = (matrix[4] * place[n] + matrix[5] * place[n + 2] + place[n + 4] for n in (0, 1))
        height = abs(size * (matrix[2] * place[1] + matrix[3] * place[3])) or abs(size) or 1.0
        for part in text.strip("\n").split("\n") if text else ():
            last = lines[-1] if lines else None
            if last and abs(last.y - y) < 0.4 * max(last.size, height):
                if not re.search(r"[^\W\d_]", last.text):
                    last.size = height  # bullets and numbers may have a different size than their text
                last.text += f" {part}" if ended else part
            elif part.strip():
                lines.append(Line(part, number, x, y, height))
            ended = False
        ended = ended or text.endswith("\n")

    page.extract_text(visitor_operand_before=check, visitor_text=add)
    for line in lines:
        line.text = " ".join(_UNWANTED.sub("", _BULLET.sub("- ", line.text.strip())).split())
    return [line for line in lines if line.text.strip("- ")]


def remove_running_heads(pages: list[list[Line]]) -> list[Line]:
    """Join the lines of all pages without running heads and feet, such as page numbers."""
    by_height = (sorted(page, key=lambda line: line.y) for page in pages)
    edges = [[*page[:2], *page[-2:]] for page in by_height]
    counts = Counter(key for page in edges for key in {_running_key(line) for line in page})
    filled = sum(1 for page in pages if page)
    running = {key for key, count in counts.items() if count > filled / 2 and count >= 2}
    dropped = {id(line) for page in edges for line in page if _running_key(line) in running}
    return [line for page in pages for line in page if id(line) not in dropped]


def _running_key(line: Line) -> tuple[str, int]:
    return re.sub(r"\d+", "#", line.text.casefold()), round(line.y / 4)


def _bookmarks(reader: PdfReader) -> dict[tuple[int, str], int]:
    """Map page and normalized title of each entry in the file's outline to its level."""
    found: dict[tuple[int, str], int] = {}

    def walk(entries: list[Any], level: int) -> None:
        for entry in entries:
            if isinstance(entry, list):
                walk(entry, min(level + 1, PAGE_LEVEL - 1))
            elif (page := reader.get_destination_page_number(entry)) is not None:
                found[page + 1, title_key(entry.title or "")] = level

    try:
        walk(reader.outline, 2)
    except (PyPdfError, *PARSER_ERRORS):
        return {}  # a file with a broken outline is still readable
    return found


def title_key(title: str) -> str:
    """Return the letters and digits of a title in lower case."""
    return re.sub(r"[\W_]+", "", title.casefold())


def mark_headings(lines: list[Line], reader: PdfReader) -> None:
    """Set the level of lines that are headings: those in the file's outline or, if none is, those in larger letters."""
    bookmarks = _bookmarks(reader)
    for line in lines:
        line.level = bookmarks.get((line.page, title_key(line.text)), 0)
    if not lines or any(line.level for line in lines):
        return
    weights: Counter[float] = Counter()
    for line in lines:
        weights[round(line.size, 1)] += len(line.text)
    body = weights.most_common(1)[0][0]
    sizes = sorted({round(line.size, 1) for line in lines if _has_heading_size(line, body)}, reverse=True)
    levels = {size: min(level, PAGE_LEVEL - 1) for level, size in enumerate(sizes, 2)}
    for line in lines:
        line.level = levels[round(line.size, 1)] if _has_heading_size(line, body) else 0


def _has_heading_size(line: Line, body: float) -> bool:
    short = len(line.text.split()) <= MAX_HEADING_WORDS and not line.text.startswith("- ")
    return round(line.size, 1) >= 1.12 * body and short and re.search(r"[^\W\d_]", line.text) is not None
