"""The generations of an index on a Milvus server: `bot.index.store.Store`."""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from bot.backends.milvus.address import MilvusAddress
from bot.backends.milvus.client import NO_BM25, MilvusClient
from bot.backends.milvus.generation import MilvusGeneration
from bot.backends.milvus.layout import CHANGE, FILE, Collections, corrupt, in_range, numeric_id
from bot.backends.milvus.passage_table import GenerationFacts, MilvusPassageTable, read_facts
from bot.backends.milvus.publish import existing, list_generations
from bot.backends.milvus.records import join_parts, parse_file
from bot.backends.milvus.words import ReplicaLexicalIndex, ServerLexicalIndex
from bot.corpus.synonyms import stored_synonyms
from bot.encoder import QuestionEncoder, file_hash, open_question_encoder
from bot.errors import IndexCorrupt, IndexMissing, IndexUnreachable, IndexUnwritable, raise_as_corrupt
from bot.index.generation import check_encoder
from bot.index.manifest import ENCODER, MANIFEST, Manifest
from bot.index.unanswered import stored_unanswered
from bot.index.vocabulary import Vocabulary

_PARTS = 200  # parts of a file fetched in one query: 12 MB
_COPIES = 2  # generations of an index whose files a machine keeps
_CLOCK_SKEW = 60 * 1_000_000_000  # nanoseconds by which the clocks of two writers may differ


@dataclass(frozen=True, slots=True)
class ArticleChanges:
    """The articles that changed after a generation was built, as far as their records were read."""

    keys: frozenset[str] = frozenset()
    """The keys of their records."""
    articles: Mapping[str, bool] = field(default_factory=dict)
    """Ids of the articles in the last batch of changes, with whether each still exists."""
    until: int = 0
    """When the last change was made, in nanoseconds of Unix time."""


class MilvusStore:
    """The generations of an index on a server. Raises `SettingsError` if the address is not one."""

    def __init__(self, address: str | MilvusAddress) -> None:
        self.milvus = MilvusClient(address if isinstance(address, MilvusAddress) else MilvusAddress.parse(address))
        self._changes = ArticleChanges()
        self._opened: MilvusGeneration | None = None
        self._loaded: Collections | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.milvus.address,)

    def current_name(self) -> str:
        """See `Store.current_name`. After updates of single articles it ends with their number."""
        collections = self._current()
        return _name(collections, self._changes_of(collections))

    def open_current(self, encoder: QuestionEncoder | None = None, *, whole: bool = False) -> MilvusGeneration:
        """See `Store.open_current`. With `whole`, fetch the small files again."""
        collections = self._current()
        changes = self._changes_of(collections)
        if self._opened is None or self._opened.collections != collections or whole:
            self._opened, self._changes = self._open(collections, encoder, refetch=whole), ArticleChanges()
            changes = self._changes_of(collections)
        if changes != self._changes:
            self._opened = self._apply(self._opened, changes)
            self._changes = changes
        return self._opened

    def manifests(self) -> Iterator[tuple[str, Manifest | IndexCorrupt]]:
        current = self._current()
        for each in list_generations(self.milvus):
            name = self.current_name() if each == current else each.generation
            try:
                self.milvus.load(each.records)
                folder = self._copy(each, read_facts(self.milvus, each), (MANIFEST,), refetch=False)
                yield name, Manifest.read(folder)
            except IndexCorrupt as error:
                yield name, error

    def facts(self) -> dict[str, str]:
        """See `Store.facts`: the server, and what ranks words."""
        ranked = "ranked by the server"
        words = ranked if self.milvus.has_bm25 else f"ranked by an index that each replica keeps: {NO_BM25}"
        return {"server": f"Milvus {self.milvus.version} at {self.milvus.address.server}", "words": words}

    def roll_back(self) -> str:
        current, address = self._current(), self.milvus.address
        earlier = [each for each in list_generations(self.milvus) if each.token < current.token]
        if not earlier:
            raise IndexMissing(f"There is no earlier generation of {address.place}: nothing to roll back to.")
        self._load(earlier[-1])
        check_encoder(self._open(earlier[-1], None, refetch=False))
        self.milvus.set_alias(address.name, earlier[-1].rows)
        return earlier[-1].generation

    def _current(self) -> Collections:
        """Return the collections of the current generation. Raises as `Store.current_name`."""
        address = self.milvus.address
        name = self.milvus.resolve_alias(address.name)
        if name is None:
            raise IndexMissing(f"There is no index {address.place}: run articlebot build --to milvus://….")
        collections = Collections.parse(address.name, name)
        if collections is None:
            raise IndexCorrupt(f"{address.place} is not an index of articlebot ({name}): name another one.")
        if collections != self._loaded:
            # After a restart or a rollback, the server may not have them in memory.
            self._load(collections)
            self._loaded = collections
        return collections

    def _load(self, collections: Collections) -> None:
        for name in existing(self.milvus, collections):
            self.milvus.load(name)

    def _apply(self, generation: MilvusGeneration, changes: ArticleChanges) -> MilvusGeneration:
        """Return the generation after changes: with empty caches, and the new words of the articles that changed."""
        generation.cache.clear()
        generation.sentences.clear()
        table = MilvusPassageTable(self.milvus, generation.collections, read_facts(self.milvus, generation.collections))
        for article, there in changes.articles.items():
            generation.words.replace(article, table.passages_in(article) if there else [])
        name = _name(generation.collections, changes)
        return replace(generation, name=name, table=table, lexical=generation.words.current)

    def _changes_of(self, collections: Collections) -> ArticleChanges:
        known = self._changes if self._opened and self._opened.collections == collections else ArticleChanges()
        try:
            return _read_changes(self.milvus, collections, known)
        except IndexUnreachable:
            self._loaded = None  # the server may have been restarted, without the collections in its memory
            raise

    def _open(self, collections: Collections, encoder: QuestionEncoder | None, *, refetch: bool) -> MilvusGeneration:
        name, milvus, facts = collections.generation, self.milvus, read_facts(self.milvus, collections)
        folder = self._copy(collections, facts, tuple(facts.files), refetch=refetch)
        with raise_as_corrupt(folder):
            manifest, synonyms = Manifest.read(folder), stored_synonyms(folder)
            unanswered = stored_unanswered(folder, manifest.dimension)
            words = ServerLexicalIndex(milvus, collections) if milvus.has_bm25 else ReplicaLexicalIndex(folder)
            table, vocabulary = MilvusPassageTable(milvus, collections, facts), Vocabulary(folder)
            return MilvusGeneration(
                name, manifest, milvus, collections, table, words, words.current, vocabulary, synonyms, unanswered,
                open_question_encoder(folder / ENCODER, manifest.question_encoder, encoder),
            )  # fmt: skip

    def _copy(self, collections: Collections, facts: GenerationFacts, names: tuple[str, ...], *, refetch: bool) -> Path:
        """Return the folder with this machine's copies of some files; fetch missing and damaged ones."""
        address = self.milvus.address
        home = address.cache / f"{address.host}-{address.port}-{address.name}"
        folder = home / collections.generation
        try:
            for name in names:
                path = folder / name
                if refetch or not _has_hash(path, facts.files[name]):
                    self._fetch(collections, name, facts.files[name], path)
            others = sorted(path for path in home.iterdir() if path.is_dir() and path != folder)
            for path in others[: max(0, len(others) - _COPIES + 1)]:
                shutil.rmtree(path, ignore_errors=True)
        except OSError as error:
            problem = f"The folder {home} for copies of the index cannot be written ({error.strerror})"
            raise IndexUnwritable(f"{problem}: name another with ?cache=FOLDER in the address.") from error
        return folder

    def _fetch(self, collections: Collections, name: str, expected: str, path: Path) -> None:
        content = parse_file("".join(self._parts(collections, numeric_id(name))))
        if hashlib.sha256(content).hexdigest() != expected:
            raise corrupt(f"The file {name} of the index on Milvus is not the one that was built")
        path.parent.mkdir(parents=True, exist_ok=True)
        # Several replicas on one machine may fetch it at the same time: each puts a whole file in place.
        with NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as pending:
            pending.write(content)
        Path(pending.name).replace(path)

    def _parts(self, collections: Collections, number: int) -> Iterator[str]:
        """Yield the body of a file's record, some parts at a time."""
        for start in count(0, _PARTS):
            own = f'kind == "{FILE}" and number == {number} and {in_range("part", start, _PARTS)}'
            found = self.milvus.find(collections.records, own, ("number", "part", "body"), strong=True)
            yield join_parts(found).get(number, "")
            if len(found) < _PARTS:
                return


def _read_changes(milvus: MilvusClient, collections: Collections, known: ArticleChanges) -> ArticleChanges:
    """Return the changes including new ones; `known` itself if there are none."""
    newer = f'kind == "{CHANGE}" and number > {known.until - _CLOCK_SKEW}'
    records = milvus.find(collections.records, newer, ("key", "number", "body"))
    new = sorted((each for each in records if each["key"] not in known.keys), key=lambda each: each["number"])
    if not new:
        return known
    bodies = [json.loads(each["body"]) for each in new]
    articles = {str(change["article"]): bool(change["there"]) for change in bodies}
    return ArticleChanges(known.keys | {each["key"] for each in new}, articles, max(known.until, new[-1]["number"]))


def _name(collections: Collections, changes: ArticleChanges) -> str:
    return f"{collections.generation}+{len(changes.keys)}" if changes.keys else collections.generation


def _has_hash(path: Path, expected: str) -> bool:
    with suppress(OSError):
        return file_hash(path) == expected
    return False
