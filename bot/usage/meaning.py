"""Which questions mean the same, by the vectors of the encoder that reads their script."""

from collections.abc import Iterator, Sequence

import numpy as np

from bot.encoder import Matrix
from bot.index.generation import Generation, multilingual_for
from bot.languages.normalization import normalize
from bot.languages.registry import detect_language, has_foreign_script
from bot.usage.clusters import cluster

_SAME = 0.8
"""Minimum cosine of a question and one that was set aside: other spellings and paraphrases, not the whole subject."""
_SAME_MULTILINGUAL = 0.93  # of the multilingual model, whose vectors are closer to one another


def group_by_meaning(questions: Sequence[str], generation: Generation) -> list[list[int]]:
    """Group the questions, given in order of importance, and return the numbers of each group in that order.

    Questions in a script that no encoder of the generation reads stay alone.
    """
    groups: list[list[int]] = []
    for numbers, vectors, _ in _encoded(questions, generation):
        groups += [[number] for number in numbers] if vectors is None else _clustered(numbers, vectors)
    return sorted(groups)


def _clustered(numbers: Sequence[int], vectors: Matrix) -> list[list[int]]:
    return [[numbers[place] for place in places] for places in cluster(vectors)]


def mean_any(questions: Sequence[str], known: Sequence[str], generation: Generation) -> list[bool]:
    """Return for each question whether it means the same as any of the known ones."""
    equal = set(map(normalize, known))
    found = [normalize(question) in equal for question in questions]
    both = [*questions, *known]
    for numbers, vectors, least in _encoded(both, generation):
        places = np.array(numbers)
        own, others = places < len(questions), places >= len(questions)
        if vectors is None or not own.any() or not others.any():
            continue
        near = (vectors[own] @ vectors[others].T).max(axis=1) >= least
        for number in places[own][near].tolist():
            found[number] = True
    return found


def _encoded(questions: Sequence[str], generation: Generation) -> Iterator[tuple[list[int], Matrix | None, float]]:
    """Yield the numbers of the questions in each script, their vectors if an encoder reads it, and the least cosine."""
    scripts: dict[str, list[int]] = {}
    for number, question in enumerate(questions):
        scripts.setdefault(detect_language(question) if has_foreign_script(question) else "", []).append(number)
    for language, numbers in scripts.items():
        index = multilingual_for(generation, language) if language else generation
        vectors = index.encoder.encode_questions([questions[number] for number in numbers]) if index else None
        yield numbers, vectors, _SAME_MULTILINGUAL if language else _SAME
