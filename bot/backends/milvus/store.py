"""`MilvusStore`: the generations of an index on a server, as `bot.backends.location.Store` wants them."""

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from tempfile import NamedTemporaryFile

from bot.backends.milvus.address import MilvusAddress
from bot.backends.milvus.article_changes import ArticleChanges, read_changes
from bot.backends.milvus.client import NO_BM25, MilvusClient
from bot.backends.milvus.generation import HELD, Held, MilvusGeneration
from bot.backends.milvus.layout import FILE, Collections, number_of
from bot.backends.milvus.lru_cache import VersionedCache
from bot.backends.milvus.passage_table import GenerationFacts, MilvusTable, read_facts
from bot.backends.milvus.publish import kept_on, present
from bot.backends.milvus.records import bodies, file_of
from bot.backends.milvus.words import ServerWords, WordsFolder
from bot.encoder import QuestionEncoder, open_question_encoder
from bot.errors import IndexCorrupt, IndexMissing, IndexUnwritable, raise_as_corrupt
from bot.index.generation import check_encoder
from bot.index.manifest import ENCODER, MANIFEST, Manifest
from bot.index.vocabulary import Vocabulary

_PARTS = 200
"""Parts of a file that are fetched at once: 12 MB."""
_COPIES = 2
"""Generations of an index whose files a machine keeps."""


class MilvusStore:
    """The generations of an index on a server. Raises `IndexUnreachable` when it does not answer, `SettingsError` when the address is not one."""

    def __init__(self, address: str | MilvusAddress) -> None:
        self.milvus = MilvusClient(address if isinstance(address, MilvusAddress) else MilvusAddress.parse(address))
        self._changes = ArticleChanges()
        self._opened: MilvusGeneration | None = None
        self._loaded: Collections | None = None

    def served(self) -> Collections:
        """The collections of the generation that is served. Raises `IndexMissing` when there is none, `IndexCorrupt` when the alias is not ours."""
        address = self.milvus.address
        name = self.milvus.alias(address.name)
        if name is None:
            raise IndexMissing(
                f"There is no index {address.name!r} on Milvus at {address.server}: run articlebot build --to milvus://…."
            )
        collections = Collections.named(address.name, name)
        if collections is None:
            raise IndexCorrupt(
                f"{address.name!r} on Milvus at {address.server} is not an index of articlebot ({name}): name another one."
            )
        if collections != self._loaded:
            # A server that was started anew, or rolled back, may not have it in memory.
            for each in present(self.milvus, collections):
                self.milvus.load(each)
            self._loaded = collections
        return collections

    def current_name(self) -> str:
        """As `Store.current_name`; after its articles have been updated, with how often."""
        collections = self.served()
        return self._name(collections, self._changes_of(collections))

    def open_current(self, encoder: QuestionEncoder | None = None, *, whole: bool = False) -> MilvusGeneration:
        """As `Store.open_current`. `whole` fetches the small files anew."""
        collections = self.served()
        changes = self._changes_of(collections)
        if self._opened is None or self._opened.collections != collections or whole:
            self._opened, self._changes = self._open(collections, encoder, anew=whole), ArticleChanges()
            changes = self._changes_of(collections)
        if changes != self._changes:
            self._opened = self._changed(self._opened, changes)
            self._changes = changes
        return self._opened

    def _changed(self, generation: MilvusGeneration, changes: ArticleChanges) -> MilvusGeneration:
        """The generation with what is kept of it renewed: everything that was read before, and the words of the articles that changed."""
        generation.held.forget()
        table = MilvusTable(self.milvus, generation.collections, read_facts(self.milvus, generation.collections))
        for article, there in changes.articles.items():
            generation.words.change(article, table.passages_in(article) if there else [])
        return replace(
            generation, name=self._name(generation.collections, changes), table=table, lexical=generation.words.now
        )

    def kept(self) -> Iterator[tuple[str, Manifest | IndexCorrupt]]:
        """As `Store.kept`."""
        served = self.served()
        for each in kept_on(self.milvus):
            name = self.current_name() if each == served else each.generation
            try:
                self.milvus.load(each.records)
                yield name, self._manifest(each)
            except IndexCorrupt as error:
                yield name, error

    def facts(self) -> dict[str, str]:
        """As `Store.facts`: which server it is, and who ranks by words."""
        words = (
            "ranked by the server" if self.milvus.has_bm25 else f"ranked by an index that each replica keeps: {NO_BM25}"
        )
        return {"server": f"Milvus {self.milvus.version} at {self.milvus.address.server}", "words": words}

    def roll_back(self) -> str:
        """As `Store.roll_back`."""
        served = self.served()
        earlier = [each for each in kept_on(self.milvus) if each.token < served.token]
        if not earlier:
            address = self.milvus.address
            raise IndexMissing(
                f"There is no generation before the current one of {address.name!r} on Milvus at {address.server}: nothing to roll back to."
            )
        for name in present(self.milvus, earlier[-1]):
            self.milvus.load(name)
        check_encoder(self._open(earlier[-1], None, anew=False))
        self.milvus.point(self.milvus.address.name, earlier[-1].rows)
        return earlier[-1].generation

    def _name(self, collections: Collections, changes: ArticleChanges) -> str:
        return f"{collections.generation}+{len(changes.keys)}" if changes.keys else collections.generation

    def _changes_of(self, collections: Collections) -> ArticleChanges:
        known = self._changes if self._opened and self._opened.collections == collections else ArticleChanges()
        return read_changes(self.milvus, collections, known)

    def _manifest(self, collections: Collections) -> Manifest:
        folder = self._copy(collections, read_facts(self.milvus, collections), (MANIFEST,))
        return Manifest.read(folder)

    def _open(self, collections: Collections, encoder: QuestionEncoder | None, *, anew: bool) -> MilvusGeneration:
        facts = read_facts(self.milvus, collections)
        folder = self._copy(collections, facts, tuple(facts.files), anew=anew)
        with raise_as_corrupt(folder):
            manifest = Manifest.read(folder)
            words = ServerWords(self.milvus, collections) if self.milvus.has_bm25 else WordsFolder(folder)
            return MilvusGeneration(
                collections.generation, manifest, self.milvus, collections, MilvusTable(self.milvus, collections, facts), words, words.now,
                Vocabulary(folder), open_question_encoder(folder / ENCODER, manifest.question_encoder, encoder), VersionedCache[Held](HELD), facts.kind,
            )  # fmt: skip

    def _copy(
        self, collections: Collections, facts: GenerationFacts, names: tuple[str, ...], *, anew: bool = False
    ) -> Path:
        """The folder of this machine that holds a generation's small files, fetched where they are not there or not what they should be."""
        home = (
            self.milvus.address.cache
            / f"{self.milvus.address.host}-{self.milvus.address.port}-{self.milvus.address.name}"
        )
        folder = home / collections.generation
        try:
            for name in names:
                path = folder / name
                if anew or not _is(path, facts.files[name]):
                    self._fetch(collections, name, facts.files[name], path)
            _forget_others(home, folder)
        except OSError as error:
            raise IndexUnwritable(
                f"The folder {home} for copies of the index cannot be written ({error.strerror}): name another with ?cache=FOLDER in the address."
            ) from error
        return folder

    def _fetch(self, collections: Collections, name: str, expected: str, path: Path) -> None:
        content = file_of("".join(self._parts(collections, number_of(name))))
        if hashlib.sha256(content).hexdigest() != expected:
            raise IndexCorrupt(
                f"The file {name} of the index on Milvus is not the one that was built: run articlebot build --to again."
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        # Several replicas of one machine may fetch it at once: each puts a whole file in its place.
        with NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as pending:
            pending.write(content)
        Path(pending.name).replace(path)

    def _parts(self, collections: Collections, number: int) -> Iterator[str]:
        """The body of a file's record, some parts at a time."""
        for start in count(0, _PARTS):
            own = f'kind == "{FILE}" and number == {number} and part >= {start} and part < {start + _PARTS}'
            found = self.milvus.find(collections.records, own, ("number", "part", "body"), surely=True)
            yield bodies(found).get(number, "")
            if len(found) < _PARTS:
                return


def _is(path: Path, expected: str) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == expected
    except OSError:
        return False


def _forget_others(home: Path, folder: Path) -> None:
    others = sorted(path for path in home.iterdir() if path.is_dir() and path != folder)
    for path in others[: max(0, len(others) - _COPIES + 1)]:
        shutil.rmtree(path, ignore_errors=True)
