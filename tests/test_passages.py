"""Splitting articles into passages."""

import re
from pathlib import Path

from articles import word_starts
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.alternates import Placement
from bot.corpus import Article, read_corpus
from bot.corpus.formats.markdown import read as read_markdown
from bot.corpus.outline import outline
from bot.passages import Passage, context, split_articles


def split(text: str, limit: int = 12) -> list[Passage]:
    (article,) = read_markdown(f"---\ntitle: T\n---\n{text}", "t.md")
    assert isinstance(article, Article)
    return list(split_articles([article], word_starts, limit))


def test_every_passage_is_a_literal_span_of_its_article(corpus: Path):
    passages = list(split_articles(read_corpus(corpus).articles, word_starts, 20))
    assert len(passages) == 6
    for passage in passages:
        assert passage.article.text[passage.start : passage.end] == passage.text != ""


def test_a_faq_of_any_length_is_one_passage():
    (passage,) = split(f"## FAQs\n\n### Why?\n\n{'Because. ' * 100}")
    assert (passage.kind, passage.question, passage.section) == ("faq", "Why?", ("FAQs",))
    assert passage.text == ("Because. " * 100).strip()


def test_a_section_is_cut_between_paragraphs_first():
    passages = split("## A\n\none two three four five six\n\nseven eight nine\n\nten eleven twelve thirteen")
    assert [passage.text for passage in passages] == [
        "one two three four five six\n\nseven eight nine",
        "ten eleven twelve thirteen",
    ]


def test_a_paragraph_that_is_too_long_is_cut_between_sentences():
    passages = split(
        "## A\n\nOne is two or three. Dr. Rao pays Rs. 5 a day for it. Four is five, e.g. six seven eight."
    )
    assert [passage.text for passage in passages] == [
        "One is two or three.",
        "Dr. Rao pays Rs. 5 a day for it.",
        "Four is five, e.g. six seven eight.",
    ]


def test_a_sentence_that_is_too_long_is_cut_between_words():
    assert [passage.text for passage in split("## A\n\n" + "w " * 25)] == [
        " ".join(["w"] * 10),
        " ".join(["w"] * 10),
        " ".join(["w"] * 5),
    ]


def test_a_list_stays_with_the_line_that_introduces_it():
    passages = split("## A\n\nnothing much is said here at all\n\nBring:\n\n- one\n- two")
    assert [passage.text for passage in passages] == ["nothing much is said here at all", "Bring:\n\n- one\n- two"]


def test_a_long_table_is_cut_between_rows():
    rows = "\n".join(f"| r{n} | v{n} |" for n in range(4))
    passages = split(f"## A\n\n| k | v |\n| --- | --- |\n{rows}", 24)
    assert [(passage.text, context(passage)) for passage in passages] == [
        ("| k | v |\n| --- | --- |\n| r0 | v0 |\n| r1 | v1 |", "T: A"),
        ("| r2 | v2 |\n| r3 | v3 |", "T: A: k, v"),
    ]


def test_each_part_of_a_table_names_the_columns_and_keeps_to_the_limit():
    rows = "\n".join(f"| r{n} | v{n} |" for n in range(9))
    for limit in (12, 20, 24, 30):
        passages = split(f"## A\n\nFees:\n\n| k \\| 1 |  |\n| --- | --- |\n{rows}\n\nEnd of it.", limit)
        parts = [passage for passage in passages if passage.text.startswith("| r")]
        assert parts
        assert {context(part) for part in parts} == {"T: A: k \\| 1"}
        assert all(part.text.count("\n") == 0 or len(part.text.split()) + 6 <= limit for part in parts)
        assert context(passages[0]) == "T: A"


def test_text_below_a_table_and_a_table_in_a_faq_have_no_header_of_it():
    *_, text, faq = split(
        "## A\n\n| k | v |\n| --- | --- |\n| a | b |\n\nx | y z\n\n## FAQs\n\n### Q?\n\n| k |\n|---|\n| a |"
    )
    assert (text.text, context(text), context(faq)) == ("x | y z", "T: A", "Q?")


def test_ids_name_article_and_heading_and_differ():
    passages = split(
        "## Who pays?\n\na b c d e f g h i\n\nj k l\n\n## FAQs\n\n### Is it so?\n\nYes.\n\n### Is it so?\n\nNo."
    )
    assert [passage.id for passage in passages] == [
        "t#section-who-pays-1",
        "t#section-who-pays-2",
        "t#faq-is-it-so",
        "t#faq-is-it-so-2",
    ]


def test_the_ids_of_equal_questions_differ_from_one_that_ends_in_a_number():
    *_, first, second, third = split(
        "## FAQs\n\n### The fee?\n\nTen.\n\n### The fee?\n\nTwenty.\n\n### The fee 2?\n\nThirty."
    )
    assert [one.id for one in (first, second, third)] == ["t#faq-the-fee", "t#faq-the-fee-2", "t#faq-the-fee-2-2"]


def test_the_context_is_the_question_or_the_headings():
    section, faq = split("## A\n\n### B\n\ntext\n\n## FAQs\n\n### Q?\n\nYes.")
    assert (context(section), context(faq)) == ("T: A: B", "Q?")


def test_the_headings_inside_a_marked_answer_are_part_of_the_faq_alone():
    article = next(
        iter(
            read_markdown(
                "Hi.\n\n<details><summary>Who pays?</summary>\n\n#### By law\n\nThe firm.\n\n#### Else\n\nYou.\n\n"
                "</details>\n\nBye.",
                "t.md",
            )
        )
    )
    passages = list(split_articles([article], word_starts, 99))
    assert [(passage.kind, passage.section, passage.text) for passage in passages] == [
        ("section", (), "Hi."),
        ("faq", (), "#### By law\n\nThe firm.\n\n#### Else\n\nYou."),
        ("section", (), "Bye."),
    ]


def placed(corpus: Path, rows: str) -> tuple[dict[str, tuple[str, ...]], list[tuple[int | None, str, str]]]:
    """Return the passages with alternates, those that were followed included, and the notes on the rows."""
    (corpus / "alternates.csv").write_text(f"question,passage\n{rows}", encoding="utf-8")
    read = read_corpus(corpus)
    placement = Placement(read.alternates)
    passages = list(placement.add_to(split_articles(read.articles, word_starts, 50)))
    found = {passage.id: passage.alternates for passage in passages if passage.alternates}
    for number, question in placement.follow():
        found[passages[number].id] = (*found.get(passages[number].id, ()), question)
    return found, [(note.line, note.kind, note.reason) for note in placement.notes]


def test_an_alternate_is_added_to_its_passage_and_one_without_a_passage_is_refused(corpus: Path):
    rows = "pf who pays,gratuity#faq-who-pays-gratuity\nx,gratuity#faq-none\ny,gratuity#section-opening-1\n"
    assert placed(corpus, rows) == (
        {"gratuity#faq-who-pays-gratuity": ("pf who pays",), "gratuity#section-opening-1": ("y",)},
        [(3, "refused", "the passage 'gratuity#faq-none' does not exist")],
    )


def followed(line: int, before: str, now: str) -> tuple[int, str, str]:
    return line, "followed", f"the passage {before!r} is {now!r} now, and is followed: write that id in the row"


def test_an_alternate_follows_its_faq_into_another_file_or_address(corpus: Path):
    (corpus / "table.csv").write_text("question,answer\nWho opens a locker?,The manager does.\n", encoding="utf-8")
    rows = "open it,lockers#faq-who-opens-a-locker\ngiver,pay/old#faq-who-pays-gratuity\nx,pay/old#section-opening-1\n"
    locker = "table/who-opens-a-locker#faq-who-opens-a-locker"
    assert placed(corpus, rows) == (
        {locker: ("open it",), "gratuity#faq-who-pays-gratuity": ("giver",)},
        [
            followed(2, "lockers#faq-who-opens-a-locker", locker),
            followed(3, "pay/old#faq-who-pays-gratuity", "gratuity#faq-who-pays-gratuity"),
            (4, "refused", "the passage 'pay/old#section-opening-1' does not exist"),
        ],
    )


def test_an_alternate_follows_the_permalink_of_its_article_but_never_one_of_several(corpus: Path):
    for name, site in (("one", "example.com"), ("two", "example.org")):
        text = (
            f"---\nurl: https://{site}/{name}/\n---\nOn {name}.\n\n## FAQs\n\n### What is the fee?\n\nIt is {name}.\n"
        )
        (corpus / f"{name}.md").write_text(text, encoding="utf-8")
    rows = "a,one#faq-what-is-the-fee\nb,two#section-opening-1\nc,three#faq-what-is-the-fee\n"
    unclear = "the passage 'three#faq-what-is-the-fee' does not exist, and several have its address or question"
    assert placed(corpus, rows) == (
        {"example.com/one#faq-what-is-the-fee": ("a",), "example.org/two#section-opening-1": ("b",)},
        [
            followed(2, "one#faq-what-is-the-fee", "example.com/one#faq-what-is-the-fee"),
            followed(3, "two#section-opening-1", "example.org/two#section-opening-1"),
            (4, "refused", f"{unclear}: write the id of one"),
        ],
    )


BLOCK = st.sampled_from(
    [
        "para one. And two!",
        "## Head",
        "### Sub",
        "- a\n- b",
        "| a | b |\n| --- | --- |\n| 1 | 2 |",
        "Intro:",
        "x " * 30,
        "## FAQs",
        "### Why?",
    ]
)


def separated(blocks: list[str]) -> str:
    """Return the blocks as a text in which no two questions are the same, as duplicate FAQs become one passage."""
    return "\n\n".join(
        f"{block.rstrip('?')} {n}?" if block.startswith("###") else block for n, block in enumerate(blocks)
    )


@given(st.lists(BLOCK, min_size=1, max_size=12).map(separated), st.integers(8, 40))
@settings(deadline=None)
def test_passages_of_any_article_are_literal_within_the_limit_and_lose_no_word(text, limit):
    found = [article for article in read_markdown(text, "t.md") if isinstance(article, Article)]
    for article in found:
        # A FAQ that an article has twice becomes one passage.
        assume(len(article.faqs) == len(outline(article.text).faqs))
        passages = list(split_articles([article], word_starts, limit))
        assert len({passage.id for passage in passages}) == len(passages)
        assert all(
            len(p.text.split()) + len(context(p).split()) <= max(limit, limit // 3 + len(context(p).split()))
            for p in passages
            if p.kind == "section" and not re.fullmatch(r"\|[^\n]*", p.text)  # a row, below the names of its columns
        )
        words = " ".join(passage.text for passage in passages).split()
        expected = [line for line in article.text.splitlines() if not line.startswith("#")]
        assert words == " ".join(expected).split()


def test_an_article_without_words_has_no_passage():
    assert split("## Only a heading") == []


def test_sentences_list_items_and_table_rows_can_be_quoted():
    text = """One thing. Another thing!

Bring these:

- a photo
- a pen

1. Log in. Wait.
2. Print.

| Form | Use |
| --- | --- |
| 31 | advance |

Done?"""
    (passage,) = split(f"## A\n\n{text}", 200)
    assert [passage.article.text[start:end] for start, end in passage.sentences] == [
        "One thing.",
        "Another thing!",
        "Bring these:",
        "- a photo",
        "- a pen",
        "1. Log in. Wait.",
        "2. Print.",
        "| Form | Use |",
        "| --- | --- |",
        "| 31 | advance |",
        "Done?",
    ]


def test_a_list_is_cut_between_items_before_one_is_cut():
    passages = split("## A\n\n1. One two three. Four five six.\n2. Seven eight. Nine ten eleven.\n3. Twelve.", 11)
    assert [passage.text for passage in passages] == [
        "1. One two three. Four five six.",
        "2. Seven eight. Nine ten eleven.\n3. Twelve.",
    ]


def test_a_list_of_sources_at_the_end_is_no_passage():
    article = "# Pay\n\nPay is due on the 7th.\n\n## {}\n\nCode on Wages, section 17.{}"
    shown = {
        title: [passage.text for passage in split(article.format(title, more), 50)]
        for title, more in {
            "References": "",
            "स्रोत:": "",
            "Ask for references": "",
            "Sources": "\n\n## End\n\nLast.",
        }.items()
    }
    assert shown["References"] == shown["स्रोत:"] == ["Pay is due on the 7th."]
    assert shown["Ask for references"] == ["Pay is due on the 7th.", "Code on Wages, section 17."]
    assert "Code on Wages, section 17." in shown["Sources"]
    assert [passage.text for passage in split("## Sources\n\nOnly this.", 50)] == ["Only this."]
