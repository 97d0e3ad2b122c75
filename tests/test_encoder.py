"""Models, and the question encoder exported from them."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from bot import encoder
from bot.encoder import DEFAULT_WEIGHTS, OnnxQuestionEncoder, SentenceEncoder, find_model, model_hash, open_question_encoder
from bot.errors import IndexCorrupt, ModelError
from bot.settings import DEFAULT_MODEL

QUESTIONS = ["how long is a notice period", "pf", "Which is better: KPO or BPO?"]


@pytest.fixture(scope="module")
def packaged() -> SentenceEncoder:
    return SentenceEncoder(DEFAULT_MODEL)


def test_the_default_model_is_the_published_one():
    assert encoder._file_hash(find_model(DEFAULT_MODEL) / "model.safetensors") == DEFAULT_WEIGHTS


def test_altered_weights_of_the_default_model_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(encoder, "DEFAULT_WEIGHTS", "0" * 64)
    with pytest.raises(ModelError, match=r"not those of all-MiniLM-L6-v2: install the package again\."):
        find_model(DEFAULT_MODEL)


def test_meaning_is_closer_than_letters(packaged: SentenceEncoder):
    cat, feline, cot = packaged.encode_passages(["The cat sleeps.", "A feline is resting.", "The cot is green."])
    assert cat @ feline > cat @ cot + 0.2


def test_passages_keep_their_order_and_length_one(packaged: SentenceEncoder):
    texts = ["short", "a much longer text " * 30, "middling text here"]
    together = packaged.encode_passages(texts)
    assert np.allclose(together, np.vstack([packaged.encode_passages([text]) for text in texts]), atol=1e-5)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert together.dtype == np.float32


def test_tokens_are_counted_without_special_ones_and_beyond_the_limit(packaged: SentenceEncoder):
    assert packaged.count_tokens(["hello", "unbelievable", ""]) == [1, 1, 0]
    assert packaged.count_tokens(["word " * 1000]) == [1000]
    assert packaged.max_tokens == 254


def test_the_exported_encoder_agrees_with_the_original(packaged: SentenceEncoder, tmp_path: Path):
    assert packaged.export_questions(tmp_path, QUESTIONS) == "onnx-int8"
    fast = open_question_encoder(tmp_path, "onnx-int8").encode_questions(QUESTIONS)
    exact = packaged.encode_questions(QUESTIONS)
    assert np.sum(fast * exact, axis=1).min() > 0.98
    assert np.array_equal((fast @ exact.T).argmax(axis=1), [0, 1, 2])
    assert np.allclose(np.linalg.norm(fast, axis=1), 1, atol=1e-5)


def test_a_questions_vector_does_not_depend_on_its_neighbours(tiny_model: str, tmp_path: Path):
    SentenceEncoder(tiny_model).export_questions(tmp_path, QUESTIONS)
    fast = OnnxQuestionEncoder(tmp_path)
    assert np.array_equal(fast.encode_questions(QUESTIONS)[1], fast.encode_questions([QUESTIONS[1]])[0])
    assert fast.encode_questions([]).shape == (0, 16)


def test_an_export_that_disagrees_gives_way_to_the_original(tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(encoder, "QUESTION_FLOOR", 1.1)
    original = SentenceEncoder(tiny_model)
    assert original.export_questions(tmp_path, QUESTIONS) == "sentence-transformers"
    reopened = open_question_encoder(tmp_path, "sentence-transformers")
    assert np.allclose(reopened.encode_questions(QUESTIONS), original.encode_questions(QUESTIONS), atol=1e-6)


def test_the_hash_tells_models_and_prompts_apart(tiny_model: str, tmp_path: Path):
    copy = tmp_path / "copy"
    shutil.copytree(tiny_model, copy)
    assert model_hash(copy) == model_hash(Path(tiny_model))
    settings = copy / "config_sentence_transformers.json"
    settings.write_text(settings.read_text().replace('"query": ""', '"query": "query: "'))
    assert model_hash(copy) != model_hash(Path(tiny_model))


def test_a_models_prompts_reach_questions_in_both_encoders(tiny_model: str, tmp_path: Path):
    copy = tmp_path / "copy"
    shutil.copytree(tiny_model, copy)
    settings = copy / "config_sentence_transformers.json"
    settings.write_text(settings.read_text().replace('"query": ""', '"query": "query: "'))
    prompted, plain = SentenceEncoder(str(copy)), SentenceEncoder(tiny_model)
    exact = prompted.encode_questions(["pf"])
    assert np.allclose(exact, plain.encode_questions(["query: pf"]), atol=1e-6)
    prompted.export_questions(tmp_path / "copy", ["pf", "uan"])
    assert (OnnxQuestionEncoder(tmp_path / "copy").encode_questions(["pf"]) @ exact.T).item() > 0.98


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("no-such/model", "There is no model 'no-such/model' in a folder, in the local cache or on the hub: check --model."),
        ("EMPTY", "holds no sentence-transformers model: it has neither modules.json nor config.json."),
        ("BROKEN", "cannot be loaded"),
    ],
)
def test_a_model_that_cannot_be_had_is_one_sentence(name: str, sentence: str, tmp_path: Path):
    folder = tmp_path / name
    if name != "no-such/model":
        folder.mkdir()
    if name == "BROKEN":
        (folder / "config.json").write_text("{")
    with pytest.raises(ModelError) as caught:
        SentenceEncoder(str(folder) if folder.is_dir() else name)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_broken_question_encoder_is_a_corrupt_index(tmp_path: Path):
    for name in ("model.onnx", "tokenizer.json", "settings.json"):
        (tmp_path / name).write_text("nonsense")
    with pytest.raises(IndexCorrupt, match="cannot be opened"):
        open_question_encoder(tmp_path, "onnx-int8")
    with pytest.raises(IndexCorrupt, match="unknown kind 'magic'"):
        open_question_encoder(tmp_path, "magic")
