"""FAQ tables: text tables and workbooks."""

import csv
import io
import subprocess
import sys
import zipfile
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.corpus import Article, Refused, table_row
from bot.corpus.formats.number_format import format_value
from bot.corpus.formats.tables import read_file
from bot.corpus.refused import Unreadable

FAQ = {
    "question": "Who pays, and when?",
    "answer": 'The "firm"; monthly.\n\nAlways.',
    "alternates": "payer?| who settles ",
    "category": "HRM",
    "id": "pay",
}

AFTERNOON = datetime.fromisoformat("2026-03-04 17:05")
INDIAN = r"[>=10000000]##\,##\,##\,##0.00;[>=100000]##\,##\,##0.00;##,##0.00"
ACCOUNTING = r'_ * #,##0.00_ ;_ * \-#,##0.00_ ;_ * "-"??_ ;_ @_ '


def read(path: Path) -> tuple[list[Article], list[Refused]]:
    items = list(read_file(path, path.name))
    return [item for item in items if isinstance(item, Article)], [item for item in items if isinstance(item, Refused)]


def written(folder: Path, content: str | bytes, name: str = "faqs.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def workbook(folder: Path, *rows: list[object]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(folder / "faqs.xlsx")
    return folder / "faqs.xlsx"


def reasons(refused: list[Refused]) -> dict[int | None, str]:
    return {item.line: item.reason for item in refused}


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_row_is_an_article_with_one_faq_whatever_the_separator_and_encoding(
    tmp_path: Path, separator: str, encoding: str, ending: str
):
    out = io.StringIO()
    table = csv.DictWriter(out, FAQ, delimiter=separator, lineterminator=ending)
    table.writeheader()
    table.writerow(FAQ | {"category": "Café"})
    ((article,), refused) = read(written(tmp_path, out.getvalue().encode(encoding)))
    assert (article.id, article.title, article.category) == ("pay", "Who pays, and when?", "Café")
    (faq,) = article.faqs
    assert (faq.question, article.text[faq.start : faq.end], faq.alternates) == (
        FAQ["question"],
        FAQ["answer"],
        ("payer?", "who settles"),
    )
    assert refused == []


@pytest.mark.parametrize(
    "header",
    [
        "Q,A,Also asked as,Topic",
        "QUESTION TEXT,Answer text,Alternates,Category",
        "Ques.,Ans.,alternate_questions,topic",
        "*Question*,Response,Variations,Section",
    ],
)
def test_columns_have_many_names(tmp_path: Path, header: str):
    ((article,), _) = read(written(tmp_path, f"{header}\nWho?,Me.,Whom?|Which?,HRM\n"))
    assert (article.title, article.text, article.category, article.faqs[0].alternates) == (
        "Who?",
        "Me.",
        "HRM",
        ("Whom?", "Which?"),
    )


def test_dates_tags_and_further_alternates_are_read(tmp_path: Path):
    text = (
        "question,answer,alternate 1,alternate 2,published,last updated,tags,link\nWho?,Me.,A?,B?,2026-01-02,3 "
        "February 2026,pf|uan,https://x.test/who/\n"
    )
    ((article,), _) = read(written(tmp_path, text))
    assert (article.published, article.updated, article.tags) == (date(2026, 1, 2), date(2026, 2, 3), ("pf", "uan"))
    assert (article.id, article.url, article.faqs[0].alternates) == ("who/who", "https://x.test/who/", ("A?", "B?"))


def test_the_id_of_a_row_depends_on_file_and_question_and_not_on_its_position(tmp_path: Path):
    articles, _ = read(written(tmp_path, 'question,answer\n"Who\npays?","a\nb"\n\nWhen?,c\n'))
    assert [(article.id, article.title) for article in articles] == [
        ("faqs/who-pays", "Who pays?"),
        ("faqs/when", "When?"),
    ]


def test_rows_with_the_same_page_stay_separate(tmp_path: Path):
    articles, refused = read(
        written(
            tmp_path,
            (
                "question,answer,url\nWho?,a,https://x.test/faq/\nWhen?,b,https://x.test/faq/\nWhen?,c,"
                "https://x.test/faq/\n"
            ),
        )
    )
    assert [article.id for article in articles] == ["faq/who", "faq/when"]
    assert reasons(refused) == {4: "the id 'faq/when' is already used by row 3"}


def test_unreadable_rows_are_refused_and_the_others_are_read(tmp_path: Path):
    text = (
        "question,answer,date\nWho?,,\n,Me.,\n,,\nYes?,No,,not yet\nWhen?,Now.,someday\n"
        + "x" * 1001
        + f',long\nHow?,{"y" * 100_001}\nSo "?",fine\nGood?,Yes.,\n'
    )
    articles, refused = read(written(tmp_path, text))
    assert [article.title for article in articles] == ['So "?"', "Good?"]
    assert reasons(refused) == {
        2: "a FAQ without an answer",
        3: "a FAQ without a question",
        5: "4 cells, but 3 columns in the header: put a cell that contains the separator in quotation marks",
        6: "date should be a date like 2025-10-09, not 'someday'",
        7: "the question is longer than 1000 characters",
        8: "the answer is longer than 100000 characters",
    }


def test_faulty_quotation_marks_lose_only_their_row(tmp_path: Path):
    text = (
        'question,answer,category\nOne?,"He said "no" twice\nand left, then",HRM\nTwo?,Yes.,HRM\nThree?,"never '
        "closed,HRM\nFour?,Yes.,HRM\n"
    )
    articles, refused = read(written(tmp_path, text))
    assert [article.title for article in articles] == ["Two?", "Four?"]
    assert reasons(refused) == {
        2: "a quotation mark inside a cell is not doubled",
        3: "perhaps the rest of the row above, whose quotation marks are faulty",
        5: "a quotation mark opens a cell here and is not closed within 500 lines",
    }


def test_a_table_of_unclosed_quotation_marks_is_given_up(tmp_path: Path):
    articles, refused = read(written(tmp_path, "question,answer\n" + 'x","""\n' * 200_000))
    assert articles == []
    assert len(refused) == 101
    assert refused[-1].reason == "more than 100 rows with faulty quotation marks: the rest is not read"


def test_a_title_above_the_header_is_reported(tmp_path: Path):
    articles, refused = read(written(tmp_path, "sep=;\nOur FAQs;\n;\nQuestion;Answer\nWho?;Me.\n"))
    assert [article.title for article in articles] == ["Who?"]
    assert reasons(refused) == {2: "above the header of the table: no FAQ"}


def test_html_in_an_answer_becomes_text_and_a_hash_is_not_a_heading(tmp_path: Path):
    text = (
        'question,answer\n<b>Who</b>?,"<p>Me &amp; <a href=""x"">you</a>.</p><ul><li>one</li></ul>"\nWhen?,"<b>'
        'Now</b>\nor later"\nWhere?,"# 5 Main St < 6"\n'
    )
    articles, _ = read(written(tmp_path, text))
    assert [(article.title, article.text) for article in articles] == [
        ("Who?", "Me & you.\n\n- one"),
        ("When?", "Now\nor later"),
        ("Where?", "\\# 5 Main St < 6"),
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("name,age\nx,1\n", "no columns for the question and the answer: the first row names 'name', 'age'"),
        (
            "question;reply to\n",
            "no columns for the question and the answer: the first row names 'question', 'reply to'",
        ),
        (" \n\n", "the file is empty"),
        (b"question,answer\nWho?," + bytes(9), "not a text file"),
    ],
)
def test_a_file_without_a_table_is_refused_with_the_reason(tmp_path: Path, content: str | bytes, reason: str):
    with pytest.raises(Unreadable) as error:
        read(written(tmp_path, content))
    assert str(error.value).startswith(reason)


def test_rows_beyond_the_limit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(table_row, "MAX_ROWS", 2)
    articles, refused = read(written(tmp_path, "question,answer\na?,1\nb?,2\nc?,3\nd?,4\n"))
    assert ([article.text for article in articles], list(reasons(refused))) == (["1", "2"], [4])


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.lists(st.text(alphabet='ab?,;|\t\n"<b>/#é', max_size=12), min_size=2, max_size=3), max_size=6),
    st.sampled_from(",;\t"),
)
def test_tables_written_by_the_csv_library_are_read_completely(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], separator: str
):
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows([["question", "answer", "category"], *rows])
    articles, refused = read(written(tmp_path_factory.mktemp("t"), out.getvalue()))
    assert len(articles) + len(refused) == sum(any(cell.strip() for cell in row) for row in rows)


@settings(deadline=None, max_examples=300)
@given(
    st.one_of(
        st.binary(max_size=200), st.text(alphabet='ab,;"\n\t<', max_size=200).map(lambda text: f"q,a\n{text}".encode())
    )
)
def test_arbitrary_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes):
    path = written(tmp_path_factory.mktemp("t"), content)
    try:
        articles, _ = read(path)
    except Unreadable:
        return
    assert all(article.text[faq.start : faq.end] for article in articles for faq in article.faqs)


def test_a_workbook_shows_its_cells_as_people_see_them(tmp_path: Path):
    book = openpyxl.Workbook()
    sheet = book.active
    cells = [
        (0.125, "0.0%", "12.5%"), (150000, "[$₹-4009] #,##0.00", "₹ 150,000.00"), (12.0, "General", "12"),
        (0.1 + 0.2, "General", "0.3"), (7, "000", "007"),
        (datetime.fromisoformat("2026-03-04"), "d-mmm-yyyy", "4-Mar-2026"),
        (datetime.fromisoformat("2026-03-04"), "dddd, d mmmm yyyy", "Wednesday, 4 March 2026"),
        (datetime.fromisoformat("2026-03-04"), "mm-dd-yy", "2026-03-04"),
        (datetime.fromisoformat("2026-03-04 17:05"), "dd/mm/yyyy hh:mm", "04/03/2026 17:05"),
        (datetime.fromisoformat("2026-03-04 17:05"), "h:mm AM/PM", "5:05 PM"), (True, "General", "TRUE"),
        ("  two\nlines ", "General", "two\nlines"), (3, '0 "days"', "3 days"),
    ]  # fmt: skip
    sheet.append(["Question", "Answer"])
    for row, (value, layout, _) in enumerate(cells, 2):
        sheet.cell(row, 1, f"Question {row}?")
        sheet.cell(row, 2, value).number_format = layout
    book.save(tmp_path / "faqs.xlsx")
    articles, refused = read(tmp_path / "faqs.xlsx")
    assert [article.text for article in articles] == [shown for *_, shown in cells]
    assert refused == []


@pytest.mark.parametrize(
    ("value", "layout", "shown"),
    [
        (150000, "#,##,##0", "1,50,000"),
        (12345678.5, "[$₹-4009] #,##,##0.00", "₹ 1,23,45,678.50"),
        (150000, INDIAN, "1,50,000.00"), (12345678, INDIAN, "1,23,45,678.00"), (1500, INDIAN, "1,500.00"),
        (0.125, "0.0 %", "12.5 %"), (0.5, "0%", "50%"), (-0.5, "0%", "-50%"), (1.005, "0.00", "1.01"), (2.5, "0", "3"),
        (-5, "0;(0)", "(5)"), (0, '0;-0;"none"', "none"), (0, ACCOUNTING, "-"), (-3, ACCOUNTING, "-3.00"),
        (1500000, '0.0,,"M"', "1.5M"), (25000, "#,##0,", "25"), (12345, "0.00E+00", "1.23E+04"), (3.0, "0.##", "3"),
        (5, 'General "kg"', "5 kg"), (0.5, "# ?/?", "1/2"), (5, "@", "5"), (1e20, "0", "1e+20"),
        (400001, "000\\-000", "400-001"), (9876543210, "00000 00000", "98765 43210"), (5, '"Rs. "0', "Rs. 5"),
        (0.25, "# ??/??", "1/4"), (1.25, "# ?/?", "1 1/4"), (-2.75, "# ?/?", "-2 3/4"), (3, "# ?/?", "3"),
        (0, "# ?/?", "0"), (0.3125, "#\\ ??/??", "5/16"), (1.3125, "#\\ ??/??", "1 5/16"), (1.5, "?/?", "3/2"),
        (0.25, "# ?/8", "2/8"), (2.96, "# ?/8", "3"), (1234.5, '#,##0 ?/?"kg"', "1,234 1/2kg"), (0.5, "0 ?/?", "0 1/2"),
        (3.14159, "# ???/???", "3 16/113"), (0.5, "m/d", "0.5"), (5, "0/0;@", "5/1"),
        (0.0625, '# ?/16" in"', "1/16 in"),
        (AFTERNOON, 'd"th" mmmm yyyy', "4th March 2026"),
        (AFTERNOON, "mm:ss", "05:00"), (AFTERNOON, "dd\\.mm\\.yyyy;@", "04.03.2026"),
        (time(17, 5), "h:mm AM/PM", "5:05 PM"), (time(17, 5), "General", "17:05"),
        (timedelta(hours=30, minutes=5), "[h]:mm", "30:05"), (True, "0", "TRUE"),
    ],
)  # fmt: skip
def test_numbers_dates_and_times_are_written_as_the_sheet_shows_them(value: object, layout: str, shown: str):
    assert format_value(value, layout) == shown


@settings(deadline=None)
@given(
    st.floats(-1e12, 1e12) | st.integers(-(10**16), 10**16), st.text('0#?,.%E+-();"\\\\_*[<>=1]@/ dmyhs₹', max_size=20)
)
def test_any_number_format_is_applied_or_ignored(value: float, layout: str):
    assert isinstance(format_value(value, layout), str)
    assert isinstance(format_value(AFTERNOON, layout), str)


def merged(folder: Path, *ranges: str, rows: list[list[object]]) -> tuple[list[Article], list[Refused]]:
    path = workbook(folder, *rows)
    book = openpyxl.load_workbook(path)
    for cells in ranges:
        book.active.merge_cells(cells)
    book.save(path)
    return read(path)


def test_a_merged_category_or_date_counts_for_each_of_its_rows(tmp_path: Path):
    day = datetime.fromisoformat("2026-03-04")
    rows = [["Q", "A", "Category", "Date"], ["One?", "1", "HRM", day], ["Two?", "2"], ["Three?", "3"], ["Four?", "4"]]
    articles, refused = merged(tmp_path, "C2:C4", "D2:D3", rows=rows)
    assert [(article.category, article.published) for article in articles] == [
        ("HRM", day.date()), ("HRM", day.date()), ("HRM", None), (None, None),
    ]  # fmt: skip
    assert refused == []


def test_a_merged_answer_answers_each_question_and_a_merged_question_has_all_its_answers(tmp_path: Path):
    rows = [["Q", "A"], ["One?", "Yes it is."], ["Two?"], ["Three?", "First."], [None, "Second."], ["Title"]]
    articles, refused = merged(tmp_path, "B2:B3", "A4:A5", "A6:B6", rows=rows)
    assert [(article.title, article.text) for article in articles] == [
        ("One?", "Yes it is."), ("Two?", "Yes it is."), ("Three?", "First.\n\nSecond."),
    ]  # fmt: skip
    assert reasons(refused) == {6: "sheet 'Sheet': a FAQ without an answer"}


def test_hidden_sheets_and_rows_are_left_out_and_told(tmp_path: Path):
    book = openpyxl.Workbook()
    for row in (["Q", "A"], ["One?", "1"], ["Two?", "2"], ["Three?", "3"], [None]):
        book.active.append(row)
    book.active.row_dimensions[3].hidden = book.active.row_dimensions[9].hidden = True
    for title, state in (("Old", "hidden"), ("Older", "veryHidden"), ("Lists", "hidden")):
        sheet = book.create_sheet(title)
        sheet.sheet_state = state
        if title != "Lists":
            sheet.append(["Q", "A"])
            sheet.append([f"{title}?", "no"])
    book.save(tmp_path / "faqs.xlsx")
    articles, refused = read(tmp_path / "faqs.xlsx")
    assert [article.title for article in articles] == ["One?", "Three?"]
    assert [(item.kind, item.line, item.reason) for item in refused] == [
        ("left out", 3, "sheet 'Sheet': hidden rows, 1 of them; show them, or clear the filter, to publish them"),
        ("left out", None, "sheet 'Old': hidden; show it to publish its rows"),
        ("left out", None, "sheet 'Older': hidden; show it to publish its rows"),
    ]


QNA = (
    "Question\tAnswer\tSource\tMetadata\tSuggestedQuestions\tIsContextOnly\tPrompts{column}\n"
    "Who pays?\tThe firm.\\nAlways:\\n\\n- monthly\tEditorial\t\t[]\tFalse\t[]{one}\n"
    "Payer?\tThe firm.\\nAlways:\\n\\n- monthly\tEditorial\t\t[]\tFalse\t[]{one}\n"
    "When?\tMonthly.\tEditorial\t\t[]\tFalse\t[]{two}\n"
    "Who settles?\tThe firm.\\nAlways:\\n\\n- monthly\tEditorial\t\t[]\tFalse\t[]{one}\n"
    "How often?\tMonthly.\tEditorial\t\t[]\tFalse\t[]{three}\n"
)


@pytest.mark.parametrize("has_ids", [True, False])
def test_the_questions_of_one_answer_of_qna_maker_become_one_faq(tmp_path: Path, has_ids: bool):
    names = ("\tQnaId", "\t1", "\t2", "\t3") if has_ids else ("",) * 4
    text = QNA.format(**dict(zip(("column", "one", "two", "three"), names, strict=True)))
    (paid, *others), refused = read(written(tmp_path, text, "kb.tsv"))
    assert (paid.id, paid.text) == ("kb/who-pays", "The firm.\nAlways:\n\n- monthly")
    assert paid.faqs[0].alternates == ("Payer?", "Who settles?")
    expected = [("When?", ()), ("How often?", ())] if has_ids else [("When?", ("How often?",))]
    assert [(other.title, other.faqs[0].alternates) for other in others] == expected
    assert refused == []


@pytest.mark.parametrize("separator", ["", "\t", ","])
def test_a_line_break_of_qna_maker_is_one_in_every_table(tmp_path: Path, separator: str):
    rows = [["Question", "Answer", "Source", "Metadata"], ["Who?", "Pay here.\\n\\nor there.\\n", "Editorial", ""]]
    text = "\n".join(separator.join(row) for row in rows)
    path = written(tmp_path, text, "a.tsv") if separator else workbook(tmp_path, *rows)
    assert [article.text for article in read(path)[0]] == ["Pay here.\n\nor there."]


def test_a_line_break_written_in_a_workbook_is_read_as_in_a_text_table(tmp_path: Path):
    articles, _ = read(workbook(tmp_path, ["Question", "Answer"], ["Where?", "In C:\\new, not D:\\.\\nThen save."]))
    assert articles[0].text == "In C:\\new, not D:\\.\nThen save."


def test_a_backslash_in_a_path_of_a_text_table_is_no_line_break(tmp_path: Path):
    articles, _ = read(written(tmp_path, 'question,answer\nWhere?,"In C:\\new, not D:\\.\\nThen save."\n'))
    assert articles[0].text == "In C:\\new, not D:\\.\nThen save."


def test_rows_with_the_same_question_and_answer_are_one_faq(tmp_path: Path):
    (article,), refused = read(written(tmp_path, "question,answer\nWho?,Me.\nWho?,Me.\nWHO?,Me.\n"))
    assert article.faqs[0].alternates == ("WHO?",)
    assert [str(item) for item in refused] == [f"faqs.csv:{row}: the id and the answer of row 2" for row in (3, 4)]
    assert {item.kind for item in refused} == {"merged"}


def test_a_workbooks_rows_keep_their_ids_and_dates(tmp_path: Path):
    path = workbook(
        tmp_path,
        ["Question", "Answer", "ID", "Date"],
        [],
        ["Who?", "Me.", 101, datetime.fromisoformat("2026-03-04")],
        ["When?", "Now."],
    )
    articles, _ = read(path)
    assert [(article.id, article.published) for article in articles] == [("101", date(2026, 3, 4)), ("faqs/when", None)]


def test_every_sheet_with_questions_is_read_and_the_others_are_reported(tmp_path: Path):
    book = openpyxl.Workbook()
    book.active.append(["Q", "A"])
    book.active.append(["Who?", "Me."])
    book.create_sheet("Notes").append(["To do"])
    more = book.create_sheet("PF claims")
    more.append(["Question", "Response"])
    more.append(["When?", "Now."])
    more.append(["Lost?"])
    book.save(tmp_path / "faqs.xlsx")
    articles, refused = read(tmp_path / "faqs.xlsx")
    assert [(article.id, article.text) for article in articles] == [("faqs/who", "Me."), ("faqs/when", "Now.")]
    assert reasons(refused) == {
        3: "sheet 'PF claims': a FAQ without an answer",
        None: "sheet 'Notes': no columns for the question and the answer: the first row names 'To do'",
    }


def test_formulas_without_a_result_and_errors_are_refused(tmp_path: Path):
    articles, refused = read(workbook(tmp_path, ["q", "a"], ["Sum?", "=1+1"], ["Bad?", "#N/A"], ["Good?", "Yes."]))
    assert [article.title for article in articles] == ["Good?"]
    assert reasons(refused) == {
        2: (
            "sheet 'Sheet': the answer is a formula without a saved result: open and save the file in Excel or "
            "LibreOffice"
        ),
        3: "sheet 'Sheet': the answer contains the error #N/A",
    }


def changed(path: Path, part: str, content: bytes) -> Path:
    """Return a copy of a ZIP package with one part replaced."""
    copy = path.with_stem("changed")
    with zipfile.ZipFile(path) as package, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as out:
        for name in package.namelist():
            out.writestr(name, content if name == part else package.read(name))
    return copy


BILLION = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><worksheet>&b;</worksheet>'
)
SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    ("part", "content", "reason"),
    [
        (SHEET, b" " * 40_000_000, "unpacks to"),
        (SHEET, BILLION, "its part xl/worksheets/sheet1.xml declares entities"),
        (SHEET, BILLION.decode().encode("utf-16"), "its part xl/worksheets/sheet1.xml declares entities"),
        (SHEET, b"<worksheet><sheetData><row>", "a damaged .xlsx file"),
        ("xl/workbook.xml", b"<x/>", "no sheet with visible cells in it"),
        ("[Content_Types].xml", b"<Types/>", "a damaged .xlsx file"),
        ("[Content_Types].xml", b"", "a damaged .xlsx file"),
    ],
)
def test_malicious_and_damaged_workbooks_are_refused(tmp_path: Path, part: str, content: bytes, reason: str):
    with pytest.raises(Unreadable) as error:
        read(changed(workbook(tmp_path, ["q", "a"], ["Who?", "Me."]), part, content))
    assert str(error.value).startswith(reason)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"question,answer\n", "not a .xlsx file, whatever its name says"),
        (b"PK\x03\x04 cut off", "a damaged .xlsx file"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le"),
            "the file is in the format of before 2007: save it as .xlsx",
        ),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "the file is protected by a password: save it without one",
        ),
    ],
)
def test_files_that_are_not_workbooks_are_refused_in_one_sentence(tmp_path: Path, content: bytes, reason: str):
    with pytest.raises(Unreadable) as error:
        read(written(tmp_path, content, "faqs.xlsx"))
    assert str(error.value).startswith(reason)


def test_a_row_number_beyond_any_sheet_does_not_hang(tmp_path: Path):
    cells = b"".join(
        (
            b'<row r="%d"><c r="A%d" t="inlineStr"><is><t>%s</t></is></c><c r="B%d" t="inlineStr"><is><t>%s</t></is>'
            b"</c>"
            b'<c r="XFD%d"><v>1</v></c></row>'
        )
        % (row, row, one, row, two, row)
        for row, one, two in [(1, b"q", b"a"), (2, b"Who?", b"Me."), (999_999_999, b"Far?", b"Away.")]
    )
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        + cells
        + b"</sheetData></worksheet>"
    )
    articles, _ = read(changed(workbook(tmp_path, ["q", "a"]), SHEET, sheet))
    assert [article.title for article in articles] == ["Who?"]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 255)), min_size=1, max_size=20))
def test_a_workbook_with_flipped_bytes_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, flips: list[tuple[int, int]]
):
    path = workbook(tmp_path_factory.mktemp("t"), ["q", "a"], ["Who?", "Me."])
    content = bytearray(path.read_bytes())
    for at, byte in flips:
        content[at % len(content)] = byte
    path.write_bytes(content)
    with suppress(Unreadable):
        read(path)


def test_a_text_table_is_read_without_the_workbook_library():
    code = "import sys, bot.corpus.formats.tables; print('openpyxl' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
        == "False"
    )
