"""Tuning a tiny real model to a corpus: training pairs, held-out questions, and when the model is saved."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import articlebot
from quick_build import build, link_encoder

from bot import Bot
from bot.build.build import build as build_anew
from bot.encoder import SentenceEncoder, TrainingTriplet, train
from bot.errors import EvaluationError, ModelError
from bot.evaluation.trend import FIGURES, accepted_alternates_metrics, read_points
from bot.index.generation import Generation
from bot.index.store import LocalStore
from bot.settings import BuildSettings
from bot.tuning.holdout import choose_held_out, make_holdout
from bot.tuning.training_pairs import training_triplets
from bot.tuning.tune import _is_better, tune

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
SUBJECTS = (
    "notice",
    "gratuity",
    "pension",
    "leave",
    "bonus",
    "transfer",
    "probation",
    "payslip",
    "appraisal",
    "relieving",
    "insurance",
    "overtime",
)
ARTICLE = """The handbook of the office.

## Travel

Travel is paid by the office.
"""


def faqs() -> list[dict[str, object]]:
    """Return the FAQs of a table, every other one with two alternates, and an article with two FAQs."""
    table = [
        {
            "id": f"row-{number}",
            "question": f"How does {subject} work?",
            "answer": f"The rules of {subject} stand on page {number}.",
            "alternates": [f"{subject} rules please", f"tell me of {subject}"] if number % 2 else [],
            "category": "HRM",
        }
        for number, subject in enumerate(SUBJECTS)
    ]
    listed = [
        {"question": "Who signs?", "answer": "The head signs."},
        {"question": "Who pays?", "answer": "The office pays."},
    ]
    return [*table, {"id": "handbook", "title": "Handbook", "text": ARTICLE, "faqs": listed}]


@pytest.fixture(scope="module")
def index(tiny_model: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tuning")
    build(faqs(), folder / "index", BuildSettings(model=tiny_model))
    return folder / "index"


@pytest.fixture(scope="module")
def larger(tiny_model: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index with enough FAQs to measure whether tuning helps."""
    folder = tmp_path_factory.mktemp("larger")
    rows = [
        {**row, "id": f"{row['id']}-{copy}", "question": f"{row['question']} In {copy}?"}
        for copy in range(2000, 2009)
        for row in faqs()[:-1]
    ]
    numbered = [
        {
            **row,
            "answer": f"{row['answer']} {row['id']}",
            "alternates": [f"{words} {row['id']}" for words in row["alternates"]],
        }
        for row in rows
    ]
    build(numbered, folder / "index", BuildSettings(model=tiny_model))
    return folder / "index"


@pytest.fixture(scope="module")
def generation(index: Path) -> Generation:
    return LocalStore(index).open_current()


def test_the_same_fifth_of_the_articles_with_faqs_is_always_held_out(generation: Generation):
    held = choose_held_out(generation.table)
    # One of six rows with alternates, and one of seven articles without.
    assert (len(held), held) == (2, choose_held_out(generation.table))
    assert len([ident for ident in held if ident.startswith("row-") and int(ident[4:]) % 2]) == 1


def test_held_out_questions_are_removed_from_the_articles(generation: Generation):
    holdout = make_holdout(generation.table, {"row-1", "row-2", "handbook"})
    articles = {article.id: article for article in holdout.articles}
    assert [(question.text, question.group) for question in holdout.questions] == [
        ("gratuity rules please", "alternates"),
        ("tell me of gratuity", "alternates"),
        ("How does pension work?", "own questions"),
        ("Who signs?", "own questions"),
        ("Who pays?", "own questions"),
    ]
    assert len(articles) == len(faqs())
    for question in holdout.questions:
        (ident,) = question.expected
        article = articles[ident]
        assert question.text not in f"{article.title}\n{article.text}"
        assert question.text not in [words for faq in article.faqs for words in (faq.question, *faq.alternates)]
    assert articles["handbook"].text == (
        "The handbook of the office.\n\n## Travel\n\nTravel is paid by the office.\n\n"
        "## FAQs\n\nThe head signs.\n\nThe office pays."
    )
    assert (articles["row-2"].title, articles["row-2"].text, articles["row-2"].faqs) == (
        "HRM",
        "The rules of pension stand on page 2.",
        (),
    )
    assert articles["row-1"].faqs[0].question == "How does gratuity work?"
    assert articles["row-3"].faqs[0].alternates == ("leave rules please", "tell me of leave")


def test_removing_faqs_leaves_the_answers_of_the_others(tiny_model: str, tmp_path: Path):
    listed = [
        {"question": "Who signs?", "answer": "The head signs.", "alternates": ["signed by whom"]},
        {"question": "Who pays?", "answer": "The office pays."},
        {"question": "Who reads?", "answer": "Nobody reads.", "alternates": ["read by whom"]},
    ]
    build(
        [{"id": "handbook", "title": "Handbook", "text": ARTICLE, "faqs": listed}],
        tmp_path / "index",
        BuildSettings(model=tiny_model),
    )
    (article,) = make_holdout(LocalStore(tmp_path / "index").open_current().table, {"handbook"}).articles
    remaining = {faq.question: (article.text[faq.start : faq.end], faq.alternates) for faq in article.faqs}
    assert remaining == {"Who signs?": ("The head signs.", ()), "Who reads?": ("Nobody reads.", ())}
    assert "Who pays?" not in article.text


def test_training_pairs_come_from_the_corpus_each_with_a_negative(generation: Generation):
    training = training_triplets(generation, {"row-3"})
    pairs = {(pair.question, pair.right) for pair in training}
    assert ("How does notice work?", "The rules of notice stand on page 0.") in pairs
    assert ("gratuity rules please", "How does gratuity work?") in pairs
    assert ("tell me of gratuity", "The rules of gratuity stand on page 1.") in pairs
    assert ("Handbook: Travel", "Travel is paid by the office.") in pairs
    # 11 rows of which 5 have two alternates, two FAQs, two sections.
    assert len(training) == 11 + 5 * 4 + 2 + 2
    assert not [pair for pair in training if "leave" in f"{pair.question} {pair.right} {pair.wrong}"]
    answers = {passage.text for passage in generation.table.all_passages()}
    questions = {passage.question for passage in generation.table.all_passages()} | {"Handbook: Travel", "Handbook"}
    for pair in training:
        assert pair.wrong not in (pair.right, pair.question)
        assert pair.wrong in (answers if pair.right in answers else questions)


def test_training_brings_questions_nearer_to_their_passages(tiny_model: str, tmp_path: Path):
    training = [
        TrainingTriplet(f"{subject} rules", f"page of {subject}", f"page of {SUBJECTS[number - 1]}")
        for number, subject in enumerate(SUBJECTS)
    ]
    steps: list[tuple[int, int]] = []
    train(tiny_model, training, 60, tmp_path / "model", lambda done, total: steps.append((done, total)))
    assert steps == [(number, 60) for number in range(1, 61)]

    def margin(model: str) -> float:
        encoder = SentenceEncoder(model)
        asked = encoder.encode_questions([pair.question for pair in training])
        right, wrong = (
            encoder.encode_passages([getattr(pair, which) for pair in training]) for which in ("right", "wrong")
        )
        return float(np.sum(asked * right - asked * wrong))

    assert margin(str(tmp_path / "model")) > margin(tiny_model)
    assert SentenceEncoder(str(tmp_path / "model")).length_limit == SentenceEncoder(tiny_model).length_limit


def test_a_model_that_gains_less_than_the_margin_is_not_saved(larger: Path, tmp_path: Path):
    stages: set[str] = set()
    done = tune(larger, tmp_path / "tuned", margin=200.0, progress=lambda stage, _done, _total: stages.add(stage))
    table = LocalStore(larger).open_current().table
    asked = len(make_holdout(table, choose_held_out(table)).questions)
    assert (done.kept, (tmp_path / "tuned").exists(), stages) == (False, False, {"before", "training", "after"})
    assert (done.questions, done.before["questions"], done.after["questions"]) == (asked, asked, asked)
    assert 0 < (done.before["ndcg@10"] or 0) <= 1


def test_a_better_model_is_saved_and_can_build_an_index(larger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    # Whether the tiny model gets better depends on the processor's rounding.
    monkeypatch.setattr(sys.modules["bot.tuning.tune"], "_is_better", lambda *_: True)
    done = tune(larger, tmp_path / "tuned")
    assert (done.kept, (tmp_path / "tuned").exists()) == (True, True)
    build_anew(faqs(), tmp_path / "index", BuildSettings(model=str(tmp_path / "tuned")))
    assert Bot.open(tmp_path / "index").ask("How does notice work?").status == "answered"


def test_a_folder_with_files_is_rejected_and_left_alone(larger: Path, tmp_path: Path):
    (tmp_path / "letter.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ModelError, match="is not empty"):
        tune(larger, tmp_path)


@pytest.mark.parametrize(
    ("after", "expected"), [((0.81, 0.7), True), ((0.809, 0.9), False), ((0.9, 0.69), False), ((0.8, 0.7), False)]
)
def test_a_better_model_gains_the_margin_and_has_no_lower_hit_rate(after: tuple[float, float], expected: bool):
    assert _is_better({"ndcg@10": 0.8, "hit@1": 0.7}, {"ndcg@10": after[0] + 1e-9, "hit@1": after[1]}, 1.0) is expected


def test_too_few_faqs_are_reported_in_one_sentence(index: Path, tmp_path: Path):
    with pytest.raises(EvaluationError, match=r"The articles have FAQs for \d held-out questions, 20 are needed"):
        tune(index, tmp_path / "tuned")
    refused = articlebot("tune", "--index", str(index), "-o", str(tmp_path / "tuned"), cwd=ROOT)
    assert (
        refused.returncode,
        refused.stderr.count("\n"),
        refused.stderr.startswith("articlebot: The articles have FAQs for"),
    ) == (1, 1, True)


def test_a_guarded_build_records_how_it_answered(corpus: Path, tmp_path: Path, tiny_model: str):
    def built(*words: str) -> dict[str, object]:
        where = ("--corpus", str(corpus), "--index", str(tmp_path / "index"))
        done = articlebot("build", "--json", *where, "--model", tiny_model, *words, cwd=ROOT)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    link_encoder(tmp_path / "index", tiny_model)
    assert built()["accepted"] is None
    (first,) = read_points(tmp_path / "index")
    assert {"reworded questions answered", "of those right"} <= set(first.figures)
    rows = "question,passage,who,when\nwho pays the gratuity then,gratuity#faq-who-pays-gratuity,A,2026-01-01\n"
    (corpus / "alternates.csv").write_text(rows, encoding="utf-8")
    accepted = built()["accepted"]
    assert accepted["questions"] == 1
    with (tmp_path / "index" / FIGURES).open("a", encoding="utf-8") as file:
        file.write("half a line\n")
    points = read_points(tmp_path / "index")
    assert [point.figures.get("accepted questions found first") for point in points] == [None, accepted["hit@1"]]
    assert points[1].generation == LocalStore(tmp_path / "index").find_current()
    assert built()["up_to_date"]
    built("--dry-run")
    assert len(read_points(tmp_path / "index")) == 2


def test_accepted_questions_are_asked_and_may_be_missing(bot: Bot, tmp_path: Path):
    assert accepted_alternates_metrics(bot, tmp_path) is None
    (tmp_path / "alternates.csv").write_text("question,passage\n", encoding="utf-8")
    assert accepted_alternates_metrics(bot, tmp_path) is None
    right, wrong = (
        "jldi chhod sakte hain kya,notice-period#faq-can-a-notice-period-be-bought-out",
        "jldi chhod sakte hain kya,gratuity#faq-who-pays-gratuity",
    )
    (tmp_path / "alternates.csv").write_text(f"question,passage\n{right}\n{wrong}\n", encoding="utf-8")
    figures = accepted_alternates_metrics(bot, tmp_path)
    assert figures is not None
    assert (figures["questions"], figures["hit@1"], figures["answered"]) == (2, 0.5, 1.0)
