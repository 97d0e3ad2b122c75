"""Reads a folder of files into a `Corpus`: its articles, and the refused files and rows."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path

from bot.corpus.article import Article
from bot.corpus.decisions.actions import faqs_to_write
from bot.corpus.decisions.files import NOT_ARTICLES, TABLES
from bot.corpus.decoding import Decoded, decode
from bot.corpus.formats.plaintext import drop_shared_lines, shared_lines
from bot.corpus.refused import Refused, Unreadable, check_size
from bot.corpus.sites import home_of, newest_first, origin_of, with_site
from bot.corpus.source import Alternate, ArticleSource, PartReader, TableRow, Unanswered
from bot.errors import CorpusError, requires

FORMATS = {
    ".md": "markdown", ".markdown": "markdown", ".mdx": "markdown", ".txt": "plaintext", ".jsonl": "jsonl",
    ".html": "webpage", ".htm": "webpage", ".xhtml": "webpage",
    ".csv": "tables", ".tsv": "tables", ".xlsx": "tables", ".pdf": "pdf", ".docx": "docx", ".xml": "wordpress",
}  # fmt: skip
"""File suffix → module of `bot.corpus.formats`, imported when the first such file is read.

A module has `read(content, source)` for text, or `read_file(path, source)` for a binary format or a file too large for
memory; `source` is the path in the corpus. Both yield articles and refusals, and raise `Unreadable` if nothing of the
file can be read.
"""
_MAX_COMPARED_DUMPS = 500
"""Maximum number of page dumps, spread evenly, that are compared to find the lines they share."""
_MAX_CACHED = 1_000_000
"""Maximum bytes of a file whose articles a build stores: a larger one holds many, and changes with each of them."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """The articles, refusals and alternates of a folder, in the order of its paths."""

    articles: tuple[Article, ...]
    refused: tuple[Refused, ...]
    alternates: tuple[Alternate, ...] = ()

    def by_format(self) -> dict[str, dict[str, int]]:
        """Count files, articles, FAQs and refusals for each file suffix."""
        counts = {
            "files": Counter(map(_suffix, {article.source for article in self.articles})),
            "articles": Counter(_suffix(article.source) for article in self.articles),
            "faqs": Counter(_suffix(article.source) for article in self.articles for _ in article.faqs),
            "refused": Counter(_suffix(item.file) for item in self.refused if item.kind == "refused"),
        }
        suffixes = sorted({suffix for count in counts.values() for suffix in count})
        return {suffix: {name: count[suffix] for name, count in counts.items()} for suffix in suffixes}


def read_corpus(folder: Path | str) -> Corpus:
    """Read every file below `folder`; files and rows that cannot be read are listed in `refused`.

    Raises `CorpusError` if the folder is missing, has no files, or nothing in it can be read.
    """
    source = FolderSource(folder)
    articles = []
    for article in [*source]:
        also_at = (*article.also_at, *source.also_at.get(article.id, ()))
        named = {name: source.resolve_names(getattr(article, name)) for name in ("related", "supersedes")}
        articles.append(replace(article, also_at=also_at, **named))
    return Corpus(tuple(articles), tuple(source.refused), source.alternates)


class FolderSource(ArticleSource):
    """A folder of files. Raises `CorpusError` if it is missing or empty, or if after the iteration nothing was read."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        sources = [path.relative_to(self.folder).as_posix() for path in corpus_files(self.folder)]
        origins = {source: origin_of(self.folder, source) for source in sources}
        self._home = home_of(origins.values())
        super().__init__(str(folder), newest_first(origins), list(_table_rows(self.folder)))

    def digest(self) -> str:
        return corpus_digest(self.folder)

    def part_reader(self) -> PartReader:
        return partial(_read_part, self.folder.absolute(), self._shared, self._home)

    def part_digest(self, part: str) -> str | None:
        path = self.folder / part
        shared = sorted(self._shared) if path.suffix.lower() == ".txt" else []
        with suppress(OSError):
            if path.stat().st_size <= _MAX_CACHED:
                return hashlib.sha256(repr((part, self._home, shared)).encode() + path.read_bytes()).hexdigest()
        return None

    @cached_property
    def _shared(self) -> frozenset[str]:
        dumps = [self.folder / source for source in self.parts if source.lower().endswith(".txt")]
        return shared_lines(_readable_contents(dumps[:: 1 + len(dumps) // _MAX_COMPARED_DUMPS]))


def corpus_files(root: Path) -> list[Path]:
    """Return the files of a corpus folder in the order of their paths, without hidden ones.

    Raises `CorpusError` if the folder is missing or has no files.
    """
    if not root.is_dir():
        raise CorpusError(f"There is no corpus folder {root}: create it with articles, or name another with --corpus.")
    files = sorted(path for path in _walk(root) if path.parent != root or path.name not in NOT_ARTICLES)
    if not files:
        raise CorpusError(f"The corpus folder {root} is empty: put articles in ({', '.join(FORMATS)}).")
    return files


def _table_rows(folder: Path) -> Iterator[TableRow | Refused]:
    """Yield the rows of the editors' tables, and the questions of the FAQs to write, which nothing answers yet."""
    for name, read in TABLES.items():
        if (folder / name).is_file():
            yield from read(folder / name)
    with suppress(CorpusError):  # the reader of FAQ tables lists what cannot be read
        yield from map(Unanswered, faqs_to_write(folder))


def _walk(root: Path) -> Iterator[Path]:
    """Yield the files and broken links below a folder, without hidden ones and those in hidden folders.

    Links to folders are followed, each folder once, unless they lead back into the corpus.
    """
    top = root.resolve()
    read = {top}
    for folder, folders, names in os.walk(root, followlinks=True):
        kept = []
        for name in sorted(name for name in folders if not name.startswith(".")):
            path, real = Path(folder, name), Path(folder, name).resolve()
            leads_back = path.is_symlink() and (top in real.parents or real in top.parents)
            if real not in read and not leads_back:
                read.add(real)
                kept.append(name)
        folders[:] = kept
        paths = (Path(folder, name) for name in names if not name.startswith("."))
        yield from (path for path in paths if path.is_file() or path.is_symlink())


def corpus_digest(folder: Path | str) -> str:
    """Return a sha256 over the paths and bytes of a corpus's files: equal if nothing changed.

    Raises `CorpusError` if the folder is missing or has no files.
    """
    root = Path(folder)
    digest = hashlib.sha256()
    for path in [*corpus_files(root), *(path for name in TABLES for path in root.glob(name))]:
        try:
            with path.open("rb") as file:
                inner = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            inner = f"unreadable: {error.strerror}"
        digest.update(f"{path.relative_to(root).as_posix()}\0{inner}\n".encode())
    return digest.hexdigest()


def _suffix(source: str) -> str:
    return Path(source).suffix.lower() or "none"


def _readable_contents(paths: Iterable[Path]) -> Iterator[str]:
    for path in paths:
        with suppress(Unreadable, OSError):
            yield _read_text(path).text


def _read_part(folder: Path, shared: frozenset[str], home: str | None, source: str) -> Iterator[Article | Refused]:
    for item in _read_file(folder, shared, source):
        yield with_site(item, home) if isinstance(item, Article) else item


def _read_file(folder: Path, shared: frozenset[str], source: str) -> Iterator[Article | Refused]:
    path = folder / source
    suffix = path.suffix.lower()
    if not path.exists():
        yield Refused(source, None, "a link to a file or folder that does not exist: mend or remove it")
        return
    if suffix not in FORMATS:
        kind = f"{path.suffix} files" if path.suffix else "files without a suffix"
        yield Refused(source, None, f"{kind} are not supported; supported formats: {', '.join(FORMATS)}")
        return
    with requires(None, "build"):
        module = import_module(f"bot.corpus.formats.{FORMATS[suffix]}")
    try:
        if hasattr(module, "read_file"):
            yield from module.read_file(path, source)
        else:
            decoded = _read_text(path)
            yield from decoded.notes(source)
            content = drop_shared_lines(decoded.text, shared) if suffix == ".txt" else decoded.text
            yield from module.read(content, source)
    except Unreadable as error:
        yield Refused(source, error.line, str(error))
    except OSError as error:
        yield Refused(source, None, f"cannot be opened ({error.strerror})")


def _read_text(path: Path) -> Decoded:
    """Read and decode a text file. Raises `Unreadable` if it is too large, empty or not text."""
    # A larger text is an export or a log, and would fill the memory.
    check_size(path, megabytes=250, remedy="split it into several files")
    decoded = decode(path.read_bytes())
    if not decoded.text.strip():
        raise Unreadable("the file is empty")
    return decoded
