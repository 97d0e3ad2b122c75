"""The place where the address of an index is opened: a folder of this machine, or `milvus://…`."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

from bot.corpus.in_memory import ArticleInput
from bot.encoder import MODEL_KINDS, Encoder, find_model, model_hash, open_encoder
from bot.encoder.encoder import OnCount
from bot.errors import IndexUnwritable, ModelError
from bot.index.local_generation import LocalGeneration
from bot.index.manifest import Manifest
from bot.index.store import LocalStore, Store

if TYPE_CHECKING:
    from bot.backends.milvus.updates import Updated

MILVUS = ("milvus://", "milvus+tls://")
"""How the address of an index on a Milvus server starts."""


def store_at(index: Path | str) -> Store:
    """Return the store at a folder or an address. Raises `SettingsError` if it looks like an address but is none."""
    if is_remote(index):
        from bot.backends.milvus.store import MilvusStore

        return MilvusStore(str(index))
    return LocalStore(index)


def publish_to(address: str, folder: Path, progress: OnCount) -> bool:
    """Publish the current generation of an index folder to a Milvus server; return False if it already is.

    `progress` is called with the number of passages written and the total. Raises as `bot.backends.milvus.publish`.
    """
    from bot.backends.milvus.address import MilvusAddress
    from bot.backends.milvus.publish import publish

    current = LocalStore(folder).current_folder()
    return publish(LocalGeneration.open(current), current, MilvusAddress.parse(address), progress)


def update_at(
    address: str,
    articles: Iterable[ArticleInput] = (),
    removed: Sequence[str] = (),
    *,
    encoder: Encoder | None = None,
    folder: Path | str = "index",
) -> "Updated":
    """Write articles to the current generation of a Milvus server, and remove those with the ids in `removed`.

    They are encoded by the model that the index was built with; `folder` is the index folder that keeps its export.
    `encoder` is the custom encoder that the index was built with. Raises `ModelError` if the model is missing or
    another one, `IndexUnwritable` if the export cannot be kept, and as `bot.backends.milvus.updates.update`.
    """
    from bot.backends.milvus.store import MilvusStore
    from bot.backends.milvus.updates import update

    generation = MilvusStore(address).open_current(encoder)
    encoder = encoder or _encoder_of(generation.manifest, LocalStore(folder).encoder_folder)
    return update(generation, articles, removed, encoder)


def _encoder_of(manifest: Manifest, folder: Path) -> Encoder:
    """Return the encoder that an index was built with. Raises `ModelError` if it is not installed."""
    model = manifest.settings.model
    if manifest.question_encoder not in MODEL_KINDS:
        raise ModelError(f"The index was built with a custom encoder, {model!r}: pass it as encoder=.")
    if model_hash(find_model(model), model) != manifest.weights:
        raise ModelError(f"The model {model} is not the one of the index: run articlebot build --to again.")
    try:
        return open_encoder(model, manifest.weights, folder)
    except OSError as error:
        advice = "name another folder by --index."
        raise IndexUnwritable(f"The folder {folder} cannot be written ({error.strerror}): {advice}") from error


def with_credentials(index: str, user: str, password: str, token: str) -> str:
    """Return the address of an index on Milvus with credentials, unless it has some; any other index unchanged."""
    if not is_remote(index) or not (user or token):
        return index
    try:
        parts = urlsplit(index)
    except ValueError:
        return index  # reported when it is opened
    if "@" in parts.netloc:
        return index
    credentials = f"{quote(user, safe='')}:{quote(password if user else token, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{credentials}@{parts.netloc}"))


def is_remote(index: Path | str) -> bool:
    """Whether an index is on a server."""
    return isinstance(index, str) and index.startswith(MILVUS)


def state_folder(index: Path | str) -> Path:
    """Return the folder for what is stored beside an index, such as the question log: `index` for one on a server."""
    return Path("index") if is_remote(index) else Path(index)
