"""What answers are found in: the narrow seam between an index, wherever it is kept, and all that asks it.

A generation in a folder of this machine is `bot.index.local_generation.LocalGeneration`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bot.encoder import Matrix, QuestionEncoder
from bot.errors import IndexCorrupt
from bot.index.closeness import Closeness
from bot.index.filters import Filters
from bot.index.lexical import Matches
from bot.index.manifest import Manifest
from bot.index.passage_table import Numbers, Role
from bot.index.passages import Passages
from bot.index.vocabulary import Vocabulary
from bot.passages import Passage

PROBE = "How is a question answered from the articles?"
"""A sentence whose vector is kept in the manifest: it shows when the encoder has changed its mind."""
_SAME = 0.999
"""The least cosine between two runs of one encoder: processors round differently, weights differ by far more."""


@dataclass(frozen=True, slots=True)
class PassageVectors:
    """The vectors of passages, one passage after the other, each in the order of `texts_to_encode`: its questions, its text, both together."""

    numbers: Numbers
    """Of the passages."""
    rows: Matrix
    starts: NDArray[np.int64]
    """The first row of each passage, and the number of rows."""

    @property
    def body(self) -> NDArray[np.int64]:
        """The row of each passage's text."""
        return self.starts[1:] - 2

    @property
    def both(self) -> NDArray[np.int64]:
        """The row of each passage's question, or headings, and text together."""
        return self.starts[1:] - 1


class Words(Protocol):
    """What shares words with a question."""

    def has_word(self, word: str) -> bool:
        """Whether a passage has a word, in whatever form of it."""

    def has_pair(self, words: str) -> bool:
        """Whether two words stand side by side in a passage, in whatever forms."""

    def passages_by_words(self, question: str, k: int, filters: Filters = Filters()) -> Matches:
        """The at most `k` passages that share the most telling words with a question, best first."""

    def passages_by_pairs(self, question: str, k: int, filters: Filters = Filters()) -> Matches:
        """The at most `k` passages that share the most telling pairs of neighbouring words with a question, best first."""

    def articles_by_words(self, question: str, k: int, filters: Filters = Filters()) -> Matches:
        """The at most `k` articles that share the most telling words with a question, wherever in them these stand, best first."""


class Lane(Protocol):
    """The passages of a generation by a multilingual model, for questions in other languages than English."""

    @property
    def encoder(self) -> QuestionEncoder: ...

    @property
    def closeness(self) -> Closeness: ...

    def nearest(self, vector: Matrix, k: int, filters: Filters) -> Numbers:
        """As `Generation.nearest`."""

    def all_vectors(self, numbers: Numbers) -> PassageVectors:
        """As `Generation.all_vectors`."""


class Generation(Protocol):
    """A whole index, open to be asked, from many threads."""

    @property
    def name(self) -> str: ...

    @property
    def manifest(self) -> Manifest: ...

    @property
    def encoder(self) -> QuestionEncoder: ...

    @property
    def table(self) -> Passages: ...

    @property
    def lexical(self) -> Words: ...

    @property
    def vocabulary(self) -> Vocabulary: ...

    def nearest(self, vector: Matrix, k: int, filters: Filters) -> Numbers:
        """The numbers of the at most `k` passages nearest to one unit vector of shape (1, dimension) by any of their own, nearest first."""

    def all_vectors(self, numbers: Numbers) -> PassageVectors:
        """All vectors of passages, in the order of the numbers; of those that are no longer there none."""

    def articles_of(self, numbers: Numbers) -> Numbers:
        """The number of each passage's article."""

    def lane(self, language: str) -> Lane | None:
        """Where questions in a language are looked for as well; None where there is no such lane."""

    def vectors_of(self, numbers: Numbers, role: Role) -> Matrix:
        """The vector of each passage in one role; of a FAQ's question that of its own wording, not of its alternates."""

    def sentence_cosines(self, passage: Passage, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """The cosines of a unit vector with the sentences of a passage that has several."""

    def check_encoder(self) -> None:
        """Raises `IndexCorrupt` when the question encoder gives another vector than at build time: its answers would be wrong."""


def check_encoder(generation: Generation) -> None:
    """As `Generation.check_encoder`, by the probe in its manifest."""
    check_probe(generation.encoder, generation.manifest.probe, generation.name)


def check_probe(encoder: QuestionEncoder, probe: Sequence[float], name: str) -> None:
    """Raises `IndexCorrupt` when an encoder of the generation of a name gives another vector than this for `PROBE`."""
    cosine = float(encoder.encode_questions([PROBE])[0] @ np.array(probe, np.float32))
    if cosine < _SAME:
        raise IndexCorrupt(f"The question encoder of {name} has changed since the build (cosine {cosine:.4f}): run articlebot build.")
