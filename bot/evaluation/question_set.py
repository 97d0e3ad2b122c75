"""Questions whose right answers are known, from a CSV or from a folder that brings its own corpus."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.corpus.decisions import read_alternates
from bot.corpus.source import Alternate
from bot.errors import EvaluationError

_COLUMNS = ("question", "expected", "history", "group")
_CORPUS, _QUESTIONS, _GAINS = "corpus.jsonl", "queries.jsonl", "qrels.tsv"
_GROUPS = ("group", "kind", "turn_type")
"""Fields of a folder's question that name its group."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and what of the corpus answers it."""

    id: str
    text: str
    expected: Mapping[str, int]
    """Ids of passages or articles, or addresses, and how well each answers; empty when the corpus does not cover the question."""
    history: tuple[str, ...] = ()
    group: str = ""


def read_questions(path: Path) -> list[Question]:
    """The questions of a CSV (`question,expected`, optionally `history` and `group`, several values separated by `|`; or `alternates.csv`) or of a folder.

    Raises `EvaluationError` when the file is missing, lacks a column or holds no question.
    """
    try:
        questions = list(_of_folder(path) if path.is_dir() else _of_csv(path))
    except FileNotFoundError as error:
        raise EvaluationError(
            f"There is no file {error.filename}: name a CSV of questions, or a folder with {_QUESTIONS} and {_GAINS}."
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EvaluationError(f"The questions in {path} cannot be read ({type(error).__name__}: {error}).") from error
    if not questions:
        raise EvaluationError(f"There are no questions in {path}.")
    return questions


def spread(questions: Sequence[Question], most: int | None) -> Sequence[Question]:
    """At most so many of the questions, spread evenly over all."""
    if most is None or most >= len(questions):
        return questions
    return [questions[n * len(questions) // most] for n in range(most)]


def _of_csv(path: Path) -> Iterator[Question]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        columns = rows.fieldnames or ()
        accepted = [] if "expected" in columns else [row for row in read_alternates(path) if isinstance(row, Alternate)]
        if accepted:
            yield from (Question(str(row.line), row.question, {row.passage: 1}) for row in accepted)
            return
        if "question" not in columns or not set(columns) <= set(_COLUMNS):
            raise EvaluationError(
                f"The columns of {path} are {', '.join(columns)}: name them question, expected, history and group."
            )
        for row in rows:
            if row["question"].strip():
                expected = dict.fromkeys(_several(row.get("expected")), 1)
                history, group = _several(row.get("history")), row.get("group") or ""
                yield Question(str(rows.line_num), row["question"], expected, history, group)


def _several(cell: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (cell or "").split("|") if part.strip())


def _of_folder(folder: Path) -> Iterator[Question]:
    gains: dict[str, dict[str, int]] = {}
    for line in (folder / _GAINS).read_text(encoding="utf-8").split("\n"):
        question, article, gain = [*line.split("\t"), "", ""][:3]
        if gain.strip().isdigit() and int(gain):
            gains.setdefault(question, {})[article] = int(gain)
    for fields in _objects(folder / _QUESTIONS):
        said = fields.get("history") or ()
        history = tuple(turn["text"] for turn in said if turn.get("role") == "user")
        group = next((str(fields[name]) for name in _GROUPS if fields.get(name)), "")
        yield Question(str(fields["_id"]), str(fields["text"]), gains.get(str(fields["_id"]), {}), history, group)


def write_corpus(folder: Path, corpus: Path) -> None:
    """Bring the articles of a folder of questions into a corpus folder.

    One with alternates, without text, or with a question for a title is a FAQ; what has no answer of its own is answered by its question.
    """
    corpus.mkdir(parents=True, exist_ok=True)
    rows = (json.dumps(_row(fields), ensure_ascii=False) for fields in _objects(folder / _CORPUS))
    (corpus / "questions.jsonl").write_text("\n".join(rows), encoding="utf-8")


def brings_corpus(path: Path) -> bool:
    """Whether a path is a folder of questions with the articles that answer them."""
    return (path / _CORPUS).is_file()


def _row(fields: Mapping[str, Any]) -> dict[str, object]:
    title, text, alternates = (
        str(fields["title"]),
        str(fields.get("text") or ""),
        list(fields.get("alt_questions") or ()),
    )
    if alternates or not text.strip() or title.rstrip().endswith("?"):
        return {"id": fields["_id"], "question": title, "answer": text.strip() or title, "alternates": alternates}
    return {"id": fields["_id"], "title": title, "text": text}


def _objects(path: Path) -> Iterable[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
