"""Where an index is kept, by the name that a command or a program gives: a folder of this machine, or a Milvus server."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote, urlsplit, urlunsplit

from bot.corpus.given import GivenArticle
from bot.encoder import EXPORTED, Encoder, QuestionEncoder, find_model, model_hash, open_encoder
from bot.errors import IndexCorrupt, ModelError
from bot.index.generation import Generation
from bot.index.local_generation import LocalGeneration
from bot.index.local_store import LocalStore
from bot.index.manifest import Manifest
from bot.index.store import IndexStore

if TYPE_CHECKING:
    from bot.index.milvus.updates import Updated

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

    def facts(self) -> Mapping[str, str]:
        """What else there is to tell of where it is kept."""

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


def update_at(
    address: str, articles: Iterable[GivenArticle] = (), removed: Sequence[str] = (), *, encoder: Encoder | None = None, folder: Path | str = "index"
) -> "Updated":
    """Write articles into what a Milvus server serves, and take out those with the ids in `removed`; as `bot.index.milvus.updates.update` does.

    They are encoded by the model that the index was built with, as an earlier build exported it into `folder`, where it did; `encoder` is that of a program
    which built the index with its own. Raises `ModelError` when the model is not here, or another one.
    """
    from bot.index.milvus.store import MilvusStore
    from bot.index.milvus.updates import update

    generation = MilvusStore(address).open_current(encoder)
    return update(generation, articles, removed, encoder or _encoder_of(generation.manifest, IndexStore(folder).encoder_folder))


def _encoder_of(manifest: Manifest, folder: Path) -> Encoder:
    """The encoder that an index was built with. Raises `ModelError` when it is not here."""
    model = manifest.settings.model
    if manifest.question_encoder not in EXPORTED:
        raise ModelError(f"The index was built with an encoder of its program's own, {model!r}: give it.")
    if model_hash(find_model(model), model) != manifest.weights:
        raise ModelError(f"The model {model} is not the one that the index was built with: run articlebot build --to again.")
    return open_encoder(model, manifest.weights, folder)


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
