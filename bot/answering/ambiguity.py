"""Ambiguous questions: when a question may mean two or three things, offer them instead of guessing.

The limits are fitted on stackfaq, jhu_covidfaq, rasa_sara and hint3_sofmattress, so that more wrong answers than right
ones are withheld, and checked on clinc150_oos (benchmarks/quality/answers.py). Of two questions with similar scores,
the first is right as often as not: a pair counts only if the nearest vector favours the second.
"""

from collections.abc import Sequence

from bot.index.generation import Generation
from bot.index.lexical import content_terms
from bot.retrieval.hit import Hit
from bot.retrieval.near_duplicates import asks_exactly, same_question
from bot.retrieval.search_result import SearchResult

_CLOSE, _TIED = 0.02, 0.01  # maximum difference in score of three questions, and of two
_NEARER = 0.02  # minimum difference in cosine by which the second of two questions is nearer
_SAME_TERMS = 0.05
"""Maximum difference in score of three questions that contain all content terms, as for "correct admit card"; no fitted
question is affected."""
_MOST = 3


def meanings(generation: Generation, question: str, result: SearchResult, threshold: float) -> tuple[Hit, ...]:
    """Return the two or three FAQs that a question may mean, most likely first; none if the first hit answers it.

    A topic or a reranker has settled the meaning already.
    """
    first = result.hits[0]
    is_settled = result.topic is not None or "reranker" in first.signals
    if is_settled or first.passage.kind != "faq" or any(asks_exactly(hit.passage, question) for hit in result.hits):
        return ()
    faqs = [hit for hit in result.hits if hit.passage.kind == "faq" and first.score - hit.score <= _SAME_TERMS]
    different = _different(generation, faqs)
    terms = set(content_terms(result.query))
    if len(different) == _MOST and all(terms <= {*content_terms(hit.passage.question or "")} for hit in different):
        return tuple(different)
    close = [hit for hit in different if first.score - hit.score <= _CLOSE]
    is_unsure = first.probability < (1 + threshold) / 2
    return tuple(close) if is_unsure and (len(close) == _MOST or (len(close) > 1 and _is_tied(*close))) else ()


def _is_tied(first: Hit, second: Hit) -> bool:
    return first.score - second.score <= _TIED and second.signals["best"] - first.signals["best"] > _NEARER


def _different(generation: Generation, hits: Sequence[Hit]) -> list[Hit]:
    """Return the first few hits of which no two ask or say the same."""
    chosen: list[Hit] = []
    for hit in hits:
        passage, others = hit.passage, [one.passage for one in chosen]
        is_same = (passage.text == other.text or same_question(generation, passage, other) for other in others)
        if len(chosen) < _MOST and not any(is_same):
            chosen.append(hit)
    return chosen
