"""Group questions by meaning.

Average linkage (scipy, UPGMA: Sokal and Michener 1958) over cosine distances. Of the methods tried on public sets, it
joins most paraphrases without joining other questions (benchmarks/quality/question_groups.py).
"""

import numpy as np
from numpy.typing import NDArray

from bot.encoder import Matrix
from bot.errors import requires

_MAX_DISTANCE = 0.35  # mean cosine distance up to which groups are joined
_MAX_LINKED = 4000
"""Maximum number of questions in the linkage; each of the rest joins the nearest group or stays alone."""


def cluster(vectors: Matrix) -> list[list[int]]:
    """Group the rows, given in order of importance, and return the row numbers of each group in that order.

    Raises `MissingExtra` if scipy is not installed.
    """
    first = vectors[:_MAX_LINKED]
    groups: dict[int, list[int]] = {}
    for number, label in enumerate(_labels(first).tolist()):
        groups.setdefault(label, []).append(number)
    if len(vectors) > _MAX_LINKED:
        _join_rest(vectors, groups)
    return sorted(groups.values(), key=lambda group: group[0])


def _labels(vectors: Matrix) -> NDArray[np.int64]:
    if len(vectors) < 2:
        return np.zeros(len(vectors), np.int64)
    with requires("scipy", "eval"):
        from scipy.cluster.hierarchy import fcluster, linkage
    tree = linkage(vectors, "average", metric="cosine")
    return np.asarray(fcluster(tree, _MAX_DISTANCE, criterion="distance"), np.int64)


def _join_rest(vectors: Matrix, groups: dict[int, list[int]]) -> None:
    labels = list(groups)
    means = np.stack([vectors[group].mean(axis=0) for group in groups.values()])
    for start in range(_MAX_LINKED, len(vectors), _MAX_LINKED):
        cosines = vectors[start : start + _MAX_LINKED] @ means.T
        nearest = zip(cosines.argmax(axis=1).tolist(), cosines.max(axis=1).tolist(), strict=True)
        for row, (best, cosine) in enumerate(nearest):
            label = labels[best] if cosine >= 1 - _MAX_DISTANCE else -(start + row)
            groups.setdefault(label, []).append(start + row)
