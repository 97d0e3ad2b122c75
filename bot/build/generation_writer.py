"""Writes all files of a generation: passages, vectors, word index and manifest."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from bot.build.cache import CachedRows, VectorCache
from bot.build.changes import changes_between
from bot.build.multilingual import MultilingualWriter
from bot.build.passage_writer import PassageWriter
from bot.build.score_calibration import CalibrationQuestion, calibration_questions
from bot.build.vector_index import VectorFacts, encode_missing, write_vector_index
from bot.build.word_index import word_index_in_background
from bot.build.workers import LocalWorkers, Workers
from bot.corpus.refused import Refused, write_refused
from bot.corpus.source import ArticleSource
from bot.encoder import FEW_TEXTS, Encoder, export_if_possible
from bot.errors import CorpusError
from bot.index.generation import sentences_to_encode, texts_to_encode
from bot.index.manifest import FORMAT, MANIFEST, REFUSED, Manifest, MultilingualRecord, record_files
from bot.index.passage_table import PASSAGES, PassageTable
from bot.index.sentences import write_sentences
from bot.index.store import LocalStore
from bot.passages import Passage, with_alternates
from bot.settings import BuildSettings
from bot.version import __version__

Step = Literal["files", "texts"]
"""The step of a build: reading files, or encoding texts."""
OnProgress = Callable[[Step, int, int], None]
"""Called with the step, the number of items done and the total."""


@dataclass(frozen=True, slots=True)
class BuildInputs:
    """The inputs of a build; the same inputs and version make the same index."""

    settings: BuildSettings
    corpus: str
    """sha256 of the corpus."""
    weights: str
    multilingual: str | None
    """The weights of the multilingual model, if the settings need one."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """The texts to encode, in the order of their vectors."""

    texts: CachedRows
    sentences: CachedRows
    multilingual: MultilingualWriter | None

    def add(self, passage: Passage) -> None:
        self.texts.add([text for _, text in texts_to_encode(passage)])
        self.sentences.add(sentences_to_encode(passage))
        if self.multilingual is not None:
            self.multilingual.add(passage)


class GenerationWriter:
    """Writes one generation into an empty folder."""

    def __init__(
        self,
        folder: Path,
        store: LocalStore,
        source: ArticleSource,
        inputs: BuildInputs,
        encoder: Encoder,
        workers: Workers,
        progress: OnProgress,
    ) -> None:
        self._folder, self._store, self._source, self._inputs = folder, store, source, inputs
        self._encoder, self._workers, self._progress = encoder, workers, progress
        self._encoded = 0

    def write(self, previous: Path | None) -> tuple[Refused, ...]:
        """Write all files, the manifest last; return the files and rows that were refused."""
        with (
            closing(VectorCache(self._store.cache_folder, self._inputs.weights)) as cache,
            self._multilingual_writer() as multilingual,
        ):
            rows = _Rows(cache.rows(), cache.rows(), multilingual)
            refused = self._write_passages(rows)
            if cache.missing() <= FEW_TEXTS:
                # This process encodes few texts before workers are ready, and before the word index competes with it.
                self._encode(cache, LocalWorkers())
            table = PassageTable(self._folder / PASSAGES)
            with word_index_in_background(self._folder, len(table)):
                questions = calibration_questions(table)
                facts = self._write_vectors(cache, rows, table, questions)
                record = self._write_multilingual(multilingual, table, questions)
            self._write_manifest(rows, table, facts, record, previous)
        return refused

    @contextmanager
    def _multilingual_writer(self) -> Iterator[MultilingualWriter | None]:
        if self._inputs.multilingual is None:
            yield None
            return
        cache_folder, settings = self._store.cache_folder, self._inputs.settings
        with closing(MultilingualWriter(cache_folder, settings, self._inputs.multilingual)) as writer:
            yield writer

    def _write_passages(self, rows: _Rows) -> tuple[Refused, ...]:
        """Write articles and passages while they are read, and add their texts to `rows`."""
        source, unplaced = self._source, list[Refused]()
        limit = min(self._inputs.settings.passage_tokens, self._encoder.max_tokens)
        writer = PassageWriter(self._folder / PASSAGES)
        passages = self._workers.passages(source, self._encoder, limit)
        for passage in with_alternates(passages, source.alternates, unplaced.append):
            writer.add(passage)
            rows.add(passage)
            self._progress("files", source.files_read, source.files)
        self._progress("files", source.files, source.files)
        writer.complete(source.resolve_related, source.also_at)
        writer.close()
        if not len(rows.texts):
            raise CorpusError(f"The articles in {source.name} hold no text to answer from.")
        refused = (*source.refused, *unplaced)
        write_refused(self._folder / REFUSED, refused)
        return refused

    def _encode(self, cache: VectorCache, workers: Workers) -> None:
        encoder, weights = self._encoder, self._inputs.weights
        self._encoded += encode_missing(
            cache, lambda texts, count, done: workers.encode(texts, count, encoder, weights, done), self._on_texts
        )

    def _on_texts(self, done: int, total: int) -> None:
        self._progress("texts", done, total)

    def _write_vectors(
        self, cache: VectorCache, rows: _Rows, table: PassageTable, questions: list[CalibrationQuestion]
    ) -> VectorFacts:
        """Encode the missing texts, and write the vectors, the sentences and the question encoder."""
        inputs, samples = self._inputs, [each.question for each in questions]
        self._encoder = export_if_possible(self._encoder, inputs.weights, self._store.encoder_folder, samples)
        self._encode(cache, self._workers)
        write_sentences(self._folder, rows.sentences)
        return write_vector_index(self._folder, rows.texts, self._encoder, table, questions, inputs.settings.exact_rows)

    def _write_multilingual(
        self, writer: MultilingualWriter | None, table: PassageTable, questions: list[CalibrationQuestion]
    ) -> MultilingualRecord | None:
        if writer is None:
            return None
        record, encoded = writer.write(self._folder, table, questions, self._on_texts)
        self._encoded += encoded
        return record

    def _write_manifest(
        self,
        rows: _Rows,
        table: PassageTable,
        facts: VectorFacts,
        multilingual: MultilingualRecord | None,
        previous: Path | None,
    ) -> None:
        inputs = self._inputs
        manifest = Manifest(
            format=FORMAT, version=__version__, created=datetime.now(UTC), settings=inputs.settings,
            weights=inputs.weights, dimension=facts.dimension, question_encoder=facts.question_encoder,
            corpus=inputs.corpus, articles=table.count_articles(), passages=len(table),
            vectors=len(rows.texts), sentences=len(rows.sentences),
            encoder_fidelity=facts.encoder_fidelity, search=facts.search, score_calibration=facts.score_calibration,
            multilingual=multilingual, encoded=self._encoded, check_vector=facts.check_vector,
            changes=changes_between(previous, self._folder) if previous else None, files=record_files(self._folder),
        )  # fmt: skip
        (self._folder / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
