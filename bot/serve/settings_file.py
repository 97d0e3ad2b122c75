"""The chat's settings file (TOML) → `ChatSettings`."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.errors import SettingsError
from bot.serve.editor.password import STORED
from bot.serve.page.colours import DARK_GROUND, LIGHT_GROUND, contrast
from bot.settings import ApiKey, ChatSettings, Colours, EditorSettings, Limits, LogSettings, MetricsSettings, Publisher

_LEAST_CONTRAST = 4.5
"""WCAG 2.2, success criterion 1.4.3 (AA)."""
_LARGEST_LOGO = 1_000_000
_LOGOS = (".svg", ".png", ".webp", ".jpg", ".jpeg")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_SECTIONS = {
    "publisher": Publisher,
    "colours": Colours,
    "limits": Limits,
    "log": LogSettings,
    "editor": EditorSettings,
    "metrics": MetricsSettings,
}
_PATH, _LARGEST_PORT = re.compile(r"(?:/[\w.-]+)+"), 65535
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d+)?|https://\*\.[A-Za-z0-9.-]+(?::\d+)?")


def read_settings(path: Path) -> ChatSettings:
    """The settings of a file; paths in it are relative to its folder, and a folder `languages` beside it holds further languages.

    Raises `SettingsError` when the file is not there or is no TOML, names a setting that there is not, or gives one that cannot be.
    """
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} cannot be read as TOML: {error}.") from error
    _check_names(path, given)
    publisher = given.get("publisher")
    if isinstance(publisher, dict) and isinstance(publisher.get("logo"), str):
        publisher["logo"] = path.parent / publisher["logo"]
    languages = path.parent / "languages"
    try:
        settings = _ADAPTER.validate_python({"languages": languages if languages.is_dir() else None, **given})
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingsError(f"{path}: {'.'.join(str(part) for part in first['loc'])}: {first['msg']}.") from error
    for fault in _faults(settings):
        raise SettingsError(f"{path}: {fault}")
    return settings


def _check_names(path: Path, given: Mapping[str, Any]) -> None:
    sections: dict[str, Any] = {"": given, **{name: given.get(name, {}) for name in _SECTIONS}}
    keys = given.get("keys")
    sections |= {f"keys.{name}": key for name, key in keys.items()} if isinstance(keys, dict) else {}
    for section, named in sections.items():
        known = ChatSettings if section == "" else ApiKey if section.startswith("keys.") else _SECTIONS[section]
        names = [field.name for field in fields(known) if field.name != "languages"]
        for name in named if isinstance(named, dict) else ():
            if name not in names:
                where = f"[{section}]" if section else "the top"
                raise SettingsError(f"{path}: there is no setting {name!r} at {where}: there are {', '.join(names)}.")


def _faults(settings: ChatSettings) -> list[str]:
    colours, logo, limits = settings.colours, settings.publisher.logo, settings.limits
    faults = [
        *_colour_faults("accent", colours.accent, LIGHT_GROUND, "darker"),
        *_colour_faults("accent_dark", colours.accent_dark, DARK_GROUND, "lighter"),
    ]
    if logo is not None and not (
        logo.is_file() and logo.suffix.lower() in _LOGOS and logo.stat().st_size <= _LARGEST_LOGO
    ):
        faults.append(f"publisher.logo: {logo} must be a file ({', '.join(_LOGOS)}) of at most 1 MB.")
    faults += [
        f"origins: {origin!r} must be like https://www.example.com, without a path."
        for origin in settings.origins
        if not _ORIGIN.fullmatch(origin)
    ]
    if settings.publisher.site and not settings.publisher.site.startswith(("https://", "http://")):
        faults.append("publisher.site must begin with https:// or http://.")
    if limits.questions_per_minute < 1:
        faults.append("limits.questions_per_minute must be at least 1.")
    faults += [
        f"keys.{name}.sha256 must be the 64 digits that articlebot key prints."
        for name, key in settings.keys.items()
        if not _SHA256.fullmatch(key.sha256)
    ]
    faults += [
        f"keys.{name}.questions_per_minute must be at least 1."
        for name, key in settings.keys.items()
        if key.questions_per_minute < 1
    ]
    if settings.metrics.path and not _PATH.fullmatch(settings.metrics.path):
        faults.append(f"metrics.path: {settings.metrics.path!r} must be like /metrics.")
    if settings.editor.password and not STORED.fullmatch(settings.editor.password):
        faults.append("editor.password must be the hash that articlebot password prints, not the password itself.")
    if settings.log.days < 1:
        faults.append("log.days must be at least 1.")
    if settings.log.database and not settings.log.database.startswith(("postgresql://", "postgres://")):
        faults.append("log.database must be like postgresql://user@host/name.")
    if not 0 <= settings.metrics.port <= _LARGEST_PORT:
        faults.append(f"metrics.port must be from 1 to {_LARGEST_PORT}.")
    return faults


def _colour_faults(name: str, colour: str, ground: str, better: str) -> list[str]:
    if not _COLOUR.fullmatch(colour):
        return [f"colours.{name}: {colour!r} must be like #0f766e."]
    ratio = contrast(colour, ground)
    if ratio < _LEAST_CONTRAST:
        return [
            f"colours.{name}: {colour} has a contrast of {ratio:.1f} on {ground}, {_LEAST_CONTRAST} is needed to be read (WCAG AA): choose a {better} one."
        ]
    return []


_ADAPTER = TypeAdapter(ChatSettings)
