"""A Python that has only the packages of some extras, made of links to those of this environment."""

import os
import sys
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def packages(*extras: str) -> dict[str, Distribution]:
    """Return the packages that pip installs for articlebot with these extras, by name."""
    found: dict[str, Distribution] = {}
    for text in [*PROJECT["dependencies"], *(each for extra in extras for each in _of_extra(extra))]:
        _collect(Requirement(text), found)
    return found


def _of_extra(name: str) -> list[str]:
    requirements = []
    for text in PROJECT["optional-dependencies"][name]:
        requirement = Requirement(text)
        nested = sorted(requirement.extras) if requirement.name == "articlebot" else []
        requirements += [each for extra in nested for each in _of_extra(extra)] or [text]
    return requirements


def _collect(requirement: Requirement, found: dict[str, Distribution]) -> None:
    environments = [{"extra": extra} for extra in ("", *requirement.extras)]
    if requirement.marker and not any(requirement.marker.evaluate(each) for each in environments):
        return
    name = canonicalize_name(requirement.name)
    if name in found and not requirement.extras:
        return
    try:
        found[name] = own = distribution(name)
    except PackageNotFoundError:
        return
    for text in own.requires or ():
        child = Requirement(text)
        if child.marker is None or any(child.marker.evaluate(each) for each in environments):
            child.marker = None
            _collect(child, found)


def link_packages(folder: Path, *extras: str) -> dict[str, str]:
    """Link the packages into a folder, and return the environment of a Python (`-S`) that finds only these."""
    folder.mkdir()
    for own in packages(*extras).values():
        for name in {file.parts[0] for file in own.files or () if not file.parts[0].startswith("..")}:
            source = Path(str(own.locate_file(name)))
            if source.exists() and name != "__pycache__" and not (folder / name).exists():
                (folder / name).symlink_to(source)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARTICLEBOT", "PYTHON"))}
    return {**kept, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}


def command(*words: str) -> list[str]:
    """Return the command of articlebot for that Python."""
    return [sys.executable, "-S", "-m", "bot", *words]
