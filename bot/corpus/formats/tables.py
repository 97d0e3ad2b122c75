"""`.csv`, `.tsv` and `.xlsx`: tables with one FAQ in each row, below a header that names the columns."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bot.corpus.article import Article
from bot.corpus.columns import FAQ_COLUMNS, find_columns
from bot.corpus.decisions.files import DRAFTS
from bot.corpus.decoding import decode
from bot.corpus.fields import Fields, build_faq_article
from bot.corpus.formats.delimited import MAX_HEAD_ROWS, read_delimited, unescape
from bot.corpus.html.plain_form import html_to_plain_form
from bot.corpus.refused import Refused, Unreadable, check_size
from bot.corpus.table_row import MAX_CELL_LENGTH, TableRow

MAX_QUESTION_LENGTH = 1_000

_TAG = "p|br|div|span|ul|ol|li|a|b|strong|i|em|u|h[1-6]|table|tr|td|th|tbody|thead"
_HTML = re.compile(rf"</?(?:{_TAG})(?:\s[^<>]*)?/?>", re.IGNORECASE)
_HTML_BLOCK = re.compile(r"<(?:p|br|div|ul|ol|table|h[1-6])[\s/>]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Header:
    row: TableRow
    width: int
    columns: Mapping[str, tuple[int, ...]]

    @property
    def is_qna_maker(self) -> bool:
        """Whether the table was exported by QnA Maker, which repeats an answer for each of its questions."""
        return "group" in self.columns or {"source", "metadata"} <= {cell.casefold() for cell in self.row.cells}


def read_file(path: Path, source: str) -> Iterator[Article | Refused]:
    """Yield the FAQs of a table, each as an article; rows that cannot be read are refused with their number.

    Raises `Unreadable` if the file is not in the format of its suffix, or has no columns for question and answer.
    """
    if path.suffix.lower() != ".xlsx":
        check_size(path, megabytes=50)
        decoded = decode(path.read_bytes())
        yield from decoded.notes(source)
        yield from _articles(read_delimited(decoded.text, _count_columns), source)
        return
    from bot.corpus.formats.workbook import read_sheets

    flaws: list[str] = []
    tables = 0
    for sheet in read_sheets(path):
        where = f"sheet {sheet.title!r}"
        if sheet.is_hidden:
            yield Refused(source, None, f"{where}: hidden; show it to publish its rows", "left out")
            continue
        try:
            yield from _articles(sheet.rows, source, f"{where}: ")
            tables += 1
        except Unreadable as error:
            flaws.append(f"{where}: {error}")
        if hidden := sheet.hidden_rows:
            reason = f"{where}: hidden rows, {len(hidden)} of them; show them, or clear the filter, to publish them"
            yield Refused(source, hidden[0], reason, "left out")
    if not tables:
        raise Unreadable("; ".join(flaws[:MAX_HEAD_ROWS]) or "no sheet with visible cells in it")
    yield from (Refused(source, None, flaw) for flaw in flaws)


def _count_columns(rows: list[TableRow]) -> int:
    header = _find_header(rows)
    return len(header.columns) if header else 0


def _articles(rows: list[TableRow], source: str, where: str = "") -> Iterator[Article | Refused]:
    """Yield a table's articles; `where` names the sheet in refusals. Raises `Unreadable` without a header."""
    header = _find_header(rows[:MAX_HEAD_ROWS])
    if header is None:
        names = [repr(cell[:40]) for cell in rows[0].cells if cell] if rows else ["nothing"]
        named = ", ".join(names[:MAX_HEAD_ROWS]) + (" …" if len(names) > MAX_HEAD_ROWS else "")
        raise Unreadable(f"no columns for the question and the answer: the first row names {named}")
    found: dict[object, tuple[int, Article]] = {}
    for row in rows[: rows.index(header.row)]:
        yield Refused(source, row.number, f"{where}{row.flaw or 'above the header of the table: no FAQ'}")
    for row in _join_answers(rows[rows.index(header.row) + 1 :], header):
        try:
            fields = _fields(row, header)
            if source == DRAFTS and not fields.get("answer"):
                yield Refused(source, row.number, "waits for its answer", "left out")
                continue
            article = build_faq_article(source, fields)
            key = (fields.get("group"), article.text) if header.is_qna_maker else article.id
            number, first = found.get(key, (row.number, article))
            found[key] = number, _add_question(number, first, article)
            if key == article.id and number != row.number:
                yield Refused(source, row.number, f"{where}the id and the answer of row {number}", "merged")
        except Unreadable as error:
            yield Refused(source, row.number, f"{where}{error}")
    yield from (article for _, article in found.values())


def _add_question(number: int, first: Article, article: Article) -> Article:
    """Return the article of row `number` with the question of another row of the same answer as an alternate.

    Raises `Unreadable` if the other row has another answer.
    """
    if first.text != article.text:
        raise Unreadable(f"the id {article.id!r} is already used by row {number}")
    (faq,), (other,) = first.faqs, article.faqs
    alternates = dict.fromkeys((*faq.alternates, other.question, *other.alternates))
    return replace(first, faqs=(replace(faq, alternates=tuple(a for a in alternates if a != faq.question)),))


def _join_answers(rows: Iterable[TableRow], header: _Header) -> Iterator[TableRow]:
    """Yield the rows; the answers beside a question that is merged over several rows become one answer."""
    waiting: TableRow | None = None
    (question,), (answer,) = header.columns["question"], header.columns["answer"]
    for row in rows:
        if waiting is None or question not in row.copied or row.flaw or waiting.flaw:
            yield from [waiting] if waiting else []
            waiting = row
        elif answer not in row.copied and answer < len(row.cells) and row.cells[answer]:
            joined = "\n\n".join(filter(None, (waiting.cells[answer], row.cells[answer])))
            waiting = replace(waiting, cells=(*waiting.cells[:answer], joined, *waiting.cells[answer + 1 :]))
    yield from [waiting] if waiting else []


def _fields(row: TableRow, header: _Header) -> Fields:
    if row.flaw:
        raise Unreadable(row.flaw)
    if any(row.cells[header.width :]):
        counts = f"{len(row.cells)} cells, but {header.width} columns in the header"
        raise Unreadable(f"{counts}: put a cell that contains the separator in quotation marks")
    fields: dict[str, object] = {}
    for name, columns in header.columns.items():
        if flaw := next((row.cell_flaws[column] for column in columns if column in row.cell_flaws), None):
            raise Unreadable(f"the {name} {flaw}")
        found = (row.cells[column] for column in columns if column < len(row.cells))
        cells = [unescape(cell, always=header.is_qna_maker).strip() for cell in found if cell]
        longest = MAX_QUESTION_LENGTH if name == "question" else MAX_CELL_LENGTH
        if any(len(cell) > longest for cell in cells):
            raise Unreadable(f"the {name} is longer than {longest} characters")
        day = row.dates.get(columns[0]) if name in ("date", "updated") else None
        fields[name] = day or _CONVERTERS.get(name, " ".join)(cells)
    return fields


def _find_header(rows: Iterable[TableRow]) -> _Header | None:
    """Return the first row with a column for the question and one for the answer."""
    for row in rows:
        columns = find_columns(row.cells, FAQ_COLUMNS, repeated=("alternates",))
        if "question" in columns and "answer" in columns:
            return _Header(row, max(n for n, cell in enumerate(row.cells, 1) if cell), columns)
    return None


def cells_to_plain_form(cells: list[str]) -> str:
    """Return the plain form of cells that may contain HTML, as exports of FAQ plugins do."""
    text = "\n".join(cells)
    if not _HTML.search(text):
        return re.sub(r"^(?=#{1,6} )", r"\\", text, flags=re.MULTILINE)
    return html_to_plain_form(text if _HTML_BLOCK.search(text) else text.replace("\n", "<br>")).text


def _split(cells: list[str], pattern: str) -> list[str]:
    return [part.strip() for cell in cells for part in re.split(pattern, cell) if part.strip()]


_CONVERTERS: dict[str, Callable[[list[str]], object]] = {
    "question": cells_to_plain_form,
    "answer": cells_to_plain_form,
    "alternates": lambda cells: _split(cells, r"[|\n]"),
    "tags": lambda cells: _split(cells, r"[|,;\n]"),
}
"""Converters of cells to the value of a field; the default joins them with spaces."""
