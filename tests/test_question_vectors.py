"""Calibration questions that the last build asked are not encoded again."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bot.build.build import build
from bot.encoder import HashingEncoder
from bot.index.generation import CHECK_SENTENCE
from bot.index.manifest import Manifest

TEA = {"question": "Who may drink the tea of the kitchen?", "answer": "All who work on this floor may."}
PARKING = {"question": "Where do visitors leave their cars?", "answer": "Behind the building, below the trees."}
KEYS = {"question": "Who lends a key of the archive?", "answer": "The porter at the front desk lends it."}


class Recording(HashingEncoder):
    """A custom encoder that records the questions it encodes."""

    name = "recording"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode_questions(self, texts: Sequence[str]) -> np.ndarray:
        self.asked += texts
        return super().encode_questions(texts)

    def encode_passages(self, texts: Sequence[str]) -> np.ndarray:
        return super().encode_questions(texts)


@pytest.fixture
def index(tmp_path: Path) -> Path:
    build_recorded([TEA, PARKING], tmp_path / "index")
    return tmp_path / "index"


def build_recorded(articles: list[dict[str, str]], index: Path) -> tuple[list[str], Manifest]:
    """Build; return the questions that were encoded, without the check sentence, and the manifest."""
    encoder = Recording()
    manifest = build(articles, index, encoder=encoder).manifest
    assert encoder.asked[-1] == CHECK_SENTENCE
    return encoder.asked[:-1], manifest


def test_a_rebuild_measures_the_same_without_encoding_a_question_again(index: Path, tmp_path: Path):
    asked, rebuilt = build_recorded([TEA, {**PARKING, "updated": "2026-01-02"}], index)
    assert asked == []
    encoded, anew = build_recorded([TEA, {**PARKING, "updated": "2026-01-02"}], tmp_path / "other")
    assert TEA["question"] in encoded
    assert PARKING["question"] in encoded
    assert rebuilt.score_calibration == anew.score_calibration
    assert rebuilt.score_calibration.questions == 2
    assert rebuilt.encoder_fidelity == anew.encoder_fidelity


def test_a_new_question_is_encoded(index: Path):
    asked, manifest = build_recorded([TEA, PARKING, KEYS], index)
    assert KEYS["question"] in asked
    assert not {TEA["question"], PARKING["question"]} & set(asked)
    assert manifest.score_calibration.questions == 3


def test_damaged_vectors_are_encoded_again(index: Path):
    (file,) = index.glob("cache/questions/custom/vectors.sqlite")
    file.write_bytes(b"no database" * 1000)
    asked, manifest = build_recorded([TEA, PARKING, KEYS], index)
    assert {TEA["question"], PARKING["question"], KEYS["question"]} <= set(asked)
    assert manifest.score_calibration.questions == 3
