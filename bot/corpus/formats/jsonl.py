"""`.jsonl`: one JSON object a line.

An article is `{"id": …, "title": …, "text": …, "faqs": […]}`, a FAQ `{"id": …, "question": …, "answer": …}`.
"""

import json
from collections.abc import Iterator

from bot.corpus.article import Article, Faq
from bot.corpus.fields import Fields, build_article, build_faq_article, list_field, multiline_field, nonempty, read_faq
from bot.corpus.refused import Refused, Unreadable


def read(content: str, source: str) -> Iterator[Article | Refused]:
    """Yield the articles of a file in its order; lines that cannot be read are refused."""
    for number, line in enumerate(content.split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield parse_article(_parse_object(line), source, number)
        except Unreadable as error:
            yield Refused(source, number, str(error))


def _parse_object(line: str) -> Fields:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"not JSON ({error})") from None
    if not isinstance(fields, dict):
        raise Unreadable("should be an object in braces")
    return fields


def parse_article(fields: Fields, source: str, number: int) -> Article:
    """Build an article from the fields of a line, an article or a FAQ. Raises `Unreadable` if they are neither."""
    if "question" in fields or "answer" in fields:
        return build_faq_article(source, fields)
    text, listed = _append_faqs(multiline_field(fields, "text"), fields.get("faqs") or [])
    if not text:
        raise Unreadable("no text and no faqs: nothing to answer from")
    fields = nonempty(fields)
    default_id = {} if "id" in fields or "url" in fields else {"id": f"{source.rsplit('.', 1)[0]}-{number}"}
    return build_article(source, {**default_id, **fields}, text, listed)


def _append_faqs(text: str, entries: object) -> tuple[str, list[Faq]]:
    """Append the listed FAQs to the text as a section "FAQs"; return the text and their spans in it."""
    if not isinstance(entries, (list, tuple)) or any(not isinstance(entry, dict) for entry in entries):
        raise Unreadable("faqs should be a list of objects with question and answer")
    listed: list[Faq] = []
    if entries:
        text = f"{text}\n\n## FAQs".lstrip()
    for entry in entries:
        question, answer = read_faq(entry)
        text += f"\n\n### {question}\n\n"
        listed.append(Faq(question, len(text), len(text) + len(answer), ("FAQs",), list_field(entry, "alternates")))
        text += answer
    return text, listed
