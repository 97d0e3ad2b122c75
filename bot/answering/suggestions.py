"""Suggestions: further questions, each of which is answered when it is asked."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from bot.index.filters import Filters
from bot.index.generation import passage_by_id
from bot.languages.registry import ENGLISH, detect_language, written_language
from bot.lru_cache import LruCache
from bot.passages import Passage
from bot.retrieval.finder import LONGEST_QUESTION, Finder, checked_text
from bot.retrieval.hit import Hit
from bot.retrieval.near_duplicates import SameQuestion, asks_exactly
from bot.settings import AnswerSettings

_NEAR = 0.2
"""Minimum probability, as a share of the threshold, of a suggestion for a question that is not answered."""
_MAX_EXAMPLES = 6
_MIN_TYPED = 3  # minimum number of characters typed before questions are completed
_MAX_COMPLETED, _SEARCHED, _MAX_WORDS = 5, 60, 3
"""Maximum number of completed questions, of hits searched for them, and of completions of the last word."""
_MIN_PROBABILITY = 0.1  # minimum probability of a completed question that does not contain the typed words
_WORD = re.compile(r"[\w\u0900-\u0963]+")
_CACHED = 4096  # number of passages for which the result of `is_answered` is cached


class Suggestions:
    """The questions that a generation can answer. Safe to call from many threads."""

    def __init__(self, finder: Finder, settings: AnswerSettings) -> None:
        self._finder, self._table, self._settings = finder, finder.generation.table, settings
        self._answered = LruCache[str, bool](_CACHED)
        self._examples: dict[str, tuple[str, ...]] = {}

    def near(
        self, hits: Sequence[Hit], asked: Sequence[str], language: str, quoted: Sequence[Passage] = ()
    ) -> tuple[str, ...]:
        """Return the questions nearest to one that is not answered, if any are near, those in its language first."""
        least = _NEAR * self._settings.threshold
        near = (hit.passage for hit in hits if hit.probability >= least and hit.passage.kind == "faq")
        return self._choose(near, asked, quoted, language)

    def after(
        self, quoted: Sequence[Passage], asked: Sequence[str], language: str, further: int = 0
    ) -> tuple[str, ...]:
        """Return further questions of the first quoted article and its related ones, without those just answered.

        Those in the language of the question come first. `further` is added to the number in the settings, unless that
        is 0.
        """
        articles = (quoted[0].article.id, *quoted[0].article.related)
        faqs = (faq for article in articles for faq in self._table.faqs(article))
        return self._choose(faqs, asked, quoted, language, further)

    def examples(self, language: str = ENGLISH.code) -> tuple[str, ...]:
        """Return questions to start with: one of each of the largest categories, then more.

        They are in the language, if the articles have questions in it, else in any.
        """
        if language not in self._examples:
            found = (passage_by_id(self._table, ident) for ident in self._table.facts.examples)
            faqs = [faq for faq in found if faq is not None]
            own = [faq for faq in faqs if _wording(faq, language)] or faqs
            questions = _unique(_wording(faq, language) or faq.question or "" for faq in own if self.is_answered(faq))
            self._examples[language] = tuple(islice(questions, _MAX_EXAMPLES))
        return self._examples[language]

    def complete(self, typed: str, category: str | None = None) -> tuple[str, ...]:
        """Return questions that contain the typed words, the last of which may be incomplete, then similar ones.

        One of each article comes first: a word such as "notice" may mean the subject of any of them. Articles with the
        words in their title lead, then those with the most such questions: they are about them, others only touch them.
        """
        text = " ".join(checked_text(typed).split())
        if not _MIN_TYPED <= len(text) <= LONGEST_QUESTION:
            return ()
        texts = self._complete_last_word(text) if not typed[-1].isspace() else [text]
        hits = (hit for text in texts for hit in self._finder.rank(text, _SEARCHED, Filters(category)).hits)
        faqs = [hit for hit in hits if hit.passage.kind == "faq"]
        prefixes = [word.lower() for word in _WORD.findall(text)]
        containing = {hit.passage.id for hit in faqs if _contains(hit.passage, prefixes)}
        near = [hit for hit in faqs if hit.passage.id in containing or hit.probability >= _MIN_PROBABILITY]
        near = _articles_in_turn(_articles_on_them_first(near, prefixes), containing)
        answered = (hit.passage.question or "" for hit in near if self.is_answered(hit.passage))
        return tuple(islice(_unique(answered), _MAX_COMPLETED))

    def _complete_last_word(self, text: str) -> list[str]:
        """Return the text with its last word completed by words of the corpus, or as it is."""
        last = _WORD.search(text.rpartition(" ")[2])
        if last is None or len(last[0]) < 2:
            return [text]
        words = self._finder.generation.vocabulary.completions(last[0].lower(), _MAX_WORDS)
        return [f"{text[: len(text) - len(last.string)]}{word}" for word in words] or [text]

    def is_answered(self, passage: Passage) -> bool:
        """Whether a FAQ's question gets that FAQ's answer; it is asked only if the vectors alone do not show it."""
        known = self._answered.get(passage.id)
        if known is None:
            is_near = self._finder.scorer.own_probability(passage) >= self._settings.threshold
            known = is_near or self._gets_itself(passage.question or "")
            self._answered.put(passage.id, known)
        return known

    def _gets_itself(self, question: str) -> bool:
        hits = self._finder.rank(question, 1).hits if len(question) <= LONGEST_QUESTION else ()
        return any(asks_exactly(hit.passage, question) and hit.probability >= self._settings.threshold for hit in hits)

    def _choose(
        self, faqs: Iterable[Passage], asked: Sequence[str], quoted: Sequence[Passage], language: str, further: int = 0
    ) -> tuple[str, ...]:
        """Return the first few questions that were not asked, are answered, and repeat no other one.

        Those in the language of the visitor's question come first.
        """
        most = self._settings.suggestions and self._settings.suggestions + further
        chosen: list[Passage] = []
        ordered = sorted(faqs, key=lambda faq: _wording(faq, language) is None)
        same = SameQuestion(self._finder.generation, [*quoted, *ordered])
        for faq in ordered:
            if len(chosen) == most:
                break
            is_asked = any(asks_exactly(faq, question) for question in asked)
            if not is_asked and not any(same(faq, other) for other in (*quoted, *chosen)) and self.is_answered(faq):
                chosen.append(faq)
        return tuple(_wording(faq, language) or faq.question or "" for faq in chosen)


def _contains(faq: Passage, prefixes: Sequence[str]) -> bool:
    """Whether one of the FAQ's questions contains a word for each of the prefixes."""
    return any(_has_words(question, prefixes) for question in (faq.question or "", *faq.alternates))


def _has_words(text: str, prefixes: Sequence[str]) -> bool:
    words = [word.lower() for word in _WORD.findall(text)]
    return all(any(word.startswith(prefix) for word in words) for prefix in prefixes)


def _articles_on_them_first(hits: Sequence[Hit], prefixes: Sequence[str]) -> list[Hit]:
    own = {hit.passage.id: hit.passage.article.id for hit in hits if _has_words(hit.passage.question or "", prefixes)}
    counts = Counter(own.values())

    def rank(hit: Hit) -> tuple[bool, int, float]:
        article = hit.passage.article
        return not _has_words(article.title, prefixes), -counts[article.id], -hit.score

    return sorted(hits, key=rank)


def _articles_in_turn(hits: Sequence[Hit], containing: set[str]) -> list[Hit]:
    """Order hits so that articles take turns, first among those in `containing`."""
    turns: Counter[tuple[bool, str]] = Counter()

    def place(hit: Hit) -> tuple[bool, int]:
        group = hit.passage.id not in containing, hit.passage.article.id
        turns[group] += 1
        return group[0], turns[group]

    return sorted(hits, key=place)


def _wording(faq: Passage, language: str) -> str | None:
    """Return the question of a FAQ, or the first of its alternates, in a language; None if it has none."""
    code = written_language(language)
    questions = (faq.question or "", *faq.alternates)
    return next((question for question in questions if detect_language(question) == code), None)


def _unique(questions: Iterable[str]) -> Iterator[str]:
    """Yield each question once, without reading further than needed."""
    seen: set[str] = set()
    for question in questions:
        if question not in seen:
            seen.add(question)
            yield question
