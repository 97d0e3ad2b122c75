"""A folder of articles → a new generation."""

import hashlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from bot.corpus.corpus import CorpusReading, corpus_digest
from bot.corpus.refused import Refused, read_refused, write_refused
from bot.encoder import FEW_TEXTS, Encoder, QuestionEncoderKind, encoder_for_many, exported_encoder, find_model, model_hash, open_encoder
from bot.errors import CorpusError, IndexCorrupt, IndexMissing
from bot.index.agreement import Agreement, choose_question_encoder
from bot.index.cache import CachedRows, VectorCache
from bot.index.closeness import Closeness, measure_closeness, probes_of
from bot.index.generation import (
    ENCODER,
    FORMAT,
    MANIFEST,
    PROBE,
    REFUSED,
    Generation,
    Manifest,
    record_files,
    verify_files,
)
from bot.index.passage_table import PASSAGES, PassageTable, PassageWriter, sentences_to_encode, texts_to_encode
from bot.index.sentences import write_sentences
from bot.index.store import IndexStore
from bot.index.vectors import SearchPlan, Vectors, write_vectors
from bot.index.words import words_written_beside
from bot.passages import Passage, split_articles, with_alternates
from bot.settings import BuildSettings
from bot.version import __version__

Step = Literal["files", "texts"]
"""What is counted: files read, texts encoded."""
OnProgress = Callable[[Step, int, int], None]
"""Hears of each step how many of how many are done."""


@dataclass(frozen=True, slots=True)
class _Source:
    """What an index is made from: when this and the version are the same, so is the index."""

    settings: BuildSettings
    corpus: str
    weights: str


def _unheard(_step: Step, _done: int, _total: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did."""

    generation: str
    manifest: Manifest
    refused: tuple[Refused, ...]
    encoded: int
    """Texts encoded; the other vectors came from the cache."""
    built: bool
    """False when the index was up to date, and nothing was done."""


def build(corpus: Path | str, index: Path | str, settings: BuildSettings = BuildSettings(), progress: OnProgress = _unheard) -> BuildReport:
    """Bring an index up to date with a folder of articles.

    Does nothing, and loads no model, when the served generation was made from the same files with the same settings and version.
    Raises `CorpusError` when there is nothing to read, `ModelError` or `MissingExtra` when the model cannot be had, `IndexBusy` when another
    build is writing, `IndexMissing` when the folder cannot be written; whatever happens, the served generation stays as it was.
    """
    store = IndexStore(index)
    source = _Source(settings, corpus_digest(corpus), model_hash(find_model(settings.model), settings.model))
    with store.lock():
        served = _up_to_date(store, source)
        if served is not None:
            return BuildReport(served.name, Manifest.read(served), read_refused(served / REFUSED), 0, built=False)
        folder = store.start()
        manifest, refused, encoded = _write_generation(folder, CorpusReading(corpus), store, source, progress)
        # What cannot be opened must not be served.
        Generation.open(folder)
        name = f"{manifest.created:%Y%m%dT%H%M%S.%fZ}-{hashlib.sha256(manifest.to_json().encode()).hexdigest()[:8]}"
        store.publish(folder, name)
    return BuildReport(name, manifest, refused, encoded, built=True)


def _up_to_date(store: IndexStore, source: _Source) -> Path | None:
    """The served generation, when building again would make the same."""
    try:
        folder = store.current()
        manifest = Manifest.read(folder)
        verify_files(folder, manifest)
    except (IndexMissing, IndexCorrupt):
        return None
    same = (_Source(manifest.settings, manifest.corpus, manifest.weights), manifest.version) == (source, __version__)
    return folder if same else None


def _write_generation(
    folder: Path, reading: CorpusReading, store: IndexStore, source: _Source, progress: OnProgress
) -> tuple[Manifest, tuple[Refused, ...], int]:
    """Write all files, the manifest last; returns it, what was refused and the number of texts that had to be encoded."""
    encoder = open_encoder(source.settings.model, source.weights, store.encoder_folder)
    with closing(VectorCache(store.cache_folder, source.weights)) as cache:
        wanted = _Wanted(cache.rows(), cache.rows())
        refused = _write_passages(folder, reading, encoder, wanted, source.settings, progress)
        # Few texts are encoded sooner than two processes get out of each other's way.
        encoded = _encode_missing(cache, encoder, progress) if cache.missing() <= FEW_TEXTS else 0
        with words_written_beside(folder):
            samples = [probe.question for probe in probes_of(PassageTable(folder / PASSAGES))]
            encoder = exported_encoder(encoder, source.weights, store.encoder_folder, samples)
            encoded += _encode_missing(cache, encoder, progress)
            found = _write_vectors(folder, encoder, wanted, source.settings.exact_rows)
        return _write_manifest(folder, source, encoder, wanted, found), refused, encoded


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is encoded of the passages."""

    texts: CachedRows
    sentences: CachedRows

    def add(self, passage: Passage) -> None:
        self.texts.add([text for _, text in texts_to_encode(passage)])
        self.sentences.add(sentences_to_encode(passage))


def _write_passages(
    folder: Path, reading: CorpusReading, encoder: Encoder, wanted: _Wanted, settings: BuildSettings, progress: OnProgress
) -> tuple[Refused, ...]:
    """Write articles and passages as they are read, and want their vectors; returns what was refused."""
    table = PassageWriter(folder / PASSAGES)
    unplaced: list[Refused] = []
    passages = split_articles(reading, encoder.token_starts, min(settings.passage_tokens, encoder.max_tokens))
    for passage in with_alternates(passages, reading.alternates, unplaced.append):
        table.add(passage)
        wanted.add(passage)
        progress("files", reading.files_read, reading.files)
    progress("files", reading.files, reading.files)
    table.complete(reading.related_ids, reading.also_at)
    table.close()
    if not len(wanted.texts):
        raise CorpusError(f"The articles in {reading.folder} hold no text to answer from.")
    refused = (*reading.refused, *unplaced)
    write_refused(folder / REFUSED, refused)
    return refused


@dataclass(frozen=True, slots=True)
class _Found:
    """What the vectors of a corpus tell about it."""

    question_encoder: QuestionEncoderKind
    agreement: Agreement
    search: SearchPlan
    closeness: Closeness
    probe: tuple[float, ...]


def _write_vectors(folder: Path, encoder: Encoder, wanted: _Wanted, exact_rows: int) -> _Found:
    """Write the vectors and the question encoder, and ask the index its own questions."""
    table = PassageTable(folder / PASSAGES)
    probes = probes_of(table)
    questions, reworded = [probe.question for probe in probes], [probe.reworded for probe in probes]
    expected = encoder.encode_questions(reworded)
    plan = write_vectors(folder, wanted.texts, encoder.dimension, exact_rows, expected)
    write_sentences(folder, wanted.sentences)
    vectors = Vectors.open(folder, plan)
    kind, exported, agreement, found = choose_question_encoder(folder / ENCODER, encoder, vectors, reworded, expected)
    closeness = measure_closeness(table, vectors, probes, exported.encode_questions(questions), found)
    probe = exported.encode_questions([PROBE])[0]
    return _Found(kind, agreement, plan, closeness, tuple(round(float(x), 6) for x in probe))


def _write_manifest(folder: Path, source: _Source, encoder: Encoder, wanted: _Wanted, found: _Found) -> Manifest:
    table = PassageTable(folder / PASSAGES)
    manifest = Manifest(
        format=FORMAT, version=__version__, created=datetime.now(UTC), settings=source.settings, weights=source.weights,
        dimension=encoder.dimension, question_encoder=found.question_encoder, corpus=source.corpus, articles=table.count_articles(),
        passages=len(table), vectors=len(wanted.texts), sentences=len(wanted.sentences), agreement=found.agreement, search=found.search,
        closeness=found.closeness, probe=found.probe, files=record_files(folder),
    )  # fmt: skip
    (folder / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
    return manifest


def _encode_missing(cache: VectorCache, encoder: Encoder, progress: OnProgress) -> int:
    """Encode each different text that the cache does not have; returns how many those were."""
    missing = cache.missing()
    done = 0

    def count(finished: int) -> None:
        nonlocal done
        done += finished
        progress("texts", done, missing)

    if missing:
        cache.encode_missing(encoder_for_many(encoder, missing), count)
    cache.keep_only_wanted()
    return missing
