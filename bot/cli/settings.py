"""The settings of a command: those of `articlebot.toml`, the choices of the served index, and the options."""

from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from bot.encoder import MODEL_KINDS
from bot.errors import IndexCorrupt, IndexMissing, requires
from bot.index.manifest import Manifest
from bot.index.store import LocalStore
from bot.settings import BuildChoices, BuildSettings, Settings


def read_settings_file(path: Path | None) -> Settings:
    """Return the settings in a file, by default in articlebot.toml. Raises `MissingExtra` without pydantic."""
    default = Path("articlebot.toml")
    if path is None and not default.is_file():
        return Settings()
    with requires(None, "serve"):
        from bot.serve.settings_file import read_settings
    return read_settings(path or default)


def settings_of_build(index: Path, written: BuildChoices, options: BuildChoices) -> tuple[BuildSettings, list[str]]:
    """Return the settings of the served index, changed by those of the file and then by the options, and the changes.

    An index with a custom encoder can only be built in Python: the command line builds another one.
    """
    served = None  # the first build, or one of an earlier version: nothing to keep can be read
    with suppress(IndexMissing, IndexCorrupt):
        manifest = LocalStore(index).read_current(Manifest.read)
        served = manifest.settings if manifest.question_encoder in MODEL_KINDS else None
    settings = options.over(written.over(served or BuildSettings()))
    return settings, _changes(served, settings) if served is not None else []


def _changes(before: BuildSettings, after: BuildSettings) -> list[str]:
    old, new = asdict(before), asdict(after)
    shown = {name: [",".join(each[name]) if name == "languages" else each[name] for each in (old, new)] for name in old}
    return [f"{name.replace('_', ' ')} from {was} to {now}" for name, (was, now) in shown.items() if was != now]
