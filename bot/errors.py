"""Every error that articlebot raises on purpose.

    ArticlebotError
    ├── CorpusError          the corpus folder is missing, empty or holds nothing that can be read
    ├── PullError            a site cannot be pulled: not reached, forbidden, or failing
    ├── ModelError           an embedding model is missing, altered or unusable
    ├── IndexMissing         there is no index where one was asked for
    ├── IndexCorrupt         an index is there, but is not what its manifest says
    ├── IndexUnwritable      an index folder cannot be written: permissions, a full disk
    ├── IndexUnreachable     the server that holds an index does not answer
    ├── OutputUnwritable     an export or a map cannot be written where it was asked for
    ├── IndexBusy            another build holds the lock
    ├── BuildRefused         a new index answers worse than it may, and was not published
    ├── QuestionError        a question that cannot be asked: empty, or longer than the limit
    ├── ArticleMissing       there is no article with this id
    ├── TooManyQuestions     one address asked more than it may
    ├── UsageError           feedback cannot be stored, or is about an answer that was not given
    ├── EvaluationError      questions with known answers, or earlier figures, cannot be read
    ├── SettingsError        the chat's settings, or the words of a language, are not what they may be
    ├── ServeError           the chat cannot be served at the address asked for
    └── MissingExtra         an optional package is not installed

The message of each is one sentence that says what is wrong, where, and what to do.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class ArticlebotError(Exception):
    """The root: catch this to catch everything that articlebot raises on purpose."""


class CorpusError(ArticlebotError):
    """The corpus folder is missing, empty or holds nothing that can be read."""


class PullError(ArticlebotError):
    """A site cannot be pulled: it is not reached, forbids it, or keeps failing."""


class ModelError(ArticlebotError):
    """An embedding model is missing, altered or unusable."""


class IndexMissing(ArticlebotError):
    """There is no index where one was asked for."""


class IndexCorrupt(ArticlebotError):
    """An index is there, but is not what its manifest says."""


class IndexUnwritable(ArticlebotError):
    """An index folder cannot be written: permissions, a full disk, a file system without what it takes."""


class IndexUnreachable(ArticlebotError):
    """The server that holds an index does not answer, or lets nobody in."""


class OutputUnwritable(ArticlebotError):
    """An export or a map cannot be written where it was asked for."""


class IndexBusy(ArticlebotError):
    """Another build holds the lock."""


class BuildRefused(ArticlebotError):
    """A new index answers worse than it may, and was not published."""


class QuestionError(ArticlebotError):
    """A question that cannot be asked: empty, or longer than the limit."""


class ArticleMissing(ArticlebotError):
    """There is no article with this id."""

    def __init__(self, ident: str) -> None:
        super().__init__(f"There is no article {ident!r}.")


class TooManyQuestions(ArticlebotError):
    """One address asked more than it may."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many questions from one address: ask again in {seconds} s.")
        self.seconds = seconds


class UsageError(ArticlebotError):
    """Feedback cannot be stored, or is about an answer that was not given."""


class EvaluationError(ArticlebotError):
    """Questions with known answers, or earlier figures, cannot be read."""


class SettingsError(ArticlebotError):
    """The chat's settings, or the words of a language, are not what they may be."""


class ServeError(ArticlebotError):
    """The chat cannot be served at the address asked for."""


class MissingExtra(ArticlebotError):
    """An optional package is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"The package {package} is not installed: run pip install 'articlebot[{extra}]'.")


@contextmanager
def corrupt_if_it_fails(path: Path | str) -> Iterator[None]:
    """Tell whatever the body raises as `IndexCorrupt` of a file or folder, or of what is named.

    For libraries in Rust: they panic at what they did not write, with an exception that is none of Python's usual ones.
    """
    try:
        yield
    except (KeyboardInterrupt, SystemExit, ArticlebotError):
        raise
    except BaseException as error:
        raise IndexCorrupt(f"{path} is not what articlebot wrote ({error}): run articlebot build.") from error
