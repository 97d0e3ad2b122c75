"""The interface of an index, wherever it is stored: four protocols, and functions that derive the rest from them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bot.corpus.article import Article
from bot.encoder import EncoderInput, Matrix, QuestionEncoder
from bot.encoder.encoder_input import Span
from bot.encoder.tokens import TokenVectors
from bot.errors import CorpusError, IndexCorrupt
from bot.index.filters import Filters
from bot.index.manifest import Manifest
from bot.index.vocabulary import Vocabulary
from bot.languages.registry import readable
from bot.passages import Passage, context

CHECK_SENTENCE = "How is a question answered from the articles?"
"""A sentence whose vector is stored in the manifest, to detect a changed encoder."""
_SAME = 0.999
"""Minimum cosine between two runs of one encoder: processors round differently, other weights differ by far more."""

Role = Literal["question", "body", "both"]
"""The part of a passage that a vector represents: its question or headings, its text, or both together."""
ROLES: tuple[Role, ...] = ("question", "body", "both")
FROM_END: Mapping[Role, int] = {"body": 2, "both": 1}
"""The places of a passage's vectors in these roles, counted from its last one."""

Field = Literal["words", "pairs", "article_words"]
"""What a lexical search compares: words of passages, their pairs of neighbouring words, or all words of articles."""
FIELDS: tuple[Field, ...] = ("words", "pairs", "article_words")

Numbers = NDArray[np.integer[Any]]
"""Numbers of passages or articles. They identify something within one generation only."""


@dataclass(frozen=True, slots=True)
class PassageVectors:
    """All vectors of some passages, passage by passage, each in the order of `roles_of`."""

    numbers: Numbers
    articles: Numbers
    """The number of each passage's article."""
    rows: Matrix
    starts: NDArray[np.int64]
    """The first row of each passage, and the number of rows."""

    def places(self, role: Role) -> NDArray[np.int64]:
        """The row of each passage's vector in one role; for a FAQ's question, its own wording and not an alternate."""
        return self.starts[:-1] if role == "question" else self.starts[1:] - FROM_END[role]


@dataclass(frozen=True, slots=True)
class SentenceVectors:
    """The vectors of the sentences of some passages, and of the tokens in them."""

    rows: Matrix
    """Of sentences, of any length, passage by passage; a passage of one sentence has none."""
    starts: NDArray[np.int64]
    """The first row of each passage, and the number of rows."""
    tokens: TokenVectors
    token_starts: NDArray[np.int64]
    """The first token of each passage, and the number of tokens."""

    @classmethod
    def join(cls, rows: Sequence[Matrix], tokens: Sequence[TokenVectors], dimension: int) -> "SentenceVectors":
        """Return the vectors of several passages, given the ones of each."""
        starts, token_starts = (np.cumsum([0, *map(len, each)]) for each in (rows, [own.places for own in tokens]))
        every = TokenVectors.join(tokens)
        return cls(np.concatenate([np.empty((0, dimension), np.float32), *rows]), starts, every, token_starts)


class Matches(NamedTuple):
    """Passages or articles that share words with a question, best first."""

    numbers: NDArray[np.int64]
    scores: NDArray[np.float64]
    """BM25 divided by √(max idf), so that scores are comparable across corpora."""
    shares: NDArray[np.float64]
    """Score as a fraction of the maximum possible."""

    @classmethod
    def none(cls) -> "Matches":
        return cls(np.empty(0, np.int64), np.empty(0), np.empty(0))


NEWEST, EXAMPLES = 50, 300  # maximum number of ids in `CorpusFacts.newest` and `CorpusFacts.examples`


@dataclass(frozen=True, slots=True)
class CorpusFacts:
    """What a generation knows about its corpus as a whole."""

    articles: int
    passages: int
    faqs: int
    categories: Mapping[str, int]
    """The number of articles in each category, largest first."""
    newest: Sequence[Sequence[str]]
    """Publication days and ids of the articles published last, newest first; at most `NEWEST`."""
    examples: Sequence[str]
    """Ids of at most `EXAMPLES` FAQs, from each category in turn, the largest category and newest articles first."""
    supersedes: Mapping[str, Sequence[str]] = field(default_factory=dict, kw_only=True)
    """By the ids of the articles that supersede others, the ids of those."""

    def newer_than(self, article: str) -> tuple[str, ...]:
        """Return the ids of the articles that supersede one, or supersede one of these; itself is not among them."""
        found = [article]
        for older in found:  # grows meanwhile
            found += [each for each, names in self.supersedes.items() if older in names and each not in found]
        return tuple(found[1:])


class Passages(Protocol):
    """Articles and passages by number and by id."""

    @property
    def facts(self) -> CorpusFacts: ...

    def passages(self, numbers: Iterable[int]) -> list[Passage]:
        """Return the passages with these numbers, in their order."""

    def number(self, ident: str) -> int | None:
        """Return the number of the passage with an id; None if there is none."""

    def article(self, ident: str) -> Article | None:
        """Return the article with an id."""

    def listed(self, category: str | None, offset: int, limit: int) -> list[Article]:
        """Return up to `limit` articles after the first `offset`, in corpus order, of one category if given."""

    def faqs(self, article: str) -> list[Passage]:
        """Return the FAQs of the article with an id, in the order of its text; none if there is no such article."""

    def sample(self, most: int, *, faqs: bool = False) -> list[Passage]:
        """Return at most `most` passages, or FAQs, spread evenly over all of them."""

    def all_passages(self, *, faqs: bool = False) -> Iterator[Passage]:
        """Yield all passages, or all FAQs, without keeping them in memory."""


class LexicalSearch(Protocol):
    """Search by words, whatever their inflected form."""

    def search(self, field: Field, question: str, k: int, filters: Filters = Filters()) -> Matches:
        """Return the at most `k` passages, or articles, with the highest BM25 scores."""

    def has(self, field: Field, words: str) -> bool:
        """Whether every one of the words, or pairs of neighbouring words, occurs in the index."""


class VectorSearch(Protocol):
    """Search by the vectors of one encoder."""

    @property
    def encoder(self) -> QuestionEncoder: ...

    def nearest(self, vector: Matrix, k: int, filters: Filters) -> Numbers:
        """Return the at most `k` passages that have a vector nearest to one unit vector of shape (1, dimension)."""

    def vectors_of(self, numbers: Numbers, *, fresh: bool = False) -> PassageVectors:
        """Return the vectors of the passages that exist, in the order of the numbers; `fresh` bypasses caches."""

    def role_vectors(self, numbers: Numbers, role: Role) -> Matrix:
        """Return the vector of each passage in one role; for a FAQ's question, its own wording.

        Raises `IndexCorrupt` if a passage was removed meanwhile.
        """


class Generation(VectorSearch, Protocol):
    """An open index. Safe to read from many threads."""

    @property
    def name(self) -> str: ...

    @property
    def is_fixed(self) -> bool:
        """Whether its articles never change; those on a server are updated in place."""

    @property
    def manifest(self) -> Manifest: ...

    @property
    def table(self) -> Passages: ...

    @property
    def lexical(self) -> LexicalSearch: ...

    @property
    def vocabulary(self) -> Vocabulary: ...

    @property
    def synonyms(self) -> Mapping[str, str]:
        """The term of the articles for each synonym in lower case."""

    @property
    def unanswered(self) -> Matrix:
        """The unit vectors of questions that no article answers; shape (questions, dimension)."""

    @property
    def multilingual(self) -> VectorSearch | None:
        """The vectors of the multilingual model, where the generation has them."""

    def sentence_vectors(self, passages: Sequence[Passage]) -> SentenceVectors:
        """Return the vectors of the sentences of some passages. Raises `IndexCorrupt` if one was changed meanwhile."""


def encoder_inputs(passage: Passage) -> list[EncoderInput]:
    """Return what an encoder gets of a passage: what it is about, each alternate, and the passage itself.

    The vectors are in the order of `roles_of`, followed by the ones of sentences.
    """
    questions = (context(passage), *passage.alternates)
    return [*(EncoderInput(readable(each)) for each in questions), passage_input(passage)]


def passage_input(passage: Passage) -> EncoderInput:
    """Return a passage with its context and, if it has several, its sentences, for an encoder."""
    text, spans, at = "", list[Span](), 0
    for start, end in sentence_spans(passage):
        text += readable(passage.text[at:start])
        spans.append((len(text), len(text) + len(sentence := readable(passage.text[start:end]))))
        text, at = text + sentence, end
    return EncoderInput(text + readable(passage.text[at:]), readable(context(passage)), tuple(spans))


def sentence_spans(passage: Passage) -> list[Span]:
    """Return the sentences of a passage that has several, as spans of its text."""
    found = passage.sentences if len(passage.sentences) > 1 else ()
    return [(start - passage.start, end - passage.start) for start, end in found]


def roles_of(passage: Passage) -> list[Role]:
    """Return the roles of a passage's vectors, in their order."""
    questions: list[Role] = ["question"] * (1 + len(passage.alternates))
    return [*questions, "body", "both"]


def numbers_of(table: Passages, passages: Iterable[Passage]) -> Numbers:
    """Return the numbers of passages of a table. Raises `IndexCorrupt` if one was removed meanwhile."""
    numbers = [table.number(passage.id) for passage in passages]
    if None in numbers:
        raise IndexCorrupt("An article was removed from the index while it was read: ask again.")
    return np.array(numbers, np.int64)


def passage_by_id(table: Passages, ident: str) -> Passage | None:
    """Return the passage with an id."""
    number = table.number(ident)
    return None if number is None else table.passages([number])[0]


def require_passage(table: Passages, ident: str) -> Passage:
    """Return the passage with an id. Raises `CorpusError` if there is none."""
    passage = passage_by_id(table, ident)
    if passage is None:
        raise CorpusError(f"There is no passage {ident!r}: name the id of one, as articlebot search --json shows it.")
    return passage


def all_articles(table: Passages) -> Iterator[Article]:
    """Yield all articles, in the order of their first passages."""
    seen: set[str] = set()
    for article in (passage.article for passage in table.all_passages()):
        if article.id not in seen:
            seen.add(article.id)
            yield article


def newest_articles(table: Passages, most: int) -> list[Article]:
    """Return the articles published last, newest first; those without a date are left out."""
    found = (table.article(ident) for _, ident in table.facts.newest[:most])
    return [article for article in found if article is not None]


def multilingual_for(generation: Generation, language: str) -> VectorSearch | None:
    """Return the multilingual index that questions in a language are searched in as well, where there is one."""
    return generation.multilingual if language in generation.manifest.settings.languages else None


def check_encoder(generation: Generation) -> None:
    """Raise `IndexCorrupt` if a question encoder gives another vector than at build time: answers would be wrong."""
    checks = [(generation.encoder, generation.manifest.check_vector)]
    if generation.multilingual is not None and generation.manifest.multilingual is not None:
        checks.append((generation.multilingual.encoder, generation.manifest.multilingual.check_vector))
    for encoder, vector in checks:
        cosine = float(encoder.encode_questions([CHECK_SENTENCE])[0] @ np.array(vector, np.float32))
        if cosine < _SAME:
            changed = f"The question encoder of {generation.name} has changed since the build"
            raise IndexCorrupt(f"{changed} (cosine {cosine:.4f}): run articlebot build.")
