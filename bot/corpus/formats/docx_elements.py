"""Reads single elements of WordprocessingML: the text of paragraphs and cells, notes, and the formats of lists."""

from typing import Any

from docx.document import Document as WordDocument
from docx.oxml.ns import qn
from docx.oxml.parser import parse_xml

WRAPPERS = {
    *map(qn, ("w:ins", "w:moveTo", "w:smartTag", "w:hyperlink", "w:sdt", "w:sdtContent", "w:fldSimple", "w:customXml")),
    *map(qn, ("w:dir", "w:bdo")),
}
"""Elements around runs or blocks that do not change their text."""
NOTES = {qn("w:footnoteReference"): "footnote", qn("w:endnoteReference"): "endnote"}
NOTE_NUMBER = "number"
"""Attribute added to a reference to a note: files leave the numbering to Word."""
_CHARACTERS = {qn("w:tab"): " ", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}


def attribute(element: Any, path: str) -> str | None:
    """Return the attribute `w:val` of the descendant at a path."""
    for step in path.split("/"):
        element = element.find(qn(step)) if element is not None else None
    return None if element is None else element.get(qn("w:val"))


def paragraph_text(element: Any) -> str:
    """Return the text of a paragraph without deleted text and without text boxes, which are separate blocks."""
    parts = []
    for child in element:
        if child.tag == qn("w:t"):
            parts.append(child.text or "")
        elif child.tag in _CHARACTERS:
            parts.append("" if child.get(qn("w:type")) == "page" else _CHARACTERS[child.tag])
        elif child.tag in NOTES and child.get(NOTE_NUMBER):
            parts.append(f"[{child.get(NOTE_NUMBER)}]")
        elif child.tag == qn("w:r") or child.tag in WRAPPERS:
            parts.append(paragraph_text(child))
    return "".join(parts)


def text_boxes(element: Any) -> list[Any]:
    """Return the text boxes anchored to a paragraph, without the copies that Word stores for versions before 2010."""
    boxes = (box for box in element.iter(qn("w:txbxContent")) if next(box.iterancestors(qn("w:p"))) is element)
    return [box for box in boxes if not any("Fallback" in str(above.tag) for above in box.iterancestors())]


def is_bold(element: Any) -> bool:
    """Whether all text of a paragraph is bold."""
    runs = [run for run in element.iter(qn("w:r")) if "".join(run.itertext()).strip()]
    bold = [run.find(f"{qn('w:rPr')}/{qn('w:b')}") for run in runs]
    return bool(runs) and all(mark is not None and mark.get(qn("w:val")) not in ("0", "false") for mark in bold)


def cell_texts(cell: Any) -> list[str]:
    """Return the text of a cell, followed by an empty one for each further column that it spans."""
    span = attribute(cell, "w:tcPr/w:gridSpan") or "1"
    return [line_of(cell).replace("|", "\\|")] + [""] * (min(int(span), 100) - 1 if span.isdecimal() else 0)


def line_of(element: Any) -> str:
    """Return the text of all paragraphs in an element on one line."""
    return " ".join(" ".join(paragraph_text(paragraph) for paragraph in element.iter(qn("w:p"))).split())


def number_notes(document: WordDocument) -> dict[str | None, str]:
    """Number the references to footnotes and endnotes in the order of the text; return the notes by number."""
    notes: dict[tuple[str, str | None], str] = {}
    for relation in document.part.rels.values():
        kind = relation.reltype.rsplit("/", 1)[-1].removesuffix("s")
        if kind in NOTES.values() and not relation.is_external:
            for note in parse_xml(relation.target_part.blob).iter(qn(f"w:{kind}")):
                notes[kind, note.get(qn("w:id"))] = line_of(note)
    numbered: dict[str | None, str] = {}
    for reference in document.element.body.iter(*NOTES):
        text = notes.get((NOTES[reference.tag], reference.get(qn("w:id"))))
        if text and not any(above.tag == qn("w:del") for above in reference.iterancestors()):
            reference.set(NOTE_NUMBER, str(len(numbered) + 1))
            numbered[reference.get(NOTE_NUMBER)] = text
    return numbered


def numbering_formats(document: WordDocument) -> dict[tuple[str, int], str]:
    """Map list id and level to the format of the numbers, such as "bullet" or "decimal"."""
    try:
        root = document.part.numbering_part.element
    except (NotImplementedError, KeyError):
        return {}
    kinds = {abstract.get(qn("w:abstractNumId")): abstract for abstract in root.iter(qn("w:abstractNum"))}
    found = {}
    for number in root.iter(qn("w:num")):
        abstract = kinds.get(attribute(number, "w:abstractNumId"))
        for level in () if abstract is None else abstract.iter(qn("w:lvl")):
            found[number.get(qn("w:numId")), int(level.get(qn("w:ilvl")))] = attribute(level, "w:numFmt") or "decimal"
    return found
