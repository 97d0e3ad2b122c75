"""Questions with known answers, from a CSV or from a folder with its own corpus."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.corpus.decisions.files import ALTERNATES, read_alternates
from bot.corpus.source import Alternate
from bot.errors import EvaluationError
from bot.index.generation import Passages, all_articles

_COLUMNS = ("question", "expected", "history", "group", "words")
_CORPUS, _QUESTIONS, _GAINS = "corpus.jsonl", "queries.jsonl", "qrels.tsv"
_SHOWN = 5  # maximum number of unknown ids in a sentence
_GROUP_FIELDS = ("group", "kind", "turn_type", "style")  # fields in which questions name their group


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its expected answers."""

    id: str
    text: str
    expected: Mapping[str, int]
    """Relevance by id of a passage or article, or by address; empty if the corpus does not cover the question."""
    history: tuple[str, ...] = ()
    group: str = ""
    words: tuple[str, ...] = ()
    """The words that answer: the text shown should hold one of them."""


def read_questions(path: Path) -> list[Question]:
    """Read the questions of a folder, of `alternates.csv`, of a CSV or of a JSONL file.

    A CSV has the columns `question` and `expected`, optionally `history`, `group` and `words`; several values are
    separated by `|`. A line of JSONL has the fields `question` and `expected` or `article`, and optionally the others;
    with empty `words`, the article does not answer the question. Raises `EvaluationError` if the file is
    missing, lacks a column or contains no question.
    """
    read = _of_folder if path.is_dir() else _of_jsonl if path.suffix == ".jsonl" else _of_csv
    try:
        questions = list(read(path))
    except FileNotFoundError as error:
        remedy = f"name a CSV of questions, or a folder with {_QUESTIONS} and {_GAINS}"
        raise EvaluationError(f"There is no file {error.filename}: {remedy}.") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EvaluationError(f"The questions in {path} cannot be read ({type(error).__name__}: {error}).") from error
    if not questions:
        raise EvaluationError(f"There are no questions in {path}.")
    return questions


def spread(questions: Sequence[Question], most: int | None) -> Sequence[Question]:
    """Return at most `most` of the questions, spread evenly."""
    if most is None or most >= len(questions):
        return questions
    return [questions[n * len(questions) // most] for n in range(most)]


def _of_csv(path: Path) -> Iterator[Question]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        columns = rows.fieldnames or ()
        if path.name == ALTERNATES or "passage" in columns:
            for row in read_alternates(path):
                if not isinstance(row, Alternate):
                    raise EvaluationError(f"{path}:{row.line} cannot be read: {row.reason}.")
                yield Question(str(row.line), row.question, {row.passage: 1})
            return
        if "question" not in columns or not set(columns) <= set(_COLUMNS):
            found = f"The columns of {path} are {', '.join(columns)}"
            raise EvaluationError(f"{found}: name them question, expected, history, group and words.")
        for cells in rows:
            if (cells["question"] or "").strip():
                names, history, words = (_split(cells.get(column)) for column in ("expected", "history", "words"))
                expected, group = dict.fromkeys(names, 1), cells.get("group") or ""
                yield Question(str(rows.line_num), cells["question"], expected, history, group, words)


def _of_jsonl(path: Path) -> Iterator[Question]:
    for number, fields in enumerate(_objects(path), 1):
        names = fields.get("expected") or fields.get("article") or ()
        words = tuple(text for text in (fields.get("words"), *fields.get("also", ())) if text)
        is_covered = words or "words" not in fields
        expected = dict.fromkeys([names] if isinstance(names, str) else names, 1) if is_covered else {}
        yield Question(
            str(number), fields["question"], expected, tuple(fields.get("history", ())), _group(fields), words
        )


def _group(fields: Mapping[str, Any]) -> str:
    return next((str(fields[name]) for name in _GROUP_FIELDS if fields.get(name)), "")


def _split(cell: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (cell or "").split("|") if part.strip())


def _of_folder(folder: Path) -> Iterator[Question]:
    gains: dict[str, dict[str, int]] = {}
    for line in (folder / _GAINS).read_text(encoding="utf-8").split("\n"):
        question, article, gain = [*line.split("\t"), "", ""][:3]
        if gain.strip().isdigit() and int(gain):
            gains.setdefault(question, {})[article] = int(gain)
    for fields in _objects(folder / _QUESTIONS):
        history = tuple(turn["text"] for turn in fields.get("history") or () if turn.get("role") == "user")
        expected = gains.get(str(fields["_id"]), {})
        yield Question(str(fields["_id"]), str(fields["text"]), expected, history, _group(fields))


def unknown_ids(questions: Iterable[Question], table: Passages) -> list[str]:
    """Return the expected ids that name no article, passage or address of an index: nothing can be found under them."""
    names = dict.fromkeys(name for question in questions for name in question.expected)
    missing = [name for name in names if table.number(name) is None and table.article(name) is None]
    addresses = {article.url for article in all_articles(table)} if missing else set()
    return [name for name in missing if name not in addresses]


def unknown_sentence(names: Sequence[str], path: Path | str) -> str:
    """Return the sentence about expected ids that an index does not have."""
    shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    return f"{path} expects ids that this index does not have, so that their questions count as wrong: {shown}"


def write_corpus(folder: Path, corpus: Path) -> None:
    """Write the articles of a folder of questions into a corpus folder.

    An article with alternates, without text or with a question as its title becomes a FAQ; its title stands in for a
    missing answer.
    """
    corpus.mkdir(parents=True, exist_ok=True)
    rows = (json.dumps(_row(fields), ensure_ascii=False) for fields in _objects(folder / _CORPUS))
    (corpus / "questions.jsonl").write_text("\n".join(rows), encoding="utf-8")


def has_corpus(path: Path) -> bool:
    """Whether a path is a folder of questions with their articles."""
    return (path / _CORPUS).is_file()


def _row(fields: Mapping[str, Any]) -> dict[str, object]:
    title, text = str(fields["title"]), str(fields.get("text") or "")
    alternates = list(fields.get("alt_questions") or ())
    if alternates or not text.strip() or title.rstrip().endswith("?"):
        return {"id": fields["_id"], "question": title, "answer": text.strip() or title, "alternates": alternates}
    return {"id": fields["_id"], "title": title, "text": text}


def _objects(path: Path) -> Iterable[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
