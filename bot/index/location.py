"""Where an index is kept, by the name that a command or a program gives: a folder of this machine, or a Milvus server."""

from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, urlsplit, urlunsplit

from bot.encoder import QuestionEncoder
from bot.errors import IndexCorrupt
from bot.index.generation import Generation
from bot.index.local_generation import LocalGeneration
from bot.index.local_store import LocalStore
from bot.index.manifest import Manifest
from bot.index.store import IndexStore

MILVUS = ("milvus://", "milvus+tls://")
"""How the address of an index on a Milvus server begins."""


class Store(Protocol):
    """The generations of an index, of which one is served."""

    def current_name(self) -> str:
        """The name of the generation that is served. Raises `IndexMissing` when there is none, `IndexCorrupt` when what should name it leads nowhere."""

    def mark(self) -> Hashable:
        """What changes with the generation that is served, soon told; None when there is none."""

    def open_current(self, encoder: QuestionEncoder | None = None, *, whole: bool = False) -> Generation:
        """The generation that is served, open; `encoder` and `whole` as of `LocalGeneration.open`. Raises what `current_name` and opening it do."""

    def kept(self) -> Iterator[tuple[str, Manifest | IndexCorrupt]]:
        """The names and manifests of all generations, oldest first; of one that cannot be read, why."""

    def roll_back(self) -> str:
        """Serve the generation before the current one, once it has been opened; returns its name. Raises `IndexMissing` when there is none."""


def store_at(index: Path | str) -> Store:
    """The store that a folder, or an address such as `milvus://host:port/name`, names. Raises `SettingsError` when the address is not one."""
    if is_remote(index):
        from bot.index.milvus.store import MilvusStore

        return MilvusStore(str(index))
    return LocalStore(index)


def publish_to(address: str, folder: Path, told: Callable[[int, int], None]) -> bool:
    """Have the generation that an index folder serves served from a Milvus server; False when it is already. Raises as `bot.index.milvus.publish` does."""
    from bot.index.milvus.address import MilvusAddress
    from bot.index.milvus.publish import publish

    where = IndexStore(folder).current()
    return publish(LocalGeneration.open(where), where, MilvusAddress.parse(address), told)


def with_credentials(index: str, user: str, password: str, token: str) -> str:
    """The address of an index on Milvus with who asks for it, unless it names somebody; any other index as it is."""
    parts = urlsplit(index)
    if not is_remote(index) or "@" in parts.netloc or not (user or token):
        return index
    who = f"{quote(user, safe='')}:{quote(password if user else token, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{who}@{parts.netloc}"))


def is_remote(index: Path | str) -> bool:
    """Whether an index is on a server."""
    return isinstance(index, str) and index.startswith(MILVUS)


def folder_of(index: Path | str) -> Path:
    """The folder that holds what is kept beside an index, such as the question log; of one on a server, `index` of the working directory."""
    return Path("index") if is_remote(index) else Path(index)
