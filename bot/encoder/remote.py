"""Encoders in other processes and on other machines: picklable functions that open them there."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from platform import node

from bot.encoder.encoder import Encoder, PassageEncoder
from bot.encoder.exported import TOKENIZER, ExportedEncoder
from bot.encoder.graph import open_tokenizer, parse_tokenizer, token_starts
from bot.encoder.model import find_model, model_hash
from bot.encoder.sentence import SentenceEncoder
from bot.errors import ModelError


def remote_token_starts(encoder: Encoder) -> Callable[[Sequence[str]], list[Sequence[int]]]:
    """Return a picklable `token_starts` that leaves the model behind; a custom encoder is pickled whole."""
    if isinstance(encoder, SentenceEncoder):
        return partial(token_starts, parse_tokenizer(encoder.model.tokenizer.backend_tokenizer.to_str(), None))
    if isinstance(encoder, ExportedEncoder):
        return partial(token_starts, open_tokenizer(encoder.folder / TOKENIZER, None))
    return encoder.token_starts


def picklable_encoder_opener(encoder: PassageEncoder, weights: str) -> Callable[[], PassageEncoder]:
    """Return a picklable function that opens the model from local files; a custom encoder is pickled whole."""
    if not isinstance(encoder, (SentenceEncoder, ExportedEncoder)):
        return partial(_return, encoder)
    folder = Path(encoder.name).expanduser()
    return partial(_open, str(folder.absolute()) if folder.is_dir() else encoder.name, weights)


def _return(encoder: PassageEncoder) -> PassageEncoder:
    return encoder


def _open(name: str, weights: str) -> SentenceEncoder:
    if model_hash(find_model(name), name) != weights:
        machine = f"on the machine {node()}"
        raise ModelError(f"The model {name!r} {machine} is not the one of this build: give both the same files.")
    return SentenceEncoder(name)
