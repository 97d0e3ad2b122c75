"""`.docx`: Word's headings, lists, tables and notes in an article's plain form (ECMA-376 part 1, WordprocessingML).

Notes stand below the paragraph or table that refers to them, as "[1] …". What reviewers wrote (comments, deletions) is no part of the text.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from docx import Document
from docx.document import Document as Opened
from docx.opc.exceptions import OpcError
from docx.oxml.exceptions import InvalidXmlError
from docx.oxml.ns import qn
from docx.oxml.parser import parse_xml

from bot.corpus.article import Article
from bot.corpus.fields import build_article
from bot.corpus.formats.office_package import PARSER_ERRORS, check_package, damaged_file
from bot.corpus.outline import is_faq_title, is_question, outline
from bot.corpus.refused import Refused, Unreadable

MAX_HEADING_WORDS = 15
"""Words of a line in bold that is taken for a heading."""
_NUMBER = "number"
"""The attribute that a note's mark is given here: the files leave the counting to Word."""
_MAX_DEPTH = 20
"""Of tables and text boxes inside one another."""
_TEMPLATE_TITLES = {"word document", "untitled", "document", "title"}
_TEMPLATE_CREATED = datetime(2013, 12, 23, 23, 15, tzinfo=UTC)
"""The date that python-docx writes into each file that it makes."""
_WITHIN = {
    qn(name)
    for name in (
        "w:ins",
        "w:moveTo",
        "w:smartTag",
        "w:hyperlink",
        "w:sdt",
        "w:sdtContent",
        "w:fldSimple",
        "w:customXml",
        "w:dir",
        "w:bdo",
    )
}
"""Elements that stand around runs or blocks and change nothing in their words."""
_NOTES = {qn("w:footnoteReference"): "footnote", qn("w:endnoteReference"): "endnote"}
_SIGNS = {qn("w:tab"): " ", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}


def read_file(path: Path, source: str) -> Iterator[Article | Refused]:
    """The article of a Word document, and a refusal for each question in it that has no answer.

    Raises `Unreadable` when the file is damaged, protected, holds no text, or would unpack to more than any real one.
    """
    check_package(path, "docx")
    try:
        with path.open("rb") as file:
            document = Document(file)
            writer = _Writer(document)
            writer.blocks(document.element.body)
            fields = _fields(document)
    except Unreadable:
        raise
    except (OpcError, InvalidXmlError, *PARSER_ERRORS):
        raise damaged_file("docx") from None
    title, text = writer.written(fields.get("title"))
    if not text:
        raise Unreadable("no text in it")
    article = build_article(source, {**fields, "title": title}, text)
    yield article
    for question in outline(text).unanswered:
        yield Refused(source, None, f"the question {question!r} has no answer")


class _Writer:
    """The blocks of a document in its order."""

    def __init__(self, document: Opened) -> None:
        self._styles = {style.style_id: style for style in document.styles}
        self._numbering = _numbering(document)
        self._counts: dict[tuple[str, int], int] = {}
        self._notes = _notes(document)
        self._parts: list[tuple[str, str]] = []
        """Kind ("title", "h1"…"h6", "item", "text") and words."""

    def blocks(self, element: Any, depth: int = 0) -> None:
        if depth > _MAX_DEPTH:
            raise Unreadable(f"tables or boxes inside one another, more than {_MAX_DEPTH} deep")
        for child in element:
            if child.tag == qn("w:p"):
                self._paragraph(child, depth)
            elif child.tag == qn("w:tbl"):
                self._table(child, depth)
            elif child.tag in _WITHIN and not _is_contents(child):
                self.blocks(child, depth + 1)

    def written(self, title: object) -> tuple[object, str]:
        """The title and the text: a paragraph in the style Title is the title, else the given one, else the first heading of the first level."""
        named = next((words for kind, words in self._parts if kind == "title"), None) or title
        opening = next(
            (n for n, (kind, words) in enumerate(self._parts) if kind == "h1" and named in (None, words)), None
        )
        if opening is not None:
            named = self._parts[opening][1]
            if sum(kind == "h1" for kind, _ in self._parts) == 1 and opening == 0:
                self._parts = self._parts[1:]
        text = ""
        last = ""
        for kind, words in (part for part in self._parts if part not in (("title", named), ("contents", part[1]))):
            line = f"{'#' * int(kind[1])} {words}" if kind[0] == "h" else words
            text += ("\n" if kind == last == "item" else "\n\n") + line
            last = kind
        return named, text.strip()

    def _paragraph(self, element: Any, depth: int) -> None:
        words = _words(element)
        lines = [" ".join(line.split()) for line in words.split("\n")]
        text = "\n".join(line for line in lines if line)
        if text:
            self._parts.append(self._part(element, text))
        self._add_notes(mark for mark in element.iter(*_NOTES) if next(mark.iterancestors(qn("w:p"))) is element)
        for box in _boxes(element):
            self.blocks(box, depth + 1)

    def _part(self, element: Any, text: str) -> tuple[str, str]:
        name, level = self._style(element)
        line = " ".join(text.split())
        if name == "title":
            return "title", line
        if name.startswith("toc "):
            return "contents", line
        if level is not None:
            return f"h{min(level, 6)}", line
        if (marker := self._marker(element, name)) is not None:
            indent = " " * len(marker)
            return "item", marker + text.replace("\n", f"\n{indent}")
        if _is_bold(element) and len(line.split()) <= MAX_HEADING_WORDS and (is_question(line) or is_faq_title(line)):
            return ("h6" if is_question(line) else "h2"), line
        return "text", re.sub(r"^(?=#{1,6} )", r"\\", text, flags=re.MULTILINE)

    def _style(self, element: Any) -> tuple[str, int | None]:
        """The name of a paragraph's style and the level of the heading that it or a style below it makes."""
        style = self._styles.get(_value(element, "w:pPr/w:pStyle") or "")
        name = (style.name or "").lower() if style is not None else ""
        own = _value(element, "w:pPr/w:outlineLvl")
        seen = 0
        while style is not None and own is None and seen < _MAX_DEPTH:
            heading = re.fullmatch(r"heading (\d)", (style.name or "").lower())
            own = str(int(heading[1]) - 1) if heading else _value(style.element, "w:pPr/w:outlineLvl")
            style, seen = self._styles.get(_value(style.element, "w:basedOn") or ""), seen + 1
        # Level 9 is Word's mark for text.
        return name, int(own) + 1 if own is not None and own.isdecimal() and int(own) < 9 else None

    def _marker(self, element: Any, style_name: str) -> str | None:
        """The bullet or number of a list paragraph, indented by its level."""
        style = self._styles.get(_value(element, "w:pPr/w:pStyle") or "")
        places = [element, *([style.element] if style is not None else [])]
        number = next((found for place in places if (found := _value(place, "w:pPr/w:numPr/w:numId"))), None)
        level = next(
            (int(found) for place in places if (found := _value(place, "w:pPr/w:numPr/w:ilvl")) and found.isdecimal()),
            0,
        )
        if (number is None and not style_name.startswith("list ")) or number == "0":
            return None
        level = min(level, 8)
        ordered = self._numbering.get((number or "", level), "decimal" if "number" in style_name else "bullet") not in (
            "bullet",
            "none",
        )
        key = (number or style_name, level)
        self._counts = {other: n for other, n in self._counts.items() if other[0] != key[0] or other[1] <= level}
        self._counts[key] = self._counts.get(key, 0) + 1
        return "  " * level + (f"{self._counts[key]}. " if ordered else "- ")

    def _table(self, element: Any, depth: int) -> None:
        rows = [
            [cell for cell in row.iter(qn("w:tc")) if _owner(cell) is element]
            for row in element.iter(qn("w:tr"))
            if _owner(row) is element
        ]
        if max(map(len, rows), default=0) <= 1:
            for row in rows:  # a box around text, not a table
                for cell in row:
                    self.blocks(cell, depth + 1)
            return
        cells = [[words for cell in row for words in _cell(cell)] for row in rows]
        cells = [row for row in cells if any(row)]
        width = max(map(len, cells), default=0)
        lines = [f"| {' | '.join(row + [''] * (width - len(row)))} |" for row in cells]
        if lines:
            self._parts.append(("text", "\n".join([lines[0], f"|{' --- |' * width}", *lines[1:]])))
            self._add_notes(element.iter(*_NOTES))

    def _add_notes(self, marks: Iterable[Any]) -> None:
        for mark in marks:
            if note := self._notes.get(mark.get(_NUMBER)):
                self._parts.append(("text", f"[{mark.get(_NUMBER)}] {note}"))


def _value(element: Any, path: str) -> str | None:
    """The `w:val` of the element at a path below."""
    for step in path.split("/"):
        element = element.find(qn(step)) if element is not None else None
    return None if element is None else element.get(qn("w:val"))


def _words(element: Any) -> str:
    """The words of a paragraph: without what is marked as deleted, and without text boxes, which are blocks of their own."""
    parts = []
    for child in element:
        if child.tag == qn("w:t"):
            parts.append(child.text or "")
        elif child.tag in _SIGNS:
            parts.append("" if child.get(qn("w:type")) == "page" else _SIGNS[child.tag])
        elif child.tag in _NOTES and child.get(_NUMBER):
            parts.append(f"[{child.get(_NUMBER)}]")
        elif child.tag == qn("w:r") or child.tag in _WITHIN:
            parts.append(_words(child))
    return "".join(parts)


def _boxes(element: Any) -> Iterator[Any]:
    """The text boxes that hang on a paragraph, each once: Word stores a second copy of them for programs before 2010."""
    found = [
        box
        for box in element.iter(qn("w:txbxContent"))
        if not any("Fallback" in str(above.tag) for above in box.iterancestors())
    ]
    yield from (box for box in found if next(box.iterancestors(qn("w:p"))) is element)


def _is_contents(element: Any) -> bool:
    """Whether a block is a table of contents, which repeats the headings."""
    gallery = element.find(f"{qn('w:sdtPr')}/{qn('w:docPartObj')}/{qn('w:docPartGallery')}")
    return gallery is not None and gallery.get(qn("w:val")) == "Table of Contents"


def _is_bold(element: Any) -> bool:
    runs = [run for run in element.iter(qn("w:r")) if "".join(run.itertext()).strip()]
    bold = [run.find(f"{qn('w:rPr')}/{qn('w:b')}") for run in runs]
    return bool(runs) and all(mark is not None and mark.get(qn("w:val")) not in ("0", "false") for mark in bold)


def _owner(element: Any) -> Any:
    return next(element.iterancestors(qn("w:tbl")))


def _cell(cell: Any) -> list[str]:
    """A cell's words, with an empty cell for each further column that it spans."""
    span = _value(cell, "w:tcPr/w:gridSpan") or "1"
    words = " ".join(" ".join(_words(paragraph) for paragraph in cell.iter(qn("w:p"))).split()).replace("|", "\\|")
    return [words] + [""] * (min(int(span), 100) - 1 if span.isdecimal() else 0)


def _notes(document: Opened) -> dict[str | None, str]:
    """The footnotes and endnotes by the numbers that their marks are given, in the order of the text."""
    words: dict[tuple[str, str | None], str] = {}
    for relation in document.part.rels.values():
        kind = relation.reltype.rsplit("/", 1)[-1].removesuffix("s")
        if kind in _NOTES.values() and not relation.is_external:
            for note in parse_xml(relation.target_part.blob).iter(qn(f"w:{kind}")):
                words[kind, note.get(qn("w:id"))] = " ".join(
                    " ".join(_words(paragraph) for paragraph in note.iter(qn("w:p"))).split()
                )
    numbered: dict[str | None, str] = {}
    for mark in document.element.body.iter(*_NOTES):
        told = words.get((_NOTES[mark.tag], mark.get(qn("w:id"))))
        if told and not any(above.tag == qn("w:del") for above in mark.iterancestors()):
            mark.set(_NUMBER, str(len(numbered) + 1))
            numbered[mark.get(_NUMBER)] = told
    return numbered


def _numbering(document: Opened) -> dict[tuple[str, int], str]:
    """List and level → the format of its numbers, such as "bullet" or "decimal"."""
    try:
        root = document.part.numbering_part.element
    except (NotImplementedError, KeyError):
        return {}
    kinds = {abstract.get(qn("w:abstractNumId")): abstract for abstract in root.iter(qn("w:abstractNum"))}
    found = {}
    for number in root.iter(qn("w:num")):
        abstract = kinds.get(_value(number, "w:abstractNumId"))
        for level in () if abstract is None else abstract.iter(qn("w:lvl")):
            found[number.get(qn("w:numId")), int(level.get(qn("w:ilvl")))] = _value(level, "w:numFmt") or "decimal"
    return found


def _fields(document: Opened) -> dict[str, object]:
    """What the file's properties say that can be true."""
    about = document.core_properties
    published, updated = _day(about.created), _day(about.modified)
    return {
        "title": None if about.title.strip().lower() in _TEMPLATE_TITLES else about.title.strip() or None,
        "published": published,
        "updated": updated if updated and published and updated > published else None,
        "category": about.category or None,
        "tags": about.keywords.replace(";", ","),
    }


def _day(moment: datetime | None) -> date | None:
    if moment is None or moment.replace(tzinfo=UTC) == _TEMPLATE_CREATED:
        return None
    day = moment.date()
    return day if date(1993, 1, 1) <= day <= datetime.now(UTC).date() + timedelta(days=1) else None
