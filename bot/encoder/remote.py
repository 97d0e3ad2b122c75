"""A model in other processes, on other machines: what is sent to them."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from platform import node

from bot.encoder.encoder import Encoder
from bot.encoder.exported import TOKENIZER, ExportedEncoder
from bot.encoder.graph import open_tokenizer, parse_tokenizer, token_starts
from bot.encoder.model import find_model, model_hash
from bot.encoder.sentence import SentenceEncoder
from bot.errors import ModelError


def remote_token_starts(encoder: Encoder) -> Callable[[Sequence[str]], list[Sequence[int]]]:
    """The `token_starts` of an encoder without its model; all of it where it is a program's own."""
    if isinstance(encoder, SentenceEncoder):
        return partial(token_starts, parse_tokenizer(encoder.model.tokenizer.backend_tokenizer.to_str(), None))
    if isinstance(encoder, ExportedEncoder):
        return partial(token_starts, open_tokenizer(encoder.folder / TOKENIZER, None))
    return encoder.token_starts


def remote_encoder(encoder: Encoder, weights: str) -> Callable[[], Encoder]:
    """What opens the same model from the files of another machine; an encoder of a program's own is sent as it is."""
    if not isinstance(encoder, (SentenceEncoder, ExportedEncoder)):
        return partial(_sent, encoder)
    folder = Path(encoder.name).expanduser()
    return partial(_opened, str(folder.absolute()) if folder.is_dir() else encoder.name, weights)


def _sent(encoder: Encoder) -> Encoder:
    return encoder


def _opened(name: str, weights: str) -> SentenceEncoder:
    if model_hash(find_model(name), name) != weights:
        raise ModelError(
            f"The model {name!r} on the machine {node()} is not the one of this build: give both the same files."
        )
    return SentenceEncoder(name)
