"""The workers of a build, which read, split and encode."""

from collections.abc import Iterator
from typing import Protocol

from bot.build.cache import Encoded, Uncached, parse_input
from bot.build.part_cache import PartCache
from bot.corpus.source import ArticleSource
from bot.encoder import Encoder, PassageEncoder
from bot.encoder.choice import encoder_for_many
from bot.encoder.encoder import OnBatch
from bot.encoder.encoder_input import encode_inputs
from bot.passages import Passage, split_items


class Workers(Protocol):
    """The part of a build that can be distributed."""

    def passages(
        self, source: ArticleSource, encoder: Encoder, limit: int, cache: PartCache | None = None
    ) -> Iterator[Passage]:
        """Yield the passages of all articles, in the order and form of `split_articles`."""

    def encode(self, texts: Uncached, count: int, encoder: PassageEncoder, weights: str, done: OnBatch) -> Encoded:
        """Yield the vectors of `count` texts, in any order."""


class LocalWorkers:
    """This process, which does all the work itself."""

    def passages(
        self, source: ArticleSource, encoder: Encoder, limit: int, cache: PartCache | None = None
    ) -> Iterator[Passage]:
        read = source.part_reader()
        for number, part in enumerate(source.parts, 1):
            split = split_items(read(part), encoder.token_starts, limit)
            for item, passages in cache.items(source.part_digest(part), split) if cache else split:
                if source.admit(item):
                    yield from passages
            source.count_read(number)
        source.finish()

    def encode(self, texts: Uncached, count: int, encoder: PassageEncoder, weights: str, done: OnBatch) -> Encoded:  # noqa: ARG002
        fastest = encoder_for_many(encoder, count)
        for some in texts:
            yield some.keys, encode_inputs(fastest, [parse_input(text) for text in some.texts], done)
