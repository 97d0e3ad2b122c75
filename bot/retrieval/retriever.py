"""`Retriever`: an open index that finds passages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from bot.errors import QuestionError
from bot.index.filters import Filters
from bot.index.generation import Generation
from bot.index.store import IndexStore
from bot.retrieval.hit import Hit
from bot.retrieval.ranking import RankingModel
from bot.retrieval.signals import find_candidates
from bot.retrieval.topic import Turn, earlier_questions, leans_back

LONGEST_QUESTION = 1000
"""Characters."""


@dataclass(frozen=True, slots=True)
class Found:
    """The hits of a question, best first, and what it was taken to mean."""

    hits: tuple[Hit, ...]
    topic: str | None = None
    """The earlier question that was read together with this one."""


class Retriever:
    """Finds the passages of an index that answer a question. Safe to call from many threads."""

    def __init__(self, generation: Generation, ranking: RankingModel | None = None) -> None:
        self.generation = generation
        self._ranking = ranking or RankingModel.shipped()

    @classmethod
    def open(cls, index: Path | str) -> "Retriever":
        """The retriever of an index folder; loads neither torch nor a user interface.

        Raises `IndexMissing` when there is no index, `IndexCorrupt` when it is not what its manifest says.
        """
        return cls(Generation.open(IndexStore(index).current()))

    def search(
        self,
        question: str,
        k: int = 5,
        *,
        category: str | None = None,
        article: str | None = None,
        since: date | None = None,
        history: Sequence[Turn] = (),
    ) -> tuple[Hit, ...]:
        """The at most `k` passages that most likely answer a question, best first.

        Only articles of `category`, with the id `article`, or dated `since` that day take part. `history` holds the visitor's earlier questions,
        oldest first. Raises `QuestionError` when the question is empty or longer than `LONGEST_QUESTION`.
        """
        return self.find(question, k, Filters(category, article, since), history).hits

    def find(self, question: str, k: int, filters: Filters = Filters(), history: Sequence[Turn] = ()) -> Found:
        """As `search`, and which earlier question was read together with this one.

        That is the last one, when the question points back or finds nothing by itself, and both together find something likelier.
        """
        words = checked_question(question)
        alone = self._ranked(words, k, filters)
        earlier = earlier_questions(history)
        if not earlier or (_likeliest(alone) >= 0.5 and not leans_back(words)):
            return Found(alone)
        together = self._ranked(f"{earlier[-1][:LONGEST_QUESTION]} {words}", k, filters)
        return Found(together, earlier[-1]) if _likeliest(together) > _likeliest(alone) or leans_back(words) else Found(alone)

    def _ranked(self, question: str, k: int, filters: Filters) -> tuple[Hit, ...]:
        vector = self.generation.encoder.encode_questions([question])
        candidates = find_candidates(self.generation, question, vector, k, filters)
        scores = self._ranking.scores(candidates.signals)
        probabilities = self._ranking.probabilities(scores)
        best = np.argsort(-scores, kind="stable")[: max(k, 0)]
        passages = self.generation.table.passages(candidates.passages[best])
        return tuple(
            Hit(passage, float(probabilities[row]), float(scores[row]), candidates.named(row))
            for passage, row in zip(passages, best.tolist(), strict=True)
        )


def checked_question(question: str) -> str:
    """The question on one line. Raises `QuestionError` when it is empty or longer than `LONGEST_QUESTION`."""
    words = " ".join(question.split())
    if not words:
        raise QuestionError("The question is empty: type a few words.")
    if len(words) > LONGEST_QUESTION:
        raise QuestionError(f"The question has {len(words)} characters, {LONGEST_QUESTION} are read: ask it in fewer words.")
    return words


def _likeliest(hits: tuple[Hit, ...]) -> float:
    return hits[0].probability if hits else 0.0
