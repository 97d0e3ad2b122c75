"""`.pdf`: the text of its pages, put back into paragraphs below its headings.

"Page 3" is the innermost heading above the text on page 3, so that passages name their page.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from pypdf import Configuration, PageObject, PasswordType, PdfReader, apply_configuration
from pypdf.errors import DependencyError, LimitReachedError, PyPdfError

from bot.corpus.article import Article
from bot.corpus.fields import build_article, metadata_dates
from bot.corpus.formats.pdf_lines import Line, extract_lines, mark_headings, remove_running_heads
from bot.corpus.formats.pdf_text import join_lines, split_title, write_blocks
from bot.corpus.office_package import PARSER_ERRORS
from bot.corpus.outline import outline
from bot.corpus.refused import Refused, Unreadable, check_size

MAX_PAGES = 2_000
MAX_PAGE_BYTES = 10 * 2**20
"""Maximum size of one page's drawing operations when unpacked; a page of text needs 10,000 bytes."""

_LIMITS = Configuration(
    zlib_maximum_output_length=MAX_PAGE_BYTES,
    lzw_maximum_output_length=MAX_PAGE_BYTES,
    run_length_maximum_output_length=MAX_PAGE_BYTES,
    xform_maximum_invocations_per_extraction=500,
)
_NO_TITLE = re.compile(
    r"untitled|microsoft (?:word|powerpoint|excel)|\(?anonymous\)?|document\d*$"
    r"|.*\.(?:docx?|pdf|indd|rtf|odt|pptx?|xlsx?|tmp|qxd)$|https?:",
    re.IGNORECASE,
)


@contextmanager
def _without_stray_warnings() -> Iterator[None]:
    """Keep pypdf's warnings about faults that it repairs off stderr; handlers of the host still receive them."""
    logger, handler = logging.getLogger("pypdf"), logging.NullHandler()
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def read_file(path: Path, source: str) -> Iterator[Article | Refused]:
    """Yield the article of a PDF, and refusals of scanned pages and of questions without an answer.

    Raises `Unreadable` if the file is damaged, protected, too large, or has no text at all.
    """
    check_size(path, megabytes=200)
    try:
        with path.open("rb") as file, apply_configuration(_LIMITS), _without_stray_warnings():
            reader = _open(file)
            pages = extract_lines(reader)
            lines = remove_running_heads(pages)
            mark_headings(lines, reader)
            fields = _fields(reader)
            scanned = [n for n, page in enumerate(reader.pages, 1) if not pages[n - 1] and _has_pictures(page)]
    except Unreadable:
        raise
    except LimitReachedError:
        raise Unreadable("a part of it unpacks to more than any real page: print it to a new PDF") from None
    except (PyPdfError, DependencyError, *PARSER_ERRORS):
        raise Unreadable("a damaged PDF: open it and print it to a new PDF") from None
    yield from _build(source, fields, lines, scanned)


def _build(source: str, fields: dict[str, Any], lines: list[Line], scanned: list[int]) -> Iterator[Article | Refused]:
    text = "".join(line.text for line in lines)
    if not text:
        raise Unreadable("no text in it: scanned pages need OCR first" if scanned else "no text in it")
    if text.count("\ufffd") > len(text) / 4:
        raise Unreadable("its fonts do not map their glyphs to letters: export it again, or run OCR on it")
    title, blocks = split_title(join_lines(lines), fields.get("title"))
    article = build_article(source, {**fields, "title": title}, write_blocks(blocks))
    yield article
    if scanned:
        pages = f"page{'s' if len(scanned) > 1 else ''} {_ranges(scanned)}"
        yield Refused(source, None, f"no text on {pages}: scanned pages need OCR first")
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


def _fields(reader: PdfReader) -> dict[str, Any]:
    try:
        metadata = reader.metadata
        title, keywords = (metadata.title, metadata.keywords) if metadata else (None, None)
    except (PyPdfError, *PARSER_ERRORS):
        return {}
    return {
        "title": None if title is None or _NO_TITLE.match(title.strip()) else title,
        "tags": (keywords or "").replace(";", ","),
        **metadata_dates(_moment(metadata, "creation_date"), _moment(metadata, "modification_date")),
    }


def _moment(metadata: Any, name: str) -> datetime | None:
    with suppress(PyPdfError, *PARSER_ERRORS):
        moment = getattr(metadata, name, None)
        return moment if isinstance(moment, datetime) else None
    return None


def _has_pictures(page: PageObject) -> bool:
    with suppress(PyPdfError, *PARSER_ERRORS):
        objects = page["/Resources"].get("/XObject", {}).get_object()  # type: ignore[attr-defined]
        return any(item.get_object().get("/Subtype") == "/Image" for item in objects.values())
    return False


def _ranges(numbers: list[int]) -> str:
    """Format page numbers as ranges: [1, 2, 3, 7] → "1-3, 7"."""
    known = set(numbers)
    starts, ends = ([number for number in numbers if number + step not in known] for step in (-1, 1))
    return ", ".join(str(start) if start == end else f"{start}-{end}" for start, end in zip(starts, ends, strict=True))
