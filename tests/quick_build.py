"""Builds that skip the export of the packaged model, which takes ten seconds.

The model is exported once per test run and linked into each index.
"""

import os
import shutil
from pathlib import Path
from typing import Any

from articles import NOTICE
from filelock import FileLock

from bot.build.build import BuildReport
from bot.build.build import build as build_index
from bot.index.store import LocalStore

_shared: Path | None = None


def share(folder: Path) -> None:
    """Set the folder that all processes of a test run share."""
    global _shared  # noqa: PLW0603
    _shared = folder


def _exported_encoder() -> Path:
    """Export the packaged model, unless a test of this run has done so."""
    assert _shared is not None, "the session fixture `shared_folder` runs first"
    store = LocalStore(_shared / "exported")
    with FileLock(_shared / "exported.lock"):
        if not store.encoder_folder.exists():
            corpus = _shared / "exported-corpus"
            corpus.mkdir()
            (corpus / "notice.md").write_text(NOTICE, encoding="utf-8")
            build_index(corpus, store.root)
    return store.encoder_folder


def link_encoder(index: Path) -> None:
    """Give an index folder the exported model, unless it has one."""
    target = LocalStore(index).encoder_folder
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(_exported_encoder(), target, copy_function=os.link)


def build(corpus: Any, index: Path, *values: Any, **named: Any) -> BuildReport:
    """Call `bot.build.build.build` on an index that has the exported model."""
    link_encoder(index)
    return build_index(corpus, index, *values, **named)


def copy_folder(source: Path, target: Path) -> Path:
    """Copy a folder with an index; its models, which nothing changes in place, become links."""

    def copy(one: str, other: str) -> str:
        if one.endswith(".onnx"):
            os.link(one, other)
        else:
            shutil.copy2(one, other)
        return other

    return Path(shutil.copytree(source, target, copy_function=copy, dirs_exist_ok=True))
