"""Texts whose parts get vectors of their own: pooled from one pass, or encoded one by one."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from tiny_model import make_tiny_model

from bot.encoder import EncoderInput, ExportedEncoder, HashingEncoder, SentenceEncoder, open_encoder
from bot.encoder.choice import export_if_possible
from bot.encoder.encoder_input import encode_inputs, part_masks, pool
from bot.encoder.tokens import CONTEXT, TokenVectors, pack_tokens, parse_tokens
from bot.settings import DEFAULT_MODEL

TEXT = "The office opens at nine. It closes at six. On Sundays it stays shut."
PASSAGE = EncoderInput(TEXT, "Opening hours of the office", ((0, 25), (26, 43), (44, 69)))
LONG = EncoderInput(f"{TEXT} {'It rains. ' * 200}", "Opening hours", ((0, 25), (2000, 2009)))


def test_a_text_alone_has_one_vector_and_one_below_a_context_has_several():
    assert (EncoderInput(TEXT).count, EncoderInput(TEXT).whole, EncoderInput(TEXT).separate()) == (1, TEXT, [TEXT])
    assert PASSAGE.count == 5
    assert [PASSAGE.whole[start:end] for start, end in PASSAGE.parts()] == [
        TEXT, PASSAGE.whole, "The office opens at nine.", "It closes at six.", "On Sundays it stays shut.",
    ]  # fmt: skip
    assert PASSAGE.separate()[:2] == [TEXT, PASSAGE.whole]
    assert PASSAGE.separate()[3] == "Opening hours of the office\nIt closes at six."


def test_each_vector_is_the_mean_of_its_tokens_and_a_sentence_includes_its_context():
    one = EncoderInput("b c. d", "a", ((0, 4), (5, 6)))
    offsets = np.array([(0, 0), (0, 1), (2, 3), (4, 5), (5, 6), (7, 8), (0, 0)])  # [CLS] a b c . d [SEP]
    assert part_masks(one, offsets).astype(int).tolist() == [
        [0, 0, 1, 1, 1, 1, 0],
        [1, 1, 1, 1, 1, 1, 1],
        [0, 1, 1, 1, 1, 0, 0],
        [0, 1, 0, 0, 0, 1, 0],
    ]
    spaced = np.array([(0, 0), (0, 1), (1, 3), (3, 5), (5, 6), (6, 8), (0, 0)])
    assert np.array_equal(part_masks(one, spaced), part_masks(one, offsets)), "a space may belong to the next token"
    pooled = pool(one, offsets, np.eye(7, dtype=np.float32), None)
    assert pooled is not None
    assert np.allclose(pooled.rows[3], [0, 0.5**0.5, 0, 0, 0, 0.5**0.5, 0])


def test_a_sentence_without_tokens_is_not_pooled():
    one = EncoderInput("b \u200b", "a", ((0, 1), (2, 3)))
    assert pool(one, np.array([(0, 0), (0, 1), (2, 3), (0, 0)]), np.ones((4, 2), np.float32), None) is None


def test_tokens_of_content_words_know_their_sentence():
    one = EncoderInput("b c. 7 is d", "a in x", ((0, 4), (5, 11)))
    spans = [(0, 0), (0, 1), (2, 4), (5, 6), (7, 8), (9, 10), (10, 11), (12, 13), (14, 16), (17, 18), (0, 0)]
    rows = np.eye(len(spans), 128, dtype=np.float32)  # [CLS] a in x b c . 7 is d [SEP]
    pooled = pool(one, np.array(spans), rows, np.eye(128, dtype=np.float32))
    assert pooled is not None
    assert pooled.tokens.places.tolist() == [CONTEXT, 0, 0, 1, 1]
    assert np.argmax(pooled.tokens.vectors, axis=1).tolist() == [3, 4, 5, 7, 9]
    alone = pool(EncoderInput("b c", "a"), np.array([(0, 1), (2, 3), (4, 5)]), rows[:3], np.eye(128, dtype=np.float32))
    assert alone is not None
    assert alone.tokens.places.tolist() == [0, 0], "a single sentence is the first; a is a common word"
    assert not len(pool(EncoderInput("b c"), np.array([(0, 1), (2, 3)]), rows[:2], np.eye(128)).tokens.places)


def test_packed_tokens_are_the_same_again():
    tokens = TokenVectors(np.arange(-128, 128, dtype=np.int8).reshape(2, 128), np.array([CONTEXT, 7], np.int16))
    again = parse_tokens(pack_tokens(tokens))
    assert np.array_equal(again.vectors, tokens.vectors)
    assert again.places.tolist() == [-1, 7]
    assert not len(parse_tokens(pack_tokens(TokenVectors.none())).places)


def cosines_of(one: TokenVectors, other: TokenVectors) -> np.ndarray:
    units = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (one.vectors * 1.0, other.vectors * 1.0))
    return np.sum(np.multiply(*units), axis=1)


@pytest.fixture(scope="module")
def packaged() -> SentenceEncoder:
    return SentenceEncoder(DEFAULT_MODEL)


@pytest.fixture(scope="module")
def lean(tmp_path_factory: pytest.TempPathFactory) -> ExportedEncoder:
    found = open_encoder(DEFAULT_MODEL, "w", tmp_path_factory.mktemp("lean") / "encoder")
    assert isinstance(found, ExportedEncoder)
    return found


@pytest.mark.slow
def test_the_model_and_its_export_pool_the_same_vectors(packaged: SentenceEncoder, lean: ExportedEncoder):
    inputs = [PASSAGE, EncoderInput("a question"), LONG, EncoderInput("नोटिस अवधि", "Ein Café — ﬁ", ((0, 5), (6, 10)))]
    assert packaged.pools
    assert lean.pools
    counts: list[int] = []
    one, other = encode_inputs(packaged, inputs, counts.append), encode_inputs(lean, inputs, counts.append)
    assert sum(counts) == 2 * len(inputs)
    for (rows, tokens), (same, same_tokens), each in zip(one, other, inputs, strict=True):
        assert tokens.places.tolist() == same_tokens.places.tolist()
        assert cosines_of(tokens, same_tokens).min(initial=1) > 0.99
        assert rows.shape == same.shape == (each.count, 384)
        assert np.sum(rows * same, axis=1).min() > 0.999, "bfloat16 rounds, where the processor has it"
        assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-4)
    assert np.sum(one[0].rows[1] * packaged.encode_passages([PASSAGE.whole])[0]) > 0.999
    assert np.allclose(other[1].rows, lean.encode_passages(["a question"]), atol=1e-5)


@pytest.mark.slow
def test_a_text_longer_than_the_model_reads_is_encoded_part_by_part(lean: ExportedEncoder):
    ((rows, tokens),) = encode_inputs(lean, [LONG])
    assert not len(tokens.places)
    assert lean.encode_pooled([LONG, PASSAGE], lambda _count: None)[0] is None
    assert np.allclose(rows, lean.encode_passages(LONG.separate()), atol=1e-5)


@pytest.mark.slow
def test_the_pooled_sentence_that_answers_is_nearest(packaged: SentenceEncoder):
    text = "Notice lasts thirty days. Gratuity needs five years. Provident fund takes twelve per cent of the pay."
    ((rows, _),) = encode_inputs(packaged, [EncoderInput(text, "Rules at work", ((0, 25), (26, 52), (53, len(text))))])
    questions = packaged.encode_questions(["how long is my notice", "when do I get gratuity", "what share goes to PF"])
    assert np.argmax(questions @ rows[2:].T, axis=1).tolist() == [0, 1, 2]


@pytest.mark.slow
def test_an_export_by_torch_pools_what_the_original_pools(tmp_path: Path):
    model = SentenceEncoder(str(make_tiny_model(tmp_path / "tiny")))
    exported = export_if_possible(model, "w", tmp_path / "export", ["a question"])
    assert isinstance(exported, ExportedEncoder)
    inputs = [EncoderInput("b c. d", "a", ((0, 4), (5, 6))), PASSAGE]
    for rows, same in zip(encode_inputs(model, inputs), encode_inputs(exported, inputs), strict=True):
        assert np.sum(rows.rows * same.rows, axis=1).min() > 0.999


@pytest.mark.slow
def test_a_model_with_another_pooling_encodes_each_text_by_itself(tmp_path: Path):
    folder = make_tiny_model(tmp_path / "tiny")
    config = folder / "1_Pooling" / "config.json"
    config.write_text(config.read_text(encoding="utf-8").replace('"mean"', '"cls"'), encoding="utf-8")
    model = SentenceEncoder(str(folder))
    assert not model.pools
    assert np.allclose(encode_inputs(model, [PASSAGE])[0].rows, model.encode_passages(PASSAGE.separate()), atol=1e-5)


@pytest.mark.slow
def test_a_prompt_belongs_to_the_whole_only(tmp_path: Path):
    plain = make_tiny_model(tmp_path / "tiny")
    prompted = shutil.copytree(plain, tmp_path / "prompted")
    config = prompted / "config_sentence_transformers.json"
    config.write_text('{"prompts": {"query": "", "document": "p: "}}', encoding="utf-8")
    short = EncoderInput("b c. d", "a", ((0, 4), (5, 6)))
    model = SentenceEncoder(str(prompted))
    ((rows, _),) = encode_inputs(model, [short])
    exported = export_if_possible(model, "w", tmp_path / "export", ["a question"])
    assert np.sum(rows * encode_inputs(exported, [short])[0].rows, axis=1).min() > 0.999
    assert np.sum(rows[1] * model.encode_passages([short.whole])[0]) > 0.999
    without = encode_inputs(SentenceEncoder(str(plain)), [short])[0].rows
    assert np.sum(rows * without, axis=1).max() < 0.99999, "the prompt is read"


def test_an_encoder_that_cannot_pool_gets_the_texts_one_by_one():
    encoder, counts = HashingEncoder(), list[int]()
    rows = [each.rows for each in encode_inputs(encoder, [EncoderInput("alone"), PASSAGE], counts.append)]
    assert [len(each) for each in rows] == [1, 5]
    assert np.array_equal(rows[1], encoder.encode_passages(PASSAGE.separate()))
    assert sum(counts) == 2
    assert encode_inputs(encoder, []) == []
