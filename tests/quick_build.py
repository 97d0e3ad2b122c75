"""What is made once per test run for all its processes: models, their exports, and indexes that tests only read.

Exporting a model takes longer than everything else in a small build, so `build` starts with the export.
"""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from filelock import FileLock

from bot.build.build import BuildReport
from bot.build.build import build as build_index
from bot.index.store import LocalStore
from bot.settings import DEFAULT_MODEL, BuildSettings

FAQS = (
    {"question": "Can a notice period be bought out?", "answer": "Yes, when the contract allows it."},
    {"question": "Who pays gratuity?", "answer": "The employer pays it, not the provident fund."},
)
"""The articles that a model is exported with."""

VECTORS = "vectors.sqlite"
_shared: Path | None = None


def share(folder: Path) -> None:
    """Set the folder that all processes of a test run share."""
    global _shared  # noqa: PLW0603
    _shared = folder


def made_once(name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder that the first test to need it makes; later tests, in all processes, only read it."""
    assert _shared is not None, "the session fixture `shared_folder` runs first"
    folder, unfinished = _shared / name, _shared / f"{name}.unfinished"
    with FileLock(_shared / f"{name}.lock"):
        if not folder.exists():
            shutil.rmtree(unfinished, ignore_errors=True)
            make(unfinished)
            unfinished.rename(folder)
    return folder


def _exported_encoder(model: str) -> Path:
    """Return the folder of a model's export."""
    name = f"exported-{hashlib.sha256(model.encode()).hexdigest()[:12]}"
    index = made_once(name, lambda folder: build_index(FAQS, folder, BuildSettings(model=model)))
    return LocalStore(index).encoder_folder


def link_encoder(index: Path, model: str = DEFAULT_MODEL) -> None:
    """Give an index folder the export of a model, unless it has one."""
    target = LocalStore(index).encoder_folder
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(_exported_encoder(model), target, copy_function=os.link)


def build(
    corpus: Any, index: Path, settings: BuildSettings = BuildSettings(), *values: Any, **named: Any
) -> BuildReport:
    """Call `bot.build.build.build` on an index that has the export of its model."""
    link_encoder(index, settings.model)
    return build_index(corpus, index, settings, *values, **named)


def reuse_vectors(source: Path, index: Path) -> None:
    """Give an index folder the cached vectors of another index, if there is one: its build encodes only other texts."""
    vectors = LocalStore(source).cache_folder / VECTORS
    if vectors.exists():
        target = LocalStore(index).cache_folder
        target.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(vectors)) as there, closing(sqlite3.connect(target / VECTORS)) as here:
            there.backup(here)


def copy_folder(source: Path, target: Path) -> Path:
    """Copy a folder with an index; its models, which nothing changes in place, become links."""

    def copy(one: str, other: str) -> str:
        if one.endswith(".onnx"):
            os.link(one, other)
        else:
            shutil.copy2(one, other)
        return other

    return Path(shutil.copytree(source, target, copy_function=copy, dirs_exist_ok=True))
