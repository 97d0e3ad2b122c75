"""The manifest of a generation: what it is, and what must be in its folder."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from bot.encoder import file_hash
from bot.errors import IndexCorrupt
from bot.index.agreement import Agreement
from bot.index.changes import ChangedAnswer, ChangedAnswers, ChangedArticles, Changes
from bot.index.closeness import Closeness
from bot.index.lane_record import LaneRecord
from bot.index.vectors import SearchPlan
from bot.settings import BuildSettings

FORMAT = 7
"""The version of the layout on disk. It rises with any change that an older reader would misread; other versions are refused, never guessed at."""

MANIFEST, ENCODER = "manifest.json", "encoder"
REFUSED = "refused.json"
"""What of the corpus did not go in, and why."""

_WHEN, _NAME = "%Y%m%dT%H%M%S.%fZ", re.compile(r"\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8}")
"""How the name of a generation begins, and what it looks like; a copy may have another name."""
_LARGE = 32_000_000
"""Bytes from which on a file is only sampled when it is opened: what is smaller is hashed in 20 ms."""
_BLOCK, _BLOCKS = 4096, 256


@dataclass(frozen=True, slots=True)
class FileRecord:
    size: int
    sha256: str
    sample: str | None = None
    """Of a large file, the sha256 of blocks spread over it, by which it is verified when it is opened to answer questions."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation is: written last, read first."""

    format: int
    version: str
    """The articlebot that built it."""
    created: datetime
    settings: BuildSettings
    weights: str
    """sha256 of the model's files."""
    dimension: int
    question_encoder: str
    """The kind that `bot.encoder.open_question_encoder` takes."""
    corpus: str
    """sha256 of the corpus's files."""
    articles: int
    passages: int
    vectors: int
    sentences: int
    agreement: Agreement
    search: SearchPlan
    closeness: Closeness
    lane: LaneRecord | None
    """Of the multilingual vectors; None where there are none."""
    encoded: int
    """Texts that the build had to encode; the other vectors came from the cache."""
    changes: Changes | None
    """Since the generation that was served before; None for the first, and where that could not be read."""
    probe: tuple[float, ...]
    files: Mapping[str, FileRecord]

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(record.size for record in self.files.values())

    def to_json(self) -> str:
        return json.dumps({**asdict(self), "created": self.created.isoformat()}, indent=1)

    @property
    def name(self) -> str:
        """That of its generation: when it was built, and the beginning of the manifest's own checksum."""
        return f"{self.created:{_WHEN}}-{_checksum(self.to_json().encode())}"

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Raises `IndexCorrupt` when the folder has no manifest, one that this version cannot read, or another one than its name tells."""
        again = "run articlebot build."
        try:
            content = (folder / MANIFEST).read_bytes()
            fields = json.loads(content)
            if _NAME.fullmatch(folder.name) and not folder.name.endswith(_checksum(content)):
                raise IndexCorrupt(f"The manifest of the index {folder} is not the one that was built: {again}")
            if fields["format"] != FORMAT:
                raise IndexCorrupt(f"The index {folder} has format {fields['format']}, this articlebot reads format {FORMAT}: {again}")
            files = {name: FileRecord(**record) for name, record in fields.pop("files").items()}
            created, settings = datetime.fromisoformat(fields.pop("created")), _settings(fields.pop("settings"))
            agreement, search = Agreement(**fields.pop("agreement")), SearchPlan(**fields.pop("search"))
            closeness, probe, changes = Closeness(**fields.pop("closeness")), tuple(fields.pop("probe")), _changes(fields.pop("changes"))
            lane = _lane(fields.pop("lane"))
            return cls(
                **fields, created=created, settings=settings, agreement=agreement, search=search, closeness=closeness, lane=lane, changes=changes, probe=probe,
                files=files,
            )  # fmt: skip
        except FileNotFoundError:
            raise IndexCorrupt(f"The index {folder} has no {MANIFEST}: {again}") from None
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise IndexCorrupt(f"The manifest of the index {folder} cannot be read ({error}): {again}") from error


def _checksum(manifest: bytes) -> str:
    return hashlib.sha256(manifest).hexdigest()[:8]


def _settings(fields: dict[str, Any]) -> BuildSettings:
    return BuildSettings(**{**fields, "languages": tuple(fields["languages"])})


def _lane(fields: dict[str, Any] | None) -> LaneRecord | None:
    if fields is None:
        return None
    search, closeness = SearchPlan(**fields.pop("search")), Closeness(**fields.pop("closeness"))
    return LaneRecord(**{**fields, "search": search, "closeness": closeness, "probe": tuple(fields["probe"])})


def _changes(fields: dict[str, Any] | None) -> Changes | None:
    if fields is None:
        return None
    articles = {name: ChangedArticles(fields[name]["count"], tuple(fields[name]["ids"])) for name in ("new", "edited", "removed", "moved")}
    changed = tuple(ChangedAnswer(**each) for each in fields["answers"]["changed"])
    return Changes(fields["since"], **articles, answers=ChangedAnswers(fields["answers"]["questions"], changed))


def record_files(folder: Path) -> dict[str, FileRecord]:
    """Size and sha256 of every file below a folder but the manifest, by relative path."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.relative_to(folder).as_posix() != MANIFEST)
    return {path.relative_to(folder).as_posix(): _record(path) for path in paths}


def verify_files(folder: Path, manifest: Manifest, *, whole: bool = True) -> None:
    """Raises `IndexCorrupt` when the files of a generation are not byte for byte those of its manifest; unless `whole`, large files are sampled."""
    for name, record in manifest.files.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise IndexCorrupt(f"The manifest of the index {folder} names a file outside of it ({name}): do not use this index.")
        try:
            fits = path.stat().st_size == record.size and _is_as_recorded(path, record, whole=whole)
        except OSError as error:
            raise IndexCorrupt(f"The file {path} of the index cannot be read ({error.strerror}): run articlebot build.") from error
        if not fits:
            raise IndexCorrupt(f"The file {path} is not the one that was built: run articlebot build, or roll back.")


def _record(path: Path) -> FileRecord:
    size = path.stat().st_size
    return FileRecord(size, file_hash(path), _sample_hash(path) if size > _LARGE else None)


def _is_as_recorded(path: Path, record: FileRecord, *, whole: bool) -> bool:
    if whole or record.sample is None:
        return file_hash(path) == record.sha256
    return _sample_hash(path) == record.sample


def _sample_hash(path: Path) -> str:
    """The sha256 of blocks spread evenly over a file, the first and the last among them."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for start in np.linspace(0, path.stat().st_size - _BLOCK, _BLOCKS).astype(int).tolist():
            file.seek(start)
            digest.update(file.read(_BLOCK))
    return digest.hexdigest()
