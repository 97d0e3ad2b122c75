"""Passages with their vectors as JSON Lines and Parquet, for other tools.

A row has the vector of the whole passage: its question or headings together with its text. An exported file is no
corpus file: `bot.corpus.formats.jsonl` refuses its rows instead of taking them for articles.
"""

import json
from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from bot.errors import requires
from bot.export.atomic import atomic_file
from bot.index.generation import Generation, numbers_of
from bot.passages import Passage

_BATCH = 4096  # number of passages in memory at once, and in a row group of a Parquet file
_DECIMALS = 6  # decimal places of a vector's numbers in JSON, more precise than the 16 bits of the index

Row = dict[str, Any]


def write_jsonl(generation: Generation, path: Path | str) -> None:
    """Write a line for each passage, with its model and generation. Raises `OutputUnwritable` if that fails."""
    origin = {"model": generation.manifest.settings.model, "generation": generation.name}
    with atomic_file(Path(path)) as pending, pending.open("w", encoding="utf-8", newline="") as file:
        for row in (row for rows in _rows(generation) for row in rows):
            vector = [round(number, _DECIMALS) for number in row.pop("vector").tolist()]
            fields = {**row, **origin, "vector": vector}
            file.write(json.dumps(fields, ensure_ascii=False, default=date.isoformat) + "\n")


def write_parquet(generation: Generation, path: Path | str) -> None:
    """Write a row for each passage; the metadata names the model, the sha256 of its weights and the generation.

    Raises `MissingExtra` without pyarrow, `OutputUnwritable` if the file cannot be written.
    """
    with requires("pyarrow", "export"):
        import pyarrow as pa
        from pyarrow import parquet
    manifest = generation.manifest
    text, texts, day = pa.string(), pa.list_(pa.string()), pa.date32()
    schema = pa.schema(
        {
            "passage": text, "article": text, "kind": text, "title": text, "section": texts, "question": text,
            "alternates": texts, "text": text, "url": text, "published": day, "updated": day, "category": text,
            "vector": pa.list_(pa.float32()),
        },
        {"model": manifest.settings.model, "weights": manifest.weights, "generation": generation.name},
    )  # fmt: skip
    with atomic_file(Path(path)) as pending, parquet.ParquetWriter(pending, schema, compression="zstd") as writer:
        for rows in _rows(generation):
            writer.write_batch(pa.RecordBatch.from_pylist(rows, schema))


def _rows(generation: Generation) -> Iterator[list[Row]]:
    """Yield the rows of all passages in order, in batches."""
    rest = generation.table.all_passages()
    while passages := list(islice(rest, _BATCH)):
        vectors = generation.role_vectors(numbers_of(generation.table, passages), "both")
        yield [{**_fields(passage), "vector": vector} for passage, vector in zip(passages, vectors, strict=True)]


def _fields(passage: Passage) -> Row:
    """Return a passage's fields under the names that an answer's sources have in JSON.

    Every row has a `question` and none has an `answer`, by which the reader of `.jsonl` files refuses it.
    """
    article = passage.article
    return {
        "passage": passage.id, "article": article.id, "kind": passage.kind, "title": article.title,
        "section": list(passage.section), "question": passage.question, "alternates": list(passage.alternates),
        "text": passage.text,
        "url": article.url, "published": article.published, "updated": article.updated, "category": article.category,
    }  # fmt: skip
