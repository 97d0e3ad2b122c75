"""Turns tables with one FAQ in each row into `details`."""

from collections.abc import Iterator

from lxml.html import HtmlElement
from lxml.html.builder import E

from bot.corpus.columns import FaqColumns, find_faq_columns
from bot.corpus.html.elements import own_descendants, text_of


def faq_tables_to_details(tree: HtmlElement) -> None:
    """Replace each FAQ table by one `details` for each row; rows of one cell become headings above them."""
    for table in [*tree.iter("table")]:
        cells = [[*row.iterchildren("td", "th")] for row in own_descendants(table, "tr")]
        rows = [(row, [text_of(cell) for cell in row]) for row in cells if any(map(text_of, row))]
        width = max((len(texts) for _, texts in rows), default=0)
        # A cell that spans several rows, such as a category, is in the first of them only.
        padded = [(width - len(row) if len(row) > 1 else 0, row, texts) for row, texts in rows]
        texts = [[*[""] * missing, *texts] for missing, _, texts in padded]
        if table.find(".//table") is not None or (columns := find_faq_columns(texts)) is None:
            continue
        container = E("div")
        for (missing, row, _), words in zip(padded[bool(columns.names) :], texts[bool(columns.names) :], strict=True):
            container.extend(_elements([None] * missing + row, words, columns))
        table.addprevious(container)
        table.drop_tree()


def _elements(row: list[HtmlElement | None], texts: list[str], columns: FaqColumns) -> Iterator[HtmlElement]:
    """Yield the elements that replace a row."""
    given = [text for text in texts if text]
    answer = row[columns.answer] if columns.answer < len(row) else None
    question = texts[columns.question] if columns.question < len(texts) else ""
    if len(given) == 1:
        yield E("h3" if texts[0] else "p", given[0])
    elif answer is None or not question or not texts[columns.answer]:
        yield from (E("p", text) for text in given)
    else:
        answer.tag, answer.tail = "div", None
        yield E("details", E("summary", question), answer, *(E("p", each) for each in columns.others(texts)))
