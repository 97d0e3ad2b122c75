"""The manifest of a generation: facts about it, and the checksums of its files."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from bot.encoder import QuestionEncoderKind, file_hash
from bot.errors import IndexCorrupt
from bot.index.vectors import SearchPlan
from bot.settings import BuildSettings

FORMAT = 12
"""Version of the layout on disk, raised with every change that an older reader would misread; others are rejected."""

MANIFEST, ENCODER = "manifest.json", "encoder"
REFUSED = "refused.json"
"""The file with the files and rows of the corpus that were refused."""

_WHEN, _NAME = "%Y%m%dT%H%M%S.%fZ", re.compile(r"\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8}")
"""The time in the name of a generation, and the pattern of the name; a copy may have another name."""
_LARGE = 32_000_000
"""Size in bytes above which opening an index only samples a file; a smaller one is hashed in 20 ms."""
_BLOCK, _BLOCKS = 4096, 256  # size and number of the blocks in a sample
_MAX_IDS = 100  # maximum number of changed articles that are listed; the others are only counted
_REBUILD = "run articlebot build."


@dataclass(frozen=True, slots=True)
class EncoderFidelity:
    """How closely a question encoder follows the model of the passages, on reworded questions of the corpus."""

    cosine: float
    """Mean cosine between the two vectors of a question."""
    overlap: float
    """Mean share of the ten nearest rows that both find in common."""
    questions: int


@dataclass(frozen=True, slots=True)
class ScoreCalibration:
    """The mean cosine between calibration questions and their nearest passage, covered by the corpus or not."""

    covered: float
    uncovered: float
    questions: int
    """Number of calibration questions; 0 if the corpus has only one article."""


@dataclass(frozen=True, slots=True)
class MultilingualRecord:
    """Facts about the multilingual index of a generation."""

    weights: str
    """sha256 of the model's files."""
    dimension: int
    question_encoder: QuestionEncoderKind
    search: SearchPlan
    score_calibration: ScoreCalibration
    check_vector: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ChangedArticles:
    """Articles that changed in one way."""

    count: int
    ids: tuple[str, ...]
    """The ids of the first hundred."""

    @classmethod
    def of(cls, ids: Sequence[str]) -> "ChangedArticles":
        return cls(len(ids), tuple(ids[:_MAX_IDS]))


@dataclass(frozen=True, slots=True)
class ChangedAnswer:
    """A saved question with another answer than before."""

    question: str
    before: str
    """Id of the passage that answered it; "" if none did."""
    now: str


@dataclass(frozen=True, slots=True)
class ChangedAnswers:
    """The saved questions with another answer than before."""

    questions: int = 0
    """Number of questions asked of both generations."""
    changed: tuple[ChangedAnswer, ...] = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes since the previous generation."""

    since: str
    """Name of the previous generation."""
    new: ChangedArticles
    edited: ChangedArticles
    """Articles with another text, other metadata or other questions."""
    removed: ChangedArticles
    moved: ChangedArticles
    """Articles with the same text under another id or in another file; they count as neither new nor removed."""
    answers: ChangedAnswers


@dataclass(frozen=True, slots=True)
class FileRecord:
    """The size and the checksums of a file."""

    size: int
    sha256: str
    sample: str | None = None
    """sha256 of blocks spread over a large file; opening an index verifies only these."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The facts about a generation; the file is written last and read first."""

    format: int
    version: str
    """The version of articlebot that built it."""
    created: datetime
    settings: BuildSettings
    weights: str
    """sha256 of the model's files."""
    dimension: int
    question_encoder: str
    """A `bot.encoder.QuestionEncoderKind`."""
    corpus: str
    """sha256 of the corpus's files."""
    articles: int
    passages: int
    vectors: int
    sentences: int
    encoder_fidelity: EncoderFidelity
    search: SearchPlan
    score_calibration: ScoreCalibration
    multilingual: MultilingualRecord | None
    encoded: int
    """Number of texts that the build encoded; the other vectors came from the cache."""
    changes: Changes | None
    """None for the first generation, and if the previous one could not be read."""
    check_vector: tuple[float, ...]
    files: Mapping[str, FileRecord]

    @property
    def bytes(self) -> int:
        """Total size of all files."""
        return sum(record.size for record in self.files.values())

    def to_json(self) -> str:
        return json.dumps({**asdict(self), "created": self.created.isoformat()}, indent=1)

    @property
    def name(self) -> str:
        """Name of the generation: the time of the build, and the beginning of the manifest's checksum."""
        return f"{self.created:{_WHEN}}-{_checksum(self.to_json().encode())}"

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read a folder's manifest. Raises `IndexCorrupt` if there is none, or it is unreadable or another one's."""
        try:
            content = (folder / MANIFEST).read_bytes()
            fields = json.loads(content)
            if _NAME.fullmatch(folder.name) and not folder.name.endswith(_checksum(content)):
                raise IndexCorrupt(f"The manifest of the index {folder} is not the one that was built: {_REBUILD}")
            if (found := fields["format"]) != FORMAT:
                raise IndexCorrupt(f"The index {folder} has format {found}, this articlebot reads {FORMAT}: {_REBUILD}")
            return cls(**{**fields, **_parsed(fields)})
        except FileNotFoundError:
            raise IndexCorrupt(f"The index {folder} has no {MANIFEST}: {_REBUILD}") from None
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise IndexCorrupt(f"The manifest of the index {folder} cannot be read ({error}): {_REBUILD}") from error


def _checksum(manifest: bytes) -> str:
    return hashlib.sha256(manifest).hexdigest()[:8]


def _parsed(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that are more than JSON values."""
    multilingual, changes = fields["multilingual"], fields["changes"]
    if multilingual is not None:
        multilingual = MultilingualRecord(**{**multilingual, **_parsed_vectors(multilingual)})
    return {
        "created": datetime.fromisoformat(fields["created"]),
        "settings": BuildSettings(**{**fields["settings"], "languages": tuple(fields["settings"]["languages"])}),
        "encoder_fidelity": EncoderFidelity(**fields["encoder_fidelity"]),
        "multilingual": multilingual,
        "changes": None if changes is None else _parsed_changes(changes),
        "files": {name: FileRecord(**record) for name, record in fields["files"].items()},
        **_parsed_vectors(fields),
    }


def _parsed_vectors(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the parsed fields that describe the vectors of one model."""
    return {
        "search": SearchPlan(**fields["search"]),
        "score_calibration": ScoreCalibration(**fields["score_calibration"]),
        "check_vector": tuple(fields["check_vector"]),
    }


def _parsed_changes(fields: dict[str, Any]) -> Changes:
    ways = ("new", "edited", "removed", "moved")
    articles = {way: ChangedArticles(fields[way]["count"], tuple(fields[way]["ids"])) for way in ways}
    changed = tuple(ChangedAnswer(**each) for each in fields["answers"]["changed"])
    return Changes(fields["since"], **articles, answers=ChangedAnswers(fields["answers"]["questions"], changed))


def record_files(folder: Path) -> dict[str, FileRecord]:
    """Return the records of all files in a folder but the manifest, by relative path."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / MANIFEST)
    return {path.relative_to(folder).as_posix(): _record(path) for path in paths}


def verify_files(folder: Path, manifest: Manifest, *, whole: bool = True) -> None:
    """Raise `IndexCorrupt` if a file of a generation differs from its manifest; unless `whole`, sample large files."""
    for name, record in manifest.files.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise IndexCorrupt(f"The manifest of {folder} names a file outside of it ({name}): do not use this index.")
        try:
            is_intact = path.stat().st_size == record.size and _matches(path, record, whole=whole)
        except OSError as error:
            raise IndexCorrupt(f"The index file {path} cannot be read ({error.strerror}): {_REBUILD}") from error
        if not is_intact:
            raise IndexCorrupt(f"The file {path} is not the one that was built: run articlebot build, or roll back.")


def _record(path: Path) -> FileRecord:
    size = path.stat().st_size
    return FileRecord(size, file_hash(path), _sample_hash(path) if size > _LARGE else None)


def _matches(path: Path, record: FileRecord, *, whole: bool) -> bool:
    if whole or record.sample is None:
        return file_hash(path) == record.sha256
    return _sample_hash(path) == record.sample


def _sample_hash(path: Path) -> str:
    """Return the sha256 of blocks spread evenly over a file, from its first to its last byte."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for start in np.linspace(0, path.stat().st_size - _BLOCK, _BLOCKS).astype(int).tolist():
            file.seek(start)
            digest.update(file.read(_BLOCK))
    return digest.hexdigest()
