"""Passages and their vectors as rows for other tools: JSON Lines and Parquet, the latter's one door to pyarrow.

A row has the one vector that stands for a passage as a whole, of its question or headings and its text together. The rows of a corpus file have other
fields: what is exported here is refused there (`bot.corpus.formats.jsonl`), never taken for articles.
"""

import json
from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from bot.errors import MissingExtra
from bot.export.atomic import atomic_file
from bot.index.generation import Generation, numbers_of, role_vectors
from bot.passages import Passage

_TOGETHER = 4096
"""Passages that are in memory at once, and a row group of a Parquet file."""
_DECIMALS = 6
"""Of a vector's numbers in JSON: more than the 16 bits of the index hold."""

Row = dict[str, Any]


def write_jsonl(generation: Generation, path: Path | str) -> None:
    """Write a line for each passage, the model and the generation named in each. Raises `OutputUnwritable` when the file cannot be written."""
    made_by = {"model": generation.manifest.settings.model, "generation": generation.name}
    with atomic_file(Path(path)) as pending, pending.open("w", encoding="utf-8", newline="") as file:
        for row in (row for rows in _rows(generation) for row in rows):
            vector = [round(number, _DECIMALS) for number in row.pop("vector").tolist()]
            file.write(
                json.dumps({**row, **made_by, "vector": vector}, ensure_ascii=False, default=date.isoformat) + "\n"
            )


def write_parquet(generation: Generation, path: Path | str) -> None:
    """Write a row for each passage; the file's metadata name the model, the sha256 of its weights and the generation.

    Raises `MissingExtra` without pyarrow, `OutputUnwritable` when the file cannot be written.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ModuleNotFoundError:
        raise MissingExtra("pyarrow", "export") from None
    word, words, day = pa.string(), pa.list_(pa.string()), pa.date32()
    schema = pa.schema(
        {
            "passage": word, "article": word, "kind": word, "title": word, "section": words, "question": word, "alternates": words, "text": word,
            "url": word, "published": day, "updated": day, "category": word, "vector": pa.list_(pa.float32()),
        },
        {"model": generation.manifest.settings.model, "weights": generation.manifest.weights, "generation": generation.name},
    )  # fmt: skip
    with atomic_file(Path(path)) as pending, parquet.ParquetWriter(pending, schema, compression="zstd") as writer:
        for rows in _rows(generation):
            writer.write_batch(pa.RecordBatch.from_pylist(rows, schema))


def _rows(generation: Generation) -> Iterator[list[Row]]:
    """The rows of all passages in their order, some together."""
    rest = generation.table.all_passages()
    while passages := list(islice(rest, _TOGETHER)):
        vectors = role_vectors(generation, numbers_of(generation.table, passages), "both")
        yield [{**_fields(passage), "vector": vector} for passage, vector in zip(passages, vectors, strict=True)]


def _fields(passage: Passage) -> Row:
    """What is told of a passage, by the names that the JSON of an answer's sources has for it.

    Every row has a `question` and none has an `answer`: that is what the reader of `.jsonl` files refuses.
    """
    article = passage.article
    return {
        "passage": passage.id, "article": article.id, "kind": passage.kind, "title": article.title, "section": list(passage.section),
        "question": passage.question, "alternates": list(passage.alternates), "text": passage.text,
        "url": article.url, "published": article.published, "updated": article.updated, "category": article.category,
    }  # fmt: skip
