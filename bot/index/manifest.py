"""The manifest of a generation: what it is, and what must be in its folder."""

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

FORMAT = 8
"""The version of the layout on disk. It rises with any change that an older reader would misread; other versions are refused, never guessed at."""

MANIFEST, ENCODER = "manifest.json", "encoder"
REFUSED = "refused.json"
"""What of the corpus did not go in, and why."""

_WHEN, _NAME = "%Y%m%dT%H%M%S.%fZ", re.compile(r"\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8}")
"""How the name of a generation begins, and what it looks like; a copy may have another name."""
_LARGE = 32_000_000
"""Bytes from which on a file is only sampled when it is opened: what is smaller is hashed in 20 ms."""
_BLOCK, _BLOCKS = 4096, 256
_NAMED = 100
"""Articles of which a generation remembers that they have changed; of more it knows the number."""


@dataclass(frozen=True, slots=True)
class EncoderFidelity:
    """How a question encoder compares with the model itself on the corpus's own questions, reworded."""

    cosine: float
    """Mean of the cosines between the two vectors of a question."""
    overlap: float
    """Mean share of the ten nearest rows that both find."""
    questions: int


@dataclass(frozen=True, slots=True)
class ScoreCalibration:
    """The mean greatest cosine between probes and passages: of questions that the corpus covers, and of those that it does not."""

    covered: float
    uncovered: float
    questions: int
    """How many questions the two means are of; 0 where the corpus has but one article."""


@dataclass(frozen=True, slots=True)
class MultilingualRecord:
    """How the vectors of a multilingual model were made and are searched."""

    weights: str
    """sha256 of the model's files."""
    dimension: int
    question_encoder: QuestionEncoderKind
    search: SearchPlan
    score_calibration: ScoreCalibration
    check_vector: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ChangedArticles:
    """Articles that share a fate."""

    count: int
    ids: tuple[str, ...]
    """Of the first hundred."""

    @classmethod
    def of(cls, ids: Sequence[str]) -> "ChangedArticles":
        return cls(len(ids), tuple(ids[:_NAMED]))


@dataclass(frozen=True, slots=True)
class ChangedAnswer:
    """A saved question that another passage answers than before, or the same one in other words."""

    question: str
    before: str
    """The id of the passage that answered it; "" where none did."""
    now: str


@dataclass(frozen=True, slots=True)
class ChangedAnswers:
    """What saved questions are answered with now."""

    questions: int = 0
    """Those that were asked of both."""
    changed: tuple[ChangedAnswer, ...] = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """What is different since the generation that was served before."""

    since: str
    """Its name."""
    new: ChangedArticles
    edited: ChangedArticles
    """Those whose words, facts or ways to ask are others."""
    removed: ChangedArticles
    moved: ChangedArticles
    """Those that are word for word what they were, under another id or in another file; they are neither new nor removed."""
    answers: ChangedAnswers


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
    encoder_fidelity: EncoderFidelity
    search: SearchPlan
    score_calibration: ScoreCalibration
    multilingual: MultilingualRecord | None
    """Of the multilingual vectors; None where there are none."""
    encoded: int
    """Texts that the build had to encode; the other vectors came from the cache."""
    changes: Changes | None
    """Since the generation that was served before; None for the first, and where that could not be read."""
    check_vector: tuple[float, ...]
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
                raise IndexCorrupt(
                    f"The index {folder} has format {fields['format']}, this articlebot reads format {FORMAT}: {again}"
                )
            files = {name: FileRecord(**record) for name, record in fields.pop("files").items()}
            created, settings = datetime.fromisoformat(fields.pop("created")), _settings(fields.pop("settings"))
            encoder_fidelity, search = (
                EncoderFidelity(**fields.pop("encoder_fidelity")),
                SearchPlan(**fields.pop("search")),
            )
            score_calibration, check_vector, changes = (
                ScoreCalibration(**fields.pop("score_calibration")),
                tuple(fields.pop("check_vector")),
                _changes(fields.pop("changes")),
            )
            multilingual = _multilingual(fields.pop("multilingual"))
            return cls(
                **fields, created=created, settings=settings, encoder_fidelity=encoder_fidelity, search=search, score_calibration=score_calibration, multilingual=multilingual, changes=changes, check_vector=check_vector,
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


def _multilingual(fields: dict[str, Any] | None) -> MultilingualRecord | None:
    if fields is None:
        return None
    search, score_calibration = SearchPlan(**fields.pop("search")), ScoreCalibration(**fields.pop("score_calibration"))
    return MultilingualRecord(
        **{
            **fields,
            "search": search,
            "score_calibration": score_calibration,
            "check_vector": tuple(fields["check_vector"]),
        }
    )


def _changes(fields: dict[str, Any] | None) -> Changes | None:
    if fields is None:
        return None
    articles = {
        name: ChangedArticles(fields[name]["count"], tuple(fields[name]["ids"]))
        for name in ("new", "edited", "removed", "moved")
    }
    changed = tuple(ChangedAnswer(**each) for each in fields["answers"]["changed"])
    return Changes(fields["since"], **articles, answers=ChangedAnswers(fields["answers"]["questions"], changed))


def record_files(folder: Path) -> dict[str, FileRecord]:
    """Size and sha256 of every file below a folder but the manifest, by relative path."""
    paths = sorted(
        path for path in folder.rglob("*") if path.is_file() and path.relative_to(folder).as_posix() != MANIFEST
    )
    return {path.relative_to(folder).as_posix(): _record(path) for path in paths}


def verify_files(folder: Path, manifest: Manifest, *, whole: bool = True) -> None:
    """Raises `IndexCorrupt` when the files of a generation are not byte for byte those of its manifest; unless `whole`, large files are sampled."""
    for name, record in manifest.files.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise IndexCorrupt(
                f"The manifest of the index {folder} names a file outside of it ({name}): do not use this index."
            )
        try:
            fits = path.stat().st_size == record.size and _is_as_recorded(path, record, whole=whole)
        except OSError as error:
            raise IndexCorrupt(
                f"The file {path} of the index cannot be read ({error.strerror}): run articlebot build."
            ) from error
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
