"""`Scorer`: scores the candidates of questions by the ranking models."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bot.encoder import Matrix
from bot.index.filters import Filters
from bot.index.generation import Generation, Numbers, multilingual_for, numbers_of
from bot.languages.registry import CODES, OTHERS
from bot.passages import Passage
from bot.retrieval.features import COSINES, FEATURES, Features, find_candidates, passage_cosines
from bot.retrieval.query_rewriting import QueryVariant, RewrittenQuery
from bot.retrieval.ranking import RankingModel, Scores

_LIKELY, _PREFERENCE = 0.5, 0.25
"""Minimum probability of passages that are preferred for their language, and the difference in score."""


class ScoredCandidates(NamedTuple):
    """Passages with the score of each question's best variant."""

    passages: Numbers
    articles: Numbers
    """The number of each passage's article."""
    features: Features
    """Shape (questions, passages, features)."""
    scores: Scores
    """Shape (questions, passages)."""
    vectors: Matrix
    """The questions' vectors; shape (questions, dimension)."""

    def joined(self, other: "ScoredCandidates") -> "ScoredCandidates":
        """Return the candidates with other passages for the same questions."""
        return ScoredCandidates(
            np.concatenate([self.passages, other.passages]),
            np.concatenate([self.articles, other.articles]),
            np.concatenate([self.features, other.features], axis=1),
            np.concatenate([self.scores, other.scores], axis=1),
            self.vectors,
        )


class Scorer:
    """Scores the candidates of one generation. Safe to call from many threads."""

    def __init__(self, generation: Generation, ranking: RankingModel | None) -> None:
        """`ranking` replaces the shipped models."""
        self._generation = generation
        self._ranking = ranking or RankingModel.shipped()
        record = generation.manifest.multilingual
        self._multilingual_calibration = record.score_calibration if record else None
        self.multilingual = [language.code for language in OTHERS if multilingual_for(generation, language.code)]
        """Codes of the languages that have a multilingual index."""
        # A multilingual index adds features, so its questions need ranking models of their own.
        variants = [name for language in OTHERS if language.code in self.multilingual for name in language.variants]
        self._multilingual_rankings = {name: ranking or RankingModel.shipped(name) for name in variants}

    def ranking_of(self, query: RewrittenQuery) -> RankingModel:
        """Return the ranking model for a question."""
        return self._multilingual_rankings.get(query.language, self._ranking)

    def score(self, queries: Sequence[RewrittenQuery], k: int, filters: Filters) -> ScoredCandidates:
        """Return the candidates of questions in one language, at least `k` if there are any."""
        variants = [variant for query in queries for variant in query.variants]
        found, count = find_candidates(self._generation, variants, k, filters), len(queries[0].variants)
        by_variant = self._scores(self.ranking_of(queries[0]), found.features).reshape(len(queries), count, -1)
        best = by_variant.argmax(axis=1, keepdims=True)
        features = found.features.reshape(*by_variant.shape, found.features.shape[-1])
        best_features = np.take_along_axis(features, best[..., None], axis=1)[:, 0]
        best_scores = np.take_along_axis(by_variant, best, axis=1)[:, 0]
        return ScoredCandidates(found.passages, found.articles, best_features, best_scores, found.vectors[::count])

    def prefer_own_language(self, query: RewrittenQuery, passages: Numbers, scores: Scores) -> Scores:
        """Return the scores with likely passages in the language of the question preferred.

        Those in Hindi get a bonus for a question in Hindi. Others are lowered for one in English, if any is in English:
        many who ask in English do not read Hindi. Who writes Hinglish reads both.
        """
        if query.language not in CODES:
            return scores
        likely = np.flatnonzero(self.ranking_of(query).probabilities(scores) >= _LIKELY)
        found = self._generation.table.passages(passages[likely])
        is_own = np.array([one.article.language == query.language for one in found], float)
        preferred = scores.copy()
        if is_own.any():
            preferred[likely] += _PREFERENCE * (is_own - query.is_english)
        return preferred

    def is_better(self, text: str, than: str, filters: Filters) -> bool:
        """Whether the best passage for one text scores higher than the best one for another."""
        found = find_candidates(self._generation, [QueryVariant(text), QueryVariant(than)], 1, filters)
        first, second = self._scores(self._ranking, found.features).max(axis=1, initial=-np.inf)
        return bool(first > second)

    def own_probability(self, passage: Passage) -> float:
        """Return the least probability of a FAQ for its own question: by vectors alone, as if no words matched."""
        own = self._generation.vectors_of(numbers_of(self._generation.table, [passage]))
        features = np.zeros((1, 1, len(FEATURES)))
        features[..., : len(COSINES)] = passage_cosines(own, own.rows[:1])
        return float(self._ranking.probabilities(self._scores(self._ranking, features))[0, 0])

    def _scores(self, ranking: RankingModel, features: Features) -> Scores:
        is_multilingual = features.shape[-1] > len(FEATURES)
        calibration = self._generation.manifest.score_calibration
        return ranking.scores(features, calibration, self._multilingual_calibration if is_multilingual else None)
