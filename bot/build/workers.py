"""Who does the work of a build that may be shared out: reading, splitting and encoding."""

from collections.abc import Iterator
from typing import Protocol

from bot.build.cache import Encoded, UncachedTexts
from bot.corpus.source import ArticleSource
from bot.encoder import Encoder, PassageEncoder, encoder_for_many
from bot.encoder.encoder import OnBatch
from bot.passages import Passage, split_articles


class Workers(Protocol):
    """What a build has done by others."""

    def passages(self, reading: ArticleSource, encoder: Encoder, limit: int) -> Iterator[Passage]:
        """The passages of all that is read, as `split_articles` makes them, in its order; what only the whole corpus tells is decided here."""

    def encode(
        self, texts: Iterator[UncachedTexts], count: int, encoder: Encoder, weights: str, done: OnBatch
    ) -> Iterator[Encoded]:
        """The vectors of so many texts, in any order, by the encoder's model; `done` hears the number of texts of each finished batch."""


class LocalWorkers:
    """This process, which does all of it."""

    def passages(self, reading: ArticleSource, encoder: Encoder, limit: int) -> Iterator[Passage]:
        return split_articles(reading, encoder.token_starts, limit)

    def encode(
        self,
        texts: Iterator[UncachedTexts],
        count: int,
        encoder: PassageEncoder,
        weights: str,  # noqa: ARG002
        done: OnBatch,
    ) -> Iterator[Encoded]:
        fastest = encoder_for_many(encoder, count)
        for some in texts:
            yield some.keys, fastest.encode_passages(some.texts, done)
