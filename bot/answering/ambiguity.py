"""When a question may mean two or three things: what else it may mean is offered instead of a guess.

Chosen on stackfaq, jhu_covidfaq, rasa_sara and hint3_sofmattress so that more wrong answers are withheld than right ones, and confirmed on
clinc150_oos (benchmarks/answers.py). Of two questions alone that are close to each other the first is right as often as not: so a pair counts only where
the nearest vector speaks for the second.
"""

from collections.abc import Sequence

from bot.index.generation import Generation
from bot.passages import Passage
from bot.retrieval.hit import Hit
from bot.retrieval.likeness import asks_exactly, same_question
from bot.retrieval.retriever import Found

_CLOSE, _TIED = 0.02, 0.01
"""Scores below the first one's: three questions within the one, or two within the other."""
_MOST = 3


def meanings(generation: Generation, question: str, found: Found, threshold: float) -> tuple[Hit, ...]:
    """The FAQs that a question may mean, two or three with different questions, the likeliest first; none when the first hit answers it.

    A topic that was kept, and a reranker, have settled the meaning already.
    """
    first, settled = found.hits[0], found.topic is not None or "reranker" in found.hits[0].signals
    sure = first.probability >= (1 + threshold) / 2 or any(asks_exactly(hit.passage, question) for hit in found.hits)
    if settled or sure or first.passage.kind != "faq":
        return ()
    close = [hit for hit in found.hits if hit.passage.kind == "faq" and first.score - hit.score <= _CLOSE]
    different = _different(generation, close)
    if len(different) == _MOST or (len(different) > 1 and _pair(*different[:2])):
        return tuple(different)
    return ()


def _pair(first: Hit, second: Hit) -> bool:
    return first.score - second.score <= _TIED and second.signals["best"] > first.signals["best"]


def _different(generation: Generation, hits: Sequence[Hit]) -> list[Hit]:
    """The first few hits of which no two ask the same."""
    kept: list[Hit] = []
    for hit in hits:
        if not any(_same(generation, hit.passage, other.passage) for other in kept):
            kept.append(hit)
        if len(kept) == _MOST:
            break
    return kept


def _same(generation: Generation, one: Passage, other: Passage) -> bool:
    return one.text == other.text or same_question(generation, one, other)
