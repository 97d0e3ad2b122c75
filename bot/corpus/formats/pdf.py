"""`.pdf`: the words of its pages, put back into paragraphs below its headings; "Page 3" is the innermost heading of what stands on page 3.

A PDF holds lines at places, not paragraphs: what belongs together is read from the gaps between lines, headings from the file's outline
(its bookmarks) or else from letters larger than those of the text.
"""

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import quantiles
from typing import Any

from pypdf import Configuration, PageObject, PasswordType, PdfReader, apply_configuration
from pypdf.errors import DependencyError, LimitReachedError, PyPdfError

from bot.corpus.article import Article
from bot.corpus.fields import build_article
from bot.corpus.formats.office_package import PARSER_ERRORS
from bot.corpus.outline import is_faq_title, is_question, outline
from bot.corpus.refused import Refused, Unreadable

MAX_BYTES = 200 * 2**20
MAX_PAGES = 2_000
MAX_OPERATIONS = 3_000_000
"""Drawing steps of the whole file: some 5 µs each, so that a file is read within a minute."""
MAX_PAGE_BYTES = 10 * 2**20
"""Unpacked bytes of one page's drawing steps; a page of words needs 10,000."""
MAX_HEADING_WORDS = 15
"""Words."""
_INNERMOST = 6
"""The heading level of pages."""

_LIMITS = Configuration(
    zlib_maximum_output_length=MAX_PAGE_BYTES,
    lzw_maximum_output_length=MAX_PAGE_BYTES,
    run_length_maximum_output_length=MAX_PAGE_BYTES,
    xform_maximum_invocations_per_extraction=500,
)
_BULLET = re.compile("^(?:[\0-\x1f\x7f•◦▪▫■□●○‣⁃∙·\ue000-\uf8ff]|[-–*](?=\\s))\\s*")
_STARTS = re.compile(
    r"(?:\(?(?:\d{1,2}|[a-z]|[ivx]{2,4})[.)]|(?:Q|Ques|Question|A|Ans|Answer)[ \t]*\d*[ \t]*[:.)-])\s", re.IGNORECASE
)
"""How a list item or a labelled question begins."""
_UNWANTED = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\ufeff\ue000-\uf8ff]")
_NO_TITLE = re.compile(
    r"untitled|microsoft (?:word|powerpoint|excel)|\(?anonymous\)?|document\d*$|.*\.(?:docx?|pdf|indd|rtf|odt|pptx?|xlsx?|tmp|qxd)$|https?:",
    re.IGNORECASE,
)

# pypdf tells of every oddity it mends; what matters to an editor is refused with a reason.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)


@dataclass(slots=True)
class _Block:
    text: str
    page: int
    level: int


@dataclass(slots=True)
class _Line:
    text: str
    page: int
    x: float
    y: float
    size: float
    level: int = 0
    """Of the heading that it is; 0 for text."""


def read_file(path: Path, source: str) -> Iterator[Article | Refused]:
    """The article of a PDF, and a refusal of the pages in it that hold no words and of the questions without an answer.

    Raises `Unreadable` when the file is damaged, protected, too large, or holds no words at all, as scanned pages do.
    """
    if path.stat().st_size > MAX_BYTES:
        raise Unreadable(f"larger than {MAX_BYTES >> 20} MB: split it")
    try:
        with path.open("rb") as file, apply_configuration(_LIMITS):
            reader = _open(file)
            pages = _pages(reader)
            lines = _without_running(pages)
            _mark_headings(lines, _bookmarks(reader))
            fields = _fields(reader)
            silent = [
                number
                for number, (page, found) in enumerate(zip(reader.pages, pages, strict=True), 1)
                if not found and _has_pictures(page)
            ]
    except Unreadable:
        raise
    except LimitReachedError:
        raise Unreadable("a part of it unpacks to more than any real page: print it to a new PDF") from None
    except (PyPdfError, DependencyError, *PARSER_ERRORS):
        raise Unreadable("a damaged PDF: open it and print it to a new PDF") from None
    yield from _articles(source, fields, lines, silent)


def _articles(
    source: str, fields: dict[str, object], lines: list[_Line], silent: list[int]
) -> Iterator[Article | Refused]:
    words = "".join(line.text for line in lines)
    if not words:
        raise Unreadable("no text in it: scanned pages need OCR first" if silent else "no text in it")
    if words.count("\ufffd") > len(words) / 4:
        raise Unreadable("its fonts do not tell which letters they draw: export it again, or run OCR on it")
    blocks = _without_title(_blocks(lines), fields)
    article = build_article(source, fields, _text(blocks))
    yield article
    if silent:
        yield Refused(
            source,
            None,
            f"no text on page{'s' if len(silent) > 1 else ''} {_ranges(silent)}: scanned pages need OCR first",
        )
    for question in outline(article.text).unanswered:
        yield Refused(source, None, f"the question {question!r} has no answer")


def _open(file: Any) -> PdfReader:
    if not file.read(1024).lstrip():
        raise Unreadable("the file is empty")
    reader = PdfReader(file)
    try:
        locked = reader.is_encrypted and reader.decrypt("") == PasswordType.NOT_DECRYPTED
    except DependencyError:
        locked = True
    if locked:
        raise Unreadable("protected by a password: save a copy without one")
    if len(reader.pages) > MAX_PAGES:
        raise Unreadable(f"{len(reader.pages)} pages, more than {MAX_PAGES}: split it")
    return reader


def _pages(reader: PdfReader) -> list[list[_Line]]:
    """The lines of each page, in the order in which they are drawn."""
    steps = 0

    def count(*_: object) -> None:
        nonlocal steps
        steps += 1
        if steps > MAX_OPERATIONS:
            raise Unreadable(f"more than {MAX_OPERATIONS} drawing steps: export its text to another format")

    return [_lines(page, number, count) for number, page in enumerate(reader.pages, 1)]


def _lines(page: PageObject, number: int, count: Callable[..., None]) -> list[_Line]:
    lines: list[_Line] = []
    ended = True

    def add(text: str, place: list[float], matrix: list[float], _: object, size: float) -> None:
        nonlocal ended
        x, y = (matrix[4] * place[n] + matrix[5] * place[n + 2] + place[n + 4] for n in (0, 1))
        height = abs(size * (matrix[2] * place[1] + matrix[3] * place[3])) or abs(size) or 1.0
        for part in text.strip("\n").split("\n") if text else ():
            last = lines[-1] if lines else None
            if last and abs(last.y - y) < 0.4 * max(last.size, height):
                if not re.search(r"[^\W\d_]", last.text):
                    last.size = height  # bullets and numbers of lists come in sizes of their own
                last.text += f" {part}" if ended else part
            elif part.strip():
                lines.append(_Line(part, number, x, y, height))
            ended = False
        ended = ended or text.endswith("\n")

    page.extract_text(visitor_operand_before=count, visitor_text=add)
    for line in lines:
        line.text = " ".join(_UNWANTED.sub("", _BULLET.sub("- ", line.text.strip())).split())
    return [line for line in lines if line.text.strip("- ")]


def _without_running(pages: list[list[_Line]]) -> list[_Line]:
    """The lines of all pages but those that most pages have at their top or bottom, whatever the numbers in them."""
    edges = [_edges(page) for page in pages]
    often = Counter(key for page in edges for key in {_key(line) for line in page})
    filled = sum(1 for page in pages if page)
    running = {key for key, times in often.items() if times > filled / 2 and times >= 2}
    return [
        line
        for page, edge in zip(pages, edges, strict=True)
        for line in page
        if not (_key(line) in running and any(line is other for other in edge))
    ]


def _edges(page: list[_Line]) -> list[_Line]:
    by_height = sorted(page, key=lambda line: line.y)
    return by_height if len(page) <= 4 else [*by_height[:2], *by_height[-2:]]


def _key(line: _Line) -> tuple[str, int]:
    return re.sub(r"\d+", "#", line.text.casefold()), round(line.y / 4)


def _bookmarks(reader: PdfReader) -> dict[tuple[int, str], int]:
    """Page and words of each entry in the file's outline → its level."""
    found: dict[tuple[int, str], int] = {}

    def walk(entries: list[Any], level: int) -> None:
        for entry in entries:
            if isinstance(entry, list):
                walk(entry, min(level + 1, _INNERMOST - 1))
            elif (page := reader.get_destination_page_number(entry)) is not None:
                found[page + 1, _bare(entry.title or "")] = level

    try:
        walk(reader.outline, 2)
    except (PyPdfError, *PARSER_ERRORS):
        return {}  # an outline is a help, not the text
    return found


def _bare(title: str) -> str:
    return re.sub(r"[\W_]+", "", title.casefold())


def _mark_headings(lines: list[_Line], bookmarks: dict[tuple[int, str], int]) -> None:
    """Give lines that are headings their level: those that the outline names, or where it names none, those in larger letters."""
    for line in lines:
        line.level = bookmarks.get((line.page, _bare(line.text)), 0)
    if not lines or any(line.level for line in lines):
        return
    weights: Counter[float] = Counter()
    for line in lines:
        weights[round(line.size, 1)] += len(line.text)
    body = weights.most_common(1)[0][0]
    sizes = sorted({round(line.size, 1) for line in lines if _stands_out(line, body)}, reverse=True)
    levels = {size: min(level, _INNERMOST - 1) for level, size in enumerate(sizes, 2)}
    for line in lines:
        line.level = levels[round(line.size, 1)] if _stands_out(line, body) else 0


def _stands_out(line: _Line, body: float) -> bool:
    short = len(line.text.split()) <= MAX_HEADING_WORDS and not line.text.startswith("- ")
    return round(line.size, 1) >= 1.12 * body and short and re.search(r"[^\W\d_]", line.text) is not None


def _blocks(lines: list[_Line]) -> list[_Block]:
    """The lines joined to paragraphs, list items and headings; what goes on after a page break stays on the page where it began."""
    spacing = _spacing(lines)
    hyphenated = {word.casefold() for line in lines for word in re.findall(r"\w+-\w+", line.text)}
    blocks: list[_Block] = []
    last: _Line | None = None
    for line in lines:
        if last and _belongs(last, line, spacing):
            blocks[-1].text = _rejoined(blocks[-1].text, line.text, hyphenated)
        else:
            blocks.append(_Block(line.text, line.page, line.level))
        last = line
    return blocks


def _spacing(lines: list[_Line]) -> float:
    """How far apart the lines of a paragraph are, in heights of their letters."""
    gaps = [
        (last.y - line.y) / line.size
        for last, line in pairwise(lines)
        if last.page == line.page and 0 < last.y - line.y < 3 * line.size
    ]
    return quantiles(gaps, n=4)[0] if len(gaps) > 1 else 1.2


def _belongs(last: _Line, line: _Line, spacing: float) -> bool:
    """Whether a line goes on with the paragraph of the one before it."""
    if line.level != last.level or line.text.startswith("- ") or _STARTS.match(line.text):
        return False
    finished = re.search(r"[.?!:;]['”\")]*$", last.text) is not None
    gap = last.y - line.y
    if last.page != line.page or gap < 0:
        return not line.level and not finished and line.text[:1].islower()
    near = (
        gap <= 1.2 * (1.1 if line.level else spacing) * max(last.size, line.size)
        and abs(last.size - line.size) < 0.15 * line.size
    )
    return near and not (finished and line.x > last.x + 0.8 * line.size)


def _rejoined(text: str, more: str, hyphenated: set[str]) -> str:
    """Two lines as one; a hyphen at the end goes, unless the word has it elsewhere within a line too."""
    cut = re.search(r"(\w+)-$", text)
    if text.endswith("\xad"):
        return text.rstrip("\xad") + more
    if cut is None or not more[:1].islower():
        return f"{text}{'' if cut else ' '}{more}"
    kept = f"{cut[1]}-{re.split(r'[^a-z]', more, maxsplit=1)[0]}".casefold() in hyphenated
    return (text if kept else text[:-1]) + more


def _without_title(blocks: list[_Block], fields: dict[str, object]) -> list[_Block]:
    """The blocks without the heading that repeats the title, which without one in the metadata is the first heading."""
    first = next((block for block in blocks if block.level), None)
    if first is None:
        return blocks
    alone = sum(block.level <= first.level for block in blocks if block.level) == 1 and first is blocks[0]
    if not fields.get("title"):
        fields["title"] = first.text
    elif _bare(first.text) != _bare(str(fields["title"])):
        return blocks
    return [block for block in blocks if block is not first] if alone or not fields.get("title") else blocks


def _text(blocks: list[_Block]) -> str:
    """The plain form of the blocks: each heading is followed by one for the page that its text stands on.

    Below a heading "FAQs" a heading is a question, so there the page joins that heading: "FAQs, Page 3".
    """
    parts: list[str] = []
    faq: _Block | None = None
    page = 0
    asked = False
    for block in blocks:
        if block.level and (faq is None or block.level <= faq.level):
            faq, page, asked = (block if is_faq_title(block.text) else None), 0, False
            parts += [] if faq else [f"{'#' * block.level} {block.text}"]
            continue
        question = faq is not None and (block.level > 0 or _asks(block.text))
        if page != block.page and (question or not asked):
            parts.append(
                f"{'#' * faq.level} {faq.text}, Page {block.page}" if faq else f"{'#' * _INNERMOST} Page {block.page}"
            )
            page = block.page
        asked = asked or question
        parts.append(
            f"{'#' * (block.level or faq.level + 1)} {block.text}" if question and faq else _escaped(block.text)
        )
    return re.sub(r"^((?:- |\d+\. ).*)\n\n(?=- |\d+\. )", r"\1\n", "\n\n".join(parts), flags=re.MULTILINE)


def _asks(text: str) -> bool:
    return is_question(text) and len(text.split()) <= 2 * MAX_HEADING_WORDS


def _escaped(text: str) -> str:
    return re.sub(r"^(?=#{1,6} )", r"\\", text)


def _fields(reader: PdfReader) -> dict[str, object]:
    """What the file's metadata say that can be true."""
    try:
        about = reader.metadata
        title, keywords = (about.title, about.keywords) if about else (None, None)
    except (PyPdfError, *PARSER_ERRORS):
        return {}
    published, updated = _day(about, "creation_date"), _day(about, "modification_date")
    return {
        "title": None if title is None or _NO_TITLE.match(title.strip()) else title,
        "published": published,
        "updated": updated if updated and published and updated > published else None,
        "tags": re.sub(r";", ",", keywords or ""),
    }


def _day(about: Any, name: str) -> date | None:
    try:
        day: date | None = getattr(about, name, None)
    except (PyPdfError, *PARSER_ERRORS):
        return None
    day = day.date() if isinstance(day, datetime) else None
    return day if day and date(1993, 1, 1) <= day <= datetime.now(UTC).date() + timedelta(days=1) else None


def _has_pictures(page: PageObject) -> bool:
    try:
        resources = page["/Resources"]
        return any(
            item.get_object().get("/Subtype") == "/Image"
            for item in resources.get("/XObject", {}).get_object().values()  # type: ignore[attr-defined]
        )
    except (PyPdfError, *PARSER_ERRORS):
        return False


def _ranges(numbers: list[int]) -> str:
    """[1, 2, 3, 7] → "1-3, 7"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(one) if one == last else f"{one}-{last}" for one, last in runs)
