"""A generation in a local folder."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.encoder import Matrix, QuestionEncoder, open_question_encoder
from bot.errors import IndexCorrupt, raise_as_corrupt
from bot.index import passage_rows
from bot.index.filters import Filters
from bot.index.generation import Numbers, PassageVectors
from bot.index.lexical import LEXICAL, Lexical
from bot.index.manifest import ENCODER, Manifest, verify_files
from bot.index.multilingual_index import MultilingualIndex
from bot.index.passage_table import PASSAGES, PassageTable
from bot.index.sentences import Sentences, cosines
from bot.index.vectors import Vectors
from bot.index.vocabulary import Vocabulary
from bot.passages import Passage


@dataclass(frozen=True, slots=True)
class LocalGeneration:
    """An open generation of a local folder. Safe to read from many threads."""

    name: str
    manifest: Manifest
    table: PassageTable
    vectors: Vectors
    sentences: Sentences
    lexical: Lexical
    vocabulary: Vocabulary
    encoder: QuestionEncoder
    multilingual: MultilingualIndex | None

    @classmethod
    def open(cls, folder: Path, *, whole: bool = False, encoder: QuestionEncoder | None = None) -> "LocalGeneration":
        """Open a folder; an index built with a custom `encoder` raises `ModelError` without it.

        Files up to 32 MB are verified byte by byte; larger ones are sampled, unless `whole`, so that opening reads
        no more than answering needs. Raises `IndexCorrupt` if a file differs from the manifest or the parts do not fit.
        """
        manifest = Manifest.read(folder)
        verify_files(folder, manifest, whole=whole)
        with raise_as_corrupt(folder):
            table = PassageTable(folder / PASSAGES)
            record = manifest.multilingual
            opened = cls(
                folder.name,
                manifest,
                table,
                Vectors.open(folder, manifest.search),
                Sentences(folder, manifest.sentences, manifest.dimension),
                Lexical(folder / LEXICAL),
                Vocabulary(folder),
                open_question_encoder(folder / ENCODER, manifest.question_encoder, encoder),
                MultilingualIndex.open(folder, record, table) if record else None,
            )
            opened._check_fit(folder)
        return opened

    def nearest(self, vector: Matrix, k: int, filters: Filters) -> Numbers:
        return passage_rows.nearest(self.table, self.vectors, vector, k, filters)

    def vectors_of(self, numbers: Numbers, *, fresh: bool = False) -> PassageVectors:  # noqa: ARG002
        return passage_rows.vectors_of(self.table, self.vectors, numbers)

    def sentence_cosines(self, passage: Passage, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        return cosines(self.sentence_vectors(passage), vector)

    def sentence_vectors(self, passage: Passage) -> Matrix:
        """Return the vectors of a passage's sentences, of any length."""
        number = self.table.number(passage.id) or 0
        return self.sentences.rows(*self.table.sentence_start[number : number + 2].tolist())

    def _check_fit(self, folder: Path) -> None:
        manifest = self.manifest
        dimensions = (self.vectors.dimension, self.encoder.dimension, len(manifest.check_vector), manifest.dimension)
        counts = {
            "passages": (len(self.table), len(self.lexical), manifest.passages),
            "vectors": (len(self.table.passage_of_row), len(self.vectors), manifest.vectors),
            "sentences": (int(self.table.sentence_start[-1]), manifest.sentences),
            "dimensions": dimensions,
        }
        for what, numbers in counts.items():
            if len(set(numbers)) > 1:
                raise IndexCorrupt(
                    f"The parts of the index {folder} disagree about the number of {what} {numbers}: "
                    "run articlebot build."
                )
