"""`SearchResult`: the hits of a question, best first, and how the question was understood."""

from dataclasses import dataclass

from bot.encoder import Matrix
from bot.languages.registry import ENGLISH
from bot.retrieval.conversation import Topic
from bot.retrieval.hit import Hit
from bot.retrieval.query_rewriting import QueryVariant, RewrittenQuery


@dataclass(frozen=True, slots=True)
class SearchResult:
    hits: tuple[Hit, ...]
    vector: Matrix
    """The vector of `query`."""
    variants: tuple[QueryVariant, ...]
    """The question, repaired and preceded by its topic; see `RewrittenQuery`."""
    topic: str | None = None
    """The earlier question that was read together with this one."""
    probability: float = 0.0
    """The probability that the corpus answers the question, which is that of the ranking model's first hit."""
    language: str = ENGLISH.code
    """Variant of the language that the question is in: "en", "hi" or "hinglish"."""
    corrected: str | None = None
    """The question with its misspellings repaired, if that was searched for instead."""
    within: Topic | None = None
    """The topic of the conversation, if only the article that answered before was searched."""

    @classmethod
    def of(
        cls, hits: tuple[Hit, ...], query: RewrittenQuery, vector: Matrix, topic: RewrittenQuery | None = None
    ) -> "SearchResult":
        probability = hits[0].probability if hits else 0.0
        return cls(hits, vector, query.variants, topic.question if topic else None, probability, query.language)

    @property
    def query(self) -> str:
        """The question in English words."""
        return self.variants[0].text

    @property
    def first_article(self) -> str | None:
        return self.hits[0].passage.article.id if self.hits else None
