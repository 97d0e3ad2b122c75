"""PDF and Word files."""

import io
import logging
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path

import docx
import pytest
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import ListFlowable, PageBreak, Paragraph, SimpleDocTemplate

from bot.corpus import Article, Refused
from bot.corpus.formats import pdf, pdf_lines
from bot.corpus.formats.docx import read_file as read_docx
from bot.corpus.formats.pdf import read_file as read_pdf
from bot.corpus.outline import outline
from bot.corpus.refused import Unreadable

STYLES = getSampleStyleSheet()
WORDS = "application/vnd.openxmlformats-officedocument.wordprocessingml"
LONG = "Every employee may take twelve days of leave in a calendar year, and what is left over lapses. "


def read(path: Path) -> tuple[list[Article], list[Refused]]:
    items = list((read_pdf if path.suffix == ".pdf" else read_docx)(path, path.name))
    return [item for item in items if isinstance(item, Article)], [item for item in items if isinstance(item, Refused)]


def sections(article: Article) -> dict[tuple[str, ...], str]:
    return {section.path: article.text[section.start : section.end] for section in outline(article.text).sections}


def answers(article: Article) -> dict[str, tuple[tuple[str, ...], str]]:
    return {faq.question: (faq.section, article.text[faq.start : faq.end]) for faq in article.faqs}


def para(words: str, style: str = "BodyText") -> Paragraph:
    return Paragraph(words, STYLES[style])


def made_pdf(folder: Path, *flowables: object, running: bool = False, **about: str) -> Path:
    def edges(canvas: Canvas, _: object) -> None:
        if running:
            canvas.setFont("Helvetica", 8)
            canvas.drawString(50, 820, "Staff handbook 2026")
            canvas.drawString(300, 20, f"Page {canvas.getPageNumber()} of 9")

    path = folder / "handbook.pdf"
    SimpleDocTemplate(str(path), **about).build(list(flowables), onFirstPage=edges, onLaterPages=edges)
    return path


def drawn_pdf(
    folder: Path, *pages: list[tuple[float, float, float, str]], outline: dict[int, list[tuple[str, int]]] | None = None
) -> Path:
    """Return a PDF with words at positions: x, y, size."""
    path = folder / "drawn.pdf"
    canvas = Canvas(str(path), initFontSize=10)
    for number, page in enumerate(pages, 1):
        for x, y, size, words in page:
            canvas.setFont("Helvetica", size)
            canvas.drawString(x, y, words)
        for title, level in (outline or {}).get(number, []):
            canvas.bookmarkPage(title)
            canvas.addOutlineEntry(title, title, level)
        canvas.showPage()
    canvas.save()
    return path


def test_a_pdf_is_read_with_its_headings_and_page_numbers(tmp_path: Path):
    path = made_pdf(
        tmp_path,
        para("Leave rules", "Title"), para(LONG * 3), para("Sick leave", "Heading2"), para("Seven days."), PageBreak(),
        para("A doctor's note is needed."), para("Other leave", "Heading2"), para("None."), running=True,
        title="Leave rules",
    )  # fmt: skip
    ((article,), refused) = read(path)
    assert article.title == "Leave rules"
    assert sections(article) == {
        ("Page 1",): (LONG * 3).strip(),
        ("Sick leave", "Page 1"): "Seven days.",
        ("Sick leave", "Page 2"): "A doctor's note is needed.",
        ("Other leave", "Page 2"): "None.",
    }
    assert article.published == date(*PdfReader(path).metadata.creation_date.timetuple()[:3])
    assert refused == []


def test_lines_are_joined_to_paragraphs_without_their_hyphens(tmp_path: Path):
    lines = [
        "The well-known act says that the employ-", "er pays, and that a well-", "known rule holds for the",
        "first twelve months.",
        None, "A second paragraph that goes", "on and on until the page",
    ]  # fmt: skip
    first = [(72, 700 - 12 * n, 10, line) for n, line in enumerate(lines) if line]
    ((article,), _) = read(
        drawn_pdf(tmp_path, first, [(72, 700, 10, "ends and another begins."), (72, 670, 10, "Third.")])
    )
    assert sections(article) == {
        (
            "Page 1",
        ): "The well-known act says that the employer pays, and that a well-known rule holds for the first twelve "
        "months.\n\n"
        "A second paragraph that goes on and on until the page ends and another begins.",
        ("Page 2",): "Third.",
    }


def test_headings_come_from_the_outline_of_a_pdf(tmp_path: Path):
    pages = [
        [(72, 700, 10, "Part one"), (72, 670, 10, "Alpha."), (72, 640, 10, "Detail"), (72, 610, 10, "Beta.")],
        [(72, 700, 10, "Gamma.")],
    ]
    ((article,), _) = read(drawn_pdf(tmp_path, *pages, outline={1: [("Part one", 0), ("Detail", 1)]}))
    assert article.title == "Part one"
    assert sections(article) == {("Page 1",): "Alpha.", ("Detail", "Page 1"): "Beta.", ("Detail", "Page 2"): "Gamma."}


def test_faqs_of_a_pdf_keep_their_page(tmp_path: Path):
    path = made_pdf(
        tmp_path,
        para(LONG), para("FAQs", "Heading1"), para("Who pays?", "Heading3"), para(f"The firm. {LONG}"), PageBreak(),
        para("Always."),
        para("When?"), para("Monthly."), para("Contact", "Heading1"), para("HR. " + LONG), title="Leave",
    )  # fmt: skip
    ((article,), refused) = read(path)
    assert answers(article) == {
        "Who pays?": (("FAQs, Page 1",), f"The firm. {LONG.strip()}\n\nAlways."),
        "When?": (("FAQs, Page 2",), "Monthly."),
    }
    assert sections(article)["Contact", "Page 2"].startswith("HR.")
    assert refused == []


def test_labelled_questions_and_lists_of_a_pdf_are_read(tmp_path: Path):
    bullets = ListFlowable([para("one"), para("two " * 40)], bulletType="bullet")
    ((article,), _) = read(
        made_pdf(tmp_path, para("Q: Who pays?<br/>A: The firm."), para("Intro: " + LONG), bullets, para("Last."))
    )
    assert answers(article)["Who pays?"][1].startswith("The firm.")
    assert f"- one\n- {' '.join(['two'] * 40)}\n\nLast." in article.text


def test_meaningless_metadata_is_ignored(tmp_path: Path):
    ((article,), _) = read(
        made_pdf(tmp_path, para("Real title", "Title"), para(LONG), title="Microsoft Word - draft_v3.docx")
    )
    assert (article.title, "Real title" in article.text) == ("Real title", False)


def scan(folder: Path, words: str | None) -> Path:
    """Return a PDF with a scanned page and a page of text."""
    from PIL import Image

    picture = io.BytesIO()
    Image.new("RGB", (60, 80), "white").save(picture, "PNG")
    path = folder / "scan.pdf"
    canvas = Canvas(str(path))
    canvas.drawImage(ImageReader(io.BytesIO(picture.getvalue())), 0, 0, 500, 700)
    canvas.showPage()
    if words:
        canvas.drawString(72, 700, words)
    canvas.showPage()
    canvas.save()
    return path


def test_scanned_pages_are_refused(tmp_path: Path):
    with pytest.raises(Unreadable, match=r"^no text in it: scanned pages need OCR first$"):
        read(scan(tmp_path, None))
    ((article,), refused) = read(scan(tmp_path, "Words."))
    assert sections(article) == {("Page 2",): "Words."}
    assert [item.reason for item in refused] == ["no text on page 1: scanned pages need OCR first"]


def protected(folder: Path, user: str) -> bytes:
    writer = PdfWriter(clone_from=made_pdf(folder, para("Words.")))
    writer.encrypt(user, "owner", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_a_pdf_that_needs_a_password_to_open_is_refused_and_one_with_an_owner_password_is_read(tmp_path: Path):
    path = tmp_path / "locked.pdf"
    path.write_bytes(protected(tmp_path, "secret"))
    with pytest.raises(Unreadable, match=r"^protected by a password: save a copy without one$"):
        read(path)
    path.write_bytes(protected(tmp_path, ""))
    ((article,), _) = read(path)
    assert article.text.endswith("Words.")


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "the file is empty"), (b"hello", "a damaged PDF"), (b"%PDF-1.7\n%%EOF", "a damaged PDF")],
)
def test_a_file_that_is_not_a_pdf_is_refused(tmp_path: Path, content: bytes, reason: str):
    (tmp_path / "a.pdf").write_bytes(content)
    with pytest.raises(Unreadable) as error:
        read(tmp_path / "a.pdf")
    assert str(error.value).startswith(reason)


def test_warnings_of_pypdf_reach_the_handlers_of_the_host_but_not_stderr(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    (tmp_path / "a.pdf").write_bytes(b"hello")
    with pytest.raises(Unreadable):
        read(tmp_path / "a.pdf")
    assert caplog.records != []
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    with pytest.raises(Unreadable):
        read(tmp_path / "a.pdf")
    assert capsys.readouterr().err == ""
    assert (logging.getLogger("pypdf").handlers, logging.getLogger("pypdf").level) == ([], logging.NOTSET)


def test_a_pdf_beyond_the_limits_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = drawn_pdf(tmp_path, *[[(72, 700, 10, "Words.")]] * 3)
    monkeypatch.setattr(pdf_lines, "MAX_OPERATIONS", 10)
    with pytest.raises(Unreadable, match=r"^more than 10 drawing operations"):
        read(path)
    monkeypatch.setattr(pdf, "MAX_PAGES", 2)
    with pytest.raises(Unreadable, match=r"^3 pages, more than 2: split it$"):
        read(path)


def test_a_page_that_decompresses_beyond_the_limit_is_refused(tmp_path: Path):
    canvas = Canvas(str(tmp_path / "bomb.pdf"), pageCompression=1)
    canvas.drawString(72, 700, "Words.")
    canvas._code.append(" " * 20_000_000)
    canvas.save()
    with pytest.raises(Unreadable, match="unpacks to more than any real page"):
        read(tmp_path / "bomb.pdf")


def made_docx(folder: Path, fill: Callable[[docx.document.Document], object]) -> Path:
    document = docx.Document()
    fill(document)
    document.save(folder / "guide.docx")
    return folder / "guide.docx"


def test_a_word_document_keeps_headings_lists_tables_and_faqs(tmp_path: Path):
    def fill(document: docx.document.Document) -> None:
        document.add_heading("Gratuity guide", 0)
        document.add_paragraph("Intro with ").add_run("bold").bold = True
        document.add_heading("Who is eligible", 1)
        for words in ("Five years", "A firm of ten"):
            document.add_paragraph(words, "List Bullet")
        for words in ("Apply", "Wait"):
            document.add_paragraph(words, "List Number")
        document.add_paragraph("# not a heading")
        table = document.add_table(2, 2)
        for cell, words in zip(
            (cell for row in table.rows for cell in row.cells), ("Years", "Days", "5", "a|b"), strict=True
        ):
            cell.text = words
        document.add_heading("FAQs", 1)
        document.add_heading("Who pays?", 2)
        document.add_paragraph("The employer.")
        document.add_paragraph().add_run("When is it paid?").bold = True
        document.add_paragraph("Within thirty days.")
        document.add_heading("Lost?", 2)

    ((article,), refused) = read(made_docx(tmp_path, fill))
    assert article.title == "Gratuity guide"
    assert article.text.startswith(
        "Intro with bold\n\n# Who is eligible\n\n- Five years\n- A firm of ten\n1. Apply\n2. Wait\n\n\\# not a "
        "heading\n\n"
        "| Years | Days |\n| --- | --- |\n| 5 | a\\|b |\n\n# FAQs\n\n## Who pays?\n\nThe employer.\n\n"
    )
    assert answers(article)["Who pays?"][0] == ("FAQs",)
    assert [item.reason for item in refused] == ["the question 'Lost?' has no answer"]


def test_a_bold_question_below_a_bold_faq_line_is_a_faq(tmp_path: Path):
    def fill(document: docx.document.Document) -> None:
        for words in ("Frequently asked questions", "Who pays?", "The firm.", "When?", "Monthly."):
            document.add_paragraph().add_run(words).bold = not words.endswith(".")

    ((article,), _) = read(made_docx(tmp_path, fill))
    assert {question: answer for question, (_, answer) in answers(article).items()} == {
        "Who pays?": "The firm.",
        "When?": "Monthly.",
    }


@pytest.mark.parametrize(
    ("questions", "style", "is_bold"),
    [
        (("Who pays?", "Is it free?"), "List Number", False),
        (("Who pays?", "Is it free?"), "List Number", True),
        (("Who pays?", "Is it free?"), "List Bullet", False),
        (("1. Who pays?", "2. Is it free?"), "Normal", True),
        (("1) Who pays?", "2) Is it free?"), "Normal", False),
        (("Q1. Who pays?", "Q2. Is it free?"), "Normal", True),
    ],
)
def test_numbered_questions_with_text_below_them_are_faqs(
    tmp_path: Path, questions: tuple[str, ...], style: str, is_bold: bool
):
    def fill(document: docx.document.Document) -> None:
        document.add_heading("Guide", 0)
        document.add_heading("Cards", 1)
        for question, answer in zip(questions, ("The firm.", "No."), strict=True):
            document.add_paragraph(style=style).add_run(question).bold = is_bold
            document.add_paragraph(answer)
            document.add_paragraph("in cash", "List Bullet")
        document.add_heading("Next", 1)
        document.add_paragraph("Words.")

    ((article,), _) = read(made_docx(tmp_path, fill))
    assert article.text == (
        "# Cards\n\n## Who pays?\n\nThe firm.\n\n- in cash\n\n## Is it free?\n\nNo.\n\n- in cash\n\n# Next\n\nWords."
    ).replace("## ", "### ")
    assert answers(article) == {
        "Who pays?": (("Cards",), "The firm.\n\n- in cash"),
        "Is it free?": (("Cards",), "No.\n\n- in cash"),
    }


def test_numbered_questions_without_answers_stay_a_list(tmp_path: Path):
    def fill(document: docx.document.Document) -> None:
        document.add_paragraph("Ask yourself:")
        for question in ("Who pays?", "Who gets it?"):
            document.add_paragraph(question, "List Number")
        document.add_paragraph("Then write.")

    ((article,), _) = read(made_docx(tmp_path, fill))
    assert (article.text, article.faqs) == ("Ask yourself:\n\n1. Who pays?\n2. Who gets it?\n\nThen write.", ())


@pytest.mark.parametrize(
    "rows",
    [
        (("Question", "Answer"), ("Who pays?", "The firm.\nIn cash."), ("Is it free?", "No.")),
        (("Nr.", "Frage", "Antwort"), ("1", "Who pays?", "The firm.\nIn cash."), ("2", "Is it free?", "No.")),
        (("Who pays?", "The firm.\nIn cash."), ("Is it free?", "No.")),
    ],
    ids=["named", "another language", "no header"],
)
def test_each_row_of_a_faq_table_is_a_faq(tmp_path: Path, rows: tuple[tuple[str, ...], ...]):
    def fill(document: docx.document.Document) -> None:
        document.add_paragraph("Before.")
        table = document.add_table(len(rows), len(rows[0]))
        for row, texts in zip(table.rows, rows, strict=True):
            for cell, text in zip(row.cells, texts, strict=True):
                cell.text = text
        document.add_paragraph("After.")

    ((article,), _) = read(made_docx(tmp_path, fill))
    assert answers(article) == {"Who pays?": ((), "The firm.\nIn cash."), "Is it free?": ((), "No.")}
    assert article.text.startswith("Before.\n\n### Who pays?\n\nThe firm.")
    assert article.text.endswith("No.\n\nAfter.")


def test_plausible_properties_of_a_word_document_are_used(tmp_path: Path):
    def fill(document: docx.document.Document) -> None:
        document.add_heading("Only heading", 1)
        document.add_paragraph("Words.")

    ((plain,), _) = read(made_docx(tmp_path, fill))
    assert (plain.title, plain.published, plain.updated, plain.text) == ("Only heading", None, None, "Words.")

    def fill_more(document: docx.document.Document) -> None:
        fill(document)
        about = document.core_properties
        about.title, about.category, about.keywords = "Proper title", "HRM", "pf; uan"
        about.created, about.modified = (
            datetime.fromisoformat("2025-10-09 08:00"),
            datetime.fromisoformat("2026-01-02 08:00"),
        )

    ((article,), _) = read(made_docx(tmp_path, fill_more))
    assert (article.title, article.category, article.tags) == ("Proper title", "HRM", ("pf", "uan"))
    assert (article.published, article.updated) == (date(2025, 10, 9), date(2026, 1, 2))


def test_tracked_changes_links_and_content_controls_are_read_as_their_accepted_text(tmp_path: Path):
    body = (
        f"<w:sdt {nsdecls('w')}><w:sdtContent><w:p><w:r><w:t>In a </w:t></w:r><w:ins><w:r><w:t>new </w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText>old </w:delText></w:r></w:del><w:hyperlink><w:r><w:t>control</w:t></w:r></w:hyperlink>"
        "<w:r><w:br/><w:t>below</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    )
    ((article,), _) = read(made_docx(tmp_path, lambda document: document.element.body.insert(0, parse_xml(body))))
    assert article.text == "In a new control\nbelow"


def mark(kind: str, ident: int) -> object:
    return parse_xml(f'<w:r {nsdecls("w")}><w:{kind}Reference w:id="{ident}"/></w:r>')


def test_notes_follow_the_paragraph_that_refers_to_them_and_comments_are_left_out(tmp_path: Path):
    def fill(document: docx.document.Document) -> None:
        for kind, notes in (
            ("footnote", {0: "", 2: "Section 4 of the Act."}),
            ("endnote", {1: "Since 2019.", 7: "Nobody refers to it."}),
        ):
            words = "".join(
                f'<w:{kind} w:id="{n}"><w:p><w:r><w:{kind}Ref/><w:t>{note}</w:t></w:r></w:p></w:{kind}>'
                for n, note in notes.items()
            )
            content = f"<w:{kind}s {nsdecls('w')}>{words}</w:{kind}s>".encode()
            part = Part(PackURI(f"/word/{kind}s.xml"), f"{WORDS}.{kind}s+xml", content, document.part.package)
            document.part.relate_to(
                part, f"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}s"
            )
        first = document.add_paragraph("Gratuity is due")
        first._p.append(mark("endnote", 1))
        first.add_run(" after five years.")
        document.add_paragraph("It is paid once.")
        table = document.add_table(1, 2)
        table.cell(0, 0).text, table.cell(0, 1).text = "Rate", "15 days"
        table.cell(0, 1).paragraphs[0]._p.append(mark("footnote", 2))
        document.add_comment(first.runs, "Check this with legal.")

    ((article,), _) = read(made_docx(tmp_path, fill))
    assert article.text == (
        "Gratuity is due[1] after five years.\n\n[1] Since 2019.\n\nIt is paid once.\n\n| Rate | 15 days[2] |\n| "
        "--- "
        "| --- |\n\n[2] Section 4 of the Act."
    )


def test_a_box_around_text_is_not_a_table(tmp_path: Path):
    def fill(document: docx.document.Document) -> None:
        cell = document.add_table(1, 1).cell(0, 0)
        cell.text = "Note this."
        cell.add_paragraph("And this.", "List Bullet")

    ((article,), _) = read(made_docx(tmp_path, fill))
    assert article.text == "Note this.\n\n- And this."


@pytest.mark.parametrize(
    ("part", "content", "reason"),
    [
        ("word/document.xml", b" " * 40_000_000, "unpacks to"),
        (
            "word/document.xml",
            b'<!DOCTYPE x [<!ENTITY a "a">]><x>&a;</x>',
            "its part word/document.xml declares entities",
        ),
        ("word/document.xml", b"<w:document>", "a damaged .docx file"),
        ("word/document.xml", b"<x/>", "a damaged .docx file"),
        ("[Content_Types].xml", b"<x/>", "a damaged .docx file"),
    ],
)
def test_malicious_and_damaged_word_files_are_refused(tmp_path: Path, part: str, content: bytes, reason: str):
    whole = made_docx(tmp_path, lambda document: document.add_paragraph("Words."))
    with zipfile.ZipFile(whole) as package, zipfile.ZipFile(tmp_path / "bad.docx", "w", zipfile.ZIP_DEFLATED) as out:
        for name in package.namelist():
            out.writestr(name, content if name == part else package.read(name))
    with pytest.raises(Unreadable) as error:
        read(tmp_path / "bad.docx")
    assert str(error.value).startswith(reason)


def test_a_word_file_without_words_is_refused(tmp_path: Path):
    with pytest.raises(Unreadable, match=r"^no text in it$"):
        read(made_docx(tmp_path, lambda document: document.add_paragraph(" ")))


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from([".pdf", ".docx"]),
    st.lists(st.tuples(st.integers(0, 60_000), st.integers(0, 255)), min_size=1, max_size=30),
)
def test_a_document_with_flipped_bytes_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, ending: str, flips: list[tuple[int, int]]
):
    folder = tmp_path_factory.mktemp("d")
    path = (
        drawn_pdf(folder, [(72, 700, 10, "Words.")])
        if ending == ".pdf"
        else made_docx(folder, lambda document: document.add_paragraph("Words."))
    )
    content = bytearray(path.read_bytes())
    for at, byte in flips:
        content[at % len(content)] = byte
    path.write_bytes(content)
    with suppress(Unreadable):
        read(path)
