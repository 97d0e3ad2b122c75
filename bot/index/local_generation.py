"""A generation in a local folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.corpus.synonyms import stored_synonyms
from bot.encoder import Matrix, QuestionEncoder, open_question_encoder
from bot.errors import IndexCorrupt, raise_as_corrupt
from bot.index.generation import SentenceVectors, numbers_of
from bot.index.lexical import LEXICAL, LexicalIndex
from bot.index.manifest import ENCODER, Manifest, verify_files
from bot.index.passage_rows import PassageRows, open_multilingual_index
from bot.index.passage_table import PASSAGES, PassageTable
from bot.index.sentences import Sentences
from bot.index.unanswered import stored_unanswered
from bot.index.vectors import Vectors
from bot.index.vocabulary import Vocabulary
from bot.passages import Passage


@dataclass(frozen=True, slots=True)
class LocalGeneration(PassageRows):
    """An open generation of a local folder. Safe to read from many threads."""

    name: str
    manifest: Manifest
    sentences: Sentences
    lexical: LexicalIndex
    vocabulary: Vocabulary
    synonyms: Mapping[str, str]
    unanswered: Matrix
    multilingual: PassageRows | None

    is_fixed = True

    @classmethod
    def open(cls, folder: Path, *, whole: bool = False, encoder: QuestionEncoder | None = None) -> "LocalGeneration":
        """Open a folder; an index built with a custom `encoder` raises `ModelError` without it.

        Files up to 32 MB are verified byte by byte; larger ones are sampled, unless `whole`, so that opening reads
        no more than answering needs. Raises `IndexCorrupt` if a file differs from the manifest or the parts do not fit.
        """
        manifest = Manifest.read(folder)
        verify_files(folder, manifest, whole=whole)
        with raise_as_corrupt(folder):
            table, vectors = PassageTable(folder / PASSAGES), Vectors.open(folder, manifest.search)
            sentences = Sentences(folder, table.sentence_start, manifest.dimension)
            lexical, vocabulary, synonyms = LexicalIndex(folder / LEXICAL), Vocabulary(folder), stored_synonyms(folder)
            unanswered = stored_unanswered(folder, manifest.dimension)
            questions = open_question_encoder(folder / ENCODER, manifest.question_encoder, encoder)
            record = manifest.multilingual
            opened = cls(
                table, vectors, questions, folder.name, manifest, sentences, lexical, vocabulary, synonyms, unanswered,
                open_multilingual_index(folder, record, table) if record else None,
            )  # fmt: skip
            opened._check_fit(folder)
        return opened

    def sentence_vectors(self, passages: Sequence[Passage]) -> SentenceVectors:
        return self.sentences.of(numbers_of(self.table, passages))

    def _check_fit(self, folder: Path) -> None:
        manifest, table, vectors = self.manifest, self.table, self.vectors
        counts = {
            "passages": (len(table), len(self.lexical), manifest.passages),
            "vectors": (len(table.passage_of_row), len(vectors), manifest.vectors),
            "sentences": (int(table.sentence_start[-1]), manifest.sentences),
            "dimensions": (vectors.dimension, self.encoder.dimension, len(manifest.check_vector), manifest.dimension),
        }
        for what, numbers in counts.items():
            if len(set(numbers)) > 1:
                problem = f"The parts of the index {folder} disagree about the number of {what} {numbers}"
                raise IndexCorrupt(f"{problem}: run articlebot build.")
