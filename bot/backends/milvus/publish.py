"""Publishing: write a generation from a local folder to a server, and make it the current one in one step."""

import hashlib
import logging
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from bot.backends.milvus import layout, records
from bot.backends.milvus.address import MilvusAddress
from bot.backends.milvus.client import BM25, NO_BM25, BatchWriter, MilvusClient
from bot.backends.milvus.layout import ARTICLE, FAQ, PASSAGE, Collections, corrupt, numeric_id
from bot.backends.milvus.words import WordsBatchWriter, bm25_fields, create_words
from bot.corpus.synonyms import STORED_SYNONYMS
from bot.encoder.encoder import OnCount
from bot.index.filters import Filters
from bot.index.generation import numbers_of
from bot.index.lexical import LEXICAL, LexicalWriter
from bot.index.local_generation import LocalGeneration
from bot.index.manifest import ENCODER, MANIFEST
from bot.index.store import MIN_KEPT
from bot.index.unanswered import UNANSWERED_VECTORS
from bot.index.vocabulary import VOCABULARY

_COPIED = (MANIFEST, VOCABULARY, STORED_SYNONYMS, UNANSWERED_VECTORS)  # files of a local folder
_log = logging.getLogger(__name__)


def publish(local: LocalGeneration, folder: Path, address: MilvusAddress, progress: OnCount) -> bool:
    """Write an open generation to a server, verify it there and make it current; return False if it is already.

    The current generation stays until the last step. The next call removes what an interrupted one left. Raises
    `IndexUnreachable` if the server does not answer, `IndexCorrupt` if it holds something else than was sent.
    """
    milvus = MilvusClient(address)
    collections = Collections.of(address.name, local.name)
    before = milvus.resolve_alias(address.name)
    if before == collections.rows:
        return False
    if not milvus.has_bm25:
        message = "Milvus at %s is %s: each replica keeps a word index (%s)"
        _log.warning(message, address.server, milvus.version, NO_BM25)
    _drop(milvus, collections)
    milvus.create(collections.rows, records.row_fields(local.manifest.dimension))
    milvus.create(collections.records, records.record_fields())
    if milvus.has_bm25:
        create_words(milvus, collections)
    _write(milvus, collections, local, folder, progress)
    _build_indexes(milvus, collections)
    _verify(milvus, collections, local)
    milvus.set_alias(address.name, collections.rows)
    _prune(milvus, collections, before)
    return True


def list_generations(milvus: MilvusClient) -> list[Collections]:
    """Return the complete generations of an index on a server, oldest first."""
    there = set(milvus.list_collections())
    parsed = {Collections.parse(milvus.address.name, name) for name in there}
    complete = (each for each in parsed if each is not None and {each.rows, each.records} <= there)
    return sorted(complete, key=lambda each: each.token)


def existing(milvus: MilvusClient, collections: Collections) -> list[str]:
    """Return the names of a generation's collections that exist; those with words only do on a server with BM25."""
    there = set(milvus.list_collections())
    return [name for name in collections.all if name in there]


def _prune(milvus: MilvusClient, current: Collections, before: str | None) -> None:
    """Remove old generations, but never the current one and the one before it."""
    old = [each for each in list_generations(milvus) if each.token < current.token and each.rows != before]
    for each in old[: max(0, len(old) - (MIN_KEPT - (1 if before is None else 2)))]:
        _drop(milvus, each)


def _drop(milvus: MilvusClient, collections: Collections) -> None:
    for name in existing(milvus, collections):
        milvus.drop(name)


def _build_indexes(milvus: MilvusClient, collections: Collections) -> None:
    """Index all collections, and flush and load them at the same time."""
    rows = (collections.rows, {"vector": milvus.address.kind}, ("passage",))
    bodies = (collections.records, {records.NO_VECTOR: "FLAT"}, ("number", "place", "nth"))
    words = [(name, dict.fromkeys(fields, BM25), ()) for name, fields in bm25_fields(collections).items()]
    pending = [rows, bodies, *(words if milvus.has_bm25 else [])]
    with ThreadPoolExecutor(len(pending)) as pool:
        list(pool.map(lambda each: milvus.build_indexes(*each), pending))


def _write(
    milvus: MilvusClient, collections: Collections, local: LocalGeneration, folder: Path, progress: OnCount
) -> None:
    with TemporaryDirectory() as scratch:
        places = _write_articles(milvus, collections, local, Path(scratch, LEXICAL), progress)
        files = {name: path.read_bytes() for name, path in _files(folder, Path(scratch))}
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    places = {ARTICLE: 0, PASSAGE: 0, FAQ: 0, **places}
    facts = {**asdict(local.table.facts), "places": places, "kind": milvus.address.kind, "files": hashes}
    writer = BatchWriter(milvus, collections.records, fresh=True)
    for name, content in files.items():
        writer.add(records.file_records(name, content))
    writer.add(records.facts_record(facts))
    writer.close()


def _write_articles(
    milvus: MilvusClient, collections: Collections, local: LocalGeneration, lexical: Path, progress: OnCount
) -> dict[str, int]:
    """Write articles, passages, vectors and words; return the next free places."""
    bodies, rows = (BatchWriter(milvus, name, fresh=True) for name in (collections.records, collections.rows))
    words = WordsBatchWriter(milvus, collections) if milvus.has_bm25 else LexicalWriter(lexical, numeric_id)
    nth, done = Counter[str](), 0
    for article, passages in groupby(local.table.all_passages(), key=lambda passage: passage.article):
        version, key = records.content_hash(article), layout.category_counter_key(article)
        bodies.add(records.article_records(article, version, records.Places(nth[ARTICLE], nth[key])))
        nth.update((ARTICLE, key))
        for passage in passages:
            places = records.Places(nth[PASSAGE], nth[FAQ])
            nth.update((PASSAGE, FAQ) if passage.kind == "faq" else (PASSAGE,))
            words.add(passage)
            own = local.sentence_vectors([passage])
            bodies.add(records.passage_records(passage, version, places, own.rows, own.tokens))
            vectors = local.vectors_of(numbers_of(local.table, [passage])).rows
            rows.add(records.row_entities(passage, version, vectors))
            done += 1
        progress(done, local.manifest.passages)
    for writer in (words, bodies, rows):
        writer.close()
    return dict(nth)


def _files(folder: Path, scratch: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files that every replica copies: the word index if there is one, and the small ones of the folder."""
    encoder = (path for path in sorted((folder / ENCODER).rglob("*")) if path.is_file())
    words = (path for path in sorted(scratch.rglob("*")) if path.is_file() and path.suffix != ".lock")
    yield from ((path.relative_to(scratch).as_posix(), path) for path in words)
    yield from ((name, folder / name) for name in _COPIED if (folder / name).is_file())
    yield from ((path.relative_to(folder).as_posix(), path) for path in encoder)


def _verify(milvus: MilvusClient, collections: Collections, local: LocalGeneration) -> None:
    """Raise `IndexCorrupt` if the server has other counts than the folder, or finds another passage."""
    expected = local.manifest.passages, local.manifest.vectors
    found = milvus.count(collections.records, f"{layout.PASSAGE_KINDS} and part == 0"), milvus.count(collections.rows)
    if found != expected:
        counts = f"{found[0]} passages and {found[1]} vectors of {local.name}, not {expected[0]} and {expected[1]}"
        raise corrupt(f"Milvus at {milvus.address.server} holds {counts}")
    vector = np.array([local.manifest.check_vector], np.float32)
    near = {numeric_id(passage.id) for passage in local.table.passages(local.nearest(vector, 3, Filters()).tolist())}
    first = milvus.search_vectors(collections.rows, vector, 1, "", milvus.address.kind)
    if not first or first[0] not in near:
        raise corrupt(f"Milvus at {milvus.address.server} finds other passages of {local.name} than this machine")
