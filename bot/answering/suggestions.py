"""Questions to go on with: every one of them is answered when it is asked."""

import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from threading import Lock

from bot.index.filters import Filters
from bot.index.generation import passage_by_id
from bot.passages import Passage
from bot.retrieval.finder import LONGEST_QUESTION, Finder
from bot.retrieval.hit import Hit
from bot.retrieval.near_duplicates import asks_exactly, same_question
from bot.settings import AnswerSettings

_NEAR = 0.2
"""The least probability, as a share of the threshold, of a hit that is near a question which it does not answer."""
_EXAMPLES = 6
_LEAST_TYPED = 3
"""Characters from which on questions are looked for while typing."""
_TYPED = 5
_LOOKED_THROUGH = 30
_READINGS = 3
"""Words of the corpus that what is typed last may become."""
_MEANT = 0.1
"""The least probability of a question that means what is typed, but does not hold its words."""
_WORD = re.compile(r"[\w\u0900-\u0963]+")
_KEPT = 4096
"""Questions of which it is remembered whether they are answered."""


class Suggestions:
    """The questions that an index can answer. Safe to call from many threads."""

    def __init__(self, finder: Finder, settings: AnswerSettings) -> None:
        self._finder, self._table, self._settings = finder, finder.generation.table, settings
        self._known: OrderedDict[str, bool] = OrderedDict()
        self._examples: tuple[str, ...] | None = None
        self._lock = Lock()

    def near(self, hits: Sequence[Hit], asked: Sequence[str]) -> tuple[str, ...]:
        """The questions nearest to one that is not answered; none when none is near."""
        near = (
            hit.passage
            for hit in hits
            if hit.probability >= _NEAR * self._settings.threshold and hit.passage.kind == "faq"
        )
        return self._chosen(near, asked, ())

    def after(self, quoted: Passage, asked: Sequence[str]) -> tuple[str, ...]:
        """Further questions of the article quoted, then of those it names as related: none that says the same as what was just answered."""
        return self._chosen(self._further(quoted), asked, (quoted,))

    def examples(self) -> tuple[str, ...]:
        """Questions to begin with: one of each of the largest categories, then further ones."""
        if self._examples is None:
            asked = filter(self.answered, self._example_faqs())
            self._examples = tuple(islice(_once(passage.question or "" for passage in asked), _EXAMPLES))
        return self._examples

    def _example_faqs(self) -> Iterator[Passage]:
        found = (passage_by_id(self._table, ident) for ident in self._table.facts.examples)
        return (faq for faq in found if faq is not None)

    def typed(self, words: str, category: str | None = None) -> tuple[str, ...]:
        """Questions that hold the words typed so far, the last of which may be a beginning, then those that mean the like; none before some letters are there."""
        text = " ".join(words.split())
        if not _LEAST_TYPED <= len(text) <= LONGEST_QUESTION:
            return ()
        readings = self._completed(text, begun=not words[-1].isspace())
        found = (
            hit for reading in readings for hit in self._finder.rank(reading, _LOOKED_THROUGH, Filters(category)).hits
        )
        beginnings = [word.lower() for word in _WORD.findall(text)]
        near = [
            hit
            for hit in found
            if hit.passage.kind == "faq" and (_holds(hit.passage, beginnings) or hit.probability >= _MEANT)
        ]
        near.sort(key=lambda hit: (not _holds(hit.passage, beginnings), -hit.score))
        asked = (hit.passage for hit in near if self.answered(hit.passage))
        return tuple(islice(_once(passage.question or "" for passage in asked), _TYPED))

    def _completed(self, text: str, *, begun: bool) -> list[str]:
        """What may be meant by what is typed: with its last word completed by words of the corpus, or as it is."""
        last = _WORD.search(text.rpartition(" ")[2]) if begun else None
        words = (
            self._finder.generation.vocabulary.completions(last[0].lower(), _READINGS)
            if last and len(last[0]) > 1
            else []
        )
        return [f"{text[: len(text) - len(last.string)]}{word}" for word in words] if last and words else [text]

    def answered(self, passage: Passage) -> bool:
        """Whether a FAQ's question, asked as it stands, gets that FAQ's answer; where the vectors alone do not tell, it is asked."""
        with self._lock:
            known = self._known.get(passage.id)
        if known is None:
            known = self._finder.own_probability(passage) >= self._settings.threshold or self._answered(
                passage.question or ""
            )
            with self._lock:
                self._known[passage.id] = known
                while len(self._known) > _KEPT:
                    self._known.popitem(last=False)
        return known

    def _answered(self, question: str) -> bool:
        hits = self._finder.rank(question, 1).hits if len(question) <= LONGEST_QUESTION else ()
        return any(asks_exactly(hit.passage, question) and hit.probability >= self._settings.threshold for hit in hits)

    def _further(self, quoted: Passage) -> Iterator[Passage]:
        for article in (quoted.article.id, *quoted.article.related):
            yield from self._table.faqs(article)

    def _chosen(self, passages: Iterable[Passage], asked: Sequence[str], said: Sequence[Passage]) -> tuple[str, ...]:
        """The first few whose question was not asked, is answered, and says the same as none before it."""
        kept: list[Passage] = []
        for passage in passages:
            if len(kept) == self._settings.suggestions:
                break
            if any(asks_exactly(passage, question) for question in asked):
                continue
            if any(same_question(self._finder.generation, passage, other) for other in (*said, *kept)):
                continue
            if self.answered(passage):
                kept.append(passage)
        return tuple(passage.question or "" for passage in kept)


def _holds(passage: Passage, beginnings: Sequence[str]) -> bool:
    """Whether each beginning is that of a word of one of the passage's questions."""
    asked = (
        [word.lower() for word in _WORD.findall(question)] for question in (passage.question or "", *passage.alternates)
    )
    return any(all(any(word.startswith(one) for word in words) for one in beginnings) for words in asked)


def _once(questions: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for question in questions:
        if question not in seen:
            seen.add(question)
            yield question
