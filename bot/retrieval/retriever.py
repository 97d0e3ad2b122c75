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

        That is the last one, when this one's own words point back to it.
        """
        words = checked_question(question)
        earlier = earlier_questions(history)[-1:] if leans_back(words) else []
        # Together with this one the earlier question tends to drown it; the mean with this one alone finds what both are about.
        phrasings = [words, *(f"{one[:LONGEST_QUESTION]} {words}" for one in earlier)]
        return Found(self._ranked(phrasings, k, filters), earlier[0] if earlier else None)

    def _ranked(self, phrasings: Sequence[str], k: int, filters: Filters) -> tuple[Hit, ...]:
        candidates = find_candidates(self.generation, phrasings, k, filters)
        scores = self._ranking.scores(candidates.signals, self.generation.manifest.closeness)
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
