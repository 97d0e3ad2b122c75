"""A folder of articles → a new generation."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from bot.build.cache import CachedRows, VectorCache
from bot.build.changes import changes_between
from bot.build.encoder_fidelity import choose_question_encoder
from bot.build.multilingual import MultilingualWriter, multilingual_weights_of
from bot.build.passage_writer import PassageWriter
from bot.build.publish import publish_generation, unfinished_generation
from bot.build.score_calibration import calibrate_scores, calibration_questions
from bot.build.word_index import word_index_in_background
from bot.build.workers import LocalWorkers, Workers
from bot.corpus.corpus import FolderSource
from bot.corpus.in_memory import ArticleInput, InMemorySource
from bot.corpus.refused import Refused, read_refused, write_refused
from bot.corpus.source import ArticleSource
from bot.encoder import FEW_TEXTS, Encoder, QuestionEncoderKind, exported_encoder, find_model, model_hash, open_encoder
from bot.errors import CorpusError, IndexCorrupt, IndexMissing, IndexUnwritable
from bot.index.generation import CHECK_SENTENCE, Generation, sentences_to_encode, texts_to_encode
from bot.index.local_generation import LocalGeneration
from bot.index.manifest import (
    ENCODER,
    FORMAT,
    MANIFEST,
    REFUSED,
    ChangedAnswers,
    Changes,
    EncoderFidelity,
    Manifest,
    MultilingualRecord,
    ScoreCalibration,
    record_files,
    verify_files,
)
from bot.index.passage_table import PASSAGES, PassageTable
from bot.index.sentences import write_sentences
from bot.index.store import LocalStore
from bot.index.vectors import SearchPlan, Vectors, write_vectors
from bot.passages import Passage, with_alternates
from bot.settings import BuildSettings
from bot.version import __version__

Step = Literal["files", "texts"]
"""What is counted: files read, texts encoded."""
OnProgress = Callable[[Step, int, int], None]
"""Hears of each step how many of how many are done."""

_CUSTOM = "custom:"
"""How the `weights` of an encoder of a program's own begin, before its name."""


@dataclass(frozen=True, slots=True)
class _Source:
    """What an index is made from: when this and the version are the same, so is the index."""

    settings: BuildSettings
    corpus: str
    weights: str
    multilingual: str | None
    """What tells the multilingual model from others, where there is one."""


def _unheard(_step: Step, _done: int, _total: int) -> None:
    pass


Review = Callable[[Generation | None, Generation], ChangedAnswers]
"""Looks at what is served, where that can be opened, and at what would be; returns what is answered otherwise, or raises `BuildRefused`."""


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did."""

    generation: str
    manifest: Manifest
    refused: tuple[Refused, ...]
    built: bool
    """False when the index was up to date, and nothing was done."""
    published: bool
    """False when it was only tried."""

    @property
    def encoded(self) -> int:
        """Texts that had to be encoded; the other vectors came from the cache."""
        return self.manifest.encoded if self.built else 0


def build(
    corpus: Path | str | Iterable[ArticleInput],
    index: Path | str,
    settings: BuildSettings = BuildSettings(),
    progress: OnProgress = _unheard,
    review: Review | None = None,
    *,
    publish: bool = True,
    encoder: Encoder | None = None,
    workers: Workers = LocalWorkers(),
) -> BuildReport:
    """Bring an index up to date with a folder of articles, or with a list of them.

    Does nothing, and loads no model, when the served generation was made from the same articles with the same settings and version. Unless
    `publish`, everything is done but that the new generation is served. An `encoder` of the program's own takes the place of `settings.model`; its name
    tells it from others, so one that gives other vectors needs another name. `workers` may do a part of
    the work elsewhere, and make the same index. Raises `CorpusError` when there is nothing to read, `ModelError` or
    `MissingExtra` when the model cannot be had, `IndexBusy` when another build is writing, `IndexUnwritable` when the folder cannot be written,
    `BuildRefused` as the review does; whatever happens, the served generation stays as it was.
    """
    store = LocalStore(index)
    reading = FolderSource(corpus) if isinstance(corpus, (Path, str)) else InMemorySource(corpus)
    settings = replace(settings, model=encoder.name) if encoder else settings
    weights = f"{_CUSTOM}{encoder.name}" if encoder else model_hash(find_model(settings.model), settings.model)
    source = _Source(settings, reading.digest(), weights, multilingual_weights_of(settings))
    with store.lock(), _told_when_unwritable(store.root):
        before = _served(store)
        if before is not None and _is_up_to_date(before, source):
            return BuildReport(
                before.name, Manifest.read(before), read_refused(before / REFUSED), built=False, published=True
            )
        with unfinished_generation(store) as folder:
            used = encoder or open_encoder(settings.model, weights, store.encoder_folder)
            manifest, refused = _write_generation(folder, before, reading, store, source, used, workers, progress)
            # What cannot be opened must not be served.
            made = LocalGeneration.open(folder, encoder=encoder)
            manifest = _reviewed(folder, before, made, review)
            if publish:
                publish_generation(store, folder, manifest.name)
    return BuildReport(manifest.name, manifest, refused, built=True, published=publish)


@contextmanager
def _told_when_unwritable(root: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise IndexUnwritable(
            f"The index folder {root} cannot be written ({reason}): mend that and build again; what was served still is."
        ) from error


def _served(store: LocalStore) -> Path | None:
    """The served generation, when all of it is there."""
    try:
        folder = store.current_folder()
        verify_files(folder, Manifest.read(folder))
    except (IndexMissing, IndexCorrupt):
        return None
    return folder


def _is_up_to_date(served: Path, source: _Source) -> bool:
    """Whether building again would make the same."""
    manifest = Manifest.read(served)
    multilingual = manifest.multilingual.weights if manifest.multilingual else None
    return (_Source(manifest.settings, manifest.corpus, manifest.weights, multilingual), manifest.version) == (
        source,
        __version__,
    )


def _reviewed(folder: Path, before: Path | None, made: Generation, review: Review | None) -> Manifest:
    """The manifest with what the review says, written again."""
    manifest = made.manifest
    if review is None:
        return manifest
    answers = review(LocalGeneration.open(before) if before else None, made)
    if manifest.changes:
        manifest = replace(manifest, changes=replace(manifest.changes, answers=answers))
        (folder / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
    return manifest


def _write_generation(
    folder: Path,
    before: Path | None,
    reading: ArticleSource,
    store: LocalStore,
    source: _Source,
    encoder: Encoder,
    workers: Workers,
    progress: OnProgress,
) -> tuple[Manifest, tuple[Refused, ...]]:
    """Write all files, the manifest last; returns it and what was refused."""
    with (
        closing(VectorCache(store.cache_folder, source.weights)) as cache,
        _multilingual_writer(store, source) as multilingual,
    ):
        wanted = _Wanted(cache.rows(), cache.rows(), multilingual)
        refused = _write_passages(folder, reading, encoder, workers, wanted, source.settings, progress)
        # Few texts are encoded sooner than two processes get out of each other's way, or others are ready.
        encoded = (
            _encode_missing(cache, LocalWorkers(), encoder, source.weights, progress)
            if cache.missing() <= FEW_TEXTS
            else 0
        )
        with word_index_in_background(folder, len(PassageTable(folder / PASSAGES))):
            samples = [each.question for each in calibration_questions(PassageTable(folder / PASSAGES))]
            encoder = exported_encoder(encoder, source.weights, store.encoder_folder, samples)
            encoded += _encode_missing(cache, workers, encoder, source.weights, progress)
            found = _write_vectors(folder, encoder, wanted, source.settings.exact_rows)
            if multilingual is not None:
                found.multilingual, multilingual_encoded = multilingual.write(
                    folder, PassageTable(folder / PASSAGES), lambda done, total: progress("texts", done, total)
                )
                encoded += multilingual_encoded
        changes = changes_between(before, folder) if before else None
        return _write_manifest(folder, source, encoder, wanted, found, encoded, changes), refused


@contextmanager
def _multilingual_writer(store: LocalStore, source: _Source) -> Iterator[MultilingualWriter | None]:
    if source.multilingual is None:
        yield None
        return
    with closing(MultilingualWriter(store.cache_folder, source.settings, source.multilingual)) as multilingual:
        yield multilingual


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is encoded of the passages."""

    texts: CachedRows
    sentences: CachedRows
    multilingual: MultilingualWriter | None

    def add(self, passage: Passage) -> None:
        self.texts.add([text for _, text in texts_to_encode(passage)])
        self.sentences.add(sentences_to_encode(passage))
        if self.multilingual is not None:
            self.multilingual.add(passage)


def _write_passages(
    folder: Path,
    reading: ArticleSource,
    encoder: Encoder,
    workers: Workers,
    wanted: _Wanted,
    settings: BuildSettings,
    progress: OnProgress,
) -> tuple[Refused, ...]:
    """Write articles and passages as they are read, and want their vectors; returns what was refused."""
    table = PassageWriter(folder / PASSAGES)
    unplaced: list[Refused] = []
    passages = workers.passages(reading, encoder, min(settings.passage_tokens, encoder.max_tokens))
    for passage in with_alternates(passages, reading.alternates, unplaced.append):
        table.add(passage)
        wanted.add(passage)
        progress("files", reading.files_read, reading.files)
    progress("files", reading.files, reading.files)
    table.complete(reading.resolve_related, reading.also_at)
    table.close()
    if not len(wanted.texts):
        raise CorpusError(f"The articles in {reading.name} hold no text to answer from.")
    refused = (*reading.refused, *unplaced)
    write_refused(folder / REFUSED, refused)
    return refused


@dataclass(slots=True)
class _Found:
    """What the vectors of a corpus tell about it."""

    question_encoder: QuestionEncoderKind
    encoder_fidelity: EncoderFidelity
    search: SearchPlan
    score_calibration: ScoreCalibration
    check_vector: tuple[float, ...]
    multilingual: MultilingualRecord | None = None


def _write_vectors(folder: Path, encoder: Encoder, wanted: _Wanted, exact_rows: int) -> _Found:
    """Write the vectors and the question encoder, and ask the index its own questions."""
    table = PassageTable(folder / PASSAGES)
    calibration_set = calibration_questions(table)
    questions, reworded = [each.question for each in calibration_set], [each.reworded for each in calibration_set]
    expected = encoder.encode_questions(reworded)
    plan = write_vectors(folder, wanted.texts, encoder.dimension, exact_rows, expected)
    write_sentences(folder, wanted.sentences)
    vectors = Vectors.open(folder, plan)
    kind, exported, encoder_fidelity, found = choose_question_encoder(
        folder / ENCODER, encoder, vectors, reworded, expected
    )
    score_calibration = calibrate_scores(table, vectors, calibration_set, exported.encode_questions(questions), found)
    vector = exported.encode_questions([CHECK_SENTENCE])[0]
    return _Found(kind, encoder_fidelity, plan, score_calibration, tuple(round(float(x), 6) for x in vector))


def _write_manifest(
    folder: Path,
    source: _Source,
    encoder: Encoder,
    wanted: _Wanted,
    found: _Found,
    encoded: int,
    changes: Changes | None,
) -> Manifest:
    table = PassageTable(folder / PASSAGES)
    manifest = Manifest(
        format=FORMAT, version=__version__, created=datetime.now(UTC), settings=source.settings, weights=source.weights,
        dimension=encoder.dimension, question_encoder=found.question_encoder, corpus=source.corpus, articles=table.count_articles(),
        passages=len(table), vectors=len(wanted.texts), sentences=len(wanted.sentences), encoder_fidelity=found.encoder_fidelity, search=found.search,
        score_calibration=found.score_calibration, multilingual=found.multilingual, encoded=encoded, changes=changes, check_vector=found.check_vector, files=record_files(folder),
    )  # fmt: skip
    (folder / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
    return manifest


def _encode_missing(cache: VectorCache, workers: Workers, encoder: Encoder, weights: str, progress: OnProgress) -> int:
    """Encode each different text that the cache does not have; returns how many those were."""
    missing = cache.missing()
    done = 0

    def count(finished: int) -> None:
        nonlocal done
        done += finished
        progress("texts", done, missing)

    if missing:
        cache.encode_missing(lambda texts: workers.encode(texts, missing, encoder, weights, count))
    cache.keep_only_wanted()
    return missing
