"""Group questions by meaning.

Average linkage (scipy, UPGMA: Sokal and Michener 1958) over cosine distances. Of the methods tried on public sets, it
joins most paraphrases without joining other questions (benchmarks/quality/question_groups.py).
"""

from collections.abc import Iterator, Sequence

import numpy as np

from bot.encoder import Matrix
from bot.errors import requires
from bot.index.generation import Generation, multilingual_for
from bot.languages.normalization import normalize
from bot.languages.registry import detect_language, has_foreign_script

_MAX_DISTANCE = 0.35  # mean cosine distance up to which groups are joined
_MAX_LINKED = 4000
"""Maximum number of questions in the linkage; each of the rest joins the nearest group or stays alone."""

_SAME = 0.8
"""Minimum cosine of a question and one that was set aside: other spellings and paraphrases, not the whole subject."""
_SAME_MULTILINGUAL = 0.97
"""The same for the multilingual model, whose vectors are close to one another: other subjects reach 0.92."""


def group_by_meaning(questions: Sequence[str], generation: Generation) -> list[list[int]]:
    """Group the questions, given in order of importance, and return the numbers of each group in that order.

    Questions in a script that no encoder of the generation reads stay alone.
    """
    groups: list[list[int]] = []
    for numbers, vectors, least in _encoded(questions, generation):
        distance = _MAX_DISTANCE if least == _SAME else 1 - least
        places = cluster(vectors, distance) if vectors is not None else [[place] for place in range(len(numbers))]
        groups += [[numbers[place] for place in group] for group in places]
    return sorted(groups)


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


def cluster(vectors: Matrix, max_distance: float = _MAX_DISTANCE) -> list[list[int]]:
    """Group the rows, given in order of importance, and return the row numbers of each group in that order.

    Raises `MissingExtra` if scipy is not installed.
    """
    first = vectors[:_MAX_LINKED]
    groups: dict[int, list[int]] = {}
    labels = np.zeros(len(first), np.int64)
    if len(first) > 1:
        with requires("scipy", "eval"):
            from scipy.cluster.hierarchy import fcluster, linkage
        tree = linkage(first, "average", metric="cosine")
        labels = np.asarray(fcluster(tree, max_distance, criterion="distance"), np.int64)
    for number, label in enumerate(labels.tolist()):
        groups.setdefault(label, []).append(number)
    if len(vectors) > _MAX_LINKED:
        _join_rest(vectors, groups, max_distance)
    return sorted(groups.values(), key=lambda group: group[0])


def _join_rest(vectors: Matrix, groups: dict[int, list[int]], max_distance: float) -> None:
    labels = list(groups)
    means = np.stack([vectors[group].mean(axis=0) for group in groups.values()])
    for start in range(_MAX_LINKED, len(vectors), _MAX_LINKED):
        cosines = vectors[start : start + _MAX_LINKED] @ means.T
        nearest = zip(cosines.argmax(axis=1).tolist(), cosines.max(axis=1).tolist(), strict=True)
        for row, (best, cosine) in enumerate(nearest):
            label = labels[best] if cosine >= 1 - max_distance else -(start + row)
            groups.setdefault(label, []).append(start + row)
