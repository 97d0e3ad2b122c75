"""A generation in a folder → the same one on a server, served from one moment to the next."""

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from bot.backends.milvus.address import MilvusAddress
from bot.backends.milvus.batch import Batch, BatchOfWords
from bot.backends.milvus.client import BM25, NO_BM25, MilvusClient
from bot.backends.milvus.layout import ARTICLE, FAQ, OF_PASSAGES, PASSAGE, Collections, number_of, place_key
from bot.backends.milvus.records import (
    WITHOUT_VECTOR,
    Places,
    article_records,
    facts_record,
    file_records,
    passage_records,
    record_fields,
    row_entities,
    row_fields,
    version_of,
)
from bot.backends.milvus.words import create_words, ranked_fields
from bot.errors import IndexCorrupt
from bot.index.filters import Filters
from bot.index.generation import numbers_of
from bot.index.lexical import LEXICAL, LexicalWriter
from bot.index.local_generation import LocalGeneration
from bot.index.manifest import ENCODER, MANIFEST
from bot.index.store import KEPT_GENERATIONS
from bot.index.vocabulary import VOCABULARY

_log = logging.getLogger(__name__)

OnPassages = Callable[[int, int], None]
"""Hears how many of how many passages are written."""


def publish(local: LocalGeneration, folder: Path, address: MilvusAddress, told: OnPassages) -> bool:
    """Write an open generation, that of a folder, to a server, verify it there, and have it served; False when it is served already.

    Until the last moment nothing that is served changes; what a publication that was broken off left is swept away by the next one. Raises
    `IndexUnreachable` when the server does not answer, `IndexCorrupt` when what arrived is not what was sent.
    """
    milvus = MilvusClient(address)
    collections = Collections.of(address.name, local.name)
    before = milvus.alias(address.name)
    if before == collections.rows:
        return False
    if not milvus.has_bm25:
        _log.warning(
            "Milvus at %s is %s: each replica will keep an index of words of its own (%s)",
            address.server,
            milvus.version,
            NO_BM25,
        )
    _sweep(milvus, collections)
    _create(milvus, collections, local)
    _write(milvus, collections, local, folder, told)
    _finish(milvus, collections)
    _verify(milvus, collections, local)
    milvus.point(address.name, collections.rows)
    _prune(milvus, collections, before)
    return True


def kept_on(milvus: MilvusClient) -> list[Collections]:
    """The generations of an index that a server holds whole, oldest first."""
    there = set(milvus.collections())
    named = {Collections.named(milvus.address.name, name) for name in there}
    return sorted(
        (each for each in named if each is not None and {each.rows, each.records} <= there), key=lambda each: each.token
    )


def present(milvus: MilvusClient, collections: Collections) -> list[str]:
    """The names of a generation's collections that are there: those of words only on a server that ranks by them."""
    there = set(milvus.collections())
    return [name for name in collections.all if name in there]


def _prune(milvus: MilvusClient, served: Collections, before: str | None) -> None:
    """Remove all generations that are older than the one served and the one that was."""
    older = [each for each in kept_on(milvus) if each.token < served.token and each.rows != before]
    for each in older[: max(0, len(older) - (KEPT_GENERATIONS - (1 if before is None else 2)))]:
        _sweep(milvus, each)


def _sweep(milvus: MilvusClient, collections: Collections) -> None:
    for name in present(milvus, collections):
        milvus.drop(name)


def _create(milvus: MilvusClient, collections: Collections, local: LocalGeneration) -> None:
    milvus.create(collections.rows, row_fields(), {"name": "vector", "dimension": local.manifest.dimension})
    milvus.create(collections.records, record_fields(), WITHOUT_VECTOR)
    if milvus.has_bm25:
        create_words(milvus, collections)


def _finish(milvus: MilvusClient, collections: Collections) -> None:
    """Have all collections indexed and in memory, side by side."""
    vectors = {"vector": milvus.address.kind}
    waiting = [
        (collections.rows, vectors, ("passage",)),
        (collections.records, {WITHOUT_VECTOR["name"]: "FLAT"}, ("number", "place", "nth")),
    ]
    waiting += [
        (name, dict.fromkeys(fields, BM25), ())
        for name, fields in ranked_fields(collections).items()
        if milvus.has_bm25
    ]
    with ThreadPoolExecutor(len(waiting)) as pool:
        list(pool.map(lambda each: milvus.finish(*each), waiting))


def _write(
    milvus: MilvusClient, collections: Collections, local: LocalGeneration, folder: Path, told: OnPassages
) -> None:
    with TemporaryDirectory() as scratch:
        places = _write_articles(milvus, collections, local, Path(scratch, LEXICAL), told)
        files = {name: path.read_bytes() for name, path in _files(folder, Path(scratch))}
        records = Batch(milvus, collections.records, fresh=True)
        for name, content in files.items():
            records.add(file_records(name, content))
        records.add(
            facts_record(
                _facts(
                    local,
                    milvus.address.kind,
                    places,
                    {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
                )
            )
        )
        records.close()


def _write_articles(
    milvus: MilvusClient, collections: Collections, local: LocalGeneration, lexical: Path, told: OnPassages
) -> dict[str, int]:
    """Write articles, passages, vectors and words; returns by kind how many places are taken."""
    records, rows = Batch(milvus, collections.records, fresh=True), Batch(milvus, collections.rows, fresh=True)
    words = BatchOfWords(milvus, collections) if milvus.has_bm25 else LexicalWriter(lexical, number_of)
    nth, done = Counter[str](), 0
    for article, own in groupby(local.table.all_passages(), key=lambda passage: passage.article):
        version, key = version_of(article), place_key(article)
        records.add(article_records(article, version, Places(nth[ARTICLE], nth[key])))
        nth.update((ARTICLE, key))
        for passage in own:
            words.add(passage)
            places = Places(nth[PASSAGE], nth[FAQ])
            nth.update((PASSAGE, FAQ) if passage.kind == "faq" else (PASSAGE,))
            records.add(passage_records(passage, version, places, local.sentence_vectors(passage)))
            rows.add(row_entities(passage, version, local.vectors_of(numbers_of(local.table, [passage])).rows))
            done += 1
        told(done, len(local.table))
    for written in (words, records, rows):
        written.close()
    return dict(nth)


def _files(folder: Path, written: Path) -> Iterator[tuple[str, Path]]:
    """What every replica keeps a copy of: the words as they are numbered there, and what of the folder is small."""
    yield from (
        (path.relative_to(written).as_posix(), path)
        for path in sorted(written.rglob("*"))
        if path.is_file() and path.suffix != ".lock"
    )
    own = (
        MANIFEST,
        VOCABULARY,
        *(path.relative_to(folder).as_posix() for path in sorted((folder / ENCODER).rglob("*")) if path.is_file()),
    )
    yield from ((name, folder / name) for name in own)


def _facts(local: LocalGeneration, kind: str, places: dict[str, int], files: dict[str, str]) -> dict[str, Any]:
    places = {ARTICLE: 0, PASSAGE: 0, FAQ: 0, **places}
    return {**asdict(local.table.facts), "places": places, "kind": kind, "files": files}


def _verify(milvus: MilvusClient, collections: Collections, local: LocalGeneration) -> None:
    """Raises `IndexCorrupt` when the server holds other counts, or finds another passage for the manifest's probe, than the folder."""
    rows = milvus.count(collections.rows)
    passages = milvus.count(collections.records, f"{OF_PASSAGES} and part == 0")
    if (rows, passages) != (local.manifest.vectors, len(local.table)):
        raise IndexCorrupt(
            f"Milvus at {milvus.address.server} holds {passages} passages and {rows} vectors of {local.name}, which has {len(local.table)} and "
            f"{local.manifest.vectors}: run articlebot build --to again."
        )
    probe = np.array([local.manifest.check_vector], np.float32)
    near = {number_of(passage.id) for passage in local.table.passages(local.nearest(probe, 3, Filters()).tolist())}
    (found,) = milvus.nearest(collections.rows, probe, 1, "", ("passage",), milvus.address.kind) or [{"passage": None}]
    if found["passage"] not in near:
        raise IndexCorrupt(
            f"Milvus at {milvus.address.server} finds other passages of {local.name} than this machine does: run articlebot build --to again."
        )
