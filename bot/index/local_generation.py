"""A generation in a folder: the whole index of a build on one machine."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.encoder import Matrix, QuestionEncoder, open_question_encoder
from bot.errors import IndexCorrupt, raise_as_corrupt
from bot.index.filters import Filters
from bot.index.generation import Numbers, PassageVectors, Role, check_encoder
from bot.index.lexical import LEXICAL, Lexical
from bot.index.manifest import ENCODER, Manifest, verify_files
from bot.index.multilingual_index import MultilingualIndex
from bot.index.passage_rows import all_vectors, nearest
from bot.index.passage_table import PASSAGES, PassageTable
from bot.index.sentences import Sentences, cosines
from bot.index.vectors import Vectors
from bot.index.vocabulary import Vocabulary
from bot.passages import Passage


@dataclass(frozen=True, slots=True)
class LocalGeneration:
    """An open generation of a folder. Safe to read from many threads."""

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
        """Raises `IndexCorrupt` when a file differs from the manifest, or the parts do not fit together.

        `encoder` is that of a program which built the index with its own; without it such an index raises `ModelError`.
        Every byte is verified of files up to 32 MB, and of larger ones if `whole`; else these are sampled, so that opening reads no more than asking needs.
        """
        manifest = Manifest.read(folder)
        verify_files(folder, manifest, whole=whole)
        with raise_as_corrupt(folder):
            table = PassageTable(folder / PASSAGES)
            opened = cls(
                folder.name, manifest, table, Vectors.open(folder, manifest.search),
                Sentences(folder, manifest.sentences, manifest.dimension), Lexical(folder / LEXICAL), Vocabulary(folder),
                open_question_encoder(folder / ENCODER, manifest.question_encoder, encoder),
                MultilingualIndex.open(folder, manifest.multilingual, table) if manifest.multilingual else None,
            )  # fmt: skip
            opened._check_fit(folder)
        return opened

    def check_encoder(self) -> None:
        """As `Generation.check_encoder`."""
        check_encoder(self)
        if self.multilingual is not None:
            self.multilingual.check_encoder(self.name)

    def nearest(self, vector: Matrix, k: int, filters: Filters) -> Numbers:
        """As `Generation.nearest`."""
        return nearest(self.table, self.vectors, vector, k, filters)

    def all_vectors(self, numbers: Numbers) -> PassageVectors:
        """As `Generation.all_vectors`."""
        return all_vectors(self.table, self.vectors, numbers)

    def multilingual_for(self, language: str) -> MultilingualIndex | None:
        """As `Generation.multilingual`."""
        return self.multilingual if language in self.manifest.settings.languages else None

    def articles_of(self, numbers: Numbers) -> Numbers:
        """As `Generation.articles_of`."""
        return np.asarray(self.table.article_of_passage[numbers])

    def vectors_of(self, numbers: Numbers, role: Role) -> Matrix:
        """As `Generation.vectors_of`."""
        return self.vectors.rows(self.table.rows_of(numbers, role))

    def sentence_cosines(self, passage: Passage, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """As `Generation.sentence_cosines`."""
        return cosines(self.sentence_vectors(passage), vector)

    def sentence_vectors(self, passage: Passage) -> Matrix:
        """The vectors of a passage's sentences, whose lengths do not matter."""
        number = self.table.number(passage)
        return self.sentences.rows(*self.table.sentence_start[number : number + 2].tolist())

    def _check_fit(self, folder: Path) -> None:
        counts = {
            "passages": (len(self.table), len(self.lexical), self.manifest.passages),
            "vectors": (len(self.table.passage_of_row), len(self.vectors), self.manifest.vectors),
            "sentences": (int(self.table.sentence_start[-1]), self.manifest.sentences),
            "dimensions": (
                self.vectors.dimension,
                self.encoder.dimension,
                len(self.manifest.check_vector),
                self.manifest.dimension,
            ),
        }
        for what, numbers in counts.items():
            if len(set(numbers)) > 1:
                raise IndexCorrupt(
                    f"The parts of the index {folder} disagree about the number of {what} {numbers}: run articlebot build."
                )
