"""Reading saved web pages."""

from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.corpus import Article
from bot.corpus.formats.webpage import decode_page, read, read_file
from bot.corpus.html.boilerplate import is_boilerplate_line
from bot.corpus.html.plain_form import html_to_plain_form
from bot.corpus.outline import outline
from bot.corpus.refused import Unreadable

SENTENCES = [
    "A notice period is the time between a resignation and the last working day of an employee.",
    "Most contracts name thirty to ninety days, and the law sets a floor below which no contract may go.",
    "During it the employee hands over open work, returns what belongs to the firm, and is paid as before.",
    "Either side may shorten it where the contract says so, usually against pay for the days that are left.",
]
PROSE = "".join(f"<p>{sentence}</p>" for sentence in SENTENCES)
FOLDED = "Yes, when the contract allows it and the employer agrees in writing before the last day."


def page(body: str, head: str = "", before: str = "", after: str = "") -> str:
    return (
        f'<!DOCTYPE html><html lang="en-IN"><head><title>Notice period | HR Desk</title>{head}</head><body '
        'class="post-template">'
        f'{before}<article class="post-7 post type-post hentry category-hrm"><h1>Notice period</h1><div '
        f'class="entry-content">{body}</div></article>{after}</body></html>'
    )


def article_of(html: str, source: str = "a.html") -> Article:
    (article,) = read(html, source)
    assert isinstance(article, Article)
    return article


def answers(article: Article) -> dict[str, str]:
    return {faq.question: article.text[faq.start : faq.end] for faq in article.faqs}


def marked(*pairs: tuple[str, str]) -> str:
    entries = ",".join(
        f'{{"@type":"Question","name":"{question}","acceptedAnswer":{{"@type":"Answer","text":"{answer}"}}}}'
        for question, answer in pairs
    )
    return (
        f'<script type="application/ld+json">{{"@context":"https://schema.org","@graph":[{{"@type":"FAQPage",'
        f'"mainEntity":[{entries}]}}]}}</script>'
    )


def test_only_the_article_of_a_wordpress_page_is_read():
    before = (
        '<div id="cookie-notice"><p>We use cookies to make this site better for every visitor of it.</p><button>'
        "Accept</button></div>"
        '<header class="site-header"><nav><ul><li><a href="/">Home</a></li><li><a href="/about/">About us</a></li>'
        "</ul></nav></header>"
    )
    extras = (
        '<div class="sharedaddy sd-sharing-enabled"><h3>Share this:</h3><ul><li><a>Facebook</a></li><li><a>X</a></li>'
        "</ul></div>"
        '<div class="code-block code-block-2"><p>Advertisement</p><p>Buy the best pens of the season now, delivered '
        "today.</p></div>"
        "<p>Follow us on Facebook and Telegram</p>"
    )
    after = (
        '<div class="author-box"><h4>About the author</h4><p>Asha has written about payroll and leave for twelve '
        "years, and lives in Pune.</p></div>"
        '<h3>You may also like</h3><ul><li><a href="/gratuity/">Who gets gratuity</a></li><li><a href="/leave/">How '
        "leave is counted</a></li></ul>"
        '<div id="comments"><h3>3 thoughts on “Notice period”</h3><ol class="commentlist"><li><p>Thanks, this helped '
        "me a lot last week, great.</p></li></ol>"
        '<div id="respond"><h3>Leave a Reply</h3><form><p>Your email address will not be published.</p><textarea>'
        "</textarea></form></div></div>"
        '<footer class="site-footer"><p>© 2026 HR Desk. All rights reserved.</p></footer>'
    )
    article = article_of(page(PROSE + extras, before=before, after=after))
    assert article.text == "\n\n".join(SENTENCES)
    assert article.related == ("Who gets gratuity", "How leave is counted")


def test_headings_lists_tables_and_quotations_keep_their_structure():
    body = (
        f"{PROSE}<h2>How long it runs</h2><p>It depends on:</p><ul><li>the contract</li><li>the <b>years</b> "
        "served</li></ul><h3>By law</h3>"
        "<table><tr><th>Served</th><th>Days</th></tr><tr><td>One year<br>or less</td><td>14</td></tr></table><ol><li>"
        "Resign.</li><li>Wait.</li></ol>"
        f"<h2>What it is for</h2>{PROSE}"
    )
    article = article_of(page(body))
    assert (
        "## How long it runs\n\nIt depends on:\n\n- the contract\n- the years served\n\n### By law\n\n"
        "| Served | Days |\n| --- | --- |\n| One year or less | 14 |\n\n1. Resign.\n2. Wait.\n\n## What it is for"
    ) in article.text
    assert [section.path for section in outline(article.text).sections] == [
        (),
        ("How long it runs",),
        ("How long it runs", "By law"),
        ("What it is for",),
    ]


def test_the_metadata_of_a_page_fills_the_article():
    head = (
        '<link rel="canonical" href="https://hr.example/notice-period/"><meta property="og:title" content="Notice '
        'period - HR Desk">'
        '<script type="application/ld+json">{"@context":"https://schema.org","@graph":[{"@type":"WebSite","name":"HR '
        'Desk","datePublished":"1999-01-01"},'
        '{"@type":["BlogPosting"],"headline":"Notice period","datePublished":"2026-01-05T23:30:00+05:30",'
        '"dateModified":"2026-02-01","articleSection":["HRM"],'
        '"keywords":"notice, resignation"}]}</script>'
    )
    article = article_of(page(PROSE, head))
    assert (article.title, article.id, article.url) == (
        "Notice period",
        "notice-period",
        "https://hr.example/notice-period/",
    )
    assert (article.published, article.updated) == (date(2026, 1, 5), date(2026, 2, 1))
    assert (article.category, article.tags, article.language) == ("HRM", ("notice", "resignation"), "en")


def test_meta_tags_and_theme_links_give_the_same_fields():
    head = (
        '<meta property="article:published_time" content="2026-01-05T10:00:00Z"><meta '
        'property="article:modified_time" content="soon">'
        '<meta property="article:tag" content="notice"><meta property="og:url" content="https://hr.example/n/">'
    )
    links = (
        '<p><a rel="category tag" href="/c">HRM</a> <a rel="tag" href="/t">exit</a></p><time class="updated" '
        'datetime="2026-03-04">4 March</time>'
    )
    article = article_of(page(PROSE, head, after=links))
    assert (article.published, article.updated, article.category) == (date(2026, 1, 5), date(2026, 3, 4), "HRM")
    assert (article.tags, article.url) == (("notice", "exit"), "https://hr.example/n/")


@pytest.mark.parametrize(
    ("title", "heading", "expected"),
    [
        ("Leave rules | HR Desk", "<h1>Leave rules</h1>", "Leave rules"),
        ("How leave is counted – HR Desk", "<h1>HR Desk</h1>", "How leave is counted"),
        ("HR Desk: all of it", "", "HR Desk: all of it"),
        ("", "<h1>Only this</h1>", "Only this"),
    ],
)
def test_the_title_has_no_site_name(title: str, heading: str, expected: str):
    html = (
        f'<html><head><title>{title}</title><meta property="og:site_name" content="HR Desk"></head><body>{heading}'
        f"<div>{PROSE}</div></body></html>"
    )
    assert article_of(html).title == expected


def test_a_faq_that_a_page_repeats_is_read_once_in_its_place():
    question = "Can a notice period be bought out?"
    visible = (
        '<h2>Good to know</h2><div itemscope itemtype="https://schema.org/FAQPage"><div itemscope '
        'itemprop="mainEntity" itemtype="https://schema.org/Question">'
        f'<h3 itemprop="name">{question}</h3><div itemscope itemprop="acceptedAnswer" '
        f'itemtype="https://schema.org/Answer"><div itemprop="text"><p>{FOLDED}</p></div></div></div></div>'
    )
    article = article_of(
        page(
            PROSE + visible + f"<h2>In short</h2>{PROSE}",
            marked((question, f"<p>{FOLDED}</p>".replace("<p>", "&lt;p&gt;"))),
        )
    )
    assert answers(article) == {question: FOLDED}
    assert article.faqs[0].section == ("Good to know",)
    assert article.text.count(FOLDED) == 1


def test_a_marked_faq_that_the_text_lacks_is_appended():
    article = article_of(
        page(PROSE, marked(("Who pays?", "The firm."), ("When?", "<ul><li>Monthly</li><li>Never late</li></ul>")))
    )
    assert article.text.endswith("## FAQs\n\n### Who pays?\n\nThe firm.\n\n### When?\n\n- Monthly\n- Never late")
    assert answers(article) == {"Who pays?": "The firm.", "When?": "- Monthly\n- Never late"}


def test_another_question_with_the_same_answer_is_an_alternate():
    faqs = f"<h2>FAQs</h2><h3>Is a buyout possible?</h3><p>{FOLDED}</p>"
    article = article_of(page(PROSE + faqs, marked(("Can I buy out my notice?", FOLDED))))
    assert [(faq.question, faq.alternates) for faq in article.faqs] == [
        ("Is a buyout possible?", ("Can I buy out my notice?",))
    ]


def test_a_short_answer_is_not_taken_from_anywhere_in_the_text():
    article = article_of(
        page(
            PROSE + "<p>The firm. It is what pays in the end, whoever hands over the money to the people.</p>",
            marked(("Who pays?", "The firm.")),
        )
    )
    assert answers(article) == {"Who pays?": "The firm."}
    assert article.faqs[0].section == ("FAQs",)


@pytest.mark.parametrize(
    "folded",
    [
        "<details><summary>{q}</summary><p>{a}</p></details>",
        "<dl><dt>{q}</dt><dd>{a}</dd></dl>",
        (
            '<div class="schema-faq-section"><strong class="schema-faq-question">{q}</strong> <p '
            'class="schema-faq-answer">{a}</p></div>'
        ),
        (
            '<div class="rank-math-list"><div class="rank-math-list-item"><h3 class="rank-math-question">{q}</h3><div '
            'class="rank-math-answer"><p>{a}</p></div></div></div>'
        ),
        '<h3><button aria-expanded="false" aria-controls="p1">{q}</button></h3><div id="p1" hidden><p>{a}</p></div>',
        (
            '<h4><a data-toggle="collapse" href="#q1">{q}</a></h4><div id="q1" class="collapse" style="display: '
            'none"><p>'
            "{a}</p></div>"
        ),
        "<h2>FAQs</h2><h2>{q}</h2><p>{a}</p>",
        "<h2>FAQs</h2><p><strong>{q}</strong></p><p>{a}</p>",
        "<h2>FAQs</h2><p><strong>{q}</strong><br>{a}</p>",
        "<p>Q: {q}</p><p>A: {a}</p>",
    ],
    ids=[
        "details",
        "definitions",
        "yoast",
        "rank-math",
        "aria",
        "bootstrap",
        "headings",
        "bold",
        "bold-line",
        "labels",
    ],
)
def test_collapsed_and_bold_questions_are_faqs(folded: str):
    question = "Can a notice period be bought out?"
    article = article_of(page(PROSE + folded.format(q=question, a=FOLDED) + f"<h2>In short</h2>{PROSE}"))
    assert answers(article) == {question: FOLDED}


def test_a_page_that_is_mostly_an_accordion_is_read_completely():
    folded = "".join(
        (
            f"<details><summary>What is rule {n}?</summary><p>Rule {n} says that {n} days are counted from the "
            "first.</p>"
            "</details>"
        )
        for n in range(40)
    )
    article = article_of(page(f"<h2>Leave</h2>{folded}"))
    assert answers(article) == {
        f"What is rule {n}?": f"Rule {n} says that {n} days are counted from the first." for n in range(40)
    }
    assert {faq.section for faq in article.faqs} == {("Leave",)}


def test_an_accordion_without_questions_keeps_its_titles():
    folded = (
        '<div class="accordion"><h3><button aria-controls="p1">Who may leave</button></h3><div id="p1" hidden>'
        f"<p>{FOLDED}</p></div></div>"
    )
    text = article_of(page(PROSE + folded + f"<h2>In short</h2>{PROSE}")).text
    assert f"### Who may leave\n\n{FOLDED}\n\n## In short" in text


def test_the_only_heading_of_a_page_without_a_title_is_its_title():
    assert article_of(f"<html><body><h2>Check eligibility</h2>{PROSE}</body></html>").title == "Check eligibility"


def test_a_page_filled_in_by_a_script_has_no_text():
    with pytest.raises(Unreadable, match="no text in it"):
        article_of(
            "<html><body><div><p>{{x.title}}</p><p>{{ item.text }} {{y}}</p><p>Copyright © 2021. All Rights "
            "Reserved by HR Desk</p></div></body></html>"
        )


def test_a_marked_answer_ends_where_its_markup_ends():
    folded = (
        '<div class="schema-faq-section"><strong class="schema-faq-question">Who?</strong> <p '
        f'class="schema-faq-answer">{FOLDED}</p></div>'
    )
    article = article_of(page(f"{PROSE}<h2>FAQs</h2>{folded}<p>{SENTENCES[0]}</p>"))
    assert answers(article) == {"Who?": FOLDED}


def test_a_section_of_the_article_named_like_boilerplate_stays():
    body = f"<h2>Responses</h2>{PROSE}<h2>Categories</h2>{PROSE}<h2>Related links in a chain</h2>{PROSE}"
    assert [section.path[0] for section in outline(article_of(page(body)).text).sections] == [
        "Responses",
        "Categories",
        "Related links in a chain",
    ]


def test_a_post_in_a_category_named_comments_is_not_removed_as_comments():
    html = page(PROSE).replace("category-hrm", "category-comments tag-newsletter")
    assert article_of(html).text == "\n\n".join(SENTENCES)


@pytest.mark.parametrize(
    "line",
    ["Advertisement", "Share this:", "Click to share on Facebook (Opens in new window)", "Tags: leave, notice",
    "Posted in HRM", "Leave a comment", "12 Comments",
     "Your email address will not be published. Required fields are marked *", "← Older post", "© 2026 HR Desk",
     "5 min read", "All rights reserved."],
)  # fmt: skip
def test_boilerplate_lines_are_recognised_by_their_wording(line: str):
    assert is_boilerplate_line(line)


@pytest.mark.parametrize(
    "line",
    ["Share your notes with the team before you go.", "Follow the steps below.", "By law, notice is due.",
    "Comments on the draft are due on Friday.",
     "Advertisement costs rose.", "Next, sign the letter.", "Tags help readers find posts.", "Reply within a week.",
     "Copyright law protects the text. " * 6],
)  # fmt: skip
def test_sentences_of_an_article_are_not_boilerplate(line: str):
    assert not is_boilerplate_line(line)


@pytest.mark.parametrize(
    ("encoding", "label"),
    [
        ("utf-8", "utf-8"),
        ("utf-8", "iso-8859-1"),
        ("cp1252", "ISO-8859-1"),
        ("cp1252", "utf-8"),
        ("iso-8859-2", "iso-8859-2"),
        ("shift_jis", "Shift_JIS"),
        ("utf-16", "utf-16"),
    ],
)
def test_the_encoding_of_a_page_is_detected(encoding: str, label: str, tmp_path: Path):
    word = {"shift_jis": "解雇", "iso-8859-2": "Pułaski"}.get(encoding, "Café – déjà")
    path = tmp_path / "a.html"
    path.write_bytes(page(f"<p>{word}</p>{PROSE}", f'<meta charset="{label}">').encode(encoding))
    (article,) = read_file(path, "a.html")
    assert isinstance(article, Article)
    assert article.text.startswith(word)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"\x00\x01\x02", "not a text file"), (b'<meta charset="klingon">\xff', "its encoding 'klingon' is unknown")],
)
def test_bytes_in_no_known_encoding_are_refused(content: bytes, reason: str):
    with pytest.raises(Unreadable, match=reason):
        decode_page(content)


@pytest.mark.parametrize(
    "html",
    [
        "",
        " ",
        "<html></html>",
        "<html><body><script>var a = 1</script><nav>Home</nav></body></html>",
        "<!-- -->",
        "<?xml version='1.0' encoding='utf-8'?><html/>",
    ],
)
def test_a_page_without_text_is_refused(html: str):
    with pytest.raises(Unreadable, match="no text in it"):
        list(read(html, "a.html"))


def test_a_page_nested_too_deep_is_refused_instead_of_cut():
    for tag in ("div", "ul><li", "blockquote", "b"):
        with pytest.raises(Unreadable, match="nested deeper than 150"):
            list(read(page(f"<{tag}>" * 300 + "deep"), "a.html"))
    with pytest.raises(Unreadable, match="nested deeper than 150"):
        html_to_plain_form("<div>" * 300 + "deep")


@pytest.mark.parametrize("tag", ["div", "ul", "blockquote", "span", "details"])
def test_a_page_nested_as_deep_as_allowed_is_read(tag: str):
    assert "deep" in article_of(page(f"{PROSE}{f'<{tag}>' * 140}deep")).text


def test_a_page_that_is_too_large_is_refused(tmp_path: Path):
    path = tmp_path / "a.html"
    with path.open("wb") as file:
        file.truncate(20_000_001)
    with pytest.raises(Unreadable, match="larger than 20 MB"):
        list(read_file(path, "a.html"))


def test_invalid_linked_data_is_ignored():
    head = (
        '<script type="application/ld+json">{"@type": "Article", "headline": }</script><script '
        'type="application/ld+json">[[[[1, null, "x"]]]]</script>'
    )
    odd = (
        '<script type="application/ld+json">{"@type":"FAQPage","mainEntity":[null,{"@type":"Question","name":7},'
        '{"@type":"Question","name":"Why?","acceptedAnswer":[{"text":"So."}]}]}</script>'
    )
    assert answers(article_of(page(PROSE, head + odd))) == {"Why?": "So."}


PIECES = st.sampled_from(
    ["<p>", "</p>", "<details>", "<summary>", "Why?", " So it is. ", "<dl><dt>", "<dd>", "<h2>FAQs</h2>", "<h2>",
    "</h2>", "<div id='comments'>", "</div>", "<table><tr><td>", "<li>",
     "<button aria-controls='a'>", "<div id='a'>", "<ul>", "&lt;", "# ", "```", "<pre>",
     "<div itemscope itemtype='https://schema.org/Question'>", "<b itemprop='name'>",
     "<i itemprop='acceptedAnswer'>", "<script type='application/ld+json'>",
     '{"@type":"Question","name":"Q","acceptedAnswer":{"text":"A"}}', "</script>", "|", "\n"]
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(PIECES | st.text(max_size=5), max_size=40).map("".join))
def test_any_markup_is_read_or_refused(html: str):
    items = []
    with suppress(Unreadable):
        items = list(read(decode_page(f"<html><body>{html}</body></html>".encode()).text, "a.html"))
    for faq in items[0].faqs if items and isinstance(items[0], Article) else ():
        assert items[0].text[faq.start : faq.end].strip()
