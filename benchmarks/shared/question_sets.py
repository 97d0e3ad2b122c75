"""Public question sets: their questions and labels, indexes built from them, and nDCG of a ranking of articles."""

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
"""Sets whose corpus is pages; the corpus of the other sets is FAQs."""

_MORE = Path(__file__).parents[1] / "quality" / "questions.jsonl"
"""More questions over answer_words's articles; the words are spans of their texts, which are not ours to copy."""
_CONVERSATIONS = _MORE.with_name("conversations.jsonl")
"""Conversations over answer_words's articles, likewise."""


def read_questions(data: Path) -> list[dict]:
    """Return the questions of a set with all their fields."""
    return read_json_lines(data / "queries.jsonl")


def read_json_lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def read_labelled(data: Path) -> list[dict]:
    """Return the questions over answer_words's articles, its own and ours, each with the words that answer."""
    texts = {row["id"]: row["text"] for row in read_json_lines(data / "corpus.jsonl")}
    more = [_with_words(row, texts[row["article"]]) for row in read_json_lines(_MORE)]
    return read_json_lines(data / "questions.jsonl") + more


def _with_words(row: dict, text: str) -> dict:
    words = text[slice(*row["words"])] if row["words"] else ""
    also, traps = ([text[slice(*span)] for span in row[name]] for name in ("also", "traps"))
    return {**row, "words": words, "passages": [words, *also] if words else [], "traps": traps}


def read_conversations(data: Path) -> list[dict]:
    """Return our conversations over answer_words's articles, each with the words that answer."""
    texts = {row["id"]: row["text"] for row in read_json_lines(data / "corpus.jsonl")}
    rows = [(row, texts[row["article"]]) for row in read_json_lines(_CONVERSATIONS)]
    return [
        {**row, "words": text[slice(*row["words"])], "also": [text[slice(*span)] for span in row["also"]]}
        for row, text in rows
    ]


def read_gains(data: Path) -> dict[str, dict[str, int]]:
    """Return the articles that answer each question, with their gains."""
    gains: dict[str, dict[str, int]] = {}
    for line in (data / "qrels.tsv").read_text(encoding="utf-8").split("\n"):
        question, article, gain = [*line.split("\t"), "", ""][:3]
        if gain.isdigit() and int(gain):
            gains.setdefault(question, {})[article] = int(gain)
    return gains


def ndcg(ranked: Sequence[str], gains: Mapping[str, int]) -> float:
    """Return nDCG@10 with exponential gain (Burges et al. 2005) of distinct articles, best first."""
    best = sorted(gains.values(), reverse=True)
    return _dcg([gains.get(article, 0) for article in ranked]) / _dcg(best)


def _dcg(gains: Sequence[int]) -> float:
    return sum((2**gain - 1) / np.log2(place + 2) for place, gain in enumerate(gains[:10]))


def build_set(data: Path, work: Path, settings: BuildSettings = BuildSettings()) -> Generation:
    """Build the index of a set in `work`, unless it is up to date, and open it."""
    rows = [_row(row, is_page=data.name in PAGES) for row in read_json_lines(data / "corpus.jsonl")]
    return build_rows(rows, work, settings)


def build_rows(rows: Sequence[Mapping], work: Path, settings: BuildSettings = BuildSettings()) -> Generation:
    """Build the index of articles, each in the form of a line of JSON, in `work`, unless it is up to date; open it."""
    corpus = work / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    (corpus / "set.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    build(corpus, work / "index", settings)
    return LocalGeneration.open(LocalStore(work / "index").current_folder())


def _row(row: dict, *, is_page: bool) -> dict:
    if is_page:
        return {"id": row["_id"], "title": row["title"], "text": row["text"]}
    # Intent sets have no answers: the question serves as the answer.
    answer = row["text"] or row["title"]
    return {"id": row["_id"], "question": row["title"], "answer": answer, "alternates": row.get("alt_questions", [])}
