"""A corpus of so many passages, mixed of public question sets, and their questions.

usage: python -m benchmarks.shared.mixed_corpus DATA_FOLDER FOLDER [--passages N]

Writes FOLDER/corpus, one file for each article, and FOLDER/questions.txt, one question a line, in an order of chance.
"""

import argparse
import json
import random
from itertools import zip_longest
from pathlib import Path

SETS = ("stackfaq", "jhu_covidfaq", "epfo_faq", "xquad_en", "myscheme_dev", "mtrag_govt")
WORDS_EACH = 83
"""Words of a set's texts for each passage that is made of them, on average."""
LONGEST = 900
"""Characters of a question: a little less than is accepted."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--passages", type=int, default=10_000)
    arguments = parser.parse_args()
    print(f"{write(arguments.data, arguments.folder, arguments.passages)} articles")


def write(data: Path, folder: Path, passages: int) -> int:
    """Returns the number of articles."""
    (folder / "corpus").mkdir(parents=True, exist_ok=True)
    words = articles = 0
    # In turn, so that any number of passages has FAQs and pages.
    for name, row in (pair for turn in zip_longest(*(_rows(data / name) for name in SETS)) for pair in turn if pair):
        if words >= passages * WORDS_EACH:
            break
        words += len(row["text"].split())
        (folder / "corpus" / f"{articles:05}.jsonl").write_text(json.dumps(_article(name, row)), encoding="utf-8")
        articles += 1
    asked = [json.loads(line)["text"] for name in SETS for line in _lines(data / name / "queries.jsonl")]
    asked = [" ".join(question.split()) for question in asked if len(question) < LONGEST]
    random.Random(0).shuffle(asked)
    (folder / "questions.txt").write_text("\n".join(asked), encoding="utf-8")
    return articles


def _rows(data: Path) -> list[tuple[str, dict]]:
    return [(data.name, json.loads(line)) for line in _lines(data / "corpus.jsonl")]


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").split("\n") if line]


def _article(name: str, row: dict) -> dict:
    ident = f"{name}-{row['_id']}"
    if name in ("stackfaq", "jhu_covidfaq", "epfo_faq"):
        return {
            "id": ident,
            "question": row["title"],
            "answer": row["text"],
            "alternates": row.get("alt_questions", []),
        }
    return {"id": ident, "title": row["title"], "text": row["text"]}


if __name__ == "__main__":
    main()
