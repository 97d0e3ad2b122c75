"""The settings file, `articlebot.toml` → `Settings`."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError, with_config

from bot.errors import SettingsError
from bot.languages.registry import CODES
from bot.serve.editor.password import STORED
from bot.serve.page.colours import DARK_GROUND, LIGHT_GROUND, contrast
from bot.settings import ApiKey, Settings

_MIN_CONTRAST = 4.5  # WCAG 2.2, success criterion 1.4.3 (AA)
_MAX_LOGO = 1_000_000
_LOGO_SUFFIXES = (".svg", ".png", ".webp", ".jpg", ".jpeg")
_KEY_HASH = "must be the 64 digits that articlebot key prints"
_ORIGIN = r"https?://[A-Za-z0-9.-]+(?::\d+)?|https://\*\.[A-Za-z0-9.-]+(?::\d+)?"
_SECTIONS: dict[Any, Any] = {each.name: each.type for each in fields(Settings) if is_dataclass(each.type)}
# Pydantic applies the configuration to the sections as well.
_ADAPTER = TypeAdapter(with_config(extra="forbid")(Settings))


def read_settings(path: Path) -> Settings:
    """Read a settings file; relative paths start at its folder, and a folder `languages` there holds further languages.

    Raises `SettingsError` if the file is missing or not TOML, or if a setting is unknown or has an invalid value.
    """
    try:
        settings = _ADAPTER.validate_python(read_toml(path))
    except ValidationError as error:
        raise SettingsError(f"{path}: {_sentence(error)}") from error
    if settings.languages is not None:
        raise SettingsError(f"{path}: languages is not a setting: a folder with this name holds further languages.")
    languages, logo = path.parent / "languages", settings.publisher.logo
    publisher = replace(settings.publisher, logo=path.parent / logo if logo else None)
    settings = replace(settings, publisher=publisher, languages=languages if languages.is_dir() else None)
    settings = _with_models_beside(path.parent, settings)
    for fault in _faults(settings):
        raise SettingsError(f"{path}: {fault}")
    return settings


def _with_models_beside(folder: Path, settings: Settings) -> Settings:
    """Return the settings with the paths of models that are folders beside the file; other models are names."""

    def find(model: str | None) -> str | None:
        return str((folder / model).absolute()) if model and (folder / model).is_dir() else model

    answers = replace(settings.answers, reranker=find(settings.answers.reranker))
    build = settings.build
    build = replace(build, model=find(build.model), multilingual_model=find(build.multilingual_model))
    return replace(settings, answers=answers, build=build)


def read_toml(path: Path) -> dict[str, Any]:
    """Read a file. Raises `SettingsError` if it cannot be read or is not TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} cannot be read as TOML: {error}.") from error


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    *section, name = first["loc"]
    if first["type"] != "unexpected_keyword_argument":
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}."
    kind = ApiKey if section[:1] == ["keys"] else _SECTIONS[section[0]] if section else Settings
    known = ", ".join(field.name for field in fields(kind) if kind is not Settings or field.name != "languages")
    where = f"[{'.'.join(map(str, section))}]" if section else "the top"
    return f"there is no setting {name!r} at {where}: there are {known}."


def _faults(settings: Settings) -> Iterator[str]:
    colours, logo, metrics = settings.colours, settings.publisher.logo, settings.metrics
    codes = settings.build.languages or ()
    database, keys, editor = settings.log.database, settings.keys.items(), settings.editor
    passwords = {"password": editor.password, **{f"people.{name}": stored for name, stored in editor.people.items()}}
    formats = [
        *(("build.languages", code, "|".join(CODES), f"may hold {', '.join(CODES)}, not {code!r}") for code in codes),
        ("publisher.site", settings.publisher.site, "(?:https?://.*)?", "must begin with https:// or http://"),
        ("metrics.path", metrics.path, r"(?:/[\w.-]+)*", f"must be like /metrics, not {metrics.path!r}"),
        ("log.database", database, "(?:postgres(?:ql)?://.*)?", "must be like postgresql://user@host/name"),
        *((f"keys.{name}.sha256", key.sha256, "[0-9a-f]{64}", _KEY_HASH) for name, key in keys),
        *(("origins", one, _ORIGIN, f"must be like https://www.example.com, not {one!r}") for one in settings.origins),
    ]
    yield from _colour_faults("colours.accent", colours.accent, LIGHT_GROUND, "darker")
    yield from _colour_faults("colours.accent_dark", colours.accent_dark, DARK_GROUND, "lighter")
    yield from (f"{name} {rule}." for name, value, pattern, rule in formats if not re.fullmatch(pattern, value))
    for name, stored in passwords.items():
        if (stored or name != "password") and not STORED.fullmatch(stored):
            yield f"editor.{name} must be the hash that articlebot password prints, not the password itself."
    if logo and not (logo.is_file() and logo.suffix.lower() in _LOGO_SUFFIXES and logo.stat().st_size <= _MAX_LOGO):
        yield f"publisher.logo must be a file ({', '.join(_LOGO_SUFFIXES)}) of at most 1 MB: {logo}."


def _colour_faults(name: str, colour: str, background: str, better: str) -> Iterator[str]:
    if not re.fullmatch("#[0-9a-fA-F]{6}", colour):
        yield f"{name} must be like #0f766e, not {colour!r}."
    elif (ratio := contrast(colour, background)) < _MIN_CONTRAST:
        yield (
            f"{name} has a contrast of {ratio:.1f} on {background}, and readable text needs {_MIN_CONTRAST} (WCAG AA): "
            f"choose a {better} colour than {colour}."
        )
