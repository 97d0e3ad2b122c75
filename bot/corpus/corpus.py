"""A folder of files → a `Corpus`: its articles, and what was refused."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import cast

from bot.corpus.article import Article
from bot.corpus.decisions import ALTERNATES, NOT_ARTICLES, read_alternates
from bot.corpus.decoding import decode
from bot.corpus.formats.plaintext import drop_shared_lines, shared_lines
from bot.corpus.refused import Refused, Unreadable
from bot.corpus.source import Alternate, ArticleSource, PartReader
from bot.errors import CorpusError, MissingExtra

TextReader = Callable[[str, str], Iterator[Article | Refused]]
"""`read(content, source)`: a file's text and path within the corpus → its articles and what it refuses of them."""
FileReader = Callable[[Path, str], Iterator[Article | Refused]]
"""`read_file(path, source)`: the same for formats that are not text, or too large to be read at once."""

FORMATS = {
    ".md": "markdown", ".markdown": "markdown", ".mdx": "markdown", ".txt": "plaintext", ".jsonl": "jsonl",
    ".html": "webpage", ".htm": "webpage", ".xhtml": "webpage",
    ".csv": "tables", ".tsv": "tables", ".xlsx": "tables", ".pdf": "pdf", ".docx": "docx", ".xml": "wordpress",
}  # fmt: skip
"""Endings and the modules that read them, each imported when the first such file is met: the libraries behind them are many.

A module has `read` or `read_file`; either may raise `Unreadable` when nothing of the file can be read.
"""
MAX_BYTES = 250_000_000
"""Of a text file: what is larger is an export or a log, and would fill the memory."""
_COMPARED = 500
"""Page dumps, spread evenly over all, by which the lines are told that most share."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Everything read from a folder, in the order of its paths."""

    articles: tuple[Article, ...]
    refused: tuple[Refused, ...]
    alternates: tuple[Alternate, ...] = ()

    def by_format(self) -> dict[str, dict[str, int]]:
        """For each file ending: how many files gave articles, how many articles and FAQs came of them, and how many refusals there were."""
        endings = sorted(
            {_ending(item.source) for item in self.articles} | {_ending(item.file) for item in self.refused}
        )
        return {
            ending: {
                "files": len({article.source for article in self.articles if _ending(article.source) == ending}),
                "articles": sum(_ending(article.source) == ending for article in self.articles),
                "faqs": sum(len(article.faqs) for article in self.articles if _ending(article.source) == ending),
                "refused": sum(_ending(refused.file) == ending for refused in self.refused),
            }
            for ending in endings
        }


def read_corpus(folder: Path | str) -> Corpus:
    """Read every file below `folder`; files and rows that cannot be read are listed in `refused`, the rest goes in.

    Raises `CorpusError` when the folder is missing, holds no files, or nothing in it can be read.
    """
    reading = FolderSource(folder)
    read = [*reading]
    articles = (
        replace(
            article,
            related=reading.resolve_related(article.related),
            also_at=(*article.also_at, *reading.also_at.get(article.id, ())),
        )
        for article in read
    )
    return Corpus(tuple(articles), tuple(reading.refused), reading.alternates)


class FolderSource(ArticleSource):
    """A folder of files. Raises `CorpusError` as `read_corpus` does: about the folder at once, about what is in it at the end of the iteration."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        sources = [path.relative_to(self.folder).as_posix() for path in corpus_files(self.folder)]
        rows = list(read_alternates(self.folder / ALTERNATES)) if (self.folder / ALTERNATES).is_file() else []
        alternates = tuple(row for row in rows if isinstance(row, Alternate))
        super().__init__(str(folder), sources, alternates, [row for row in rows if isinstance(row, Refused)])

    def digest(self) -> str:
        return corpus_digest(self.folder)

    def part_reader(self) -> PartReader:
        folder = self.folder.absolute()
        return partial(
            _read_file,
            folder,
            _repeated_lines([folder / source for source in self.parts if source.lower().endswith(".txt")]),
        )


def corpus_files(root: Path) -> list[Path]:
    """The files of a corpus folder in the order of their paths, without hidden ones.

    Raises `CorpusError` when the folder is missing or holds none.
    """
    if not root.is_dir():
        raise CorpusError(
            f"There is no corpus folder {root}: create it and put articles in, or name another with --corpus."
        )
    found = (
        path
        for folder, _, names in _walk(root)
        for path in (folder / name for name in names if not name.startswith("."))
        if path.is_file()
    )
    files = sorted(path for path in found if path.parent != root or path.name not in NOT_ARTICLES)
    if not files:
        raise CorpusError(f"The corpus folder {root} is empty: put articles in ({', '.join(FORMATS)}).")
    return files


def _walk(root: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """As `os.walk`, without hidden folders."""
    for folder, folders, names in os.walk(root):
        folders[:] = (name for name in folders if not name.startswith("."))
        yield Path(folder), folders, names


def corpus_digest(folder: Path | str) -> str:
    """A sha256 over the paths and bytes of a corpus's files: equal when nothing changed.

    Raises `CorpusError` as `read_corpus` does.
    """
    root = Path(folder)
    digest = hashlib.sha256()
    for path in [*corpus_files(root), *root.glob(ALTERNATES)]:
        try:
            with path.open("rb") as file:
                inner = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            inner = f"unreadable: {error.strerror}"
        digest.update(f"{path.relative_to(root).as_posix()}\0{inner}\n".encode())
    return digest.hexdigest()


def _ending(source: str) -> str:
    return Path(source).suffix.lower() or "none"


def _repeated_lines(dumps: list[Path]) -> frozenset[str]:
    return shared_lines(_readable(dumps[:: 1 + len(dumps) // _COMPARED]))


def _readable(paths: Iterable[Path]) -> Iterator[str]:
    for path in paths:
        with suppress(Unreadable, OSError):
            yield _content(path)


def _read_file(folder: Path, repeated: frozenset[str], source: str) -> Iterator[Article | Refused]:
    path = folder / source
    if path.suffix.lower() not in FORMATS:
        yield Refused(
            source, None, f"files ending in {path.suffix or 'nothing'!r} are not read, only {', '.join(FORMATS)}"
        )
        return
    module = _module(FORMATS[path.suffix.lower()])
    try:
        if hasattr(module, "read_file"):
            yield from cast(FileReader, module.read_file)(path, source)
        else:
            content = _content(path)
            yield from cast(TextReader, module.read)(
                drop_shared_lines(content, repeated) if path.suffix.lower() == ".txt" else content, source
            )
    except Unreadable as error:
        yield Refused(source, error.line, str(error))
    except OSError as error:
        yield Refused(source, None, f"cannot be opened ({error.strerror})")


def _module(name: str) -> ModuleType:
    try:
        return import_module(f"bot.corpus.formats.{name}")
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or name, "build") from None


def _content(path: Path) -> str:
    if path.stat().st_size > MAX_BYTES:
        raise Unreadable(f"larger than {MAX_BYTES // 1_000_000} MB: split it into several files")
    content = decode(path.read_bytes())
    if not content.strip():
        raise Unreadable("the file is empty")
    return content
