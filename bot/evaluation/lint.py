"""Editorial lint: warnings about articles that an editor should fix; they are indexed all the same."""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations

import numpy as np

from bot.corpus.article import Article
from bot.corpus.outline import outline
from bot.encoder import Matrix
from bot.index.filters import Filters, last_change
from bot.index.generation import Generation, Numbers, numbers_of
from bot.languages.normalization import words_only
from bot.passages import Passage
from bot.retrieval.finder import LONGEST_QUESTION, Finder
from bot.retrieval.near_duplicates import SAME_QUESTION

_YEARS = 3  # age from which an article counts as old
_SAME_ANSWER = 0.93  # minimum cosine of equal answers: paraphrases reach it, neighbours on one topic do not
_NEAR = 10  # number of passages nearest to a FAQ's question that are compared with it

_RUN, _SAMPLED, _COMMON = 5, 4, 20
"""Words in a run, one in how many runs is compared, and number of articles from which a run is a common phrase."""
_SAME_ARTICLE, _MIN_COMMON = 0.6, 6
"""Minimum share and number of common runs of two equal articles: a few sentences."""
_MAX_SECTION = 1200
_MIN_ANSWER = 3
_BROKEN = re.compile(r"\w*(?:â€[^\s\w]|â€œ|Ã[\xa0-\xbf©]|Â[\xa0£©®°·»«])\w*")
"""A word whose UTF-8 was once decoded as Windows-1252."""
_MIN_REPEATS = 4  # minimum number of articles with the same boilerplate paragraph; fewer may be a quotation


@dataclass(frozen=True, slots=True)
class Finding:
    """A warning about an article, in one sentence."""

    kind: str
    article: str
    message: str


def lint(articles: Sequence[Article], finder: Finder, today: date) -> tuple[Finding, ...]:
    """Check a corpus and the index built from it; findings are sorted by kind and article."""
    faqs = list(finder.generation.table.all_passages(faqs=True))
    rules = (_long_sections, _lost_relations, _same_articles, _repeated_paragraphs, _broken_letters)
    found = [finding for rule in rules for finding in rule(articles)]
    found += [*_old(articles, today), *_two_answers(faqs), *_short_answers(faqs)]
    found += [*_not_found(faqs, finder), *_same_faqs(faqs, finder.generation)]
    return tuple(sorted(found, key=lambda finding: (finding.kind, finding.article, finding.message)))


def _old(articles: Sequence[Article], today: date) -> Iterator[Finding]:
    oldest = today.replace(year=today.year - _YEARS, day=min(today.day, 28))
    dated = sum(last_change(article) is not None for article in articles)
    for article in articles:
        day = last_change(article)
        if day is not None and day < oldest:
            message = f"last changed on {day}, more than {_YEARS} years ago: check that it still holds"
            yield Finding("old", article.id, message)
        elif day is None and dated > len(articles) / 2:
            yield Finding("undated", article.id, "has no date, most others do: visitors cannot see how old it is")


def _long_sections(articles: Sequence[Article]) -> Iterator[Finding]:
    for article in articles:
        for section in outline(article.text).sections:
            words = len(article.text[section.start : section.end].split())
            if words > _MAX_SECTION:
                place = " › ".join(section.path) or "the opening"
                yield Finding("long section", article.id, f"{place!r} has {words} words: divide it with headings")


def _lost_relations(articles: Sequence[Article]) -> Iterator[Finding]:
    known = {article.id for article in articles}
    for article in articles:
        named = {"related": article.related, "superseded": article.supersedes}
        for relation, name in ((relation, name) for relation, names in named.items() for name in names):
            if name not in known:
                yield Finding("lost relation", article.id, f"names {name!r} as {relation}, and no article has this id")


def _same_articles(articles: Sequence[Article]) -> Iterator[Finding]:
    runs = {article.id: _runs(article.text) for article in articles}
    holders: dict[int, list[str]] = defaultdict(list)
    for ident, own in runs.items():
        for run in own:
            holders[run].append(ident)
    together = (idents for idents in holders.values() if 1 < len(idents) < _COMMON)
    shared = Counter(pair for idents in together for pair in combinations(idents, 2))
    for (one, other), count in shared.items():
        if count >= max(_SAME_ARTICLE * min(len(runs[one]), len(runs[other])), _MIN_COMMON):
            yield Finding("same article", one, f"says nearly the same as {other!r}: keep one of them")


def _runs(text: str) -> set[int]:
    """Return the hashes of a sample of a text's word runs, the same sample in every text."""
    words = re.findall(r"\w+", text.casefold())
    runs = (" ".join(words[n : n + _RUN]).encode() for n in range(len(words) - _RUN + 1))
    hashes = (int.from_bytes(hashlib.blake2b(run, digest_size=8).digest(), "big") for run in runs)
    return {value for value in hashes if value % _SAMPLED == 0}


def _repeated_paragraphs(articles: Sequence[Article]) -> Iterator[Finding]:
    holders: dict[str, list[str]] = defaultdict(list)
    for article in articles:
        blocks = re.split(r"\n\s*\n", article.text)
        for paragraph in {" ".join(block.split()) for block in blocks if not block.startswith("#")}:
            holders[paragraph].append(article.id)
    for paragraph, idents in holders.items():
        if len(idents) >= _MIN_REPEATS and len(idents) > len(articles) / 2:
            place = f"in {len(idents)} of {len(articles)} articles"
            shown = paragraph if len(paragraph) <= 60 else f"{paragraph[:57]}…"
            message = f"the paragraph {shown!r} is {place}: is it part of the page layout?"
            yield Finding("boilerplate", idents[0], message)


def _broken_letters(articles: Sequence[Article]) -> Iterator[Finding]:
    for article in articles:
        if found := _BROKEN.findall(f"{article.title}\n{article.text}"):
            message = f"contains {len(found)} words such as {found[0]!r}: save the file again as UTF-8 from its source"
            yield Finding("broken letters", article.id, message)


def _two_answers(faqs: Sequence[Passage]) -> Iterator[Finding]:
    first: dict[str, Passage] = {}
    for faq in faqs:
        known = first.setdefault(words_only(faq.question or ""), faq)
        if known is not faq and words_only(known.text) != words_only(faq.text):
            message = f"answers {faq.question!r} differently from {known.article.id!r}: agree on one"
            yield Finding("two answers", faq.article.id, message)


def _short_answers(faqs: Sequence[Passage]) -> Iterator[Finding]:
    for faq in faqs:
        if len(faq.text.split()) < _MIN_ANSWER:
            message = f"answers {faq.question!r} with {faq.text!r} alone: say a little more"
            yield Finding("short answer", faq.article.id, message)


def _not_found(faqs: Sequence[Passage], finder: Finder) -> Iterator[Finding]:
    for faq in faqs:
        hits = finder.find((faq.question or "")[:LONGEST_QUESTION], 1).hits
        # Two answers to one question are a finding of their own.
        own = {words_only(faq.question or ""), words_only(faq.text)}
        if not hits or not own & {words_only(hits[0].passage.question or ""), words_only(hits[0].passage.text)}:
            instead = f"finds {hits[0].passage.id!r} first" if hits else "finds nothing"
            message = f"the question {faq.question!r} {instead}: reword it so that it names its topic"
            yield Finding("not first", faq.article.id, message)


def _same_faqs(faqs: Sequence[Passage], generation: Generation) -> Iterator[Finding]:
    """Find FAQs of different articles whose questions and answers mean the same by their vectors."""
    seen: set[frozenset[str]] = set()
    for faq in faqs:
        for other in _similar_faqs(faq, generation):
            pair = frozenset((faq.id, other.id))
            if pair in seen or faq.article.id == other.article.id:
                continue
            seen.add(pair)
            first, second = generation.role_vectors(numbers_of(generation.table, (faq, other)), "body")
            is_same = float(first @ second) >= _SAME_ANSWER
            if is_same and words_only(faq.question or "") != words_only(other.question or ""):
                same = f"{faq.question!r} says the same as {other.question!r} of {other.article.id!r}"
                yield Finding("same faq", faq.article.id, f"{same}: keep one, with the other as its alternate")


def _similar_faqs(faq: Passage, generation: Generation) -> Iterator[Passage]:
    """Yield the other FAQs with a question that means the same as one of this FAQ."""
    (number,) = numbers = numbers_of(generation.table, (faq,))
    own = _questions(generation, numbers)[int(number)]
    near = np.unique(np.concatenate([generation.nearest(question[None], _NEAR, Filters()) for question in own]))
    for other, asked in _questions(generation, near[near != number]).items():
        passage = generation.table.passages([other])[0]
        if passage.question is not None and float((own @ asked.T).max()) >= SAME_QUESTION:
            yield passage


def _questions(generation: Generation, numbers: Numbers) -> dict[int, Matrix]:
    """Return the vectors of each passage's questions or headings."""
    vectors = generation.vectors_of(numbers)
    spans = zip(vectors.numbers.tolist(), vectors.starts, vectors.places("body"), strict=False)
    return {number: vectors.rows[start:end] for number, start, end in spans}
