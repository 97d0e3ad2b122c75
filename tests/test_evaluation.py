"""`articlebot eval`: question sets, figures, comparison, plot."""

import json
import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from quick_build import link_encoder

from bot import Bot
from bot.cli import run
from bot.errors import EvaluationError
from bot.evaluation.evaluate import ask_all, figures, figures_by_group, regressions
from bot.evaluation.metrics import auroc, calibration_error, ranking_metrics, reliability
from bot.evaluation.question_set import Question, read_questions, spread
from bot.evaluation.self_test import self_test

pytestmark = pytest.mark.slow

SHEET = """question,expected,history,group
how long does probation last,probation-letter,,hr
who pays gratuity,gratuity#faq-who-pays-gratuity,,pf
and can it be extended?,https://example.com/probation-letter/,how long is a probation period,hr
who won the 2011 cricket world cup,,,other
"""


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "questions.csv"
    path.write_text(SHEET, encoding="utf-8")
    return path


@pytest.fixture
def index(bot: Bot) -> Path:
    return Path(bot.retriever.generation.table._connection.execute("PRAGMA database_list").fetchone()[2]).parents[2]


def test_ranking_metrics_match_values_computed_by_hand():
    found = ranking_metrics([["a", "b", "c"], ["x", "y", "z", "d"], []], [{"a": 1}, {"d": 1, "y": 1}, {"q": 1}])
    gain = 1 / math.log2(3) + 1 / math.log2(5)
    assert found == pytest.approx(
        {
            "hit@1": 1 / 3,
            "hit@3": 2 / 3,
            "hit@5": 2 / 3,
            "mrr@10": (1 + 1 / 2) / 3,
            "ndcg@10": (1 + gain / (1 + 1 / math.log2(3))) / 3,
            "recall@10": 2 / 3,
        }
    )
    assert ranking_metrics([], []) == {}


def test_auroc_is_the_fraction_of_pairs_in_order():
    assert auroc(np.array([0.9, 0.4]), np.array([0.4, 0.1])) == pytest.approx((1 + 1 + 0.5 + 1) / 4)
    assert auroc(np.array([0.9]), np.array([])) is None


def test_calibration_error_is_the_mean_gap_between_predicted_and_observed():
    predicted, right = np.array([0.95, 0.95, 0.15, 0.15, 0.05]), np.array([True, False, False, True, False])
    assert reliability(predicted, right) == [
        (pytest.approx(0.05), 0.0, 1),
        (pytest.approx(0.15), 0.5, 2),
        (pytest.approx(0.95), 0.5, 2),
    ]
    assert calibration_error(predicted, right) == pytest.approx((0.05 * 1 + 0.35 * 2 + 0.45 * 2) / 5)


def test_questions_may_expect_a_passage_an_article_or_an_address(bot: Bot, sheet: Path):
    outcomes = ask_all(bot, read_questions(sheet))
    assert [(outcome.right, outcome.rank, outcome.status) for outcome in outcomes] == [
        (True, 1, "answered"),
        (True, 1, "answered"),
        (True, 1, "answered"),
        (False, None, "no_answer"),
    ]
    found = figures(outcomes)
    assert (
        found["questions"],
        found["uncovered"],
        found["hit@1"],
        found["answered"],
        found["refused"],
        found["auroc"],
    ) == (4, 1, 1, 1, 1, 1)
    assert set(figures_by_group(outcomes)) == {"all", "hr", "pf", "other"}


def test_a_wrong_answer_counts_against_every_figure(bot: Bot):
    found = figures(
        ask_all(bot, [Question("1", "who pays gratuity", {"notice-period": 1}), Question("2", "who pays gratuity", {})])
    )
    assert (found["hit@1"], found["refused"], found["auroc"]) == (0, 0, 0.5)
    assert found["calibration_error"] == pytest.approx(bot.ask("who pays gratuity").probability)


def test_an_answer_is_right_when_it_shows_the_words_that_answer(bot: Bot, tmp_path: Path):
    rows = [
        {"question": "who pays gratuity", "article": "gratuity", "style": "plain", "words": "the EMPLOYER pays it"},
        {
            "question": "who pays gratuity",
            "article": "gratuity",
            "style": "plain",
            "words": "x",
            "also": ["provident fund"],
        },
        {
            "question": "who pays gratuity",
            "article": "gratuity",
            "style": "plain",
            "words": "lump sum for long service",
        },
        {"question": "who won the 2011 cricket world cup", "article": "gratuity", "style": "near", "words": ""},
    ]
    path = tmp_path / "words.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    outcomes = ask_all(bot, read_questions(path))
    assert [(outcome.question.group, outcome.quotes_words) for outcome in outcomes] == [
        ("plain", True), ("plain", True), ("plain", False), ("near", False),
    ]  # fmt: skip
    found = figures(outcomes)
    assert found["words_quoted"] == pytest.approx(2 / 3)
    assert (found["words_shown"], found["uncovered"], found["not_claimed"]) == (len(outcomes[0].text.split()), 1, 1)
    sheet = tmp_path / "words.csv"
    sheet.write_text("question,expected,words\nwho pays gratuity,gratuity,the employer|the state\n", encoding="utf-8")
    assert [each.words for each in read_questions(sheet)] == [("the employer", "the state")]


def test_a_folder_of_questions_brings_its_own_corpus(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = tmp_path / "set"
    folder.mkdir()
    rows = [
        {"_id": "a", "title": "Who pays gratuity?", "text": "The employer."},
        {"_id": "b", "title": "Notice period", "text": "It is thirty days."},
        {"_id": "c", "title": "weather", "text": "", "alt_questions": ["will it rain"]},
    ]
    asked = [
        {"_id": "1", "text": "who has to pay gratuity"},
        {"_id": "2", "text": "will it rain today", "kind": "talk"},
        {"_id": "3", "text": "who won the cup"},
    ]
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, asked)))
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n1\ta\t1\n2\tc\t1\n")
    link_encoder(tmp_path / "work" / "index")
    run("eval", str(folder), "--work", str(tmp_path / "work"), "--json")
    found = json.loads(capsys.readouterr().out)
    assert (found["all"]["questions"], found["all"]["hit@1"], found["talk"]["hit@1"]) == (3, 1.0, 1.0)
    assert (tmp_path / "work" / "index" / "CURRENT").exists()


def test_a_metric_that_got_worse_is_named_with_exit_status_1(
    sheet: Path, index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    saved = tmp_path / "figures.json"
    run("eval", str(sheet), "--index", str(index), "--save", str(saved))
    run("eval", str(sheet), "--index", str(index), "--compare", str(saved))
    capsys.readouterr()
    with pytest.raises(SystemExit) as end:
        run("eval", str(sheet), "--index", str(index), "--compare", str(saved), "--threshold", "1")
    assert end.value.code == 1
    assert "worse: all: answered 0.0, was 100.0" in capsys.readouterr().err


def test_worse_figures_do_not_replace_the_ones_they_are_compared_with(sheet: Path, index: Path, tmp_path: Path):
    saved, other = tmp_path / "figures.json", tmp_path / "other.json"
    options = ["--index", str(index), "--compare", str(saved)]
    run("eval", str(sheet), "--index", str(index), "--save", str(saved))
    before = saved.read_bytes()
    for target in (saved, other):
        with pytest.raises(SystemExit):
            run("eval", str(sheet), *options, "--save", str(target), "--threshold", "1")
    assert saved.read_bytes() == before != other.read_bytes()


@pytest.mark.parametrize("option", ["--save", "--failures", "--plot"])
def test_a_file_that_cannot_be_written_is_named(sheet: Path, index: Path, tmp_path: Path, option: str, capsys: Any):
    with pytest.raises(SystemExit):
        run("eval", str(sheet), "--index", str(index), option, str(tmp_path / "missing" / "x.png"))
    error = capsys.readouterr().err
    assert "x.png cannot be written (No such file or directory)" in error.splitlines()[-1]


def test_a_loss_within_the_margin_is_ignored():
    before = {"all": {"hit@1": 0.90, "calibration_error": 0.05, "p50_ms": 1.0, "auroc": None}}
    assert (
        regressions({"all": {"hit@1": 0.895, "calibration_error": 0.055, "p50_ms": 9.0, "auroc": 0.1}}, before, 1.0)
        == []
    )
    assert regressions({"all": {"hit@1": 0.88, "calibration_error": 0.07}}, before, 1.0) == [
        "all: calibration_error 7.0, was 5.0",
        "all: hit@1 88.0, was 90.0",
    ]


def test_failures_and_the_plot_are_written(sheet: Path, index: Path, tmp_path: Path):
    sheet.write_text(SHEET + "who pays gratuity,notice-period,,pf\n", encoding="utf-8")
    failures, picture = tmp_path / "failures.csv", tmp_path / "plot.png"
    run("eval", str(sheet), "--index", str(index), "--failures", str(failures), "--plot", str(picture))
    head, row = failures.read_text(encoding="utf-8").splitlines()
    assert head == "question,group,expected,found,probability,status,rank"
    assert row.startswith("who pays gratuity,pf,notice-period,gratuity#faq-who-pays-gratuity,")
    content = picture.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", content[16:24])
    assert width > height > 400


def test_questions_are_spread_evenly():
    questions = [Question(str(n), "q", {}) for n in range(10)]
    assert [question.id for question in spread(questions, 3)] == ["0", "3", "6"]
    assert spread(questions, None) == spread(questions, 99) == questions


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "frage,antwort\na,b\n",
            "The columns of .* are frage, antwort: name them question, expected, history, group and words",
        ),
        ("", "The columns of .* are : name them question"),
        ("question,expected\n", "There are no questions in"),
    ],
)
def test_an_unreadable_question_sheet_is_reported_in_one_sentence(tmp_path: Path, text: str, sentence: str):
    (tmp_path / "sheet.csv").write_text(text)
    with pytest.raises(EvaluationError, match=sentence):
        read_questions(tmp_path / "sheet.csv")


def test_a_missing_file_or_invalid_folder_is_reported_in_one_sentence(tmp_path: Path):
    with pytest.raises(EvaluationError, match=r"There is no file .*none\.csv"):
        read_questions(tmp_path / "none.csv")
    (tmp_path / "queries.jsonl").write_text("{")
    (tmp_path / "qrels.tsv").write_text("")
    with pytest.raises(EvaluationError, match="cannot be read"):
        read_questions(tmp_path)


def test_an_index_answers_its_own_questions_reworded_and_refuses_them_without_their_article(shipped: Bot):
    low, middle, high = self_test(shipped.retriever.finder(), (0.0, 0.5, 1.0))
    assert (low.answered, low.refused) == (1, 0)
    assert (high.answered, high.accuracy, high.refused) == (0, None, 1)
    assert middle.answered is not None
    assert middle.accuracy is not None
    assert middle.refused is not None
    assert middle.answered > 0.9
    assert middle.accuracy > 0.9
    # The articles overlap: for most of these questions another one has a similar passage.
    assert 0.1 < middle.refused < 1
