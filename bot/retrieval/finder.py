"""`Finder`: finds the passages of one generation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bot.errors import QuestionError
from bot.index.filters import Filters
from bot.index.generation import Generation
from bot.index.passage_table import Numbers
from bot.passages import Passage
from bot.retrieval.diversity import diverse, own_words_first
from bot.retrieval.hit import Hit
from bot.retrieval.ranking import RankingModel
from bot.retrieval.reranker import RERANKED, Reranker, reranked
from bot.retrieval.signals import COSINES, SIGNALS, Candidates, find_candidates, nearness
from bot.retrieval.spelling import Speller
from bot.retrieval.topic import Turn, earlier_questions, is_vague, leans_back, soundness, topic_weight

LONGEST_QUESTION = 1000
"""Characters."""
_EARLIER, _LONGEST_EARLIER = 2, 300
"""How many earlier questions are read together with one, and how many characters of each: an encoder cuts off the end of what is too long."""
_LEAST = 10
"""Hits among which a FAQ that is asked in its own words is looked for."""
_KEPT = 0.25
"""From this weight on the earlier question counts as the topic."""


@dataclass(frozen=True, slots=True)
class Found:
    """The hits of a question, best first, and what it was taken to mean."""

    hits: tuple[Hit, ...]
    vector: NDArray[np.float32]
    """That of the question as it was read."""
    topic: str | None = None
    """The earlier question that was read together with this one."""
    probability: float = 0.0
    """How likely the corpus answers it: that of the hit which the ranking model puts first."""
    corrected: str | None = None
    """The question with its misspelt words repaired, when it was read so."""

    def meaning(self, question: str) -> str:
        """The question as it was read: repaired, and after its topic."""
        words = self.corrected or question
        return f"{self.topic} {words}" if self.topic else words


class Finder:
    """Finds the passages of one generation that answer a question. Safe to call from many threads."""

    def __init__(self, generation: Generation, ranking: RankingModel | None = None, reranker: Reranker | None = None) -> None:
        self.generation = generation
        self._ranking = ranking or RankingModel.shipped()
        self._reranker = reranker
        self._speller = Speller(generation.vocabulary, generation.lexical)

    def find(self, question: str, k: int, filters: Filters = Filters(), history: Sequence[Turn] = (), *, as_typed: bool = False) -> Found:
        """The at most `k` hits that most likely answer a question, best first, and what it was taken to mean.

        Only articles that meet the filters take part. `history` holds the visitor's earlier questions, oldest first. The first hits are in the order of
        the reranker, where there is one. `as_typed` repairs no spelling. Raises `QuestionError` when the question is empty or longer than `LONGEST_QUESTION`.
        """
        if self._reranker is None:
            return self.rank(question, k, filters, history, as_typed=as_typed)
        ranked = self.rank(question, max(k, RERANKED), filters, history, as_typed=as_typed)
        return replace(ranked, hits=reranked(ranked.meaning(question), ranked.hits, self._reranker)[: max(k, 0)])

    def rank(self, question: str, k: int, filters: Filters = Filters(), history: Sequence[Turn] = (), *, as_typed: bool = False) -> Found:
        """As `find`, by the ranking model alone.

        The earlier question that is read together with this one is the last, when this one is vague by itself and gains by it (see
        `bot.retrieval.topic`), or leans back and is about the same article. Misspelt words are repaired when that finds something better.
        """
        words = checked_question(question)
        corrected = None if as_typed else self._corrected(words, filters)
        earlier = [one[:_LONGEST_EARLIER] for one in earlier_questions(history)[-_EARLIER:]]
        found = self._rank(corrected or words, k, filters, [self._speller.repaired(one) or one for one in earlier])
        return replace(found, corrected=corrected)

    def own_probability(self, passage: Passage) -> float:
        """The least probability of a FAQ for its own question as it stands: by the vectors of the index alone, as though no word were the same."""
        held = self.generation.all_vectors(np.array([self.generation.table.number(passage)]))
        signals = np.zeros((1, 1, len(SIGNALS)))
        signals[..., : len(COSINES)] = nearness(held, held.rows[:1])
        scores = self._ranking.scores(signals, self.generation.manifest.closeness)
        return float(self._ranking.probabilities(scores)[0, 0])

    def _corrected(self, words: str, filters: Filters) -> str | None:
        """The question repaired, where that finds something better: what the articles answer as it is typed stays as it is."""
        repaired = self._speller.repaired(words)
        if repaired is None:
            return None
        scores = self._scores(find_candidates(self.generation, [words, repaired], 1, filters))
        typed, mended = scores.max(axis=1, initial=-np.inf)
        return repaired if mended > typed else None

    def _rank(self, words: str, k: int, filters: Filters, earlier: Sequence[str]) -> Found:
        alone = find_candidates(self.generation, [words], k, filters)
        scores = self._scores(alone)
        if earlier and is_vague(words, scores[0], self._articles(alone)):
            found = self._follow_up(words, earlier, k, filters)
        else:
            hits = self._hits(alone.passages, alone.signals[0], scores[0], scores[0], max(k, _LEAST))
            found = _found(tuple(own_words_first(words, hits))[: max(k, 0)], None, alone.vectors[0])
        if found.topic is None and earlier and leans_back(words) and _article(found.hits) == _article(self._rank(earlier[-1], 1, filters, ()).hits):
            return replace(found, topic=earlier[-1], vector=self.generation.encoder.encode_questions([f"{earlier[-1]} {words}"])[0])
        return found

    def _follow_up(self, words: str, earlier: Sequence[str], k: int, filters: Filters) -> Found:
        """The hits of a question read by itself and together with those before it: the last one, the last two."""
        longer = [" ".join((*earlier[-count:], words)) for count in range(1, len(earlier) + 1)]
        candidates = find_candidates(self.generation, [words, *longer], k, filters)
        scores = self._scores(candidates)
        weight = topic_weight(words, scores[0], scores[1:].mean(axis=0), self._articles(candidates))
        sound = weight * soundness(scores[0])
        mixed = _blend(scores, weight)
        hits = self._hits(candidates.passages, _blend(candidates.signals, weight), mixed, _blend(scores, sound), k)
        kept = sound >= _KEPT or (sound > 0 and mixed.argmax() != scores[0].argmax())
        return _found(hits, earlier[-1], candidates.vectors[1]) if kept else _found(hits, None, candidates.vectors[0])

    def _scores(self, candidates: Candidates) -> NDArray[np.float64]:
        return self._ranking.scores(candidates.signals, self.generation.manifest.closeness)

    def _articles(self, candidates: Candidates) -> Numbers:
        return self.generation.articles_of(candidates.passages)

    def _hits(
        self, numbers: Numbers, signals: NDArray[np.float64], scores: NDArray[np.float64], evidence: NDArray[np.float64], k: int
    ) -> tuple[Hit, ...]:
        """The best `k` by score; how likely they answer is told by the score that counts as evidence."""
        best = np.array(diverse(self.generation, numbers, scores, k), np.int64)
        probabilities = self._ranking.probabilities(evidence[best])
        passages = self.generation.table.passages(numbers[best])
        return tuple(
            Hit(passage, float(probability), float(scores[row]), dict(zip(SIGNALS, map(float, signals[row]), strict=True)))
            for passage, probability, row in zip(passages, probabilities, best.tolist(), strict=True)
        )


def _found(hits: tuple[Hit, ...], topic: str | None, vector: NDArray[np.float32]) -> Found:
    return Found(hits, vector, topic, hits[0].probability if hits else 0.0)


def _article(hits: Sequence[Hit]) -> str | None:
    return hits[0].passage.article.id if hits else None


def _blend(readings: NDArray[np.float64], weight: float) -> NDArray[np.float64]:
    """The first reading, and the mean of the others with this weight."""
    return np.asarray((1 - weight) * readings[0] + weight * readings[1:].mean(axis=0), np.float64)


def checked_question(question: str) -> str:
    """The question on one line. Raises `QuestionError` when it is empty or longer than `LONGEST_QUESTION`."""
    words = " ".join(question.split())
    if not words:
        raise QuestionError("The question is empty: type a few words.")
    if len(words) > LONGEST_QUESTION:
        raise QuestionError(f"The question has {len(words)} characters, {LONGEST_QUESTION} are read: ask it in fewer words.")
    return words
