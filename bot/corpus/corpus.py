"""A folder of files → a `Corpus`: its articles, and what was refused."""

import csv
import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import cast

from bot.corpus.article import Article
from bot.corpus.decoding import Unreadable, decode
from bot.corpus.plaintext import repeated_lines, without_repeated
from bot.corpus.refused import Refused
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
ALTERNATES = "alternates.csv"
MAX_BYTES = 250_000_000
"""Of a text file: what is larger is an export or a log, and would fill the memory."""


@dataclass(frozen=True, slots=True)
class Alternate:
    """One more way to ask what a passage answers: a row of `alternates.csv`."""

    question: str
    passage: str
    line: int


@dataclass(frozen=True, slots=True)
class Corpus:
    """Everything read from a folder, in the order of its paths."""

    articles: tuple[Article, ...]
    refused: tuple[Refused, ...]
    alternates: tuple[Alternate, ...] = ()

    def by_format(self) -> dict[str, dict[str, int]]:
        """For each file ending: how many files gave articles, how many articles and FAQs came of them, and how many refusals there were."""
        endings = sorted({_ending(item.source) for item in self.articles} | {_ending(item.file) for item in self.refused})
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
    root = Path(folder)
    files = corpus_files(root)
    refused: list[Refused] = []
    articles: dict[str, Article] = {}
    repeated = _repeated_lines(files)
    for path in files:
        for item in _read_file(path, path.relative_to(root).as_posix(), repeated):
            if isinstance(item, Refused):
                refused.append(item)
            elif item.id in articles:
                refused.append(Refused(item.source, None, f"the id {item.id!r} is already that of {articles[item.id].source}"))
            else:
                articles[item.id] = item
    articles, doubles = _once(articles)
    refused += doubles
    if not articles:
        first = f"; the first reason: {refused[0]}" if refused else ""
        raise CorpusError(f"No article could be read from {root}{first}.")
    alternates = [] if not (root / ALTERNATES).is_file() else list(_alternates(root / ALTERNATES))
    refused += [row for row in alternates if isinstance(row, Refused)]
    return Corpus(_with_related(articles), tuple(refused), tuple(row for row in alternates if isinstance(row, Alternate)))


def corpus_files(root: Path) -> list[Path]:
    """The files of a corpus folder in the order of their paths, without hidden ones.

    Raises `CorpusError` when the folder is missing or holds none.
    """
    if not root.is_dir():
        raise CorpusError(f"There is no corpus folder {root}: create it and put articles in, or name another with --corpus.")
    found = (path for path in root.rglob("*") if path.is_file() and not any(part.startswith(".") for part in path.relative_to(root).parts))
    files = sorted(path for path in found if path.relative_to(root).as_posix() != ALTERNATES)
    if not files:
        raise CorpusError(f"The corpus folder {root} is empty: put articles in ({', '.join(FORMATS)}).")
    return files


def corpus_digest(folder: Path | str) -> str:
    """A sha256 over the paths and bytes of a corpus's files: equal when nothing changed.

    Raises `CorpusError` as `read_corpus` does.
    """
    root = Path(folder)
    digest = hashlib.sha256()
    for path in [*corpus_files(root), *root.glob(ALTERNATES)]:
        try:
            inner = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            inner = f"unreadable: {error.strerror}"
        digest.update(f"{path.relative_to(root).as_posix()}\0{inner}\n".encode())
    return digest.hexdigest()


def _ending(source: str) -> str:
    return Path(source).suffix.lower() or "none"


def _repeated_lines(files: list[Path]) -> frozenset[str]:
    dumps = [path for path in files if path.suffix.lower() == ".txt"]
    contents = []
    for path in dumps:
        with suppress(Unreadable, OSError):
            contents.append(_content(path))
    return repeated_lines(contents)


def _once(articles: dict[str, Article]) -> tuple[dict[str, Article], list[Refused]]:
    """The articles without those whose text an earlier one has, whose addresses go to that one; and what was left out so."""
    first: dict[str, str] = {}
    kept = dict(articles)
    doubles = []
    for article in articles.values():
        owner = first.setdefault(hashlib.sha256(" ".join(article.text.split()).encode()).hexdigest(), article.id)
        if owner != article.id and not _is_row(article):
            del kept[article.id]
            kept[owner] = replace(kept[owner], also_at=(*kept[owner].also_at, *([article.url] if article.url else [])))
            doubles.append(Refused(article.source, None, f"the same text as {articles[owner].source}: indexed once, with both addresses"))
    return kept, doubles


def _is_row(article: Article) -> bool:
    """Whether an article is one FAQ: two questions may well have the same answer."""
    return any((faq.start, faq.end) == (0, len(article.text)) for faq in article.faqs)


def _read_file(path: Path, source: str, repeated: frozenset[str]) -> Iterator[Article | Refused]:
    if path.suffix.lower() not in FORMATS:
        yield Refused(source, None, f"files ending in {path.suffix or 'nothing'!r} are not read, only {', '.join(FORMATS)}")
        return
    module = _module(FORMATS[path.suffix.lower()])
    try:
        if hasattr(module, "read_file"):
            yield from cast(FileReader, module.read_file)(path, source)
        else:
            content = _content(path)
            yield from cast(TextReader, module.read)(without_repeated(content, repeated) if path.suffix.lower() == ".txt" else content, source)
    except Unreadable as error:
        yield Refused(source, error.line, str(error))
    except OSError as error:
        yield Refused(source, None, f"cannot be opened ({error.strerror})")


def _module(name: str) -> ModuleType:
    try:
        return import_module(f"bot.corpus.{name}")
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or name, "build") from None


def _content(path: Path) -> str:
    if path.stat().st_size > MAX_BYTES:
        raise Unreadable(f"larger than {MAX_BYTES // 1_000_000} MB: split it into several files")
    content = decode(path.read_bytes())
    if not content.strip():
        raise Unreadable("the file is empty")
    return content


def _alternates(path: Path) -> Iterator[Alternate | Refused]:
    try:
        content = _content(path)
    except Unreadable as error:
        yield Refused(ALTERNATES, error.line, str(error))
        return
    rows = csv.DictReader(io.StringIO(content))
    if not {"question", "passage"} <= set(rows.fieldnames or ()):
        yield Refused(ALTERNATES, 1, "the first line should name the columns question and passage")
        return
    for row in rows:
        question, passage = (" ".join((row[name] or "").split()) for name in ("question", "passage"))
        if question and passage:
            yield Alternate(question, passage, rows.line_num)
        else:
            yield Refused(ALTERNATES, rows.line_num, f"a row without a {'question' if not question else 'passage'}")


def _with_related(articles: dict[str, Article]) -> tuple[Article, ...]:
    """The articles, with related posts that are named by title (page dumps know no ids) turned into ids."""
    by_title = {article.title.casefold(): article.id for article in articles.values()}
    return tuple(
        replace(article, related=tuple(dict.fromkeys(by_title.get(name.casefold(), name) for name in article.related)))
        for article in articles.values()
    )
