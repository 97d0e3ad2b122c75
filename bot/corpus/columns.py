"""Finds the columns of a table: by the names in its header or, in the tables of a text, by their cells."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.corpus.article import slug
from bot.corpus.outline import is_question

Row = Sequence[str]
Names = Mapping[str, str]
"""Each field with the names of its column, the plainest first."""

FAQ_COLUMNS: Names = {
    "question": "question questions q ques query question-text faq faqs faq-question question-title प्रश्न सवाल",
    "answer": "answer answers a ans answer-text response reply faq-answer response-text उत्तर जवाब",
    "alternates": "alternates alternate alternate-question alternate-questions alternative-question "
    "alternative-questions alternatives also-asked-as also-asked other-ways-to-ask variants variations "
    "question-variants similar-questions paraphrases aliases",
    "category": "category categories topic topics section subject group theme",
    "url": "url link permalink page-url web-address web-page webpage page-link",
    "id": "id faq-id question-id qid key slug",
    "group": "qnaid qna-id",
    "date": "date published date-published publish-date publication-date published-on posted posted-on created "
    "created-on",
    "updated": "updated date-updated last-updated updated-on modified last-modified date-modified modified-on "
    "reviewed last-reviewed",
    "tags": "tags tag keywords labels",
}


def find_columns(header: Sequence[str], names: Names, repeated: Collection[str] = ()) -> dict[str, tuple[int, ...]]:
    """Map each field to its column in a header: the one with the plainest name, or all of them for a `repeated` field.

    A column belongs to the first field that takes it; fields without a column are left out.
    """
    cells = [re.sub(r"-?\d+$", "", slug(cell)) for cell in header]
    found: dict[str, tuple[int, ...]] = {}
    taken: set[int] = set()
    for field, wanted in names.items():
        places = [n for name in wanted.split() for n, cell in enumerate(cells) if cell == name and n not in taken]
        if places:
            found[field] = tuple(sorted(places)) if field in repeated else (places[0],)
            taken.update(found[field])
    return found


@dataclass(frozen=True, slots=True)
class FaqColumns:
    """The columns of a table with one FAQ in each row."""

    question: int
    answer: int
    names: tuple[str, ...]
    """Names of all columns; empty without a header."""

    def others(self, row: Row) -> Iterator[str]:
        """Yield the other cells of a row, each below the name of its column, without mere numbers."""
        for column, text in enumerate(row):
            if column not in (self.question, self.answer) and re.search(r"[^\W\d_]", text):
                name = self.names[column] if column < len(self.names) else ""
                yield f"{name}: {text}" if name else text


def find_faq_columns(rows: Sequence[Row]) -> FaqColumns | None:
    """Return the columns of question and answer: those that the first row names, else where every row has a question.

    Without known names there must be at least two questions, and nothing but numbers beside question and answer.
    """
    if not rows:
        return None
    names = find_columns(rows[0], FAQ_COLUMNS)
    if "question" in names and "answer" in names and len(rows) > 1:
        return FaqColumns(names["question"][0], names["answer"][0], tuple(rows[0]))
    is_title = sum(map(bool, rows[0])) < 2
    header = () if is_title or any(map(is_question, rows[0])) else tuple(rows[0])
    body = [row for row in rows[1 if header else 0 :] if sum(map(bool, row)) > 1]
    width = min(map(len, body), default=0)
    questions = [column for column in range(width) if all(is_question(row[column]) for row in body)]
    if len(body) < 2 or len(questions) != 1:
        return None
    columns = FaqColumns(questions[0], questions[0] + 1, header)
    has_answers = questions[0] + 1 < width and all(row[columns.answer] for row in body)
    return columns if has_answers and not any(text for row in body for text in columns.others(row)) else None
