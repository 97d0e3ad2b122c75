"""Write a corpus of a given number of passages, mixed from public question sets, and the questions of the sets.

usage: python -m benchmarks.shared.mixed_corpus DATA_FOLDER FOLDER [--passages N]

Writes FOLDER/corpus, one file per article, and FOLDER/questions.txt, one question per line, in random order.
"""

import argparse
import json
import random
from itertools import zip_longest
from pathlib import Path

SETS = ("stackfaq", "jhu_covidfaq", "epfo_faq", "xquad_en", "myscheme_dev", "mtrag_govt")
WORDS_PER_PASSAGE = 83
"""Average number of words in the texts of a set for each passage that is made from them."""
MAX_QUESTION = 900
"""Maximum number of characters in a question, a little less than the product accepts."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--passages", type=int, default=10_000)
    arguments = parser.parse_args()
    print(f"{write(arguments.data, arguments.folder, arguments.passages)} articles")


def write(data: Path, folder: Path, passages: int) -> int:
    """Write the corpus and the questions; return the number of articles."""
    (folder / "corpus").mkdir(parents=True, exist_ok=True)
    words = articles = 0
    # The sets take turns, so that a corpus of any size has FAQs and pages.
    for name, row in (pair for turn in zip_longest(*(_rows(data / name) for name in SETS)) for pair in turn if pair):
        if words >= passages * WORDS_PER_PASSAGE:
            break
        words += len(row["text"].split())
        (folder / "corpus" / f"{articles:05}.jsonl").write_text(json.dumps(_article(name, row)), encoding="utf-8")
        articles += 1
    _write_questions(data, folder / "questions.txt")
    return articles


def _write_questions(data: Path, path: Path) -> None:
    questions = [json.loads(line)["text"] for name in SETS for line in _lines(data / name / "queries.jsonl")]
    questions = [" ".join(question.split()) for question in questions if len(question) < MAX_QUESTION]
    random.Random(0).shuffle(questions)
    path.write_text("\n".join(questions), encoding="utf-8")


def _rows(data: Path) -> list[tuple[str, dict]]:
    return [(data.name, json.loads(line)) for line in _lines(data / "corpus.jsonl")]


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").split("\n") if line]


def _article(name: str, row: dict) -> dict:
    ident = f"{name}-{row['_id']}"
    if name in ("stackfaq", "jhu_covidfaq", "epfo_faq"):
        alternates = row.get("alt_questions", [])
        return {"id": ident, "question": row["title"], "answer": row["text"], "alternates": alternates}
    return {"id": ident, "title": row["title"], "text": row["text"]}


if __name__ == "__main__":
    main()
