"""Tables in HTML: each cell stands in its row and below its column."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.corpus import Article
from bot.corpus.formats.webpage import read
from bot.corpus.html.elements import parse_html
from bot.corpus.html.plain_form import html_to_plain_form
from bot.corpus.html.table_cells import spread_cells


def rows(table: str) -> list[list[str]]:
    lines = html_to_plain_form(f"<table>{table}</table>").text.split("\n")
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if not set(line) <= set("|- ")]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("<tr><td rowspan=2>N</td><td>Mon</td></tr><tr><td>Tue</td></tr>", [["N", "Mon"], ["N", "Tue"]]),
        (
            "<tr><th>Day<th colspan=2>Hours</tr><tr><td>Mon<td>9<td>17</tr><tr><td>Sat<td colspan='2'>closed</tr>",
            [["Day", "Hours", "Hours"], ["Mon", "9", "17"], ["Sat", "closed", "closed"]],
        ),
        (
            "<tr><td rowspan=2 colspan=2>A<td>1</tr><tr><td>2</tr><tr><td>x<td>y<td>3</tr>",
            [["A", "A", "1"], ["A", "A", "2"], ["x", "y", "3"]],
        ),
        (
            "<tr><td>a<td rowspan=3>R<td>c</tr><tr><td>d<td>e</tr><tr><td>f<td>g</tr>",
            [["a", "R", "c"], ["d", "R", "e"], ["f", "R", "g"]],
        ),
        ("<tr><td>a<td rowspan=0>R</tr><tr><td>b</tr><tr><td>c</tr>", [["a", "R"], ["b", "R"], ["c", "R"]]),
        (
            "<tr><td colspan=2>Group A</tr><tr><td>a<td>b</tr>",
            [["Group A", ""], ["a", "b"]],
        ),
        (
            "<thead><tr><th rowspan=2>Post<th colspan=2>Fee<tr><th>General<th>SC</thead><tr><td>Clerk<td>5<td>0",
            [["Post", "Fee General", "Fee SC"], ["Clerk", "5", "0"]],
        ),
        (
            "<tbody><tr><td rowspan=9>A<td>1</tr></tbody><tbody><tr><td>B<td>2</tr></tbody>",
            [["A", "1"], ["B", "2"]],
        ),
        ("<tr><td>a<td></td><td>c</tr><tr><td>d<td>e<td>f</tr>", [["a", "", "c"], ["d", "e", "f"]]),
        ("<tr><td rowspan='x'>a<td colspan='-2'>b</tr>", [["a", "b"]]),
        (f"<tr><td rowspan=2>{'x' * 201}</td><td>1</td></tr><tr><td>2</td></tr>", [["x" * 201, "1"], ["", "2"]]),
        (
            "<tr><th>Day<th>Open<th>Desk</tr><tr><td>Sat<td colspan=99>closed</tr><tr><td colspan=99>Or by post</tr>",
            [["Day", "Open", "Desk"], ["Sat", "closed", "closed"], ["Or by post", "", ""]],
        ),
        (
            "<tr><td>a<td>b<td>c</tr><tr><td colspan=98>Total<td>5</tr>",
            [["a", "b", "c", ""], ["Total", "Total", "Total", "5"]],
        ),
    ],
    ids=["rows", "columns", "both", "middle", "to the end", "title", "header", "groups", "empty", "wrong", "long",
         "too wide", "too wide before others"],
)  # fmt: skip
def test_cells_that_span_rows_and_columns_stand_in_each_of_them(table: str, expected: list[list[str]]):
    assert rows(table) == expected


def test_the_caption_of_a_table_stands_above_it():
    text = html_to_plain_form("<table><caption>Hours of <b>2026</b></caption><tr><td>Mon<td>9</tr></table>").text
    assert text == "Hours of 2026\n\n| Mon | 9 |\n| --- | --- |"


def test_cells_of_a_saved_page_stand_in_their_columns():
    prose = "<p>The office is open on these days of the week, and closed on all the others in the year.</p>" * 3
    page = (
        f"<html><body><article><h1>Hours</h1>{prose}<table><tr><th>Place</th><th>Day</th></tr><tr><td rowspan=2>"
        f"North</td><td>Mon</td></tr><tr><td>Tue</td></tr></table>{prose}</article><footer>© x</footer></body></html>"
    )
    (article,) = read(page, "a.html")
    assert isinstance(article, Article)
    assert "| Place | Day |\n| --- | --- |\n| North | Mon |\n| North | Tue |" in article.text


@settings(deadline=None, max_examples=200)
@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 70_000), st.integers(0, 2000), st.text("ab |", max_size=3)), max_size=4),
        max_size=6,
    )
)
def test_tables_of_any_spans_keep_each_cell(table: list[list[tuple[int, int, str]]]):
    cells = [
        "<tr>" + "".join(f"<td rowspan={high} colspan={wide}>{words}" for high, wide, words in row) for row in table
    ]
    tree = parse_html(f"<table>{''.join(cells)}</table>")
    before = [" ".join(cell.text_content().split()) for cell in tree.iter("td")]
    for found in tree.iter("table"):
        spread_cells(found)
    after = [" ".join(cell.text_content().split()) for cell in tree.iter("td")]
    assert all(after.count(words) >= before.count(words) for words in before)
    assert len(after) <= 110 * max(len(table), 1)
