"""Writes all files of a generation: passages, vectors, word index and manifest."""

from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from bot.build.cache import CachedRows, VectorCache
from bot.build.changes import changes_between
from bot.build.multilingual import MultilingualWriter
from bot.build.passage_writer import PassageWriter
from bot.build.score_calibration import Questions, calibration_questions
from bot.build.vector_index import VectorFacts, encode_missing, write_vector_index
from bot.build.word_index import lexical_index_in_background
from bot.build.workers import LocalWorkers, Workers
from bot.corpus.refused import Refused, write_refused
from bot.corpus.source import ArticleSource
from bot.corpus.synonyms import write_synonyms
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

Step = Literal["model", "files", "texts"]
"""The step of a build: opening the model, reading files, or encoding texts."""
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


@dataclass(slots=True)
class GenerationWriter:
    """Writes one generation into an empty folder."""

    folder: Path
    store: LocalStore
    source: ArticleSource
    inputs: BuildInputs
    previous: Path | None
    encoder: Encoder
    workers: Workers
    progress: OnProgress
    encoded: int = 0

    def write(self) -> tuple[Refused, ...]:
        """Write all files, the manifest last; return the files and rows that were refused."""
        with ExitStack() as stack:
            cache = stack.enter_context(closing(VectorCache(self.store.cache_folder, self.inputs.weights)))
            multilingual = self._multilingual_writer(stack)
            rows = _Rows(CachedRows(cache), CachedRows(cache), multilingual)
            refused = self._write_passages(rows)
            if cache.missing() <= FEW_TEXTS:
                # This process encodes few texts before workers are ready, and before the word index competes with it.
                self._encode(cache, LocalWorkers())
            table = PassageTable(self.folder / PASSAGES)
            with lexical_index_in_background(self.folder, len(table)):
                questions = calibration_questions(table)
                facts = self._write_vectors(cache, rows, table, questions)
                record = multilingual.write(self.folder, table, questions, self._on_texts) if multilingual else None
            self._finish(rows, table, facts, record)
        return refused

    def _multilingual_writer(self, stack: ExitStack) -> MultilingualWriter | None:
        if self.inputs.multilingual is None:
            return None
        writer = MultilingualWriter(self.store.cache_folder, self.inputs.settings, self.inputs.multilingual)
        return stack.enter_context(closing(writer))

    def _write_passages(self, rows: _Rows) -> tuple[Refused, ...]:
        """Write articles and passages while they are read, and add their texts to `rows`."""
        source, unplaced = self.source, list[Refused]()
        limit = min(self.inputs.settings.passage_tokens, self.encoder.max_tokens)
        writer = PassageWriter(self.folder / PASSAGES)
        source.on_read = lambda: self.progress("files", source.files_read, source.files)
        source.count_read(0)
        passages = self.workers.passages(source, self.encoder, limit)
        for passage in with_alternates(passages, source.alternates, unplaced.append):
            writer.add(passage)
            rows.add(passage)
        writer.complete(source)
        writer.close()
        if not len(rows.texts):
            raise CorpusError(f"The articles in {source.name} hold no text to answer from.")
        refused = (*source.refused, *unplaced)
        write_refused(self.folder / REFUSED, refused)
        write_synonyms(self.folder, source.synonyms)
        return refused

    def _encode(self, cache: VectorCache, workers: Workers) -> None:
        self.encoded += encode_missing(cache, workers, self.encoder, self._on_texts)

    def _on_texts(self, done: int, total: int) -> None:
        self.progress("texts", done, total)

    def _write_vectors(self, cache: VectorCache, rows: _Rows, table: PassageTable, questions: Questions) -> VectorFacts:
        """Encode the missing texts, and write the vectors, the sentences and the question encoder."""
        inputs, samples = self.inputs, [each.question for each in questions]
        self.encoder = export_if_possible(self.encoder, inputs.weights, self.store.encoder_folder, samples)
        self._encode(cache, self.workers)
        write_sentences(self.folder, rows.sentences)
        return write_vector_index(self.folder, rows.texts, self.encoder, table, questions, inputs.settings.exact_rows)

    def _finish(self, rows: _Rows, table: PassageTable, facts: VectorFacts, record: MultilingualRecord | None) -> None:
        """Write the manifest."""
        inputs = self.inputs
        manifest = Manifest(
            format=FORMAT, version=__version__, created=datetime.now(UTC), settings=inputs.settings,
            weights=inputs.weights, dimension=facts.dimension, question_encoder=facts.question_encoder,
            corpus=inputs.corpus, articles=table.count_articles(), passages=len(table), vectors=len(rows.texts),
            sentences=len(rows.sentences),
            encoder_fidelity=facts.encoder_fidelity, search=facts.search, score_calibration=facts.score_calibration,
            multilingual=record, check_vector=facts.check_vector,
            encoded=self.encoded + (rows.multilingual.encoded if rows.multilingual else 0),
            changes=changes_between(self.previous, self.folder) if self.previous else None,
            files=record_files(self.folder),
        )  # fmt: skip
        (self.folder / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
