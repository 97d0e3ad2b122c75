"""Introductions: the words of an article that say what its subject is, how it is done, or what it looks like."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import NamedTuple

from bot.answering.abbreviations import introduced
from bot.answering.subjects import Subject, subject_of, terms_of
from bot.corpus.article import Article
from bot.index.generation import Passages, passage_by_id
from bot.languages.registry import ENGLISH, combined_pattern
from bot.passages import Passage, Span, context, sentences_of
from bot.reader.features import is_item, is_mid_thought

_FURTHER_WORDS = 6  # maximum number of other words before "is" in a definition, such as "or call letter"
_MOST_WORDS = 80  # maximum number of words of a definition with the sentences that follow it in its paragraph
_MOST_ADDED = 70  # maximum number of words that complete a quoted list
_MOST_BLOCK_WORDS = 250  # maximum number of words of a list of steps, or of a sample
_STEP = re.compile(r"(?:\d+[.)]|[-*+•]|step\s*\d)[\s:]", re.IGNORECASE)
_FIRST_STEP = re.compile(r"^(?:1[.)]|step\s*1\b)", re.IGNORECASE | re.MULTILINE)
_TABLE_ROW = re.compile(r"^\|", re.MULTILINE)
_FORMULA = re.compile(r"[^\W\d_][^=\n]*=(?=[^=\n]*[^\W\d_]{3})(?=[^=\n]*[×÷*/+−-])[^=\n]+")
_QUOTED_LINE = re.compile(r"^>", re.MULTILINE)
_COPULA = re.compile(rf"\b(?:{combined_pattern('copulas')})\b", re.IGNORECASE)
_INSTRUCTION = re.compile(ENGLISH.patterns.holds["steps"], re.IGNORECASE)


class Words(NamedTuple):
    """Words of a passage, which may be longer than the one that was indexed."""

    passage: Passage
    span: Span
    matched: Span

    @property
    def headings(self) -> str:
        """The title of the article and the headings above the words."""
        return " ".join((self.passage.article.title, *self.passage.section))


def introduction(subject: Subject, article: Article, passages: Sequence[Passage], table: Passages) -> Words | None:
    """Return the words of an article that answer a question for its subject; None if no form of them is recognized.

    `passages` are those of the article, most likely to answer first.
    """
    if subject.wanted == "steps":
        return steps(passages)
    if subject.wanted == "comparison" and (words := comparison(subject, passages)):
        return words
    if subject.wanted == "formula":
        return formula(passages)
    if subject.wanted == "sample":
        return sample(subject, passages)
    opening, terms = [*_opening(article, table)], subject.terms
    for passage in opening:
        defined = _paragraph([passage], lambda sentence: _defines(sentence, terms))
        if words := defined or _paragraph([passage], lambda sentence: _spells_out(sentence, terms)):
            return words
    return definition(subject, passages) or next(map(_beginning, opening), None)


def _beginning(passage: Passage) -> Words:
    """Return the whole table that a passage begins with, else its first sentences."""
    table = next(_blocks([passage], _TABLE_ROW, _TABLE_ROW), None) if _TABLE_ROW.match(passage.text) else None
    return table or _from(passage, 0, across=True)


def steps(passages: Iterable[Passage]) -> Words | None:
    """Return the numbered list with the largest share of instructions."""
    return max(_blocks(passages, _FIRST_STEP, _STEP), key=_share_of_instructions, default=None)


def definition(subject: Subject, passages: Iterable[Passage]) -> Words | None:
    """Return the first sentence that says what a subject is, and nothing else beside it, as in "DV stands for …"."""
    return _paragraph(passages, lambda sentence: _defines(sentence, subject.terms, alone=True))


def unsaid_mention(subject: Subject, phrase: str, shown: Passage, passages: Iterable[Passage]) -> Words | None:
    """Return a sentence that mentions a subject of several words, if the passage shown does not; none of a sample."""
    if len(subject.terms) == 1 or phrase in f"{context(shown)} {shown.text}".lower():
        return None
    asked = subject_of(shown.question or "")
    if asked is not None and subject.terms <= asked.terms:
        return None
    unquoted = (passage for passage in passages if not _QUOTED_LINE.search(passage.text))
    return _paragraph(unquoted, lambda sentence: phrase in sentence.lower())


def sample(subject: Subject, passages: Iterable[Passage]) -> Words | None:
    """Return the nearest sample, such as a letter, or the first of its section unless the question says more."""
    found = list(_blocks(passages, _QUOTED_LINE, _QUOTED_LINE))
    is_plain = bool(found) and subject.terms <= terms_of(found[0].headings)
    same = (one for one in found if one.headings == found[0].headings) if is_plain else found[:1]
    return min(same, key=lambda one: one.passage.start, default=None)


def comparison(subject: Subject, passages: Sequence[Passage]) -> Words | None:
    """Return the FAQ on the difference between two subjects, else the first table with a column for each."""
    if len(subject.terms) < 2:
        return None
    for passage in passages:
        asked = subject_of(passage.question or "")
        if asked and asked.wanted == "comparison" and subject.terms <= asked.terms:
            return _from(passage, 0, across=True)
    tables = ((one, one.passage.text[slice(*one.matched)]) for one in _blocks(passages, _TABLE_ROW, _TABLE_ROW))
    return next((words for words, head in tables if subject.terms <= terms_of(head)), None)


def formula(passages: Iterable[Passage]) -> Words | None:
    """Return the first formula in words, such as "Attrition rate = employees who left ÷ headcount"."""
    for passage in passages:
        for start, end in _sentence_spans(passage) if "=" in passage.text else ():
            if found := _FORMULA.search(passage.text, start, end):
                return Words(passage, found.span(), found.span())
    return None


def whole_list(passage: Passage, item: Span) -> Words | None:
    """Return the numbered list that a sentence is an item of, if it is one of a section."""
    if passage.kind != "section":
        return None
    text, at = passage.article.text, passage.start + item[1]
    firsts = [found.start() for found in _FIRST_STEP.finditer(text, 0, at)]
    if not firsts or not _STEP.match(passage.text[slice(*item)]):
        return None
    last = _end_of_block(text, firsts[-1], _STEP)
    return _block(passage, firsts[-1], last, (passage.start + item[0], at)) if last >= at else None


def unbroken_list(passage: Passage, quoted: Span, item: Span) -> Words | None:
    """Return the whole numbered list of which several items are quoted and a few lack, being in the next passage."""
    text = passage.text[slice(*quoted)]
    items = sum(_STEP.match(line.strip()) is not None for line in text.split("\n"))
    words = whole_list(passage, item) if items > 1 else None
    if words is None or words.passage.text == passage.text:
        return None
    added = len(words.passage.text[slice(*words.span)].split()) - len(text.split())
    return words if 0 < added <= _MOST_ADDED else None


def _opening(article: Article, table: Passages) -> Iterator[Passage]:
    """Yield the passages of an article before its first heading."""
    for number in count(1):
        passage = passage_by_id(table, f"{article.id}#section-opening-{number}")
        if passage is None:
            return
        yield passage


def _paragraph(passages: Iterable[Passage], is_wanted: Callable[[str], bool]) -> Words | None:
    """Return the first sentence that is wanted, with the rest of its paragraph."""
    sentences = ((passage, place, text) for passage in passages for place, text in enumerate(sentences_of(passage)))
    return next((_from(passage, place) for passage, place, text in sentences if is_wanted(text)), None)


def _spells_out(sentence: str, terms: frozenset[str]) -> bool:
    """Whether a sentence spells an abbreviation out, as in "It is the Employees' Pension Scheme, EPS, …"."""
    return len(terms) == 1 and any(terms_of(short) == terms for short in introduced(sentence))


def _defines(sentence: str, terms: frozenset[str], *, alone: bool = False) -> bool:
    """Whether a sentence has a subject as its own, as in "A payslip is …", or begins like "That is a payslip: …".

    `alone` says that it may have no other one beside it.
    """
    copula = None if is_item(sentence) else _COPULA.search(sentence)
    if copula is None:
        return False
    before, after = sentence[: copula.start()], sentence[copula.end() :].partition(":")[0].split()
    if is_mid_thought(sentence) and len(before.split()) < 2:
        return terms_of(" ".join(after[:3])) == terms
    own = terms_of(before)
    return own == terms if alone else terms <= own and len(before.split()) <= len(terms) + _FURTHER_WORDS


def _from(passage: Passage, place: int, *, across: bool = False) -> Words:
    """Return a sentence with the rest of its paragraph, or of the passage, and the one before it if in mid-thought."""
    spans = _sentence_spans(passage)
    if across:
        place = next((n for n, span in enumerate(spans) if not is_item(passage.text[slice(*span)])), place)
    first = place - 1 if place and is_mid_thought(passage.text[slice(*spans[place])]) else place
    last = place
    while (
        last + 1 < len(spans)
        and (across or "\n" not in passage.text[spans[last][1] : spans[last + 1][0]])
        and len(passage.text[spans[first][0] : spans[last + 1][1]].split()) <= _MOST_WORDS
    ):
        last += 1
    return Words(passage, (spans[first][0], spans[last][1]), spans[place])


def _sentence_spans(passage: Passage) -> list[Span]:
    spans = [(start - passage.start, end - passage.start) for start, end in passage.sentences]
    return spans or [(0, len(passage.text))]


def _blocks(passages: Iterable[Passage], begin: re.Pattern[str], item: re.Pattern[str]) -> Iterator[Words]:
    """Yield the whole lists, or quotations, that begin in passages, with the sentence that introduces each."""
    for passage in passages:
        found = begin.search(passage.text) if passage.kind == "section" else None
        if found is not None:
            text, at = passage.article.text, passage.start + found.start()
            first, last = _start_of_block(text, at, item), _end_of_block(text, at, item)
            line = text.find("\n", first, last)
            yield _block(passage, first, last, (first, line if line >= 0 else last))


def _block(passage: Passage, first: int, last: int, matched: Span) -> Words:
    """Return a block of an article, and words that match in it, with the sentence that introduces the block."""
    start, end = min(first, passage.start), max(last, passage.end)
    whole = replace(passage, text=passage.article.text[start:end], start=start, end=end, sentences=())
    span, match = ((a - start, b - start) for a, b in ((_with_lead_in(passage, first), last), matched))
    return Words(passage if (start, end) == (passage.start, passage.end) else whole, span, match)


def _start_of_block(text: str, at: int, item: re.Pattern[str]) -> int:
    while True:
        before = text.rfind("\n", 0, max(at - 1, 0)) + 1
        if before >= at or not item.match(text[before:at].strip()):
            return at
        at = before


def _end_of_block(text: str, start: int, item: re.Pattern[str]) -> int:
    end, words = start, 0
    for line in re.finditer(r"[^\n]+", text[start:]):
        words += len(line[0].split())
        if not item.match(line[0].strip()) or words > _MOST_BLOCK_WORDS:
            break
        end = start + line.end()
    return end


def _with_lead_in(passage: Passage, first: int) -> int:
    """Return the start of the sentence that introduces a block with a colon; else that of the block."""
    before = [start for start, end in passage.sentences if end <= first and passage.article.text[end - 1] == ":"]
    is_next = before and not passage.article.text[before[-1] : first].partition(":")[2].strip()
    return before[-1] if is_next else first


def _share_of_instructions(words: Words) -> float:
    """Return the share of the items of a list that begin with what to do, as in "Open the form"."""
    items = [_STEP.sub("", line, count=1).lstrip(" *_") for line in words.passage.text[slice(*words.span)].split("\n")]
    return sum(_INSTRUCTION.match(item) is not None for item in items) / len(items)
