"""Corrections of an article's words in its file: what is found, what is written byte for byte, refused and undone."""

import re
from datetime import date
from pathlib import Path

import pytest
from articles import word_starts

from bot.corpus.article import Article
from bot.corpus.corpus import read_corpus
from bot.corpus.decisions.actions import correct
from bot.corpus.decisions.article_file import Excerpt, is_correctable, open_excerpt
from bot.corpus.decisions.history import in_force, read_history, undo
from bot.errors import CorpusError
from bot.passages import split_articles
from bot.serve.editor.diff_html import diff_html

TODAY = "2026-11-28"
BUY_OUT, LEAVE = "notice#faq-can-it-be-bought-out", "notice#faq-does-leave-count"
TEXT = """---
title: Notice period
updated: "2026-02-01"  # by Ravi
---

A **notice** period ends on the [last day](https://example.com/a_(b)) &amp; no later.

1. resign
1. wait

| who | days |
| --- | ---: |
| staff | 30 |

## FAQs

### Can it be bought out?

Yes.

### Does leave count?

Yes.
"""


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch):
    class Today(date):
        @classmethod
        def today(cls) -> date:
            return cls.fromisoformat(TODAY)

    monkeypatch.setattr("bot.corpus.decisions.article_file.date", Today)


def opened(folder: Path, ident: str) -> Excerpt:
    passages = split_articles(read_corpus(folder).articles, word_starts, 120)
    passage = next(each for each in passages if each.id == ident)
    return open_excerpt(folder, passage.article, passage.start, passage.end)


def saved(folder: Path, ident: str, words: str) -> None:
    correct(folder, opened(folder, ident), words, "about it", ident, who="Asha")


def corpus(folder: Path, text: str = TEXT, name: str = "notice.md") -> Path:
    (folder / name).write_bytes(text.encode())
    return folder / name


def test_a_passage_is_found_in_the_markdown_that_it_was_read_from(tmp_path: Path):
    corpus(tmp_path)
    excerpt = opened(tmp_path, "notice#section-opening-1")
    assert (excerpt.file, excerpt.line) == ("notice.md", 6)
    assert excerpt.words == TEXT[TEXT.index("A **notice") : TEXT.index("\n\n## FAQs")]


def test_words_that_stand_twice_are_opened_with_the_lines_that_tell_them_apart(tmp_path: Path):
    corpus(tmp_path)
    assert opened(tmp_path, BUY_OUT).words == "### Can it be bought out?\n\nYes."
    assert opened(tmp_path, LEAVE).words == "### Does leave count?\n\nYes."


def test_every_passage_of_the_shipped_articles_is_found_in_its_file():
    folder = Path(__file__).parents[1] / "corpus"
    articles = [article for article in read_corpus(folder).articles if is_correctable(article.source)]
    assert len(articles) > 150
    for passage in split_articles(articles, word_starts, 120):
        excerpt = open_excerpt(folder, passage.article, passage.start, passage.end)
        first, last = (re.findall(r"\w+", passage.text)[place] for place in (0, -1))
        assert first in excerpt.words.split("\n")[0]
        assert last in excerpt.words.split("\n")[-1]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte order mark"])
def test_only_the_words_and_the_day_of_the_update_change_and_undoing_restores_each_byte(
    tmp_path: Path, end: str, mark: str
):
    path = corpus(tmp_path, mark + TEXT.replace("\n", end))
    path.chmod(0o640)
    before = path.read_bytes()
    saved(tmp_path, LEAVE, "### Does leave count?\n\nOnly if agreed.\n\nAsk first.\n")
    expected = TEXT.replace("count?\n\nYes.", "count?\n\nOnly if agreed.\n\nAsk first.")
    expected = mark + expected.replace('"2026-02-01"  # by Ravi', f'"{TODAY}"  # by Ravi').replace("\n", end)
    assert path.read_bytes() == expected.encode()
    assert path.stat().st_mode & 0o777 == 0o640
    (decision,) = read_history(tmp_path)
    assert (decision.action, decision.who, decision.passage, decision.changes_index) == ("correct", "Asha", LEAVE, True)
    undone = undo(tmp_path, decision.id, who="Ravi")
    assert path.read_bytes() == before
    undo(tmp_path, undone.id)
    assert path.read_bytes() == expected.encode()
    assert in_force(read_history(tmp_path))[decision.id]
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


def test_lines_that_an_editor_leaves_keep_their_own_line_ends(tmp_path: Path):
    path = corpus(tmp_path, "# Notice\n\nOne line.\r\nAnother line.\nA third one.\n")
    saved(tmp_path, "notice#section-opening-1", "One line.\nAnother.\nA third one.")
    assert path.read_bytes() == b"# Notice\n\nOne line.\r\nAnother.\nA third one.\n"


def test_undoing_leaves_what_others_changed_since_and_dates_it_today(tmp_path: Path):
    path = corpus(tmp_path)
    saved(tmp_path, LEAVE, "### Does leave count?\n\nNo.")
    path.write_text(path.read_text(encoding="utf-8").replace("staff | 30", "staff | 60"), encoding="utf-8")
    undo(tmp_path, read_history(tmp_path)[0].id)
    expected = TEXT.replace("staff | 30", "staff | 60").replace("2026-02-01", TODAY)
    assert path.read_text(encoding="utf-8") == expected


def test_words_that_were_changed_since_are_not_undone(tmp_path: Path):
    path = corpus(tmp_path)
    saved(tmp_path, LEAVE, "### Does leave count?\n\nNo.")
    path.write_text(now := path.read_text(encoding="utf-8").replace("No.", "Never."), encoding="utf-8")
    with pytest.raises(CorpusError, match=r"notice\.md was changed since by other means: there is nothing left"):
        undo(tmp_path, read_history(tmp_path)[0].id)
    assert path.read_text(encoding="utf-8") == now


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("### Does leave count?\n\nYes.\n", "Nothing was changed yet"),
        (" \n", "No words are left: write what is true now"),
        ("### Does leave matter?\n\nYes.", r"notice\.md would lose the question 'Does leave count\?' or its answer"),
        ("### Does leave count?", r"notice\.md would lose the question 'Does leave count\?' or its answer"),
    ],
)
def test_a_correction_that_changes_nothing_or_loses_a_faq_is_refused(tmp_path: Path, words: str, message: str):
    path = corpus(tmp_path)
    with pytest.raises(CorpusError, match=message):
        saved(tmp_path, LEAVE, words)
    assert path.read_text(encoding="utf-8") == TEXT
    assert read_history(tmp_path) == []


def test_a_correction_that_loses_the_title_is_refused(tmp_path: Path):
    text = "Notice period\n\nIt runs for thirty days at most places.\n"
    path = corpus(tmp_path, text, "notice.txt")
    with pytest.raises(CorpusError, match=r"notice\.txt would lose its title 'Notice period'"):
        saved(tmp_path, "notice#section-opening-1", "It runs for\n\nPublished on 6 January 2026\n\nsixty days.")
    saved(tmp_path, "notice#section-opening-1", "It runs for sixty days at most places.")
    assert path.read_text(encoding="utf-8") == text.replace("thirty", "sixty")


def test_a_file_that_changed_since_it_was_opened_is_left_as_it_is(tmp_path: Path):
    path = corpus(tmp_path)
    excerpt = opened(tmp_path, LEAVE)
    path.write_text(other := TEXT.replace("30", "60"), encoding="utf-8")
    with pytest.raises(CorpusError, match=r"notice\.md was changed since you opened it: copy your words"):
        correct(tmp_path, excerpt, "### Does leave count?\n\nNo.", "it", LEAVE)
    assert path.read_text(encoding="utf-8") == other


@pytest.mark.parametrize(
    ("source", "advice"),
    [
        ("a.docx", "change them in Word or LibreOffice"), ("a/b.xlsx", "change their row in Excel or LibreOffice"),
        ("pulled/a.html", "change them on the website that it came from"), ("../a.md", "change them on the website"),
        ("written-faqs.csv", "change the FAQ under Write FAQs"), ("faqs.csv", "change their row in a spreadsheet"),
    ],
)  # fmt: skip
def test_of_other_formats_one_sentence_says_what_to_change(tmp_path: Path, source: str, advice: str):
    with pytest.raises(CorpusError, match=f"These words are in {re.escape(source)}: {advice}.*, and publish"):
        open_excerpt(tmp_path, Article("a", source, "A", "Words."), 0, 6)


def test_words_that_the_file_does_not_hold_and_other_encodings_are_refused(tmp_path: Path):
    corpus(tmp_path)
    with pytest.raises(CorpusError, match=r"notice\.md does not hold these words once and in one piece: publish first"):
        open_excerpt(tmp_path, Article("a", "notice.md", "A", "Other words."), 0, 12)
    (tmp_path / "old.md").write_bytes("Caf\xe9".encode("cp1252"))
    with pytest.raises(CorpusError, match=r"old\.md is not in UTF-8: save it so"):
        open_excerpt(tmp_path, Article("a", "old.md", "A", "Café"), 0, 4)


def test_a_difference_shows_signs_the_lines_around_and_the_changed_words():
    old = "one\ntwo\nthree\nfour <b>\nfive days\nsix"
    shown = diff_html(old, old.replace("five days", "ten days\nand <more>"))
    lines = re.findall(r'<div class="(\w+)"><span class="sign">([^<]*)</span><\w+>(.*?)</\w+></div>', shown)
    assert lines == [
        ("span", "&nbsp;", "three"),
        ("span", "&nbsp;", "four &lt;b&gt;"),
        ("del", "-", "<b>five</b> days"),
        ("ins", "+", "<b>ten</b> days"),
        ("ins", "+", "<b>and &lt;more&gt;</b>"),
        ("span", "&nbsp;", "six"),
    ]
    assert diff_html(old, old) == ""
