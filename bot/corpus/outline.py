"""Splits an article's text at its headings into sections and FAQs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.corpus.article import Faq, Section
from bot.languages.normalization import words_only
from bot.languages.registry import combined_pattern

_HEADING = re.compile(r"^(#{1,6})[ \t]+(.+?)[ \t#]*$", re.MULTILINE)
_FENCE = re.compile(r"^(```|~~~).*?(?:^\1[^\n]*$|\Z)", re.MULTILINE | re.DOTALL)
_Q, _A = (f"(?:{combined_pattern(name)})" for name in ("question_labels", "answer_labels"))
_AFTER_LABEL = r"[ \t]*\d*[ \t]*[:.)-]"
_LABELLED_PAIR = re.compile(
    rf"(?ims)^{_Q}{_AFTER_LABEL}[ \t]*(?P<question>\S[^\n]*?)\s+{_A}{_AFTER_LABEL}[ \t]*(?P<answer>\S.*?)"
    rf"(?=\n+(?:{_Q}{_AFTER_LABEL}|#{{1,6}}[ \t])|\Z)"
)
_SOURCE_TITLE = re.compile(combined_pattern("source_titles"), re.IGNORECASE)
_FAQ_TITLE = re.compile(combined_pattern("faq_titles"), re.IGNORECASE)
_BEFORE_TITLE = re.compile(r"^[\W\d_]+")  # a number or a pictogram
_ENDS_AS_QUESTION = re.compile(r"[?？؟][\s:;.,\"'”’)\]*_]*$")
_AFTER_BLANK_LINE = re.compile(r"(?<=\S)[ \t]*\n\n+(\S[^\n]*)")
_TABLE_HEAD = re.compile(r"\|[^\n]*\n\|[ |:-]*-[ |:-]*(?=\n)")
_RULE = re.compile(r"(?:[-*_][ \t]*){3,}")
_CLOSING = re.compile(combined_pattern("closings"), re.IGNORECASE)
"""Openings of paragraphs that end a page and no longer belong to the last answer."""


@dataclass(frozen=True, slots=True)
class Outline:
    """The sections and FAQs of a text in its order, and its questions without an answer."""

    sections: tuple[Section, ...]
    faqs: tuple[Faq, ...]
    unanswered: tuple[str, ...]

    def path(self, at: int, question: str) -> tuple[str, ...]:
        """Return the headings above a question whose answer starts at position `at`."""
        parts = [(faq.section, faq.start, faq.end) for faq in self.faqs]
        parts += [(part.path, part.start, part.end) for part in self.sections]
        found = next((path for path, start, end in parts if start <= at < end), ())
        return found[:-1] if found and words_only(found[-1]) == words_only(question) else found


@dataclass(frozen=True, slots=True)
class _Heading:
    level: int
    title: str
    start: int
    body: int
    end: int
    """Start of the next heading of any level."""


def is_question(text: str) -> bool:
    """Whether a text ends with a question mark, perhaps followed by other marks."""
    return _ENDS_AS_QUESTION.search(text) is not None


def is_faq_title(title: str) -> bool:
    """Whether a heading introduces FAQs, as "3. Frequently asked questions about gratuity" does."""
    return not is_question(title) and _FAQ_TITLE.match(_BEFORE_TITLE.sub("", title)) is not None


def is_source_title(title: str) -> bool:
    """Whether a heading introduces the sources of an article, as "References" does."""
    return _SOURCE_TITLE.fullmatch(_BEFORE_TITLE.sub("", title).strip().rstrip(":")) is not None


def outline(text: str) -> Outline:
    """Split an article's text at its headings.

    A heading one level below a FAQ heading is a question, and the text under it is the answer, up to closing words such
    as "Contact us". Paragraphs labelled "Q:" and "A:" are FAQs too. All other text belongs to sections; the text before
    the first heading is a section with an empty path. Sections without words are left out.
    """
    parts = [p for part in _parts(text) for p in ([part] if isinstance(part, Faq) else _split_labelled(text, part))]
    faqs = sorted((part for part in parts if isinstance(part, Faq)), key=lambda faq: faq.start)
    return Outline(
        tuple(part for part in parts if isinstance(part, Section) and re.search(r"\w", text[part.start : part.end])),
        tuple(faq for faq in faqs if faq.start < faq.end),
        tuple(faq.question for faq in faqs if faq.start >= faq.end),
    )


def _parts(text: str) -> Iterator[Section | Faq]:
    """Yield the stretches between headings in the order of the text; some are empty."""
    headings = list(_headings(text))
    yield Section((), *trim(text, 0, headings[0].start if headings else len(text)))
    path: list[_Heading] = []
    lists: set[_Heading] = set()
    read_until = 0
    for at, heading in enumerate(headings):
        if heading.start < read_until:
            continue
        path = [*(above for above in path if above.level < heading.level), heading]
        titles = tuple(above.title for above in path)
        after = next((n for n in range(at + 1, len(headings)) if headings[n].level <= heading.level), len(headings))
        # A heading among FAQs such as "For employers" groups some of them.
        groups = not is_question(heading.title) and any(is_question(below.title) for below in headings[at + 1 : after])
        if groups or len(path) < 2 or path[-2] not in lists:
            lists |= {heading} if is_faq_title(heading.title) or lists & set(path[-2:-1]) else set()
            yield Section(titles, *trim(text, heading.body, heading.end))
        else:
            read_until = headings[after - 1].end
            last = after == len(headings) or headings[after].level <= path[-2].level
            end = _end_of_answer(text, heading.body, read_until, last)
            yield Faq(heading.title, *trim(text, heading.body, end), titles[:-1])
            yield Section(titles[:-2], *trim(text, end, read_until))


def _split_labelled(text: str, section: Section) -> Iterator[Section | Faq]:
    """Split a section into its pairs labelled "Q:" and "A:" and the stretches around them."""
    start = section.start
    matches = list(_LABELLED_PAIR.finditer(text, section.start, section.end))
    for match in matches:
        yield Section(section.path, *trim(text, start, match.start()))
        start = _end_of_answer(text, *match.span("answer"), match is matches[-1])
        yield Faq(match["question"], *trim(text, match.start("answer"), start), section.path)
    yield Section(section.path, *trim(text, start, section.end))


def _headings(text: str) -> Iterator[_Heading]:
    fences = [match.span() for match in _FENCE.finditer(text)]
    found = [m for m in _HEADING.finditer(text) if not any(start <= m.start() < end for start, end in fences)]
    ends = [*(match.start() for match in found), len(text)][1:]
    for match, end in zip(found, ends, strict=True):
        yield _Heading(len(match[1]), match[2], match.start(), match.end(), end)


def _end_of_answer(text: str, start: int, end: int, last: bool) -> int:
    """Return the end of an answer: a rule between paragraphs or, after the last answer, the closing words of a page."""
    fences = [match.span() for match in _FENCE.finditer(text, start, end)]
    for line in _AFTER_BLANK_LINE.finditer(text, trim(text, start, end)[0], end):
        ends = _RULE.fullmatch(line[1]) or (last and _CLOSING.match(line[1]))
        if ends and not any(first <= line.start(1) < after for first, after in fences):
            return line.start()
    return end


def table_head(text: str, at: int) -> str:
    """Return the header row and the ruler of the table that has a row below them at position `at`; "" if none has."""
    above = text.rfind("\n\n", 0, at) if text.startswith("|", at) else at
    head = _TABLE_HEAD.match(text, above + 2 if above >= 0 else 0, at)
    return head[0] if head else ""


def trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span of a part of a text without the whitespace around it."""
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), start + len(part.rstrip())
