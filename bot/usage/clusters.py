"""Questions that ask alike, by meaning.

Average linkage (scipy, UPGMA: Sokal and Michener 1958) of cosine distances. Of what was tried on public sets of paraphrases it joins most that belongs together
without joining what does not (benchmarks/quality/question_log.py).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bot.encoder import Matrix
from bot.errors import MissingExtra

_APART = 0.35
"""The mean cosine distance from which on groups stay apart."""
_MOST = 4000
"""Questions that are joined with one another; what comes after them joins the nearest group or stays alone."""


def clustered(vectors: Matrix) -> list[list[int]]:
    """The numbers of the rows, which come most important first, in groups that ask alike, each in their order.

    Raises `MissingExtra` when scipy is not installed.
    """
    first = vectors[:_MOST]
    labels = _labels(first)
    groups: dict[int, list[int]] = {}
    for number, label in enumerate(labels.tolist()):
        groups.setdefault(label, []).append(number)
    if len(vectors) > _MOST:
        _join_rest(vectors, list(groups.values()), groups)
    return sorted(groups.values(), key=lambda group: group[0])


def _labels(vectors: Matrix) -> NDArray[np.int64]:
    if len(vectors) < 2:
        return np.zeros(len(vectors), np.int64)
    try:
        from scipy.cluster.hierarchy import fcluster, linkage
    except ModuleNotFoundError:
        raise MissingExtra("scipy", "eval") from None
    return np.asarray(fcluster(linkage(vectors, "average", metric="cosine"), _APART, criterion="distance"), np.int64)


def _join_rest(vectors: Matrix, known: Sequence[Sequence[int]], groups: dict[int, list[int]]) -> None:
    labels = list(groups)
    means = np.stack([vectors[list(group)].mean(axis=0) for group in known])
    for start in range(_MOST, len(vectors), _MOST):
        near = vectors[start : start + _MOST] @ means.T
        for row, (best, cosine) in enumerate(zip(near.argmax(axis=1).tolist(), near.max(axis=1).tolist(), strict=True)):
            label = labels[best] if cosine >= 1 - _APART else -(start + row)
            groups.setdefault(label, []).append(start + row)
