"""How often does the quote of a section hold the answer, and in how many of its words?

usage: python -m benchmarks.quality.quotes DATA_FOLDER --work FOLDER

The folders are those of fit_ranking.py. Asks the questions of xquad_en, whose answers are known words, of the passage that holds the answer; passages of a
single sentence are left out.
"""

import argparse
from pathlib import Path

import numpy as np

from benchmarks.shared.question_sets import generation_of, read_gains, read_questions
from bot.answering.quote import quote
from bot.index.generation import Generation
from bot.retrieval.query_rewriting import QueryVariant
from bot.retrieval.search_result import SearchResult

SET = "xquad_en"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    arguments = parser.parse_args()
    generation, gains = generation_of(arguments.data / SET, arguments.work / SET), read_gains(arguments.data / SET)
    passages = generation.table.passages(range(generation.table.facts.passages))
    rows = []
    for question in read_questions(arguments.data / SET):
        held = [
            p
            for p in passages
            if p.article.id in gains[question["_id"]] and question["answer"] in p.text and len(p.sentences) > 1
        ]
        for passage in held[:1]:
            (start, end), _ = quote(generation, _read(generation, question["text"]), passage)
            rows.append((question["answer"] in passage.text[start:end], (end - start) / len(passage.text), end - start))
    right, share, length = np.mean(rows, axis=0)
    print(
        "| questions | quotes that hold the answer | share of the passage quoted | characters |\n| --- | --- | --- | --- |"
    )
    print(f"| {SET} ({len(rows)}) | {100 * right:.1f} % | {100 * share:.1f} % | {length:.0f} |")


def _read(generation: Generation, question: str) -> SearchResult:
    return SearchResult((), generation.encoder.encode_questions([question])[0], (QueryVariant(question),))


if __name__ == "__main__":
    main()
