"""The names under which the header of a table may list its columns."""

import re
from collections.abc import Collection, Mapping, Sequence

from bot.corpus.article import slug

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
