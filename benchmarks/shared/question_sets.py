"""What the benchmarks share: public question sets, their indexes, and how well a list of articles answers."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from bot.build.build import build
from bot.index.generation import Generation
from bot.index.local_generation import LocalGeneration
from bot.index.store import LocalStore
from bot.settings import BuildSettings

PAGES = ("myscheme_dev", "mtrag_govt", "xquad_en", "xquad_hi2en")
"""Sets whose corpus is pages; that of the others is FAQs."""


def read_questions(data: Path) -> list[dict]:
    """The questions of a set, with all their fields."""
    return [json.loads(line) for line in (data / "queries.jsonl").read_text(encoding="utf-8").split("\n") if line]


def ndcg(ranked: Sequence[str], gains: Mapping[str, int]) -> float:
    """nDCG@10 with exponential gain (Burges et al. 2005) of articles, best first, each once."""
    gain = sum((2 ** gains.get(article, 0) - 1) / np.log2(place + 2) for place, article in enumerate(ranked[:10]))
    return gain / sum(
        (2**g - 1) / np.log2(place + 2) for place, g in enumerate(sorted(gains.values(), reverse=True)[:10])
    )


def read_gains(data: Path) -> dict[str, dict[str, int]]:
    """By question, the articles that answer it and how well."""
    gains: dict[str, dict[str, int]] = {}
    for line in (data / "qrels.tsv").read_text(encoding="utf-8").split("\n"):
        question, article, gain = [*line.split("\t"), "", ""][:3]
        if gain.isdigit() and int(gain):
            gains.setdefault(question, {})[article] = int(gain)
    return gains


def generation_of(data: Path, work: Path, settings: BuildSettings = BuildSettings()) -> Generation:
    """The index of a set, built in `work` unless it is up to date."""
    corpus = work / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    rows = (json.loads(line) for line in (data / "corpus.jsonl").read_text(encoding="utf-8").split("\n") if line)
    pages = data.name in PAGES
    (corpus / "set.jsonl").write_text("\n".join(json.dumps(_row(row, pages=pages)) for row in rows), encoding="utf-8")
    build(corpus, work / "index", settings)
    return LocalGeneration.open(LocalStore(work / "index").current_folder())


def _row(row: dict, *, pages: bool) -> dict:
    if pages:
        return {"id": row["_id"], "title": row["title"], "text": row["text"]}
    # Intent sets have no answers: the question stands for it.
    return {
        "id": row["_id"],
        "question": row["title"],
        "answer": row["text"] or row["title"],
        "alternates": row.get("alt_questions", []),
    }
