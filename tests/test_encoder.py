"""Encoders, and the question encoder exported from a model."""

import logging
import shutil
from pathlib import Path

import numpy as np
import pytest

from bot.encoder import ExportedEncoder, OnnxQuestionEncoder, SentenceEncoder, open_encoder, open_question_encoder
from bot.encoder.choice import encoder_for_many, export_if_possible
from bot.encoder.export import export_encoder, write_question_encoder
from bot.encoder.model import ADAPTER, DEFAULT_WEIGHTS, file_hash, find_model, model_hash
from bot.errors import IndexCorrupt, ModelError
from bot.settings import DEFAULT_MODEL

pytestmark = pytest.mark.slow

QUESTIONS = ["how long is a notice period", "pf", "Which is better: KPO or BPO?"]


@pytest.fixture(scope="module")
def packaged() -> SentenceEncoder:
    return SentenceEncoder(DEFAULT_MODEL)


def test_the_default_model_is_the_published_one():
    assert file_hash(find_model(DEFAULT_MODEL) / "model.safetensors") == DEFAULT_WEIGHTS


def test_altered_weights_of_the_default_model_are_rejected(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("bot.encoder.model.DEFAULT_WEIGHTS", "0" * 64)
    with pytest.raises(ModelError, match=r"has other weights than all-MiniLM-L6-v2: install it again\."):
        model_hash(find_model(DEFAULT_MODEL), DEFAULT_MODEL)


def test_the_default_model_is_taught_to_tell_what_answers_from_what_shares_the_subject(packaged: SentenceEncoder):
    """The packaged weights prefer the sentence that repeats the question's words."""
    untaught = SentenceEncoder(str(find_model(DEFAULT_MODEL)))
    question = "my boss will not give me the release paper, whom do i write to"
    texts = [
        "A relieving letter is the paper in which your boss releases you.",
        "If it is refused, send a reminder by e-mail to the HR head, then a legal notice.",
    ]

    def lead(encoder: SentenceEncoder) -> float:
        wrong, right = encoder.encode_passages(texts) @ encoder.encode_questions([question])[0]
        return float(right - wrong)

    assert lead(packaged) > lead(untaught) + 0.02


def test_the_taught_model_has_another_hash_than_the_packaged_one():
    folder = find_model(DEFAULT_MODEL)
    assert model_hash(folder, DEFAULT_MODEL) != model_hash(folder, str(folder))


def test_the_adapter_is_one_that_peft_loads(packaged: SentenceEncoder):
    from peft import PeftModel

    untaught = SentenceEncoder(str(find_model(DEFAULT_MODEL)))
    PeftModel.from_pretrained(untaught.model[0].auto_model, str(ADAPTER)).merge_and_unload()
    assert np.allclose(untaught.encode_questions(QUESTIONS), packaged.encode_questions(QUESTIONS), atol=1e-4)


def test_similar_meaning_is_closer_than_similar_spelling(packaged: SentenceEncoder):
    cat, feline, cot = packaged.encode_passages(["The cat sleeps.", "A feline is resting.", "The cot is green."])
    assert cat @ feline > cat @ cot + 0.2


def test_passages_keep_their_order_and_length_one(packaged: SentenceEncoder):
    texts = ["short", "a much longer text " * 30, "middling text here"]
    together = packaged.encode_passages(texts)
    apart = np.vstack([packaged.encode_passages([text]) for text in texts])
    assert np.sum(together * apart, axis=1).min() > 0.9995, "bfloat16 rounds, where the processor has it"
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert together.dtype == np.float32


def test_tokens_are_found_without_special_ones_and_beyond_the_limit(packaged: SentenceEncoder, export: ExportedEncoder):
    for one in (packaged, export):
        assert one.token_starts(["hello there", "unbelievable", ""]) == [[0, 6], [0], []]
        assert [len(starts) for starts in one.token_starts(["word " * 1000])] == [1000]
        assert one.max_tokens == 254


def test_passages_encoded_in_bfloat16_have_the_models_own_vectors(packaged: SentenceEncoder):
    texts = ["How long is a notice period?", "Provident fund withdrawals need a UAN. " * 20, "Adm"]
    plain = packaged.model.encode_document(texts, normalize_embeddings=True)
    assert np.sum(packaged.encode_passages(texts) * plain, axis=1).min() > 0.9995


@pytest.fixture(scope="module")
def export(packaged: SentenceEncoder, tmp_path_factory: pytest.TempPathFactory) -> ExportedEncoder:
    found = export_encoder(packaged, tmp_path_factory.mktemp("cache") / "encoder", "w", QUESTIONS)
    assert found is not None
    return found


def test_the_exported_model_gives_the_vectors_of_the_original(packaged: SentenceEncoder, export: ExportedEncoder):
    texts = [*QUESTIONS, "Cut off here. " * 300, ""]
    assert np.sum(export.encode_questions(texts) * packaged.encode_questions(texts), axis=1).min() > 0.9999
    passages = export.encode_passages(texts)
    assert np.sum(passages * packaged.model.encode_document(texts, normalize_embeddings=True), axis=1).min() > 0.9999


@pytest.fixture(scope="module")
def lean(tmp_path_factory: pytest.TempPathFactory) -> ExportedEncoder:
    """The packaged model, as a build without torch makes it."""
    found = open_encoder(DEFAULT_MODEL, "w", tmp_path_factory.mktemp("lean") / "encoder")
    assert isinstance(found, ExportedEncoder)
    return found


def test_the_graph_made_without_torch_gives_the_vectors_of_sentence_transformers(
    packaged: SentenceEncoder, lean: ExportedEncoder
):
    texts = [*QUESTIONS, "Cut off here. " * 300, "", "Ein Café, naïve — ﬁ", "नोटिस अवधि कितनी है", "x" * 5000]
    original = packaged.model.encode_document(texts, normalize_embeddings=True)
    assert np.abs(lean.encode_passages(texts) - original).max() < 1e-5
    assert np.abs(lean.encode_questions(texts) - packaged.encode_questions(texts)).max() < 1e-5
    assert lean.token_starts(texts) == [list(starts) for starts in packaged.token_starts(texts)]
    assert (lean.dimension, lean.max_tokens, lean.settings.length_limit) == (384, 254, 256)


def test_the_question_encoder_made_without_torch_is_as_faithful_as_one_made_with_it(
    packaged: SentenceEncoder, export: ExportedEncoder, lean: ExportedEncoder, tmp_path: Path
):
    exact = packaged.encode_questions(QUESTIONS)

    def fidelity(encoder: ExportedEncoder, name: str) -> float:
        write_question_encoder(tmp_path / name, "onnx-int8", encoder)
        return float(np.sum(OnnxQuestionEncoder(tmp_path / name).encode_questions(QUESTIONS) * exact, axis=1).min())

    assert fidelity(lean, "lean") > max(0.98, fidelity(export, "export") - 0.005)


def test_the_packaged_model_is_exported_once(lean: ExportedEncoder):
    before = (lean.folder / "float32.onnx").stat().st_mtime_ns
    again = open_encoder(DEFAULT_MODEL, "w", lean.folder)
    assert isinstance(again, ExportedEncoder)
    assert (lean.folder / "float32.onnx").stat().st_mtime_ns == before


@pytest.mark.usefixtures("export")
def test_an_export_leaves_logging_and_progress_bars_as_they_were():
    from transformers.utils import logging as transformers_logging

    root = logging.getLogger()
    assert root.manager.disable == logging.NOTSET
    assert [each for each in root.filters if "bot." in getattr(each, "__module__", "")] == []
    assert logging.getLogger("onnxruntime").level == logging.NOTSET
    assert transformers_logging.is_progress_bar_enabled()


def test_a_later_build_reuses_only_the_export_of_the_same_model(tiny_model: str, tmp_path: Path):
    folder = tmp_path / "encoder"
    assert isinstance(open_encoder(tiny_model, "w", folder), SentenceEncoder)
    first = export_if_possible(SentenceEncoder(tiny_model), "w", folder, QUESTIONS)
    again = open_encoder(tiny_model, "w", folder)
    assert isinstance(first, ExportedEncoder)
    assert isinstance(again, ExportedEncoder)
    assert np.array_equal(first.encode_questions(QUESTIONS), again.encode_questions(QUESTIONS))
    assert isinstance(open_encoder(tiny_model, "other weights", folder), SentenceEncoder)
    graph = folder / "float32.onnx"
    graph.write_bytes(graph.read_bytes()[:-1] + b"?")
    assert isinstance(open_encoder(tiny_model, "w", folder), SentenceEncoder), "a damaged export is made again"


def test_few_texts_are_encoded_without_loading_the_original(
    tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    export_if_possible(SentenceEncoder(tiny_model), "w", tmp_path / "encoder", QUESTIONS)
    encoder = open_encoder(tiny_model, "w", tmp_path / "encoder")
    assert encoder_for_many(encoder, 500) is encoder
    monkeypatch.setattr("bot.encoder.choice.encodes_many_fast", lambda: True)
    assert isinstance(encoder_for_many(encoder, 5000), SentenceEncoder)
    monkeypatch.setattr("bot.encoder.choice.encodes_many_fast", lambda: False)
    assert encoder_for_many(encoder, 5000) is encoder


def test_the_exported_question_encoder_is_faithful_to_the_original(
    packaged: SentenceEncoder, export: ExportedEncoder, tmp_path: Path
):
    write_question_encoder(tmp_path / "encoder", "onnx-int8", export)
    fast = open_question_encoder(tmp_path / "encoder", "onnx-int8").encode_questions(QUESTIONS)
    exact = packaged.encode_questions(QUESTIONS)
    assert np.sum(fast * exact, axis=1).min() > 0.975
    assert np.array_equal((fast @ exact.T).argmax(axis=1), [0, 1, 2])
    assert np.allclose(np.linalg.norm(fast, axis=1), 1, atol=1e-5)


def test_the_vector_of_a_question_does_not_depend_on_its_batch(export: ExportedEncoder, tmp_path: Path):
    write_question_encoder(tmp_path / "encoder", "onnx-int8", export)
    fast = OnnxQuestionEncoder(tmp_path / "encoder")
    assert np.array_equal(fast.encode_questions(QUESTIONS)[1], fast.encode_questions([QUESTIONS[1]])[0])
    assert fast.encode_questions([]).shape == (0, 384)


def test_an_unfaithful_export_is_replaced_by_the_original(
    tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.encoder.export.MIN_COSINE", 1.1)
    original = SentenceEncoder(tiny_model)
    assert export_if_possible(original, "w", tmp_path / "cache", QUESTIONS) is original
    assert list(tmp_path.iterdir()) == []
    write_question_encoder(tmp_path / "encoder", "sentence-transformers", original)
    reopened = open_question_encoder(tmp_path / "encoder", "sentence-transformers")
    assert np.allclose(reopened.encode_questions(QUESTIONS), original.encode_questions(QUESTIONS), atol=1e-6)


def test_the_hash_depends_on_the_model_and_its_prompts(tiny_model: str, tmp_path: Path):
    copy = tmp_path / "copy"
    shutil.copytree(tiny_model, copy)
    assert model_hash(copy, "copy") == model_hash(Path(tiny_model), "tiny")
    settings = copy / "config_sentence_transformers.json"
    settings.write_text(settings.read_text().replace('"query": ""', '"query": "query: "'))
    assert model_hash(copy, "copy") != model_hash(Path(tiny_model), "tiny")


def test_a_models_prompts_reach_questions_in_both_encoders(tiny_model: str, tmp_path: Path):
    copy = tmp_path / "copy"
    shutil.copytree(tiny_model, copy)
    settings = copy / "config_sentence_transformers.json"
    settings.write_text(settings.read_text().replace('"query": ""', '"query": "query: "'))
    prompted, plain = SentenceEncoder(str(copy)), SentenceEncoder(tiny_model)
    exact = prompted.encode_questions(["pf"])
    assert np.allclose(exact, plain.encode_questions(["query: pf"]), atol=1e-6)
    export = export_if_possible(prompted, "w", tmp_path / "cache", ["pf", "uan"])
    assert np.allclose(export.encode_questions(["pf"]), exact, atol=1e-5)
    write_question_encoder(tmp_path / "encoder", "onnx-int8", export)
    assert (OnnxQuestionEncoder(tmp_path / "encoder").encode_questions(["pf"]) @ exact.T).item() > 0.95


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "no-such/model",
            "There is no model 'no-such/model' in a folder, in the local cache or on the hub: check --model.",
        ),
        ("EMPTY", "is no sentence-transformers model: it has no modules.json or config.json."),
        ("BROKEN", "cannot be loaded"),
    ],
)
def test_an_unavailable_model_is_reported_in_one_sentence(name: str, sentence: str, tmp_path: Path):
    folder = tmp_path / name
    if name != "no-such/model":
        folder.mkdir()
    if name == "BROKEN":
        (folder / "config.json").write_text("{")
    with pytest.raises(ModelError) as caught:
        SentenceEncoder(str(folder) if folder.is_dir() else name)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_damaged_question_encoder_makes_the_index_corrupt(tmp_path: Path):
    for name in ("model.onnx", "tokenizer.json", "settings.json"):
        (tmp_path / name).write_text("nonsense")
    with pytest.raises(IndexCorrupt, match=r"is not what articlebot wrote .*: run articlebot build"):
        open_question_encoder(tmp_path, "onnx-int8")
    with pytest.raises(IndexCorrupt, match="unknown kind 'magic'"):
        open_question_encoder(tmp_path, "magic")
