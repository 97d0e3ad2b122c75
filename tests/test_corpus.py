"""Reading the files of a corpus."""

from contextlib import suppress
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from articles import word_starts
from hypothesis import given
from hypothesis import strategies as st

from bot.corpus import Alternate, Article, FolderSource, Refused, corpus_digest, read_corpus
from bot.corpus.article import slug
from bot.corpus.corpus import FORMATS
from bot.corpus.fields import parse_date
from bot.corpus.formats.jsonl import read as read_jsonl
from bot.corpus.formats.markdown import markdown_to_plain_form
from bot.corpus.formats.markdown import read as read_markdown
from bot.corpus.formats.plaintext import read as read_plaintext
from bot.corpus.outline import is_faq_title, outline
from bot.corpus.refused import Unreadable, by_kind
from bot.errors import CorpusError
from bot.passages import split_articles

PAGE_DUMP = (Path(__file__).parent / "data" / "page_dump.txt").read_text(encoding="utf-8")


def only(items) -> Article:
    (article,) = items
    assert isinstance(article, Article)
    return article


def answers(article: Article) -> dict[str, str]:
    return {faq.question: article.text[faq.start : faq.end] for faq in article.faqs}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("What's a CTC?", "whats-a-ctc"),
        ("नोटिस पीरियड कितना?", "नोटिस-पीरियड-कितना"),
        ("PF – 3(a)", "pf-3-a"),
        ("!!", ""),
    ],
)
def test_a_slug_keeps_letters_and_digits_of_any_script(words, expected):
    assert slug(words) == expected


def test_sections_and_faqs_are_read_from_headings():
    text = (
        "Open.\n\n## A\n\nAlpha.\n\n### B\n\nBeta.\n\n## FAQs\n\nIntro.\n\n### Q1?\n\nOne.\n\n#### Detail\n\n"
        "Two.\n\n### Q2?\n\nThree.\n\n## After\n\nEnd."
    )
    found = outline(text)
    assert [(s.path, text[s.start : s.end]) for s in found.sections] == [
        ((), "Open."),
        (("A",), "Alpha."),
        (("A", "B"), "Beta."),
        (("FAQs",), "Intro."),
        (("After",), "End."),
    ]
    assert [(f.question, f.section, text[f.start : f.end]) for f in found.faqs] == [
        ("Q1?", ("FAQs",), "One.\n\n#### Detail\n\nTwo."),
        ("Q2?", ("FAQs",), "Three."),
    ]


def test_a_heading_above_questions_in_a_list_of_faqs_is_a_group():
    found = outline(
        "## FAQs\n\n### For firms\n\nAll sizes.\n\n#### Who pays?\n\nYou.\n\n#### When?\n\nMonthly.\n\n### "
        "Documents\n\nNone."
    )
    assert [(faq.question, faq.section) for faq in found.faqs] == [
        ("Who pays?", ("FAQs", "For firms")), ("When?", ("FAQs", "For firms")), ("Documents", ("FAQs",)),
    ]  # fmt: skip
    assert [section.path for section in found.sections] == [("FAQs", "For firms")]


@pytest.mark.parametrize(
    "closing",
    [
        "For more information, contact the office.", "Contact us for more.",
        "Still have questions? Write to hr@example.com.", "In conclusion, a notice period protects both.",
        "Disclaimer: this is no legal advice.", "We hope this helps.", "Share this with your friends.",
        "If you have any other queries, leave a comment.", "---\n\nThe desk, Pune",
        "Also read: Gratuity", "Please share it with your friends.", "Follow us on Telegram",
        "Sources: the Act of 1972", "Last updated on 3 March 2026",
    ],
)  # fmt: skip
def test_the_last_answer_of_a_list_ends_where_the_page_closes(closing: str):
    found = outline(
        text := (
            "## Leave\n\nTen days.\n\n## FAQs\n\n### Who pays?\n\nThe firm.\n\nFor help, ask HR.\n\n### When?\n\n"
            f"Monthly.\n\n- In full.\n\n{closing}"
        )
    )
    assert [text[faq.start : faq.end] for faq in found.faqs] == [
        "The firm.\n\nFor help, ask HR.",
        "Monthly.\n\n- In full.",
    ]
    assert [(section.path, text[section.start : section.end]) for section in found.sections][1:] == [((), closing)]


def test_a_closing_phrase_before_another_question_belongs_to_the_answer():
    found = outline(
        text := (
            "## FAQs\n\n### Who helps?\n\nThe office.\n\nContact us by mail.\n\n### When?\n\nContact us in the "
            "morning.\n\nFollow the steps below."
        )
    )
    assert [text[faq.start : faq.end] for faq in found.faqs] == [
        "The office.\n\nContact us by mail.",
        "Contact us in the morning.\n\nFollow the steps below.",
    ]


def test_the_last_labelled_answer_ends_where_the_page_closes():
    article = only(read_markdown("Q: Who pays?\n\nA: The firm.\n\nAll of it.\n\nWe hope this helps.", "a.md"))
    assert answers(article) == {"Who pays?": "The firm.\n\nAll of it."}


def test_a_markdown_rule_ends_a_list_of_faqs_and_is_dropped_elsewhere():
    article = only(
        read_markdown(
            (
                "One.\n\n---\n\nTwo.\n\n## FAQs\n\n### Who pays?\n\nThe firm.\n\n***\n\n### When?\n\nMonthly.\n\n"
                "***\n\n"
                "The desk."
            ),
            "a.md",
        )
    )
    assert answers(article) == {"Who pays?": "The firm.", "When?": "Monthly."}
    assert [p.text for p in split_articles([article], word_starts, 99)] == [
        "One.\n\nTwo.",
        "The firm.",
        "Monthly.",
        "---\n\nThe desk.",
    ]


def test_a_question_without_an_answer_is_listed_as_unanswered():
    assert outline("## FAQs\n\n### Lost?\n\n### Found?\n\nYes.").unanswered == ("Lost?",)


def test_a_hash_inside_a_code_fence_is_not_a_heading():
    assert outline("## A\n\n```\n# not one\n```\n").sections[0].path == ("A",)
    assert len(outline("## A\n\n```\n# not one\n```\n").sections) == 1


@pytest.mark.parametrize("title", ["FAQs", "Frequently asked questions", "PF withdrawal FAQs", "Questions and answers"])
def test_headings_that_announce_faqs(title):
    assert is_faq_title(title)


@pytest.mark.parametrize("title", ["What are FAQs?", "Who asks questions", "Interview"])
def test_headings_that_do_not_announce_faqs(title):
    assert not is_faq_title(title)


@given(st.text(alphabet="#\n FAQs?ab`~", max_size=200))
def test_an_outline_never_overlaps_and_never_fails(text):
    found = outline(text)
    spans = sorted((part.start, part.end) for part in (*found.sections, *found.faqs))
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    assert all(text[start:end].strip() == text[start:end] != "" for start, end in spans)


def test_markdown_becomes_words_in_blocks():
    source = (
        "# Title\n\nA **bold** [link](https://x.test) and `code`.\nSame paragraph.\n\n* one\n* two\n  1. deep\n\n3. "
        "three\n4. four\n\n"
        "| a | b |\n|---|---|\n| **1** | x \\| y |\n\n> said\n\nSetext\n------\n\n<!-- hidden -->\n\n<div>A &amp; "
        "B</div>\n\n![alt](pic.png)\n\n```py\n# code\n```"
    )
    text = (
        "A bold link and code. Same paragraph.\n\n- one\n- two\n  1. deep\n\n3. three\n4. four\n\n"
        "| a | b |\n| --- | --- |\n| 1 | x \\| y |\n\n> said\n\n## Setext\n\nA & B\n\n```\n# code\n```"
    )
    title, form = markdown_to_plain_form(source)
    assert (title, form.text) == ("Title", text)


def test_an_accordion_in_markdown_is_a_faq_and_does_not_swallow_the_text_after_it():
    article = only(
        read_markdown(
            "Intro.\n\n<details>\n<summary>Is it **free**?</summary>\n\nYes, *always*.\n\n</details>\n\nOutro.", "a.md"
        )
    )
    assert answers(article) == {"Is it **free**?": "Yes, always."}
    assert [p.text for p in split_articles([article], word_starts, 99)] == ["Intro.", "Yes, always.", "Outro."]


@pytest.mark.parametrize(
    "labels", [("Q:", "A:"), ("Q1.", "A1."), ("Question:", "Answer:"), ("**Q:**", "**A:**"), ("q.", "ans.")]
)
@pytest.mark.parametrize("between", ["\n", "\n\n"])
def test_labelled_questions_and_answers_are_faqs(labels: tuple[str, str], between: str):
    q, a = labels
    body = (
        f"Before.\n\n{q} Who pays?{between}{a} The firm.\n\nAll of it.\n\n{q} When?{between}{a} Monthly.\n\n## "
        "After\n\nEnd."
    )
    article = only(read_markdown(body, "a.md"))
    assert answers(article) == {"Who pays?": "The firm.\n\nAll of it.", "When?": "Monthly."}
    assert [p.text for p in split_articles([article], word_starts, 99) if p.kind == "section"] == ["Before.", "End."]


def test_microdata_questions_inside_markdown_are_faqs():
    markup = (
        '<div itemscope itemtype="http://schema.org/Question">\n<h2 itemprop="name">Who pays?</h2>\n<div '
        'itemprop="acceptedAnswer" itemscope '
        'itemtype="http://schema.org/Answer">\n<div itemprop="text">\n\nThe **firm**.\n\n</div></div></div>\n\nAfter.'
    )
    article = only(read_markdown(markup, "a.md"))
    assert answers(article) == {"Who pays?": "The firm."}
    assert [p.text for p in split_articles([article], word_starts, 99)] == ["The firm.", "After."]


@pytest.mark.parametrize(
    "body",
    ["**Who pays?**\n\nThe firm.\n\n**When?**\n\nMonthly.", "**Who pays?**<br>The firm.\n\n**When?**\\\nMonthly."],
)
def test_bold_questions_below_a_faq_heading_are_faqs(body: str):
    assert answers(only(read_markdown(f"Hi.\n\n## FAQs\n\n{body}", "a.md"))) == {
        "Who pays?": "The firm.",
        "When?": "Monthly.",
    }


def test_toml_front_matter_and_mdx_are_read():
    article = only(
        read_markdown(
            (
                '+++\ntitle = "T"\ndate = 2026-01-02\n+++\nimport X from "./x"\n\n{/* note */}\n\n<X kind="tip">Mind '
                "this.</X>\n"
            ),
            "a.mdx",
        )
    )
    assert (article.title, article.published, article.text) == ("T", date(2026, 1, 2), "Mind this.")


def test_front_matter_fills_the_article(corpus: Path):
    article = next(a for a in read_corpus(corpus).articles if a.id == "notice-period")
    assert (article.title, article.source, article.category) == ("Notice period", "notice.md", "HRM")
    assert (article.published, article.updated) == (date(2026, 1, 5), date(2026, 2, 1))
    assert (article.url, article.related) == ("https://example.com/notice-period/", ("gratuity",))
    assert (
        answers(article)["Can a notice period be bought out?"]
        == "Yes, when the contract allows it and the employer agrees."
    )


def test_the_id_comes_from_the_permalink_and_not_from_the_file_name(corpus: Path):
    (corpus / "notice.md").rename(corpus / "renamed.md")
    assert [article.id for article in read_corpus(corpus).articles] == ["gratuity", "notice-period"]


@pytest.mark.parametrize("name", ["lastmod", "last_modified_at", "lastupdate", "updatedDate", "Modified"])
def test_dates_in_the_front_matter_of_other_site_generators_are_read(name: str):
    article = only(read_markdown(f"---\ntitle: A\npubDate: 2026-01-02\n{name}: 2026-3-4\n---\nText", "a.md"))
    assert (article.published, article.updated) == (date(2026, 1, 2), date(2026, 3, 4))


def test_unknown_front_matter_fields_are_ignored():
    assert only(read_markdown("---\n5: x\ncontent: y\nhandler: z\ntitle: A\n---\nText", "a.md")).title == "A"


@pytest.mark.parametrize("field", ["draft: true", "published: false"])
def test_a_draft_is_not_read(field: str):
    with pytest.raises(Unreadable, match="marked as a draft in its front matter"):
        list(read_markdown(f"---\ntitle: A\n{field}\n---\nText", "a.md"))


def test_published_true_and_the_nested_date_of_docusaurus_are_read():
    assert only(read_markdown("---\ntitle: A\npublished: true\n---\nText", "a.md")).published is None
    nested = "---\ntitle: A\nlast_update:\n  date: 2024-01-02\n  author: x\n---\nText"
    assert only(read_markdown(nested, "a.md")).updated == date(2024, 1, 2)


def test_words_between_two_rules_at_the_top_are_text():
    article = only(read_markdown("---\n\nThe office opens at nine.\n\n---\n\nIt closes at six.", "a.md"))
    assert "The office opens at nine." in article.text
    assert "It closes at six." in article.text


def test_text_below_an_html_tag_is_markdown_and_code_stays_code():
    text = (
        "<div class='box'>\nThe **firm** pays:\n- [monthly](/m)\n</div>\n<h4>When</h4>\nAt the *end*.\n\n<pre>\n<p>"
        "x</p>\n**y**\n</pre>\n\n```\n</div>\n**z**\n```"
    )
    assert (
        markdown_to_plain_form(text)[1].text
        == "The firm pays:\n\n- monthly\n\n#### When\n\nAt the end.\n\n```\nx\n**y**\n```\n\n```\n</div>\n**z**\n```"
    )


def test_indented_html_inside_an_element_is_not_a_code_block():
    assert (
        markdown_to_plain_form(
            "<div>\n  <h3>A</h3>\n\n    <ul>\n      <li>one</li>\n    </ul>\n</div>\n\n    <b>code</b>"
        )[1].text
        == "### A\n\n- one\n\n```\n<b>code</b>\n```"
    )


def test_template_tags_on_lines_of_their_own_are_removed():
    text = (
        '{% include "nav.html" %}\n\nOne.\n{: .lead}\n\n{{< figure src="a.png" >}}\n\nUse {{ name }} here.\n\n```\n'
        "{% raw %}\n```"
    )
    assert markdown_to_plain_form(text)[1].text == "One.\n\nUse {{ name }} here.\n\n```\n{% raw %}\n```"


def test_without_front_matter_the_heading_is_the_title_and_the_path_the_id():
    article = only(read_markdown("# Leave rules\n\nText.", "hr/leave.md"))
    assert (article.title, article.id, article.text) == ("Leave rules", "hr/leave", "Text.")


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        (
            "---\ntitle: A\ntags: b: c\n---\nText",
            3,
            "front matter: a colon within a value: put the value in quotes, or check the indentation",
        ),
        ("---\ntitle: A\ndate: soon\n---\nText", 3, "date should be a date like 2025-10-09, not 'soon'"),
        ("---\ntitle: A\ntags: {a: 1}\n---\nText", 3, "tags should be a list of words, not {'a': 1}"),
        ("---\ntitle: A\n---\n", None, "no text below the front matter"),
    ],
)
def test_an_unreadable_file_is_refused_with_line_and_reason(content, line, reason):
    with pytest.raises(Unreadable) as caught:
        list(read_markdown(content, "a.md"))
    assert (caught.value.line, str(caught.value)) == (line, reason)


def test_a_faq_without_an_answer_is_refused_and_the_rest_is_read():
    article, refused = read_markdown("Hi.\n\n## FAQs\n\n### Lost?\n\n### Found?\n\nYes.", "a.md")
    assert isinstance(article, Article)
    assert answers(article) == {"Found?": "Yes."}
    assert refused == Refused("a.md", 5, "the question 'Lost?' has no answer")


@pytest.mark.parametrize(
    "words",
    [
        "2026-03-04",
        "March 4, 2026 9:15 AM",
        "4 Mar 2026",
        "4/3/2026",
        "2026-03-04T10:00:00+05:30",
        "2026-3-4",
        "2026/03/04",
    ],
)
def test_dates_are_read_day_first_unless_the_year_comes_first(words):
    assert parse_date("date", words) == date(2026, 3, 4)


@pytest.mark.parametrize("words", ["2026", "March 2026", "Monday", "31/31/2026", ""])
def test_an_incomplete_date_is_refused(words):
    with pytest.raises(Unreadable, match="date should be a date"):
        parse_date("date", words)


def test_a_page_dump_is_read_without_the_page_around_its_article():
    article = only(read_plaintext(PAGE_DUMP, "bonafide.txt"))
    assert (article.title, article.published, article.updated) == (
        "What is a bonafide letter?",
        date(2026, 3, 3),
        date(2026, 4, 12),
    )
    assert answers(article) == {
        "Who signs a bonafide letter?": "The head of the institution or an HR manager signs it, with a stamp.",
        "How long is a bonafide letter valid?": "It carries a date; most offices accept it for three to six months.",
    }
    assert [section.path for section in outline(article.text).sections] == [
        ("Meaning",),
        ("Who Asks For It", "Banks"),
        ("Who Asks For It", "Embassies"),
        ("Points to Remember", "Banks"),
        ("Points to Remember", "Embassies"),
    ]
    assert "It usually names:\n\n- The person's full name\n- The post or course\n- The dates" in article.text
    assert article.related == ("What is a service certificate?",)
    for noise in ("Northside", "Advertisement", "Published", "WhatsApp", "Join", "service certificate", "Comment"):
        assert noise not in article.text


def test_a_related_post_named_by_title_becomes_its_id(tmp_path: Path):
    (tmp_path / "bonafide.txt").write_text(PAGE_DUMP, encoding="utf-8")
    (tmp_path / "service.md").write_text(
        "---\ntitle: What is a service certificate?\n---\nIt lists posts.", encoding="utf-8"
    )
    assert read_corpus(tmp_path).articles[0].related == ("service",)


def test_lines_that_most_dumps_share_belong_to_their_site(tmp_path: Path):
    for n, name in enumerate(["Alpha", "Beta", "Gamma", "Delta"]):
        page = (
            f"Home Jobs Letters\n\n{name} letter\n\nPublished On: March {n + 1}, 2026\n{name} letter\n\nThe {name} "
            "text says something.\n\n"
        )
        page += (
            f"Call our helpline for free advice today.\n\nSummary\n\n{name} ends here.\n\nFAQs\n\nWhat is {name}"
            f"?\n\nA letter named {name}.\n\nSite by Northside\n"
        )
        (tmp_path / f"{name}.txt").write_text(page, encoding="utf-8")
    for article in read_corpus(tmp_path).articles:
        name = article.title.split()[0]
        assert article.text == (
            f"The {name} text says something.\n\n## Summary\n\n{name} ends here.\n\n## FAQs\n\n### What is {name}"
            f"?\n\nA letter named {name}."
        )


def test_the_same_text_at_two_addresses_is_one_article_with_both_addresses(tmp_path: Path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.md").write_text(
            f"---\ntitle: T\nurl: https://example.com/{name}/\n---\nThe same text.", encoding="utf-8"
        )
    read = read_corpus(tmp_path)
    assert [(article.id, article.also_at) for article in read.articles] == [("a", ("https://example.com/b/",))]
    assert read.refused == (
        Refused("b.md", None, "'T' has the same text as 'a': indexed once, with both addresses", "merged"),
    )


def test_a_plain_text_file_keeps_its_words_and_lists():
    article = only(
        read_plaintext("Leave rules\n\nTwelve days a year.\n\nCarry over\n\n- half\n- by March\n", "leave.txt")
    )
    assert (article.title, article.text) == (
        "Leave rules",
        "Twelve days a year.\n\n## Carry over\n\n- half\n- by March",
    )


@pytest.mark.parametrize(
    ("content", "text", "updated"),
    [
        ("Leave\n\nUpdated in 2024, the policy gives 30 days.\n\nThe rest expires.",
         "Updated in 2024, the policy gives 30 days.\n\nThe rest expires.", None),
        ("Leave\n\nEvery employee gets 30 days.\n\nLast updated: 3 March 2024",
         "Every employee gets 30 days.", date(2024, 3, 3)),
        ("Leave\n\nShare your details with the leader of your group.\nJoin our WhatsApp channel",
         "Share your details with the leader of your group.", None),
    ],
)  # fmt: skip
def test_only_dates_and_share_prompts_are_left_out_of_plain_text(content: str, text: str, updated: date | None):
    article = only(read_plaintext(content, "leave.txt"))
    assert (article.title, article.text, article.updated) == ("Leave", text, updated)


def test_a_number_that_is_too_long_refuses_its_line_alone():
    lines = ["{}", '{"title": "A", "text": "Nine.", "n": ' + "1" * 5000 + "}", '{"title": "B", "text": "Ten."}']
    *refused, article = read_jsonl("\n".join(lines[1:]), "a.jsonl")
    assert ([one.line for one in refused], article.title) == ([1], "B")


def test_json_lines_hold_articles_and_faqs():
    lines = (
        '{"id": "a1", "title": "Payslip", "text": "Intro.\\n\\n# Parts\\n\\nBasic pay.", "published": "2026-01-01", '
        '"faqs": [{"question": "Is it proof?", "answer": "Yes.", "alternates": ["proof of income"]}]}\n\n'
        '{"id": "f1", "question": "What is CTC?", "answer": "Cost to company.", "alternates": ["ctc meaning"], '
        '"category": "HRM", "url": "https://example.com/x/"}\n'
    )
    page, row = read_jsonl(lines, "set.jsonl")
    assert isinstance(page, Article)
    assert isinstance(row, Article)
    assert (page.id, page.text, page.published) == (
        "a1",
        "Intro.\n\n# Parts\n\nBasic pay.\n\n## FAQs\n\n### Is it proof?\n\nYes.",
        date(2026, 1, 1),
    )
    assert answers(page) == {"Is it proof?": "Yes."}
    assert page.faqs[0].alternates == ("proof of income",)
    assert (row.id, row.title, row.text, row.category) == ("f1", "What is CTC?", "Cost to company.", "HRM")
    assert (answers(row), row.faqs[0].alternates) == ({"What is CTC?": "Cost to company."}, ("ctc meaning",))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id": "x", "question": "Why?"}', "a FAQ without an answer"),
        ('{"id": "x", "answer": "So."}', "a FAQ without a question"),
        ('{"id": "x", "title": "T"}', "no text and no faqs: nothing to answer from"),
        ('{"id": "x", "text": 5}', "text should be text, not 5"),
        ("[1]", "should be an object in braces"),
        ('{"id": "x", "text": "t", "faqs": "no"}', "faqs should be a list of objects with question and answer"),
    ],
)
def test_an_unreadable_json_line_is_refused_and_the_next_is_read(line, reason):
    refused, article = read_jsonl(line + '\n{"id": "ok", "text": "Fine."}', "set.jsonl")
    assert refused == Refused("set.jsonl", 1, reason)
    assert isinstance(article, Article)
    assert article.id == "ok"


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(content):
    for read in (read_markdown, read_plaintext, read_jsonl):
        with suppress(Unreadable):
            for item in read(content, "a.x"):
                assert isinstance(item, (Article, Refused))


TAKEN = "'again': the same address as an article in gratuity.md; that one is read"


def test_one_bad_file_never_stops_the_rest(corpus: Path):
    (corpus / "bytes.md").write_bytes(b"fine\ncaf\x81")
    (corpus / "zeros.md").write_bytes(b"a\n\0\0")
    (corpus / "empty.md").write_text(" \n")
    (corpus / "photo.jpg").write_bytes(b"\xff\xd8")
    (corpus / "again.md").write_text("---\nurl: https://example.com/gratuity/\n---\nText.")
    (corpus / ".hidden").write_text("x")
    read = read_corpus(corpus)
    assert {article.id for article in read.articles} == {"notice-period", "gratuity", "bytes"}
    assert {(r.file, r.line, r.reason) for r in read.refused} == {
        ("bytes.md", 2, "a damaged character in line 2: compare with the original"),
        ("zeros.md", 2, "not a text file: it contains the control character '\\x00'"),
        ("empty.md", None, "the file is empty"),
        ("photo.jpg", None, f".jpg files are not supported; supported formats: {', '.join(FORMATS)}"),
        ("again.md", None, TAKEN),
    }


def test_linked_folders_are_read_once_and_broken_links_are_told(tmp_path: Path):
    corpus, elsewhere = tmp_path / "corpus", tmp_path / "elsewhere"
    for folder in (corpus / "own", elsewhere / "inner"):
        folder.mkdir(parents=True)
    (corpus / "own" / "a.md").write_text("Words.")
    (elsewhere / "inner" / "b.md").write_text("Other words.")
    (elsewhere / "inner" / "loop").symlink_to(elsewhere)
    for name, target in {"linked": elsewhere, "again": corpus / "own", "up": corpus, "gone": tmp_path / "x"}.items():
        (corpus / name).symlink_to(target)
    (corpus / "twice").symlink_to(elsewhere)
    (corpus / "c.md").symlink_to(tmp_path / "deleted.md")
    read = read_corpus(corpus)
    assert {article.source for article in read.articles} == {"own/a.md", "linked/inner/b.md"}
    reason = "a link to a file or folder that does not exist: mend or remove it"
    assert {(refused.file, refused.reason) for refused in read.refused} == {("c.md", reason), ("gone", reason)}
    before = corpus_digest(corpus)
    (elsewhere / "inner" / "b.md").write_text("Changed words.")
    assert corpus_digest(corpus) != before


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_usual_encodings_and_windows_line_ends_are_read(tmp_path: Path, encoding: str):
    (tmp_path / "a.md").write_bytes("---\r\ntitle: Café\r\n---\r\n“One”.\r\n\r\nTwo.\r\n".encode(encoding))
    (article,) = read_corpus(tmp_path).articles
    assert (article.title, article.text) == ("Café", "“One”.\n\nTwo.")


def test_alternates_are_read_and_bad_rows_are_refused(corpus: Path):
    (corpus / "alternates.csv").write_text('question,passage\n"pf, who pays",gratuity#faq-who-pays-gratuity\n,x\n')
    read = read_corpus(corpus)
    assert read.alternates == (Alternate("pf, who pays", "gratuity#faq-who-pays-gratuity", 2),)
    assert read.refused == (Refused("alternates.csv", 3, "a row without a question"),)


def test_a_missing_or_empty_corpus_is_reported_in_one_sentence(tmp_path: Path):
    with pytest.raises(CorpusError, match="There is no corpus folder"):
        read_corpus(tmp_path / "none")
    with pytest.raises(CorpusError, match="is empty: put articles in"):
        read_corpus(tmp_path)
    (tmp_path / "a.md").write_bytes(b"\0")
    with pytest.raises(CorpusError, match=r"No article could be read from .*the first reason: a.md:1: not a text file"):
        read_corpus(tmp_path)


def test_the_digest_changes_with_bytes_names_and_alternates_only(corpus: Path):
    before = corpus_digest(corpus)
    (corpus / ".swap").write_text("x")
    assert corpus_digest(corpus) == before
    (corpus / "alternates.csv").write_text("question,passage\n")
    changed = corpus_digest(corpus)
    (corpus / "gratuity.md").rename(corpus / "g.md")
    assert len({before, changed, corpus_digest(corpus)}) == 3


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("url: http://[::1", "url should be a web address, not 'http://[::1'"),
        ("date: 2026-02-31", "front matter: day is out of range for month"),
    ],
)
def test_invalid_urls_and_dates_are_refused(line: str, reason: str):
    with pytest.raises(Unreadable) as caught:
        list(read_markdown(f"---\ntitle: T\n{line}\n---\nWords.", "a.md"))
    assert str(caught.value) == reason


def test_articles_are_read_one_file_at_a_time(tmp_path: Path):
    for name in "ab":
        (tmp_path / f"{name}.md").write_text(f"# {name}\n\nWords of {name}.")
    reading = FolderSource(tmp_path)
    articles = iter(reading)
    assert next(articles).id == "a"
    (tmp_path / "b.md").unlink()
    assert list(articles) == []
    assert [refused.file for refused in reading.refused] == ["b.md"]
    assert (len(reading.parts), reading.files_read) == (2, 2)


def test_what_did_not_become_an_article_is_refused_left_out_merged_or_cleaned(tmp_path: Path):
    (tmp_path / "a.md").write_text("---\nurl: https://example.com/a/\n---\nThe same text.", encoding="utf-8")
    (tmp_path / "b.md").write_text("---\nurl: https://example.com/b/\n---\nThe same text.", encoding="utf-8")
    (tmp_path / "c.md").write_bytes("Café: ".encode() + b"it\x92s damaged.")
    (tmp_path / "d.jpg").write_bytes(b"\xff\xd8")
    groups = by_kind(read_corpus(tmp_path).refused)
    assert {kind: [item.file for item in group] for kind, group in groups.items()} == {
        "refused": ["d.jpg"],
        "merged": ["b.md"],
        "cleaned": ["c.md"],
    }
