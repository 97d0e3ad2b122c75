"""How near questions come to the passages of one corpus, by which a cosine that is high here is told from one that is not.

In a corpus about one subject every question is near to something; in a mixed one only a question that is answered. So the build asks probes: questions
that the corpus covers, in other words than its own, and the same questions with their article left out.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bot.encoder import QuestionEncoder
from bot.index.vectors import Rows, Vectors
from bot.passages import Passage

_PROBES = 200
_SAME_QUESTION = 0.92
"""From this cosine on another article holds the very question that was left out."""
_NEIGHBOURS = 60


@dataclass(frozen=True, slots=True)
class Closeness:
    """The mean greatest cosine between probes and passages: of questions that the corpus covers, and of those that it does not."""

    covered: float
    uncovered: float
    probes: int
    """How many questions the two means are of; 0 where the corpus has but one article."""


def measure_closeness(passages: Sequence[Passage], passage_of_row: Rows, vectors: Vectors, encoder: QuestionEncoder) -> Closeness:
    """Ask an index's own questions, reworded and with their article left out; passage i owns the rows where `passage_of_row` is i."""
    articles = {passage.article.id: number for number, passage in enumerate(passages)}
    article_of_row = np.array([articles[passage.article.id] for passage in passages])[passage_of_row]
    covered, uncovered = [], []
    for passage, probe, other in probes(passages):
        _, near = vectors.search(encoder.encode_questions([other]), 1)
        rows, cosines = vectors.search(encoder.encode_questions([probe]), _NEIGHBOURS)
        elsewhere = cosines[article_of_row[rows] != articles[passage.article.id]][:1]
        if len(elsewhere) and elsewhere[0] < _SAME_QUESTION:
            covered.append(float(near[0]))
            uncovered.append(float(elsewhere[0]))
    return Closeness(round(float(np.mean(covered)), 4), round(float(np.mean(uncovered)), 4), len(covered)) if covered else Closeness(0.0, 0.0, 0)


def probes(passages: Sequence[Passage], most: int = _PROBES) -> Iterator[tuple[Passage, str, str]]:
    """Passages spread evenly, FAQs where there are any; of each a question that it answers, as it stands and in other words."""
    asked = [passage for passage in passages if passage.question] or passages
    for place, number in enumerate(np.unique(np.linspace(0, len(asked) - 1, most).astype(int)).tolist()):
        question = asked[number].question or _telling_sentence(asked[number].text)
        yield asked[number], question, _reworded(question, place)


def _telling_sentence(text: str) -> str:
    """The longest of the first sentences."""
    return max(re.split(r"(?<=[.!?])\s+", text)[:4], key=len)[:300]


def _reworded(question: str, number: int) -> str:
    """The question with words missing, in another order, or misspelt: what a corpus can tell of how else it might be asked."""
    words = question.split()
    match number % 3:
        case 0:
            kept = [word for place, word in enumerate(words) if place % 4 != 1]
        case 1:
            kept = words[::-1]
        case _:
            kept = [word[:2] + word[3:4] + word[2:3] + word[4:] if len(word) > 4 and place % 2 else word for place, word in enumerate(words)]
    return " ".join(kept)
