"""Locates the FAQs that a page's markup declares in the text of its article, and appends those that the text lacks."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import accumulate

from bot.corpus.article import Faq, Section
from bot.corpus.html.structured_data import MarkedFaq
from bot.corpus.outline import outline
from bot.languages.normalization import words_only

MAX_FAQS = 1000
"""Maximum number of FAQs taken from the markup of a page or post; each is searched in the text."""
_MIN_WORDS = 6
"""Minimum number of words in an answer that is searched in the whole text: "Yes." occurs anywhere."""
_MIN_SIMILARITY = 0.8  # minimum F1 score of words between a declared answer and the text below its question


@dataclass(frozen=True, slots=True)
class _WordIndex:
    """Finds sequences of words in a text, whatever punctuation is between the words."""

    joined: str
    starts: list[int]
    """Start of each word in `joined`."""
    spans: list[tuple[int, int]]
    """Span of each word in the text."""

    @classmethod
    def of(cls, text: str) -> "_WordIndex":
        found = list(re.finditer(r"\w+", text))
        words = [match[0].casefold() for match in found]
        starts = list(accumulate((len(word) + 1 for word in words), initial=1))[:-1]
        return cls(f" {' '.join(words)} ", starts, [match.span() for match in found])

    def places(self, words: str) -> Iterator[tuple[int, int]]:
        """Yield the spans of these words in the text."""
        at = self.joined.find(f" {words} ") if words else -1
        while at >= 0:
            first, last = bisect_right(self.starts, at + 1) - 1, bisect_right(self.starts, at + len(words)) - 1
            yield self.spans[first][0], self.spans[last][1]
            at = self.joined.find(f" {words} ", at + 1)

    def precedes(self, start: int, words: str) -> bool:
        """Whether these words come right before the position `start` of the text."""
        before = bisect_right(self.spans, (start, -1)) - 1
        end = self.starts[before + 1] if before + 1 < len(self.starts) else len(self.joined)
        return self.joined[:end].endswith(f" {words} ")


def add_marked_faqs(
    text: str, marked: Iterable[MarkedFaq], *, folded: Iterable[MarkedFaq] = (), listed: Iterable[Faq] = ()
) -> tuple[str, list[Faq]]:
    """Append the marked FAQs that the text lacks; return the new text and the FAQs in the old one, each question once.

    A `folded` answer ends where the folded element ends; the `listed` FAQs are known already.
    """
    index, found = _WordIndex.of(text), outline(text)
    known = [*found.faqs, *listed]
    asked = {words_only(question) for faq in known for question in (faq.question, *faq.alternates)}
    spans = {(faq.start, faq.end): faq for faq in _cut_at_folds(known, text, index, folded)}
    missing: dict[str, str] = {}
    for faq in marked:
        if words_only(faq.question) in asked:
            continue
        asked.add(words_only(faq.question))
        span = _find_span(text, index, found.sections, faq)
        if span is None:
            missing[faq.question] = re.sub(r"^#{1,6} ", "", faq.answer, flags=re.MULTILINE)
        else:
            overlapping = next((other for other in spans if other[0] < span[1] and span[0] < other[1]), span)
            if (same := spans.get(overlapping)) is not None:
                spans[overlapping] = replace(same, alternates=(*same.alternates, faq.question))
            else:
                spans[span] = Faq(faq.question, *span, found.path(span[0], faq.question))
    appended = ["## FAQs", *(f"### {question}\n\n{answer}" for question, answer in missing.items())] if missing else []
    return "\n\n".join(filter(None, [text, *appended])), list(spans.values())


def _cut_at_folds(faqs: Iterable[Faq], text: str, index: _WordIndex, folded: Iterable[MarkedFaq]) -> Iterator[Faq]:
    """Yield the FAQs of a text, each cut at the end of its folded answer."""
    answers = {words_only(faq.question): words_only(faq.answer) for faq in folded}
    for faq in faqs:
        question = words_only(faq.question)
        places = index.places(answers.get(question, ""))
        inside = (place for place in places if faq.start <= place[0] < place[1] < faq.end)
        end = next((end for start, end in inside if index.precedes(start, question)), None)
        yield faq if end is None else replace(faq, end=_widen(text, faq.start, end)[1])


def _find_span(text: str, index: _WordIndex, sections: tuple[Section, ...], faq: MarkedFaq) -> tuple[int, int] | None:
    """Find the answer in the text: with the same words, or with similar words below the question as a heading."""
    question, answer = words_only(faq.question), words_only(faq.answer)
    places = list(index.places(answer))
    for start, end in places:
        if index.precedes(start, question):
            return _widen(text, start, end)
    for section in sections:
        is_heading = bool(section.path) and words_only(section.path[-1]) == question
        if is_heading and _is_similar(text[section.start : section.end], faq.answer):
            return section.start, section.end
    return _widen(text, *places[0]) if places and len(answer.split()) >= _MIN_WORDS else None


def _widen(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen a span of words by the punctuation around it, up to the start and end of the line if only that is left."""
    line, line_end = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    line_end = len(text) if line_end < 0 else line_end
    start = start if re.search(r"[\w#]", text[line:start]) else line
    end = end if re.search(r"\w", text[end:line_end]) else line_end
    touching = re.search(r"[^\w\s]*\Z", text[line:start])
    closing = re.match(r"[^\w\s]*", text[end:line_end])
    return start - len(touching[0] if touching else ""), end + len(closing[0] if closing else "")


def _is_similar(one: str, other: str) -> bool:
    first, second = Counter(words_only(one).split()), Counter(words_only(other).split())
    return 2 * (first & second).total() >= _MIN_SIMILARITY * (first.total() + second.total())
