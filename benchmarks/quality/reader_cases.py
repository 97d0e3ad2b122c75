"""Questions with the candidates that the reader reads for them, for fitting it and for measuring it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bot.index.filters import Filters
from bot.index.generation import Generation
from bot.languages.normalization import words_only
from bot.reader.candidates import Candidates, read_candidates
from bot.reader.model import AnswerModel, ReaderModel, SentenceModel
from bot.reader.reader import Reader
from bot.retrieval.finder import Finder

_HITS = 20


@dataclass(frozen=True)
class Case:
    """A question with the features of the sentences that the reader reads for it."""

    group: str
    style: str
    question: str
    fold_key: str
    """What is left out together: an article, or a set."""
    candidates: Candidates
    features: np.ndarray
    right: np.ndarray
    """Which sentences answer."""
    words: tuple[str, ...]
    """The words that answer: an answer is right that holds one of them. Empty if none do."""
    midpoint: float
    ranking: float
    terms: int

    @property
    def is_covered(self) -> bool:
        return bool(self.right.any())


class CaseReader:
    """Makes the cases of one index."""

    def __init__(self, generation: Generation) -> None:
        zero = np.zeros(1)
        untrained = ReaderModel(
            SentenceModel(zero, zero, zero, zero, zero, zero), AnswerModel({}, (), zero, zero, zero, 0.0)
        )
        self.generation, self.finder = generation, Finder(generation)
        self._reader = Reader(generation, untrained)

    def case(
        self, group: str, row: dict, fold_key: str, *, words: Sequence[str] = (), articles: Iterable[str] = (),
        within: str | None = None, without: Sequence[str] | None = None,
    ) -> Case | None:  # fmt: skip
        """Return the case of a question; None if nothing is found.

        `words` or `articles` say what answers. `without` takes the passages out that overlap with these texts.
        """
        result = self.finder.find(row["question"], _HITS, Filters(article=within))
        if not result.hits:
            return None
        candidates = read_candidates(self.generation, result)
        if without is not None:
            candidates = _without(candidates, without)
        if not candidates.passages:
            return None
        asked, features = self._reader.features(result.query, candidates)
        right = _right(candidates, words, set(articles))
        ranking = result.probability
        if without is not None:
            ranking = max((hit.probability for hit in result.hits if hit.passage in candidates.passages), default=0.0)
        return Case(
            group, row.get("style", "-"), row["question"], fold_key, candidates, features.astype(np.float32), right,
            tuple(map(words_only, words)), self._reader.midpoint, ranking, len(asked.stems),
        )  # fmt: skip


def _right(candidates: Candidates, words: Sequence[str], articles: set[str]) -> np.ndarray:
    wanted, flags = [words_only(each) for each in words if each], []
    for passage, sentences in zip(candidates.passages, candidates.sentences, strict=True):
        if passage.article.id in articles:
            flags += [True] * len(sentences)
        else:
            flags += [any(_matches(words_only(sentence), each) for each in wanted) for sentence in sentences]
    return np.array(flags, bool)


def _matches(sentence: str, wanted: str) -> bool:
    return wanted in sentence or (len(sentence.split()) > 3 and sentence in wanted)


def _without(candidates: Candidates, texts: Sequence[str]) -> Candidates:
    lines = {words_only(line) for text in texts for line in re.split(r"\n|(?<=[.!?])\s", text)}
    lines = {line for line in lines if len(line.split()) > 3}
    kept = [n for n, one in enumerate(candidates.passages) if not any(line in words_only(one.text) for line in lines)]
    ranked = candidates.ranked[kept]
    if len(ranked):
        # As if the passages taken out had never been there.
        ranked[:, 0] -= ranked[:, 0].max()
        ranked[:, 1] = np.arange(len(ranked)) == ranked[:, 0].argmax()
    return Candidates(
        [candidates.passages[n] for n in kept], candidates.cosines[kept], ranked,
        [candidates.sentences[n] for n in kept], [candidates.sentence_cosines[n] for n in kept],
        [candidates.late[n] for n in kept], candidates.unanswered,
    )  # fmt: skip
