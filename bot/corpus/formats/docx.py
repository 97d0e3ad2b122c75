"""`.docx`: Word's headings, lists, tables and notes in an article's plain form (ECMA-376 part 1, WordprocessingML).

Notes follow the paragraph or table that refers to them, as "[1] …". Reviewers' comments and deleted text are left out.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

from docx import Document
from docx.document import Document as WordDocument
from docx.opc.exceptions import OpcError
from docx.oxml.exceptions import InvalidXmlError
from docx.oxml.ns import qn

from bot.corpus.article import Article, Faq
from bot.corpus.columns import FaqColumns, find_faq_columns
from bot.corpus.fields import build_article, metadata_dates
from bot.corpus.formats import docx_elements as word
from bot.corpus.formats.docx_elements import NOTE_NUMBER, NOTES, attribute
from bot.corpus.html.elements import own_descendants
from bot.corpus.html.table_cells import write_table
from bot.corpus.office_package import PARSER_ERRORS, check_package, refuse_damaged
from bot.corpus.outline import is_faq_title, is_question, outline
from bot.corpus.refused import Refused, Unreadable

MAX_HEADING_WORDS = 15
"""Maximum number of words in a bold line that is taken for a heading."""
Part = tuple[str, str]
"""Kind and text of a block.

The kinds: "title", "contents", "h1" to "h6", "item" of a list, "text", "bold" for a bold question, "question" for one
whose answer follows up to the next heading or question, and "end" for the end of an answer.
"""
_MARKER = re.compile(r"(?:[-–•]|(?:Q\.? ?)?\d{1,3}[.):]) ?(?=\S)")
_MAX_QUESTION_WORDS = 40  # maximum number of words in a numbered question
_MAX_DEPTH = 20  # maximum nesting of tables and text boxes
_GALLERY = "w:sdtPr/w:docPartObj/w:docPartGallery"  # which kind of part Word has generated
_TEMPLATE_TITLES = {"word document", "untitled", "document", "title"}
_TEMPLATE_CREATED = datetime(2013, 12, 23, 23, 15, tzinfo=UTC)
"""Creation date of every file made by python-docx."""


def read_file(path: Path, source: str) -> Iterator[Article | Refused]:
    """Yield the article of a Word document, and a refusal for each question in it without an answer.

    Raises `Unreadable` if the file is damaged, protected, without text, or would unpack to an unreasonable size.
    """
    check_package(path, "docx")
    with refuse_damaged("docx", (OpcError, InvalidXmlError, *PARSER_ERRORS)), path.open("rb") as file:
        document = Document(file)
        writer = _Writer(document)
        writer.blocks(document.element.body)
        fields = _fields(document)
    title = writer.take_title(fields.get("title"))
    text, faqs = _write_parts(writer.parts)
    if not text:
        raise Unreadable("no text in it")
    yield build_article(source, {**fields, "title": title}, text, faqs)
    for question in outline(text).unanswered:
        yield Refused(source, None, f"the question {question!r} has no answer")


def _fields(document: WordDocument) -> dict[str, object]:
    properties = document.core_properties
    title = properties.title.strip()
    created, modified = (
        None if moment is None or moment.replace(tzinfo=UTC) == _TEMPLATE_CREATED else moment
        for moment in (properties.created, properties.modified)
    )
    return {
        "title": None if title.lower() in _TEMPLATE_TITLES else title or None,
        "category": properties.category or None,
        "tags": properties.keywords.replace(";", ","),
        **metadata_dates(created, modified),
    }


class _Writer:
    """Collects the blocks of a document in its order."""

    def __init__(self, document: WordDocument) -> None:
        self._styles = {style.style_id: style for style in document.styles}
        self._numbering = word.numbering_formats(document)
        self._counts: dict[tuple[str, int], int] = {}
        self._notes = word.number_notes(document)
        self.parts: list[Part] = []

    def blocks(self, element: Any, depth: int = 0) -> None:
        """Add the blocks inside an element."""
        if depth > _MAX_DEPTH:
            raise Unreadable(f"tables or boxes nested more than {_MAX_DEPTH} deep")
        for child in element:
            if child.tag == qn("w:p"):
                self._paragraph(child, depth)
            elif child.tag == qn("w:tbl"):
                self._table(child, depth)
            elif child.tag in word.WRAPPERS and attribute(child, _GALLERY) != "Table of Contents":
                self.blocks(child, depth + 1)

    def take_title(self, declared: object) -> object:
        """Remove the title from the parts: that of the style Title, else the declared one, else the first heading 1."""
        title = next((text for kind, text in self.parts if kind == "title"), None) or declared
        headings = [(n, text) for n, (kind, text) in enumerate(self.parts) if kind == "h1"]
        opening, title = next(((n, text) for n, text in headings if title in (None, text)), (None, title))
        parts = self.parts[1:] if opening == 0 and len(headings) == 1 else self.parts
        self.parts = [part for part in parts if part[0] != "contents" and part != ("title", title)]
        return title

    def _paragraph(self, element: Any, depth: int) -> None:
        lines = [" ".join(line.split()) for line in word.paragraph_text(element).split("\n")]
        text = "\n".join(line for line in lines if line)
        if text:
            self.parts.append(self._part(element, text))
        self._add_notes(mark for mark in element.iter(*NOTES) if next(mark.iterancestors(qn("w:p"))) is element)
        for box in word.text_boxes(element):
            self.blocks(box, depth + 1)

    def _part(self, element: Any, text: str) -> Part:
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
        is_short = len(line.split()) <= MAX_HEADING_WORDS
        if is_short and (is_question(line) or is_faq_title(line)) and word.is_bold(element):
            return ("bold" if is_question(line) else "h2"), line
        return "text", re.sub(r"^(?=#{1,6} )", r"\\", text, flags=re.MULTILINE)

    def _style(self, element: Any) -> tuple[str, int | None]:
        """Return the name of a paragraph's style, and its heading level, which may be inherited from a base style."""
        style = self._styles.get(attribute(element, "w:pPr/w:pStyle") or "")
        name = (style.name or "").lower() if style is not None else ""
        level = attribute(element, "w:pPr/w:outlineLvl")
        steps = 0
        while style is not None and level is None and steps < _MAX_DEPTH:
            heading = re.fullmatch(r"heading (\d)", (style.name or "").lower())
            level = str(int(heading[1]) - 1) if heading else attribute(style.element, "w:pPr/w:outlineLvl")
            style, steps = self._styles.get(attribute(style.element, "w:basedOn") or ""), steps + 1
        # Word numbers heading levels from 0; 9 stands for body text.
        return name, int(level) + 1 if level is not None and level.isdecimal() and int(level) < 9 else None

    def _marker(self, element: Any, style_name: str) -> str | None:
        """Return the bullet or number of a list paragraph, indented by its level; None for other paragraphs."""
        style = self._styles.get(attribute(element, "w:pPr/w:pStyle") or "")
        places = [element, *([style.element] if style is not None else [])]
        ids = [attribute(place, "w:pPr/w:numPr/w:numId") for place in places]
        levels = [attribute(place, "w:pPr/w:numPr/w:ilvl") or "" for place in places]
        list_id = next(filter(None, ids), None)
        if (list_id is None and not style_name.startswith("list ")) or list_id == "0":
            return None
        level = min(next((int(found) for found in levels if found.isdecimal()), 0), 8)
        default = "decimal" if "number" in style_name else "bullet"
        is_ordered = self._numbering.get((list_id or "", level), default) not in ("bullet", "none")
        key = (list_id or style_name, level)
        self._counts = {other: n for other, n in self._counts.items() if other[0] != key[0] or other[1] <= level}
        self._counts[key] = self._counts.get(key, 0) + 1
        return "  " * level + (f"{self._counts[key]}. " if is_ordered else "- ")

    def _table(self, element: Any, depth: int) -> None:
        rows = [[*own_descendants(row, qn("w:tc"))] for row in own_descendants(element, qn("w:tr"))]
        if max(map(len, rows), default=0) <= 1:
            for cell in chain.from_iterable(rows):  # one column: a box around text, not a table
                self.blocks(cell, depth + 1)
            return
        if (columns := find_faq_columns([[*map(word.line_of, row)] for row in rows])) is not None:
            self._faq_table(rows[bool(columns.names) :], columns, depth)
            return
        if table := write_table([text for cell in row for text in word.cell_texts(cell)] for row in rows):
            self.parts.append(("text", table))
            self._add_notes(element.iter(*NOTES))

    def _faq_table(self, rows: list[list[Any]], columns: FaqColumns, depth: int) -> None:
        """Add each row as a question with its answer; rows without them as text."""
        for row in rows:
            texts = [*map(word.line_of, row)]
            question, answer = (texts[at] if at < len(texts) else "" for at in (columns.question, columns.answer))
            if not question or not answer or columns.answer >= len(row):
                self.parts += [("text", text) for text in texts if text]
                continue
            self.parts.append(("question", question))
            self.blocks(row[columns.answer], depth + 1)
            self.parts += [*(("text", text) for text in columns.others(texts)), ("end", "")]

    def _add_notes(self, references: Iterable[Any]) -> None:
        for reference in references:
            if note := self._notes.get(reference.get(NOTE_NUMBER)):
                self.parts.append(("text", f"[{reference.get(NOTE_NUMBER)}] {note}"))


def _write_parts(parts: Iterable[Part]) -> tuple[str, list[Faq]]:
    """Return the text of the parts, and the FAQs in it that are not questions of a heading "FAQs"."""
    text, last, level = "", "", 1
    faqs: list[Faq] = []
    question: tuple[str, int] | None = None
    for kind, words in (*_with_questions([*parts]), ("end", "")):
        if question is not None and (kind in ("question", "end") or kind[0] == "h"):
            faqs.append(Faq(question[0], min(question[1], len(text)), len(text)))
            question = None
        if kind == "end":
            last = kind
            continue
        text += "" if not text else "\n" if kind == last == "item" else "\n\n"
        level = int(kind[1]) if kind[0] == "h" else level
        levels = {f"h{level}": level, "bold": 6, "question": min(max(level + 1, 3), 6)}
        text += f"{'#' * levels[kind]} {words}" if kind in levels else words
        question = (words, len(text) + 2) if kind == "question" else question
        last = kind
    return text, [faq for faq in faqs if faq.start < faq.end]


def _with_questions(parts: list[Part]) -> Iterator[Part]:
    """Yield the parts, with numbered questions marked as such in stretches where text follows each of them."""
    start = 0
    for end, (kind, _) in enumerate([*parts, ("end", "")]):
        if kind[0] == "h" or kind in ("question", "end"):
            stretch = parts[start:end]
            numbered = [_is_numbered_question(part) for part in stretch]
            answered = [not following for one, following in pairwise([*numbered, True]) if one]
            is_list = bool(answered) and all(answered)
            for part, is_one in zip(stretch, numbered, strict=True):
                yield ("question", _MARKER.sub("", part[1].strip(), count=1)) if is_list and is_one else part
            yield from parts[end : end + 1]
            start = end + 1


def _is_numbered_question(part: Part) -> bool:
    kind, text = part
    is_line = kind in ("item", "bold", "text") and "\n" not in text and len(text.split()) <= _MAX_QUESTION_WORDS
    return is_line and is_question(text) and _MARKER.match(text.strip()) is not None
