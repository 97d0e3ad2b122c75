"""`Finder`: finds the passages of one generation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bot.errors import QuestionError
from bot.index.filters import Filters
from bot.index.generation import Generation, Numbers, multilingual_for, numbers_of
from bot.languages.hindi.rewriting import EnglishWords, Language
from bot.passages import Passage
from bot.retrieval.diversity import diverse, own_words_first
from bot.retrieval.features import COSINES, FEATURES, MULTILINGUAL_FEATURES, Candidates, find_candidates, nearness
from bot.retrieval.hit import Hit
from bot.retrieval.query_rewriting import QueryRewriter, QueryVariant, RewrittenQuery, together
from bot.retrieval.ranking import RankingModel, Scores
from bot.retrieval.reranker import RERANKED, Reranker, reranked
from bot.retrieval.spelling import Speller
from bot.retrieval.topic import Turn, earlier_questions, is_vague, leans_back, soundness, topic_weight

LONGEST_QUESTION = 1000
"""Characters."""
_EARLIER, _LONGEST_EARLIER = 2, 300
"""How many earlier questions are read together with one, and how many characters of each: an encoder cuts off the end of what is too long."""
_LEAST = 10
"""Hits among which a FAQ that is asked in its own words is looked for."""
_LIKELY, _OWN_LANGUAGE = 0.5, 0.15
"""From this probability on a passage in the question's language counts so much more: an answer that is a little surer is no use to who cannot read it."""
_KEPT = 0.25
"""From this weight on the earlier question counts as the topic."""


@dataclass(frozen=True, slots=True)
class Found:
    """The hits of a question, best first, and what it was taken to mean."""

    hits: tuple[Hit, ...]
    vector: NDArray[np.float32]
    """That of the question as it was read."""
    read: tuple[QueryVariant, ...]
    """The question as it was read, repaired and after its topic: as `bot.retrieval.query_rewriting.Asked`."""
    topic: str | None = None
    """The earlier question that was read together with this one."""
    probability: float = 0.0
    """How likely the corpus answers it: that of the hit which the ranking model puts first."""
    language: Language = "en"
    """What the question is asked in."""
    corrected: str | None = None
    """The question with its misspelt words repaired, when it was read so."""

    @property
    def meaning(self) -> str:
        """The question in words that English articles may have."""
        return self.read[0].words

    @property
    def in_hindi(self) -> str | None:
        """The question in words that Hindi articles may have, when it was read so."""
        return next((reading.words for reading in self.read if reading.form == "devanagari"), None)


class Finder:
    """Finds the passages of one generation that answer a question. Safe to call from many threads."""

    def __init__(
        self, generation: Generation, ranking: RankingModel | None = None, reranker: Reranker | None = None
    ) -> None:
        self.generation = generation
        self._ranking = ranking or RankingModel.shipped()
        multilingual = generation.manifest.multilingual if multilingual_for(generation, "hi") else None
        self._multilingual_calibration = multilingual.score_calibration if multilingual else None
        # Of what a multilingual model reads as well there are signals of its own, and so a model of its own, unless a program brings its own.
        self._spoken = (
            {told: ranking or RankingModel.shipped(told) for told in ("hi", "hinglish")} if multilingual else {}
        )
        self._reranker = reranker
        english = EnglishWords.of(generation.vocabulary)
        self._reader = QueryRewriter(english, generation.lexical, has_multilingual=multilingual is not None)
        self._speller = Speller(generation.vocabulary, generation.lexical, english)

    def find(
        self,
        question: str,
        k: int,
        filters: Filters = Filters(),
        history: Sequence[Turn] = (),
        *,
        as_typed: bool = False,
    ) -> Found:
        """The at most `k` hits that most likely answer a question, best first, and what it was taken to mean.

        Only articles that meet the filters take part. `history` holds the visitor's earlier questions, oldest first. The first hits are in the order of
        the reranker, where there is one. `as_typed` repairs no spelling. Raises `QuestionError` when the question is empty or longer than `LONGEST_QUESTION`.
        """
        if self._reranker is None:
            return self.rank(question, k, filters, history, as_typed=as_typed)
        ranked = self.rank(question, max(k, RERANKED), filters, history, as_typed=as_typed)
        return replace(ranked, hits=reranked(ranked.meaning, ranked.hits, self._reranker)[: max(k, 0)])

    def rank(
        self,
        question: str,
        k: int,
        filters: Filters = Filters(),
        history: Sequence[Turn] = (),
        *,
        as_typed: bool = False,
    ) -> Found:
        """As `find`, by the ranking model alone.

        The earlier question that is read together with this one is the last, when this one is vague by itself and gains by it (see
        `bot.retrieval.topic`), or leans back and is about the same article. Misspelt words are repaired when that finds something better; what is asked in
        Hindi is read in English as well (see `bot.retrieval.query_rewriting`).
        """
        words = checked_question(question)
        asked = self._reader.read(words)
        corrected = None if as_typed else self._corrected(asked.readings[0].words, filters)
        if corrected:
            mended = asked.readings[0]._replace(words=corrected)
            asked = asked._replace(
                typed=corrected if asked.language == "en" else words, readings=(mended, *asked.readings[1:])
            )
        earlier = [one[:_LONGEST_EARLIER] for one in earlier_questions(history)[-_EARLIER:]]
        found = self._rank(
            asked, k, filters, [self._reader.read_like(self._speller.repaired(one) or one, asked) for one in earlier]
        )
        return replace(found, corrected=corrected if asked.language == "en" else None)

    def own_probability(self, passage: Passage) -> float:
        """The least probability of a FAQ for its own question as it stands: by the vectors of the index alone, as though no word were the same."""
        held = self.generation.vectors_of(numbers_of(self.generation.table, [passage]))
        signals = np.zeros((1, 1, len(FEATURES)))
        signals[..., : len(COSINES)] = nearness(held, held.rows[:1])
        scores = self._ranking.scores(signals, self.generation.manifest.score_calibration)
        return float(self._ranking.probabilities(scores)[0, 0])

    def _corrected(self, words: str, filters: Filters) -> str | None:
        """The words repaired, where that finds something better: what the articles answer as it is typed stays as it is."""
        repaired = self._speller.repaired(words)
        if repaired is None:
            return None
        scores = self._scores(
            self._ranking, find_candidates(self.generation, [QueryVariant(words), QueryVariant(repaired)], 1, filters)
        )
        typed, mended = scores.max(axis=1, initial=-np.inf)
        return repaired if mended > typed else None

    def _rank(self, asked: RewrittenQuery, k: int, filters: Filters, earlier: Sequence[RewrittenQuery]) -> Found:
        alone, scores = self._candidates([asked], k, filters)
        if earlier and is_vague(asked.typed, scores[0], alone.articles):
            found = self._follow_up(asked, earlier, k, filters)
        else:
            hits = self._hits(
                self._model(asked),
                alone,
                alone.signals[0],
                self._own_language_first(asked, alone.passages, scores[0]),
                scores[0],
                max(k, _LEAST),
            )
            found = _found(tuple(own_words_first(asked.typed, hits))[: max(k, 0)], asked, alone.vectors[0])
        if (
            found.topic is None
            and earlier
            and leans_back(asked.typed)
            and _article(found.hits) == _article(self._rank(earlier[-1], 1, filters, ()).hits)
        ):
            read = together(earlier[-1:], asked)
            return _found(
                found.hits, read, self.generation.encoder.encode_questions([read.readings[0].words])[0], earlier[-1]
            )
        return found

    def _follow_up(self, asked: RewrittenQuery, earlier: Sequence[RewrittenQuery], k: int, filters: Filters) -> Found:
        """The hits of a question read by itself and together with those before it: the last one, the last two."""
        longer = [together(earlier[-count:], asked) for count in range(1, len(earlier) + 1)]
        candidates, scores = self._candidates([asked, *longer], k, filters)
        weight = topic_weight(asked.typed, scores[0], scores[1:].mean(axis=0), candidates.articles)
        sound = weight * soundness(scores[0])
        mixed = _blend(scores, weight)
        preferred = self._own_language_first(asked, candidates.passages, mixed)
        hits = self._hits(
            self._model(asked), candidates, _blend(candidates.signals, weight), preferred, _blend(scores, sound), k
        )
        kept = sound >= _KEPT or (sound > 0 and mixed.argmax() != scores[0].argmax())
        return (
            _found(hits, longer[0], candidates.vectors[1], earlier[-1])
            if kept
            else _found(hits, asked, candidates.vectors[0])
        )

    def _own_language_first(self, asked: RewrittenQuery, numbers: Numbers, scores: Scores) -> Scores:
        """The scores, in which passages in Hindi that likely answer what is asked in Hindi are better than others that do."""
        if asked.language == "en":
            return scores
        likely = np.flatnonzero(self._model(asked).probabilities(scores) >= _LIKELY)
        hindi = [passage.article.language == "hi" for passage in self.generation.table.passages(numbers[likely])]
        preferred = scores.copy()
        preferred[likely] += _OWN_LANGUAGE * np.array(hindi, float)
        return preferred

    def _candidates(self, asked: Sequence[RewrittenQuery], k: int, filters: Filters) -> tuple[Candidates, Scores]:
        """What is found for each question, and the scores: of each passage those of the reading that it fits best."""
        found = find_candidates(self.generation, [reading for one in asked for reading in one.readings], k, filters)
        scores, count = self._scores(self._model(asked[0]), found), len(asked[0].readings)
        if count == 1:
            return found, scores
        apart = scores.reshape(len(asked), count, -1)
        best = apart.argmax(axis=1, keepdims=True)
        signals = np.take_along_axis(found.signals.reshape(*apart.shape, -1), best[..., None], axis=1)[:, 0]
        return Candidates(found.passages, found.articles, signals, found.vectors[::count]), np.take_along_axis(
            apart, best, axis=1
        )[:, 0]

    def _scores(self, ranking: RankingModel, candidates: Candidates) -> Scores:
        return ranking.scores(
            candidates.signals, self.generation.manifest.score_calibration, self._multilingual_calibration
        )

    def _model(self, asked: RewrittenQuery) -> RankingModel:
        return self._spoken.get(asked.language, self._ranking)

    def _hits(
        self,
        ranking: RankingModel,
        candidates: Candidates,
        signals: NDArray[np.float64],
        scores: NDArray[np.float64],
        evidence: NDArray[np.float64],
        k: int,
    ) -> tuple[Hit, ...]:
        """The best `k` by score; how likely they answer is told by the score that counts as evidence."""
        best = np.array(diverse(self.generation, candidates.passages, candidates.articles, scores, k), np.int64)
        probabilities = ranking.probabilities(evidence[best])
        passages = self.generation.table.passages(candidates.passages[best])
        return tuple(
            Hit(
                passage,
                float(probability),
                float(scores[row]),
                dict(zip(MULTILINGUAL_FEATURES, map(float, signals[row]), strict=False)),
            )
            for passage, probability, row in zip(passages, probabilities, best.tolist(), strict=True)
        )


def _found(
    hits: tuple[Hit, ...], read: RewrittenQuery, vector: NDArray[np.float32], topic: RewrittenQuery | None = None
) -> Found:
    return Found(
        hits, vector, read.readings, topic.typed if topic else None, hits[0].probability if hits else 0.0, read.language
    )


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
        raise QuestionError(
            f"The question has {len(words)} characters, {LONGEST_QUESTION} are read: ask it in fewer words."
        )
    return words
