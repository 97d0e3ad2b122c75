"""articlebot in other programs: lists of articles, custom encoders and rerankers, event loops, and the tiny index."""

import asyncio
import gc
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from articles import GRATUITY, NOTICE, PROBATION
from command_line import articlebot

from bot import Bot, Hit, Retriever
from bot.build.build import build
from bot.corpus import Article, read_corpus
from bot.encoder import HashingEncoder, Matrix
from bot.errors import CorpusError, ModelError
from bot.testing import ARTICLES, QUESTIONS, tiny_bot, tiny_index

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]


class LettersAndWords(HashingEncoder):
    """A custom encoder, which an index cannot load by itself."""

    name = "letters-and-words-1"

    def __init__(self, dimension: int = 300, seed: int = 1) -> None:
        self.dimension = dimension
        self._mixed = np.random.default_rng(seed).normal(size=(256, dimension))

    def encode_passages(self, texts: Sequence[str]) -> Matrix:
        return self.encode_questions(texts)

    def encode_questions(self, texts: Sequence[str]) -> Matrix:
        rows = super().encode_questions(texts) @ self._mixed
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


@pytest.fixture(scope="module")
def articles(tmp_path_factory: pytest.TempPathFactory) -> tuple[Article, ...]:
    folder = tmp_path_factory.mktemp("given")
    for name, text in {"notice": NOTICE, "gratuity": GRATUITY, "probation": PROBATION}.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    return read_corpus(folder).articles


def test_a_list_of_articles_gives_the_same_answers_as_their_folder(articles: tuple[Article, ...], tmp_path: Path):
    for name, text in {"notice": NOTICE, "gratuity": GRATUITY, "probation": PROBATION}.items():
        (tmp_path / f"{name}.md").write_text(text, encoding="utf-8")
    build(tmp_path, tmp_path / "index")
    listed, read = Bot.from_articles(articles), Bot.open(tmp_path / "index")
    for question in (
        "how long does probation last",
        "who pays gratuity",
        "can I buy out the notice period",
        "best biryani in Hyderabad",
    ):
        one, other = (replace(bot.ask(question), id="", generation="") for bot in (listed, read))
        assert one == other
    assert listed.ask("how long does probation last").text == "It is often three to six months."


def test_articles_can_be_dicts_of_their_fields():
    alternate = "Is it paid by the employer?"
    retriever = Retriever.from_articles(
        [
            {
                "id": "gratuity",
                "title": "Gratuity",
                "text": "A lump sum.",
                "published": date(2025, 12, 1),
                "tags": ("money", "exit"),
                "category": "EPFO",
                "faqs": ({"question": "Who pays gratuity?", "answer": "The employer.", "alternates": (alternate,)},),
            },
            {"question": "Is leave paid?", "answer": "Casual leave is."},
        ],
        encoder=HashingEncoder(),
    )
    (hit,) = retriever.search("who pays gratuity", k=1)
    assert (hit.passage.id, hit.passage.text) == ("gratuity#faq-who-pays-gratuity", "The employer.")
    assert hit.passage.alternates == ("Is it paid by the employer?",)
    assert (hit.passage.article.published, hit.passage.article.tags) == (date(2025, 12, 1), ("money", "exit"))
    assert [hit.passage.article.id for hit in retriever.search("is leave paid", k=1)] == ["articles/is-leave-paid"]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            [{"id": "a", "title": "A"}],
            r"^Article 1 of the list cannot be read: no text and no faqs: nothing to answer from\.$",
        ),
        (
            [ARTICLES[0], {"title": "A", "text": "B", "published": "soon"}],
            r"^Article 2 of the list cannot be read: published should be a date",
        ),
        ([ARTICLES[0], ARTICLES[0]], r"^Several articles of the list have the id 'probation': give each its own\.$"),
        ([], r"^No article could be read from the list of articles\.$"),
    ],
)
def test_an_invalid_list_of_articles_is_reported_in_one_sentence(given: list[dict[str, str]], sentence: str):
    with pytest.raises(CorpusError, match=sentence):
        Retriever.from_articles(given, encoder=HashingEncoder())


def test_an_index_of_a_list_of_articles_leaves_nothing_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    retriever = Retriever.from_articles(ARTICLES, encoder=HashingEncoder())
    assert len(list(tmp_path.iterdir())) == 1
    del retriever
    gc.collect()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(CorpusError):
        Retriever.from_articles([], encoder=HashingEncoder())
    assert list(tmp_path.iterdir()) == []


def test_an_index_of_a_custom_encoder_opens_only_with_this_encoder(articles: tuple[Article, ...], tmp_path: Path):
    report = build(articles, tmp_path, encoder=LettersAndWords())
    assert (report.manifest.dimension, report.manifest.question_encoder, report.manifest.settings.model) == (
        300,
        "custom",
        "letters-and-words-1",
    )
    assert not build(articles, tmp_path, encoder=LettersAndWords()).built
    retriever = Retriever.open(tmp_path, encoder=LettersAndWords())
    (hit,) = retriever.search("who pays gratuity", k=1)
    assert hit.passage.text == "The employer pays it, not the provident fund."
    assert hit.signals["best"] == pytest.approx(1, abs=1e-3)
    with pytest.raises(ModelError, match=r"the custom encoder 'letters-and-words-1': open it with encoder=\.$"):
        Retriever.open(tmp_path)


def test_another_encoder_than_the_one_an_index_was_built_with_is_refused(articles: tuple[Article, ...], tmp_path: Path):
    build(articles, tmp_path, encoder=LettersAndWords())
    with pytest.raises(Exception, match="has changed since the build"):
        Retriever.open(tmp_path, encoder=LettersAndWords(seed=2))
    with pytest.raises(Exception, match="disagree about the number of dimensions"):
        Retriever.open(tmp_path, encoder=LettersAndWords(dimension=100))


def test_a_custom_reranker_orders_the_first_hits_and_keeps_their_probabilities(articles: tuple[Article, ...]):
    asked = []

    def newest_first(question: str, hits: Sequence[Hit]) -> list[int]:
        asked.append(question)
        return [(hit.passage.article.published or date.min).toordinal() for hit in hits]

    plain = Retriever.from_articles(articles, encoder=HashingEncoder()).search("period", k=6)
    ranked = Retriever.from_articles(articles, reranker=newest_first, encoder=HashingEncoder()).search("period", k=6)
    days = [hit.passage.article.published or date.min for hit in ranked]
    assert (asked, days) == (["period"], sorted(days, reverse=True))
    assert days != [hit.passage.article.published for hit in plain]
    known = {hit.passage.id: hit.probability for hit in plain}
    assert all(known[hit.passage.id] == hit.probability for hit in ranked if hit.passage.id in known)


def test_an_event_loop_is_not_blocked_by_questions(bot: Bot):
    questions = ["how long does probation last", "who pays gratuity", "best biryani in Hyderabad"] * 5

    async def ask_all() -> tuple[list[str], list[str], int]:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        ticking = asyncio.create_task(tick())
        answers = await asyncio.gather(
            *(bot.aask(question, ["what is gratuity"], category="EPFO") for question in questions)
        )
        hits = await asyncio.gather(*(bot.retriever.asearch(question, 1) for question in questions))
        ticking.cancel()
        return [answer.text for answer in answers], [found[0].passage.id for found in hits], ticks

    texts, ids, ticks = asyncio.run(ask_all())
    assert texts == [bot.ask(question, ["what is gratuity"], category="EPFO").text for question in questions]
    assert ids == [bot.retriever.search(question, 1)[0].passage.id for question in questions]
    assert ticks > 10


def test_the_tiny_index_has_a_question_of_each_status():
    bot = tiny_bot()
    assert {status: bot.ask(question).status for status, question in QUESTIONS.items()} == {
        status: status for status in QUESTIONS
    }
    assert bot.ask(QUESTIONS["answered"]).text == "It is often three to six months."
    assert len(bot.ask(QUESTIONS["ambiguous"]).did_you_mean) == 3


def test_the_tiny_index_is_reproducible_and_opens_like_any_other(tmp_path: Path):
    one, other = (Bot.open(tiny_index(tmp_path / name)) for name in ("one", "other"))
    for question in [*QUESTIONS.values(), "who pays it", "what does a manager sign"]:
        first, second = (replace(bot.ask(question), id="", generation="") for bot in (one, other))
        assert first == second
    done = articlebot("ask", QUESTIONS["answered"], "--index", str(tmp_path / "one"))
    assert done.stdout.splitlines()[1] == "It is often three to six months."
    checked = articlebot("check", "--index", str(tmp_path / "one"), cwd=ROOT)
    assert "FAQs first for their own question: 6 of 6 tried" in checked.stdout


def test_the_tiny_index_needs_neither_torch_nor_the_file_parsers():
    models = ["torch", "transformers", "sentence_transformers", "onnx", "tqdm", "gradio"]
    readers = ["lxml", "markdown_it", "frontmatter", "trafilatura", "openpyxl", "pypdf", "docx", "httpx", "protego"]
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({[*models, *readers]!r}))\n"
        "from bot.testing import *; print(tiny_bot().ask(QUESTIONS['answered']).text)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "It is often three to six months.\n"
