"""How well do ways of grouping questions join those with the same label?

usage: python -m benchmarks.quality.question_groups DATA_FOLDER --work FOLDER

The folders are as for fit_ranking.py. Prints the share of joined pairs that have the same label (precision), and the
share of pairs with the same label that are joined (recall), for the report's grouping and two others.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

from benchmarks.shared.question_sets import build_set, read_gains, read_questions
from benchmarks.shared.timing import Row, table
from bot.encoder import QuestionEncoder
from bot.usage.clusters import cluster

SETS = ("stackfaq", "jhu_covidfaq", "rasa_sara", "clinc150_oos", "hint3_sofmattress")
LIMIT = 1200
"""Maximum number of questions per set."""
Labels = NDArray[np.integer]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    arguments = parser.parse_args()
    encoder = build_set(arguments.data / SETS[0], arguments.work / SETS[0]).encoder
    print(table([row for name in SETS for row in measure(arguments.data / name, encoder)]))


def measure(data: Path, encoder: QuestionEncoder) -> list[Row]:
    gains = read_gains(data)
    questions = [row for row in read_questions(data) if row["_id"] in gains][:LIMIT]
    vectors = encoder.encode_questions([row["text"] for row in questions])
    labels = np.unique([min(gains[row["_id"]]) for row in questions], return_inverse=True)[1]
    groupings: Mapping[str, Labels] = {
        "average linkage, as in the report": _labels_of(cluster(vectors), len(questions)),
        "single linkage": fcluster(linkage(vectors, "single", metric="cosine"), 0.25, criterion="distance"),
        "leader": _leaders(vectors, 0.7),
    }
    rows: list[Row] = []
    for name, grouping in groupings.items():
        joined, same = _pairs(grouping), _pairs(labels)
        precision, recall = ((joined & same).sum() / max(1, which.sum()) for which in (joined, same))
        figures = {"precision": f"{precision:.0%}", "recall": f"{recall:.0%}"}
        rows.append({"set": f"{data.name} ({len(questions)})", "grouping": name, **figures})
    return rows


def _pairs(labels: Labels) -> NDArray[np.bool_]:
    """Return for each pair of questions whether they are distinct and have the same label."""
    return np.equal.outer(labels, labels) & ~np.eye(len(labels), dtype=bool)


def _labels_of(groups: Sequence[Sequence[int]], count: int) -> Labels:
    labels = np.zeros(count, int)
    for label, group in enumerate(groups):
        labels[list(group)] = label
    return labels


def _leaders(vectors: NDArray[np.float32], min_cosine: float) -> Labels:
    """Join each question to the first earlier leader that is similar enough, or make it the leader of a new group."""
    cosines = vectors @ vectors.T
    labels = np.full(len(vectors), -1)
    for number in range(len(vectors)):
        if labels[number] < 0:
            labels[(cosines[number] >= min_cosine) & (labels < 0)] = number
    return labels


if __name__ == "__main__":
    main()
