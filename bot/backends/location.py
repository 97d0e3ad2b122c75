"""Where an index is kept, by the name that a command or a program gives: a folder of this machine, or a Milvus server."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

from bot.corpus.in_memory import ArticleInput
from bot.encoder import EXPORTED, Encoder, find_model, model_hash, open_encoder
from bot.errors import ModelError
from bot.index.local_generation import LocalGeneration
from bot.index.manifest import Manifest
from bot.index.store import LocalStore, Store

if TYPE_CHECKING:
    from bot.backends.milvus.updates import Updated

MILVUS = ("milvus://", "milvus+tls://")
"""How the address of an index on a Milvus server begins."""


def store_at(index: Path | str) -> Store:
    """The store that a folder, or an address such as `milvus://host:port/name`, names. Raises `SettingsError` when the address is not one."""
    if is_remote(index):
        from bot.backends.milvus.store import MilvusStore

        return MilvusStore(str(index))
    return LocalStore(index)


def publish_to(address: str, folder: Path, told: Callable[[int, int], None]) -> bool:
    """Have the generation that an index folder serves served from a Milvus server; False when it is already. Raises as `bot.backends.milvus.publish` does."""
    from bot.backends.milvus.address import MilvusAddress
    from bot.backends.milvus.publish import publish

    where = LocalStore(folder).current_folder()
    return publish(LocalGeneration.open(where), where, MilvusAddress.parse(address), told)


def update_at(
    address: str,
    articles: Iterable[ArticleInput] = (),
    removed: Sequence[str] = (),
    *,
    encoder: Encoder | None = None,
    folder: Path | str = "index",
) -> "Updated":
    """Write articles into what a Milvus server serves, and take out those with the ids in `removed`; as `bot.backends.milvus.updates.update` does.

    They are encoded by the model that the index was built with, as an earlier build exported it into `folder`, where it did; `encoder` is that of a program
    which built the index with its own. Raises `ModelError` when the model is not here, or another one.
    """
    from bot.backends.milvus.store import MilvusStore
    from bot.backends.milvus.updates import update

    generation = MilvusStore(address).open_current(encoder)
    return update(
        generation, articles, removed, encoder or _encoder_of(generation.manifest, LocalStore(folder).encoder_folder)
    )


def _encoder_of(manifest: Manifest, folder: Path) -> Encoder:
    """The encoder that an index was built with. Raises `ModelError` when it is not here."""
    model = manifest.settings.model
    if manifest.question_encoder not in EXPORTED:
        raise ModelError(f"The index was built with an encoder of its program's own, {model!r}: give it.")
    if model_hash(find_model(model), model) != manifest.weights:
        raise ModelError(
            f"The model {model} is not the one that the index was built with: run articlebot build --to again."
        )
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
