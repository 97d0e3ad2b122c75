"""The command line."""

import inspect
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from command_line import articlebot

from bot.cli.asking import _explanation
from bot.corpus import read_corpus
from bot.index.store import LocalStore

ROOT = Path(__file__).parents[1]


def in_a_process(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run `python -m bot WORDS` in a new process, for tests of the process itself."""
    command, environment = [sys.executable, "-m", "bot", *words], {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, tiny_model: str) -> Path:
    """A folder with a corpus and an index built by the command line."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "corpus").mkdir()
    (folder / "corpus" / "leave.md").write_text(
        "---\ntitle: Leave\ndate: 2026-01-01\ncategory: HRM\nurl: https://example.com/leave/\n---\nTwelve days.\n\n"
        "## FAQs\n\n### Is leave paid?\n\nYes, it is.\n",
        encoding="utf-8",
    )
    (folder / "corpus" / "bad.md").write_bytes(b"\0")
    done = articlebot("build", "--model", tiny_model, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "1 article, 2 passages, 4 texts encoded, 1 refused" in done.stdout
    assert "refused: bad.md:1: not a text file: it contains the control character '\\x00'" in done.stderr
    return folder


def test_a_second_build_is_up_to_date(place: Path, tiny_model: str):
    done = articlebot("build", "--model", tiny_model, "--json", cwd=place)
    assert (done.returncode, json.loads(done.stdout)["up_to_date"], json.loads(done.stdout)["encoded"]) == (0, True, 0)


def test_ask_prints_words_source_and_link(place: Path):
    done = articlebot("ask", "Is leave paid?", cwd=place)
    assert articlebot("ask", "Is", "leave", "paid?", cwd=place).stdout == done.stdout
    assert articlebot("search", "Is", "leave", "paid?", cwd=place).stdout
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[:5] == [
        "Is leave paid?", "Yes, it is.", "", "— Leave › FAQs · HRM · published 2026-01-01",
        "https://example.com/leave/#:~:text=Yes%2C%20it%20is.",
    ]  # fmt: skip


def test_ask_prints_the_same_json_as_python(place: Path):
    from bot import Bot

    printed = json.loads(articlebot("ask", "Is leave paid?", "--json", cwd=place).stdout)
    assert {**printed, "id": ""} == {**Bot.open(place / "index").ask("Is leave paid?").to_dict(), "id": ""}


@pytest.mark.parametrize("verb", ["ask", "search", "serve"])
def test_a_missing_reranker_is_reported_in_one_line(place: Path, verb: str):
    words = ["--port", "0"] if verb == "serve" else ["Is leave paid?"]
    done = articlebot(verb, *words, "--reranker", "no-such/model", cwd=place, HF_HUB_OFFLINE="1")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(
        "articlebot: The reranker 'no-such/model' is neither a folder nor in the local cache, or is no CrossEncoder: "
        "check --reranker.\n"
    )


def test_search_reads_the_reranker_of_the_settings_file(place: Path):
    (place / "reranking.toml").write_text('[answers]\nreranker = "no-such/model"\n')
    done = articlebot("search", "Is leave paid?", "--settings", "reranking.toml", cwd=place, HF_HUB_OFFLINE="1")
    assert (done.returncode, "The reranker 'no-such/model' is neither" in done.stderr) == (1, True)


def test_search_prints_hits_with_their_features(place: Path):
    (hit,) = json.loads(
        articlebot(
            "search", "leave paid", "-k", "1", "--category", "hrm", "--since", "2026-01-01", "--json", cwd=place
        ).stdout
    )
    assert hit["article"] == "leave"
    assert set(hit["signals"]) == {"body", "both", "best", "top3_mean", "words", "pairs", "article_words"}
    assert json.loads(articlebot("search", "leave", "--since", "2026-01-02", "--json", cwd=place).stdout) == []


@pytest.mark.parametrize("verb", ["ask", "search"])
def test_an_unknown_article_or_category_is_refused_in_one_sentence(place: Path, verb: str):
    for options, sentence in (
        (["--article", "nope"], "There is no article 'nope': give the id that a hit names as its article."),
        (["--category", "nope"], "There is no category 'nope': there are HRM."),
        (["--article", "\udcff"], "The text holds half a character: send whole ones, in UTF-8."),
    ):
        done = articlebot(verb, "leave paid", *options, cwd=place)
        assert (done.returncode, done.stdout, done.stderr) == (1, "", f"articlebot: {sentence}\n")


def test_a_hit_that_the_reranker_did_not_score_is_explained_without_its_score():
    hit = {"probability": 0.5, "score": 0.1, "passage": "a#b"}
    hits = [{**hit, "signals": {"body": 0.2, "reranker": 0.9}}, {**hit, "signals": {"body": 0.3}}]
    _, first, second = _explanation(hits)
    assert (first.split()[3], second.split()[3]) == ("0.900", "nan")


def test_search_explains_each_hit_in_a_table(place: Path):
    head, row = articlebot("search", "leave paid", "-k", "1", "--explain", cwd=place).stdout.splitlines()
    features = ["body", "both", "best", "top3_mean", "words", "pairs", "article_words"]
    assert head.split() == ["probability", "score", *features, "passage"]
    (hit,) = json.loads(articlebot("search", "leave paid", "-k", "1", "--json", cwd=place).stdout)
    assert row.split()[-1] == hit["passage"]
    assert [float(cell) for cell in row.split()[2:-1]] == pytest.approx(list(hit["signals"].values()), abs=6e-4)


def test_status_shows_what_is_served(place: Path):
    facts = json.loads(articlebot("status", "--json", cwd=place).stdout)
    assert (facts["articles"], facts["passages"], facts["corpus_changed"]) == (1, 2, False)
    assert "corpus changed    no" in articlebot("status", cwd=place).stdout


def test_check_passes_on_a_new_index_and_shows_what_is_read_of_each_format(place: Path):
    done = articlebot("check", cwd=place)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].endswith("2 passages, 6 vectors, all as built")
    assert lines[1] == "vectors: 6 encoded again; FAQs first for their own question: 1 of 1 tried"
    assert lines[3:5] == [
        "format         files  articles      faqs   refused",
        ".md                1         1         1         1",
    ]
    assert lines[-1] == "refused: bad.md:1: not a text file: it contains the control character '\\x00'"


def test_check_groups_its_findings_and_lists_all_of_them_on_demand(place: Path, tmp_path: Path):
    for n in range(7):
        (tmp_path / f"{n}.jpg").write_bytes(b"\xff")
    (tmp_path / "a.md").write_text("Words for all.", encoding="utf-8")
    short, full = (
        articlebot("check", "--corpus", str(tmp_path), *more, cwd=place).stdout.splitlines()
        for more in ((), ("--all",))
    )
    assert [line for line in short if line.startswith("refused")][4:] == [
        f"refused: 4.jpg: {short[8].partition('.jpg: ')[2]}",
        "refused: 2 more, 7 in all (--all lists them)",
    ]
    assert sum(line.startswith("refused: ") for line in full) == 7


def test_a_dry_run_writes_the_list_of_what_it_did_not_read(place: Path, tmp_path: Path, tiny_model: str):
    (tmp_path / "a.md").write_text("Words for all.", encoding="utf-8")
    (tmp_path / "b.jpg").write_bytes(b"\xff")
    words = ("--corpus", str(tmp_path), "--index", str(tmp_path / ".index"), "--model", tiny_model, "--dry-run")
    done = articlebot("build", *words, cwd=place)
    written = json.loads((tmp_path / ".index" / "dry-run-refused.json").read_text(encoding="utf-8"))
    assert [(each["file"], each["kind"]) for each in written] == [("b.jpg", "refused")]
    assert f"full list: {tmp_path / '.index' / 'dry-run-refused.json'}" in done.stderr


def test_pull_brings_a_page_into_the_corpus(tmp_path: Path):
    text = b"<h1>Leave</h1><p>Twelve days a year are paid, and more can be agreed.</p>"
    page = b"<html><head><title>Leave</title></head><body>" + text + b"</body></html>"

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/leave/"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page if found else b"")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/leave/"
    refused = articlebot("pull", address, cwd=tmp_path)
    assert (refused.returncode, "--allow-private" in refused.stderr) == (1, True)
    done = articlebot("pull", address, "--allow-private", "--delay", "0", cwd=tmp_path)
    server.shutdown()
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 article in corpus/pulled/127.0.0.1")
    (article,) = read_corpus(tmp_path / "corpus").articles
    assert (article.title, "Twelve days a year are paid" in article.text) == ("Leave", True)


def test_environment_variables_name_the_folders(place: Path, tmp_path: Path):
    done = articlebot(
        "status", "--json", cwd=tmp_path, ARTICLEBOT_INDEX=str(place / "index"), ARTICLEBOT_CORPUS=str(place / "corpus")
    )
    assert json.loads(done.stdout)["articles"] == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["ask", "x", "--index", "none"], "There is no index in none: run articlebot build"),
        (["build", "--corpus", "none"], "There is no corpus folder none: create it"),
        (["build", "--corpus", "EMPTY"], "The corpus folder EMPTY is empty: put articles in"),
        (
            ["build", "--corpus", "UNREADABLE"],
            "No article could be read from UNREADABLE; the first reason: a.md:1: not a text file",
        ),
        (["build", "--model", "none/such"], "There is no model 'none/such'"),
        (["build", "--index", "corpus/leave.md"], "The index folder corpus/leave.md cannot be written"),
        (["ask", " "], "The question is empty: type a few words."),
        (["ask", "x" * 1001], "The question has 1001 characters"),
        (["ask", "x", "--index", "CORRUPT"], "is not the one that was built: run articlebot build, or roll back."),
        (["rollback"], "There is no earlier generation"),
    ],
)
def test_a_known_error_is_one_sentence_with_exit_status_1(place: Path, words: list[str], sentence: str):
    (place / "EMPTY").mkdir(exist_ok=True)
    (place / "UNREADABLE").mkdir(exist_ok=True)
    (place / "UNREADABLE" / "a.md").write_bytes(b"\0")
    if "CORRUPT" in words and not (place / "CORRUPT").exists():
        import shutil

        shutil.copytree(place / "index", place / "CORRUPT")
        path = LocalStore(place / "CORRUPT").current_folder() / "vectors.faiss"
        path.write_bytes(path.read_bytes()[::-1])
    done = articlebot(*words, cwd=place)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("articlebot: ")
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [["bild"], ["ask"], ["search", "x", "-k", "none"], ["search", "x", "-k", "0"], ["ask", "x", "--since", "soon"]],
)
def test_wrong_usage_has_exit_status_2(place: Path, words: list[str]):
    assert articlebot(*words, cwd=place).returncode == 2


@pytest.mark.parametrize("day", ["soon", "20260131", "2026-W05-6", "2026-1-31", "2026-02-31", "2026-01-31T10:00"])
def test_a_day_is_written_in_one_form(tmp_path: Path, day: str):
    for words in (["search", "x"], ["ask", "x"], ["pull", "https://example.com"]):
        done = articlebot(*words, "--since", day, cwd=tmp_path)
        assert (done.returncode, f"{day!r} is not a day such as 2026-01-31." in unboxed(done.stderr)) == (2, True)


@pytest.mark.parametrize(
    "since", ["yesterday", "xd", "-7d", "1.5d", "7", "7D", "99999999999d", "999999999d", "20260131", "2026-01-31T10:00"]
)
def test_a_report_starts_on_a_day_or_a_number_of_days_or_hours_ago(tmp_path: Path, since: str):
    done = articlebot("questions", "--since", since, cwd=tmp_path)
    assert done.returncode == 2
    assert f"{since!r} is neither a span such as 7d or 12h nor a day such as 2026-01-31." in unboxed(done.stderr)


def unboxed(text: str) -> str:
    """Return the words of an error message without the frame around them."""
    return " ".join(text.replace("│", " ").split())


def test_the_version_is_printed(tmp_path: Path):
    from bot import __version__

    assert articlebot("--version", cwd=tmp_path).stdout == f"articlebot {__version__}\n"


def test_no_command_is_longer_than_25_lines():
    from typer.main import get_command

    from bot.cli import cli

    verbs = dict(get_command(cli).commands)  # type: ignore[attr-defined]
    verbs |= verbs["questions"].commands
    lengths = {name: len(inspect.getsource(inspect.unwrap(verb.callback)).splitlines()) for name, verb in verbs.items()}
    assert {name: length for name, length in lengths.items() if length > 25} == {}


def test_the_entry_point_stops_with_the_message_of_a_build_that_fails(tmp_path: Path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "ARTICLEBOT_CORPUS": "none"}
    done = subprocess.run(
        [sys.executable, str(ROOT / "app.py")],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("articlebot: There is no corpus folder none: ")
    assert done.stderr.count("\n") == 1
