"""When a question may mean two or three things: what it may mean is offered instead of a guess.

Chosen on stackfaq, jhu_covidfaq, rasa_sara and hint3_sofmattress so that more wrong answers are withheld than right ones, and looked at on
clinc150_oos, which had no part in it (benchmarks/quality/answers.py). Of two questions that are close to each other the first is right as often as not: so a pair
counts only where the nearest vector speaks for the second.
"""

from collections.abc import Sequence

from bot.index.generation import Generation
from bot.index.lexical import content_terms
from bot.retrieval.finder import Found
from bot.retrieval.hit import Hit
from bot.retrieval.near_duplicates import asks_exactly, same_question

_CLOSE, _TIED = 0.02, 0.01
"""Scores below the first one's: three questions within the one, or two within the other."""
_NEARER = 0.02
"""Cosine by which the second of two must be the nearer one."""
_KEYWORD = 0.05
"""Three questions within this score that all hold every telling word asked, as of "correct admit card": of the sets' questions it meets none."""
_MOST = 3


def meanings(generation: Generation, question: str, found: Found, threshold: float) -> tuple[Hit, ...]:
    """The FAQs that a question may mean, two or three with different questions, the likeliest first; none when the first hit answers it.

    A topic that was kept, and a reranker, have settled the meaning already.
    """
    first, settled = found.hits[0], found.topic is not None or "reranker" in found.hits[0].signals
    if settled or first.passage.kind != "faq" or any(asks_exactly(hit.passage, question) for hit in found.hits):
        return ()
    different = _different(
        generation, [hit for hit in found.hits if hit.passage.kind == "faq" and first.score - hit.score <= _KEYWORD]
    )
    if len(different) == _MOST and all(_holds(hit, found.meaning) for hit in different):
        return tuple(different)
    close = [hit for hit in different if first.score - hit.score <= _CLOSE]
    unsure = first.probability < (1 + threshold) / 2
    return tuple(close) if unsure and (len(close) == _MOST or (len(close) > 1 and _tied(*close))) else ()


def _tied(first: Hit, second: Hit) -> bool:
    return first.score - second.score <= _TIED and second.signals["best"] - first.signals["best"] > _NEARER


def _holds(hit: Hit, question: str) -> bool:
    return set(content_terms(question)) <= set(content_terms(hit.passage.question or ""))


def _different(generation: Generation, hits: Sequence[Hit]) -> list[Hit]:
    """The first few hits of which no two ask, or say, the same."""
    kept: list[Hit] = []
    for hit in hits:
        if len(kept) < _MOST and not any(
            hit.passage.text == one.passage.text or same_question(generation, hit.passage, one.passage) for one in kept
        ):
            kept.append(hit)
    return kept
