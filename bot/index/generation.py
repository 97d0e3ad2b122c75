"""What answers are found in: the narrow seam between an index, wherever it is kept, and all that asks it.

A generation in a folder of this machine is `bot.index.local_generation.LocalGeneration`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bot.corpus.article import Article
from bot.encoder import Matrix, QuestionEncoder
from bot.errors import IndexCorrupt
from bot.index.filters import Filters
from bot.index.manifest import Manifest, ScoreCalibration
from bot.index.vocabulary import Vocabulary
from bot.passages import Passage, context

CHECK_SENTENCE = "How is a question answered from the articles?"
"""A sentence whose vector is kept in the manifest: it shows when the encoder has changed its mind."""
_SAME = 0.999
"""The least cosine between two runs of one encoder: processors round differently, weights differ by far more."""


Role = Literal["question", "body", "both"]
"""What of a passage a vector stands for: its question or headings, its text, or both together."""

ROLES: tuple[Role, ...] = ("question", "body", "both")

Numbers = NDArray[np.integer[Any]]


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


class Matches(NamedTuple):
    """What shares words with a question, best first."""

    numbers: NDArray[np.int64]
    """Of passages or articles."""
    scores: NDArray[np.float64]
    """BM25 over the root of what a word counts that a single text has: BM25 alone means more among many texts than among few, by all of it less."""
    shares: NDArray[np.float64]
    """What part each score is of that of a text full of all these words: 0 to 1, whatever the corpus."""

    @classmethod
    def none(cls) -> "Matches":
        return cls(np.empty(0, np.int64), np.empty(0), np.empty(0))


def texts_to_encode(passage: Passage) -> Iterator[tuple[Role, str]]:
    """What is encoded of a passage, in the order of its vectors."""
    about = context(passage)
    yield "question", about
    for alternate in passage.alternates:
        yield "question", alternate
    yield "body", passage.text
    yield "both", f"{about}\n{passage.text}"


def sentences_to_encode(passage: Passage) -> list[str]:
    """The sentences among which what is quoted of a passage is chosen; none when all of it is."""
    return [passage.article.text[start:end] for start, end in passage.sentences] if len(passage.sentences) > 1 else []


class Passages(Protocol):
    """Articles and passages by number and by id. A number is what the generation itself calls a passage or an article by, and means nothing elsewhere."""

    def __len__(self) -> int:
        """The number of passages."""

    @property
    def categories(self) -> Mapping[str, int]:
        """How many articles each category has, most first."""

    def count_articles(self) -> int: ...

    def passages(self, numbers: Iterable[int]) -> list[Passage]:
        """The passages of the given numbers, in their order."""

    def passage(self, number: int, /) -> Passage:
        """The passage with a number."""

    def number(self, passage: Passage) -> int:
        """The number of one of its passages."""

    def sample(self, most: int, *, faqs: bool = False) -> list[Passage]:
        """At most so many passages, spread evenly over all, or over all FAQs."""

    def articles(self) -> Iterator[Article]:
        """All articles, in the order of the corpus."""

    def all_passages(self) -> Iterator[Passage]:
        """All passages, none of which is kept in memory."""

    def count_faqs(self) -> int: ...

    def faq_ids(self) -> Iterator[str]:
        """The ids of all passages that are FAQs."""

    def faqs(self, article: str) -> list[Passage]:
        """The FAQs of the article with an id, in the order of its text; none when there is no such article."""

    def faqs_in_turn(self) -> Iterator[int]:
        """The numbers of FAQs, one of each category in turn, the largest first; in each the first FAQs of the articles, newest first, then the second ones."""

    def passage_called(self, ident: str) -> Passage | None:
        """The passage with an id."""

    def article(self, ident: str) -> Article | None:
        """The article with an id."""

    def listed(self, category: str | None, offset: int, limit: int) -> list[Article]:
        """Up to `limit` articles after the first `offset`, in the order of the corpus; with a category only those in it."""

    def newest_articles(self, most: int) -> list[Article]:
        """The at most `most` articles that were published last, newest first; those without a day are not among them."""


class LexicalSearch(Protocol):
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


class MultilingualSearch(Protocol):
    """The passages of a generation by a multilingual model, for questions in other languages than English."""

    @property
    def encoder(self) -> QuestionEncoder: ...

    @property
    def score_calibration(self) -> ScoreCalibration: ...

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
    def lexical(self) -> LexicalSearch: ...

    @property
    def vocabulary(self) -> Vocabulary: ...

    def nearest(self, vector: Matrix, k: int, filters: Filters) -> Numbers:
        """The numbers of the at most `k` passages nearest to one unit vector of shape (1, dimension) by any of their own, nearest first."""

    def all_vectors(self, numbers: Numbers) -> PassageVectors:
        """All vectors of passages, in the order of the numbers; of those that are no longer there none."""

    def articles_of(self, numbers: Numbers) -> Numbers:
        """The number of each passage's article."""

    def multilingual_for(self, language: str) -> MultilingualSearch | None:
        """Where questions in a language are looked for as well; None where there is no such multilingual."""

    def vectors_of(self, numbers: Numbers, role: Role) -> Matrix:
        """The vector of each passage in one role; of a FAQ's question that of its own wording, not of its alternates."""

    def sentence_cosines(self, passage: Passage, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """The cosines of a unit vector with the sentences of a passage that has several."""

    def check_encoder(self) -> None:
        """Raises `IndexCorrupt` when the question encoder gives another vector than at build time: its answers would be wrong."""


def check_encoder(generation: Generation) -> None:
    """As `Generation.check_encoder`, by the probe in its manifest."""
    check_vector(generation.encoder, generation.manifest.check_vector, generation.name)


def check_vector(encoder: QuestionEncoder, probe: Sequence[float], name: str) -> None:
    """Raises `IndexCorrupt` when an encoder of the generation of a name gives another vector than this for `CHECK_SENTENCE`."""
    cosine = float(encoder.encode_questions([CHECK_SENTENCE])[0] @ np.array(probe, np.float32))
    if cosine < _SAME:
        raise IndexCorrupt(
            f"The question encoder of {name} has changed since the build (cosine {cosine:.4f}): run articlebot build."
        )
