"""Headings of an article's text → its sections and FAQs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.corpus.article import Faq, Section

_HEADING = re.compile(r"^(#{1,6})[ \t]+(.+?)[ \t#]*$", re.MULTILINE)
_FENCE = re.compile(r"^(```|~~~).*?(?:^\1[^\n]*$|\Z)", re.MULTILINE | re.DOTALL)
_LABELLED = re.compile(
    r"^(?:Q|Ques|Question)[ \t]*\d*[ \t]*[:.)-][ \t]*(?P<question>\S[^\n]*?)\s+"
    r"(?:A|Ans|Answer)[ \t]*\d*[ \t]*[:.)-][ \t]*(?P<answer>\S.*?)"
    r"(?=\n+(?:(?:Q|Ques|Question)[ \t]*\d*[ \t]*[:.)-]|#{1,6}[ \t])|\Z)",
    re.MULTILINE | re.DOTALL | re.IGNORECASE,
)
_FAQ_TITLE = re.compile(r"(?:\w+[ -]){0,3}?(?:faqs?|frequently asked questions?|questions (?:and|&) answers|common questions)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Outline:
    """The sections and FAQs of a text, in its order, and the questions in it that nothing answers."""

    sections: tuple[Section, ...]
    faqs: tuple[Faq, ...]
    unanswered: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Heading:
    level: int
    title: str
    start: int
    body: int
    end: int
    """Where the next heading, of any level, starts."""


def is_faq_title(title: str) -> bool:
    """Whether a heading announces a list of questions, as "FAQs" or "Frequently asked questions about gratuity" do."""
    return not title.rstrip().endswith("?") and _FAQ_TITLE.match(title.strip()) is not None


def outline(text: str) -> Outline:
    """Split an article's text at its headings.

    A heading right below a FAQ heading is a question, and everything under it is its answer; so are paragraphs labelled "Q:" and "A:".
    All other text belongs to sections. Text before the first heading is a section with an empty path. Sections without words are left out.
    """
    headings = list(_headings(text))
    sections = [Section((), *_trim(text, 0, headings[0].start if headings else len(text)))]
    faqs: list[Faq] = []
    path: list[_Heading] = []
    read_until = 0
    for position, heading in enumerate(headings):
        if heading.start < read_until:
            continue
        path = [*(above for above in path if above.level < heading.level), heading]
        titles = tuple(above.title for above in path)
        if len(path) > 1 and is_faq_title(titles[-2]):
            read_until = _end_of_subtree(headings, position, len(text))
            faqs.append(Faq(heading.title, *_trim(text, heading.body, read_until), titles[:-1]))
        else:
            sections.append(Section(titles, *_trim(text, heading.body, heading.end)))
    parts = [part for section in sections for part in _labelled(text, section)]
    faqs += [part for part in parts if isinstance(part, Faq)]
    return Outline(
        tuple(part for part in parts if isinstance(part, Section) and part.start < part.end),
        tuple(sorted((faq for faq in faqs if faq.start < faq.end), key=lambda faq: faq.start)),
        tuple(faq.question for faq in faqs if faq.start >= faq.end),
    )


def _labelled(text: str, section: Section) -> Iterator[Section | Faq]:
    """The pairs labelled "Q:" and "A:" of a section, and the stretches around them."""
    start = section.start
    for match in _LABELLED.finditer(text, section.start, section.end):
        yield Section(section.path, *_trim(text, start, match.start()))
        yield Faq(match["question"], *_trim(text, *match.span("answer")), section.path)
        start = match.end()
    yield Section(section.path, *_trim(text, start, section.end))


def _headings(text: str) -> Iterator[_Heading]:
    fences = [match.span() for match in _FENCE.finditer(text)]
    found = [m for m in _HEADING.finditer(text) if not any(start <= m.start() < end for start, end in fences)]
    ends = [*(match.start() for match in found), len(text)][1:]
    for match, end in zip(found, ends, strict=True):
        yield _Heading(len(match[1]), match[2], match.start(), match.end(), end)


def _end_of_subtree(headings: list[_Heading], position: int, end: int) -> int:
    level = headings[position].level
    return next((later.start for later in headings[position + 1 :] if later.level <= level), end)


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    stretch = text[start:end]
    return start + len(stretch) - len(stretch.lstrip()), start + len(stretch.rstrip())
