"""Writes all files of a generation: passages, vectors, word index and manifest."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from bot.alternates import Placement
from bot.build.cache import CachedRows, Row, VectorCache
from bot.build.changes import changes_between
from bot.build.multilingual import MultilingualWriter
from bot.build.part_cache import PartCache
from bot.build.passage_writer import PassageWriter
from bot.build.score_calibration import Questions, calibration_questions
from bot.build.vector_index import VectorFacts, earlier_vectors, encode_missing, write_vector_index
from bot.build.word_index import lexical_index_in_background
from bot.build.workers import LocalWorkers, Workers
from bot.corpus.refused import Refused, write_refused
from bot.corpus.source import ArticleSource
from bot.corpus.synonyms import write_synonyms
from bot.encoder import FEW_TEXTS, Encoder, EncoderInput, export_if_possible
from bot.encoder.encoder_input import BODY, BOTH, FIRST_SENTENCE
from bot.errors import CorpusError
from bot.index.generation import encoder_inputs
from bot.index.manifest import FORMAT, MANIFEST, REFUSED, Changes, Manifest, MultilingualRecord, record_files
from bot.index.passage_table import PASSAGES, PassageTable
from bot.index.sentences import write_sentences, write_tokens
from bot.index.store import LocalStore
from bot.index.unanswered import write_unanswered
from bot.languages.registry import readable
from bot.passages import Passage
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
class BuildPlan:
    """What a build would do."""

    articles: int
    passages: int
    vectors: int
    to_encode: int
    """Number of texts without vectors in the cache."""
    changes: Changes | None
    refused: tuple[Refused, ...]


@dataclass(frozen=True, slots=True)
class _Rows:
    """The texts to encode, and their vectors in the order of the index."""

    cache: VectorCache
    texts: CachedRows
    sentences: CachedRows
    unanswered: CachedRows
    multilingual: MultilingualWriter | None

    def add(self, passage: Passage) -> None:
        *questions, whole = encoder_inputs(passage)
        *keys, key = self.cache.want([*questions, whole])
        self.texts.add([*(Row(each, 0) for each in keys), Row(key, BODY), Row(key, BOTH)])
        self.sentences.add(Row(key, place) for place in range(FIRST_SENTENCE, whole.count))
        if self.multilingual is not None:
            self.multilingual.add(passage)

    def add_question(self, number: int, question: str) -> None:
        """Add an alternate before the row with this number."""
        (key,) = self.cache.want([EncoderInput(readable(question))])
        self.texts.insert(number, Row(key, 0))
        if self.multilingual is not None:
            self.multilingual.add_question(number, question)

    def missing(self) -> int:
        """Return the number of texts without vectors in the caches."""
        return self.cache.missing() + (self.multilingual.cache.missing() if self.multilingual else 0)


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

    def plan(self) -> BuildPlan:
        """Write the passages only, and return what `write` would do."""
        with self._rows() as rows:
            refused = self._write_passages(rows)
            table, missing = PassageTable(self.folder / PASSAGES), rows.missing()
            changes = changes_between(self.previous, self.folder) if self.previous else None
            return BuildPlan(table.count_articles(), len(table), len(rows.texts), missing, changes, refused)

    def write(self) -> tuple[Refused, ...]:
        """Write all files, the manifest last; return the files and rows that were refused."""
        with self._rows() as rows:
            cache, multilingual = rows.cache, rows.multilingual
            refused = self._write_passages(rows)
            if cache.missing() <= FEW_TEXTS:
                # This process encodes few texts before workers are ready, and before the word index competes with it.
                self._encode(cache, LocalWorkers())
            table = PassageTable(self.folder / PASSAGES)
            with lexical_index_in_background(self.folder, len(rows.texts)):
                questions = calibration_questions(table)
                facts = self._write_vectors(cache, rows, table, questions)
                record = multilingual.write(self.folder, table, questions, self._on_texts) if multilingual else None
            self._finish(rows, table, facts, record)
        return refused

    @contextmanager
    def _rows(self) -> Iterator[_Rows]:
        """Open the vector caches, and close them afterwards."""
        folder, inputs, multilingual = self.store.cache_folder, self.inputs, None
        with ExitStack() as stack:
            cache = stack.enter_context(closing(VectorCache(folder, inputs.weights)))
            if inputs.multilingual is not None:
                multilingual = MultilingualWriter(folder, self.previous, inputs.settings, inputs.multilingual)
                stack.enter_context(closing(multilingual.cache))
            yield _Rows(cache, CachedRows(cache), CachedRows(cache), CachedRows(cache), multilingual)

    def _write_passages(self, rows: _Rows) -> tuple[Refused, ...]:
        """Write articles and passages while they are read, and add their texts to `rows`."""
        source, placement = self.source, Placement(self.source.alternates)
        writer = PassageWriter(self.folder / PASSAGES)
        source.on_read = lambda: self.progress("files", source.files_read, len(source.parts))
        source.count_read(0)
        for passage in placement.add_to(self._passages()):
            writer.add(passage)
            rows.add(passage)
        for number, question in placement.follow():
            if (row := writer.add_alternate(number, question)) is not None:
                rows.add_question(row, question)
        unanswered = rows.cache.want([EncoderInput(readable(question)) for question in source.unanswered])
        rows.unanswered.add(Row(key, 0) for key in unanswered)
        writer.complete(source)
        writer.close()
        if not len(rows.texts):
            raise CorpusError(f"The articles in {source.name} hold no text to answer from.")
        refused = (*source.refused, *placement.notes)
        write_refused(self.folder / REFUSED, refused)
        write_synonyms(self.folder, source.synonyms)
        return refused

    def _passages(self) -> Iterator[Passage]:
        """Yield the passages of all articles; files that have not changed since the last build are not read again."""
        limit = min(self.inputs.settings.passage_tokens, self.encoder.max_tokens)
        with closing(PartCache(self.store.cache_folder, f"{self.inputs.weights}\0{limit}")) as cache:
            yield from self.workers.passages(self.source, self.encoder, limit, cache)
            cache.keep_only_used()

    def _encode(self, cache: VectorCache, workers: Workers) -> None:
        self.encoded += encode_missing(cache, workers, self.encoder, self._on_texts)

    def _on_texts(self, done: int, total: int) -> None:
        self.progress("texts", done, total)

    def _write_vectors(self, cache: VectorCache, rows: _Rows, table: PassageTable, questions: Questions) -> VectorFacts:
        """Encode the missing texts, and write the vectors, the sentences and the question encoder."""
        inputs, samples = self.inputs, [each.question for each in questions]
        self.encoder = export_if_possible(self.encoder, inputs.weights, self.store.encoder_folder, samples)
        self._encode(cache, self.workers)
        write_sentences(self.folder, rows.sentences.blocks())
        write_tokens(self.folder, rows.texts.tokens())
        write_unanswered(self.folder, rows.unanswered.blocks())
        exact_rows, earlier = inputs.settings.exact_rows, earlier_vectors(self.previous, inputs.weights)
        return write_vector_index(self.folder, rows.texts, self.encoder, table, questions, exact_rows, earlier)

    def _finish(self, rows: _Rows, table: PassageTable, facts: VectorFacts, record: MultilingualRecord | None) -> None:
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
