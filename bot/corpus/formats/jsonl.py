"""`.jsonl`: one object a line, an article or a FAQ (design: `{"id","title","text",…,"faqs":[…]}` or `{"id","question","answer",…}`)."""

import json
from collections.abc import Iterator

from bot.corpus.article import Article, Faq
from bot.corpus.fields import (
    Fields,
    build_article,
    build_faq_article,
    drop_empty,
    list_field,
    multiline_field,
    question_and_answer,
)
from bot.corpus.refused import Refused, Unreadable


def read(content: str, source: str) -> Iterator[Article | Refused]:
    """The articles of a `.jsonl` file in its order; a line that cannot be read is refused with its number."""
    for number, line in enumerate(content.split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield parse_article(_object(line), source, number)
        except Unreadable as error:
            yield Refused(source, number, str(error))


def _object(line: str) -> Fields:
    try:
        fields = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        raise Unreadable(f"not JSON ({error})") from None
    if not isinstance(fields, dict):
        raise Unreadable("should be an object in braces")
    return fields


def parse_article(fields: Fields, source: str, number: int) -> Article:
    """The article, or the one FAQ, that the fields of a line are. Raises `Unreadable` with the reason when they are neither."""
    if "question" in fields or "answer" in fields:
        return build_faq_article(source, fields)
    text, listed = _with_faqs(multiline_field(fields, "text"), fields.get("faqs") or [])
    if not text:
        raise Unreadable("no text and no faqs: nothing to answer from")
    fields = drop_empty(fields)
    unnamed = {} if "id" in fields or "url" in fields else {"id": f"{source.rsplit('.', 1)[0]}-{number}"}
    return build_article(source, {**unnamed, **fields}, text, listed)


def _with_faqs(text: str, entries: object) -> tuple[str, list[Faq]]:
    """The text with a section "FAQs" appended that holds the listed pairs, and their spans in it."""
    if not isinstance(entries, (list, tuple)) or any(not isinstance(entry, dict) for entry in entries):
        raise Unreadable("faqs should be a list of objects with question and answer")
    listed: list[Faq] = []
    if entries:
        text = f"{text}\n\n## FAQs".lstrip()
    for entry in entries:
        question, answer = question_and_answer(entry)
        text += f"\n\n### {question}\n\n"
        listed.append(Faq(question, len(text), len(text) + len(answer), ("FAQs",), list_field(entry, "alternates")))
        text += answer
    return text, listed
