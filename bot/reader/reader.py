"""`Reader`: reads the best passages for a question, and decides which words of them answer it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from bot.index.generation import Generation
from bot.lru_cache import LruCache
from bot.passages import Passage, Span
from bot.reader.candidates import SAME_QUESTION, Candidates, read_candidates
from bot.reader.features import PassageTerms, sentence_features
from bot.reader.model import ReaderModel, SentenceModel, softmax
from bot.reader.question_terms import QuestionTerms
from bot.reader.signals import quote_signals
from bot.reader.windows import MOST_WORDS, Window, best_window, going_on
from bot.retrieval.ranking import RankingModel
from bot.retrieval.search_result import SearchResult

_CACHED = 4096  # number of passages whose terms are kept
_SHOWN = 2.0  # how much lower a sentence scores that was shown as the answer to the question before
_SUPERSEDED = 2.0  # how much lower a sentence scores for each article that supersedes its own
_EXCLUDED = 100.0  # how much lower the sentences of passages score from which no words may be chosen
_SAME = 2.0
"""How much higher the sentences of a passage score whose question, or an alternate, is taken for the visitor's; its
language does not count. Chosen on tests/questions/reader.jsonl."""
_ALSO, _MOST_ALSO = 0.1, 40
"""Minimum probability, beside the words chosen, of the best ones of another passage, and their maximum number. With
60, one more answer in a hundred is right, but there is a tenth more to read."""
_OWN_LANGUAGE = {"en": 6.0, "hi": 0.3}
"""How much higher a sentence scores in the language of the question. English's nearly excludes others, because many who
ask in English do not read Hindi. On half 0 of tests/questions/hindi.jsonl 0 quotes most right words for Hindi; 0.3
costs half a point, and decides between two equal answers for the one in Hindi."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The words that answer a question best."""

    passage: Passage
    span: Span
    """The words to quote, as a span of the passage's text."""
    matched: Span
    """The sentence of them that answers best."""
    probability: float
    """How likely the quoted words answer the question."""
    relevance: float = 1.0
    """How likely the corpus is about the question."""
    missing: float = 0.0
    """The weight of the rarest content word that the passage lacks, as a share of the rarest of the question."""
    other: "Reading | None" = None
    """The best words of another passage, if they may answer instead."""


@dataclass(frozen=True, slots=True)
class Quote:
    """Neighbouring sentences of one passage."""

    passage: Passage
    window: Window
    matched: int
    """The sentence of them that answers best."""

    def reading(self, probability: float, relevance: float = 1.0, missing: float = 0.0) -> Reading:
        """Return the words to show."""
        matched = Window(self.matched, self.matched, 1.0)
        spans = self.window.span(self.passage), matched.span(self.passage)
        return Reading(self.passage, *spans, probability, relevance, missing)


@dataclass(frozen=True, slots=True)
class Choice:
    """The quote that the sentence model prefers, with its signals."""

    quote: Quote
    signals: Mapping[str, float]
    other: Quote | None
    """The best quote of another passage, if it may answer instead."""


class Reader:
    """Reads passages of one generation. Safe to call from many threads."""

    def __init__(self, generation: Generation, model: ReaderModel) -> None:
        self._generation, self._model = generation, model
        self._terms = LruCache[tuple[str, str], PassageTerms](_CACHED)
        self.midpoint = RankingModel.shipped().midpoint(generation.manifest.score_calibration)
        """The cosine halfway between questions that the corpus covers and others."""

    def read(
        self,
        result: SearchResult,
        *,
        is_within: bool = False,
        shown: str = "",
        newer: Mapping[str, int] = MappingProxyType({}),
        only: Passage | None = None,
    ) -> Reading | None:
        """Return the words of the hits, or of their articles, that answer a question best; None without hits.

        `is_within` says that the question is asked of one article, `shown` the words that answered the question before.
        `newer` names articles that are read in any case, with the number of those among them that supersede each.
        `only` is the one hit whose words may be chosen.
        """
        if not result.hits:
            return None
        candidates = read_candidates(self._generation, result, newer)
        asked, features = self.features(result.query, candidates)
        words, preferences = len(asked.stems), _preferences(candidates, result, shown, newer, only)
        choice = choose(
            self._model.sentences, candidates, features, self.midpoint, result.probability, words, preferences
        )
        probability = self._model.answers.probability(choice.signals, is_within=is_within)
        relevance, missing = self._model.answers.relevant(choice.signals), choice.signals["missing"]
        quote, other = choice.quote, choice.other
        whole = replace(quote, window=going_on(quote.passage, quote.window))
        reading = whole.reading(probability, relevance, missing)
        if other is None:
            return reading
        share = min(1.0, other.window.weight / quote.window.weight)
        return replace(reading, other=other.reading(share * probability))

    def features(self, query: str, candidates: Candidates) -> tuple[QuestionTerms, NDArray[np.float64]]:
        """Return what a question asks, and the features of the sentences of its candidates."""
        terms = [self._terms_of(*each) for each in zip(candidates.passages, candidates.sentences, strict=True)]
        asked = QuestionTerms.of(query, self._generation)
        return asked, sentence_features(query, asked, candidates, terms)

    def _terms_of(self, passage: Passage, sentences: list[str]) -> PassageTerms:
        key = passage.id, passage.text
        known = self._terms.get(key)
        if known is None:
            known = PassageTerms.of(passage, sentences)
            self._terms.put(key, known)
        return known


def choose(
    model: SentenceModel,
    candidates: Candidates,
    features: NDArray[np.float64],
    midpoint: float,
    ranking: float,
    words: int,
    preferences: NDArray[np.float64] | None = None,
) -> Choice:
    """Return the quote that most probably holds the words that answer; `preferences` are added to the scores."""
    starts = np.cumsum([0, *(len(each) for each in candidates.sentences)])
    scores = model.scores(features) + (0.0 if preferences is None else preferences)
    weights = np.split(softmax(scores), starts[1:-1])
    best = _best(candidates, weights)
    start = starts[candidates.passages.index(best.passage)]
    quoted = slice(start + best.window.first, start + best.window.last + 1)
    signals = quote_signals(features, scores, quoted, midpoint, ranking, words, candidates.unanswered)
    return Choice(best, signals, _other(candidates, weights, best.passage))


def _preferences(
    candidates: Candidates, result: SearchResult, shown: str, newer: Mapping[str, int], only: Passage | None
) -> NDArray[np.float64]:
    """Return how much higher or lower each sentence scores for its language and age, as `shown` before, or as others.

    Its language counts if the first hit is in the language of the question.
    """
    first = result.hits[0].passage.article.language
    bonus = _OWN_LANGUAGE.get(first, 0.0) if first == result.language else 0.0
    articles = [one.article for one in candidates.passages]
    same = candidates.cosines[:, 2] >= SAME_QUESTION
    own = bonus * (same | np.array([each.language == first for each in articles])) + _SAME * same
    own -= _SUPERSEDED * np.array([newer.get(each.id, 0) for each in articles])
    if only is not None:
        own -= _EXCLUDED * np.array([one.id != only.id for one in candidates.passages])
    again = [text in shown for each in candidates.sentences for text in each]
    by_passage = np.repeat(own, [len(each) for each in candidates.sentences])
    return np.asarray(by_passage - _SHOWN * np.array(again, float), np.float64)


def _best(candidates: Candidates, weights: Sequence[NDArray[np.float64]], most: int = MOST_WORDS) -> Quote:
    totals = np.array([own.sum() for own in weights])
    best, chosen = 0, Window(0, 0, -1.0)
    for place in np.argsort(-totals, kind="stable").tolist():
        if totals[place] <= chosen.weight:
            break
        window = best_window(candidates.passages[place], candidates.sentences[place], weights[place], most)
        if window.weight > chosen.weight:
            best, chosen = place, window
    return Quote(candidates.passages[best], chosen, int(np.argmax(weights[best])))


def _other(candidates: Candidates, weights: Sequence[NDArray[np.float64]], best: Passage) -> Quote | None:
    """Return the best quote of another passage in the same language, if it may answer instead."""
    is_other = [one is not best and one.article.language == best.article.language for one in candidates.passages]
    others = [own * is_one for own, is_one in zip(weights, is_other, strict=True)]
    if sum(own.sum() for own in others) < _ALSO:
        return None
    quote = _best(candidates, others, _MOST_ALSO)
    words = quote.passage.text[slice(*quote.window.span(quote.passage))].split()
    return quote if quote.window.weight >= _ALSO and len(words) <= _MOST_ALSO else None
