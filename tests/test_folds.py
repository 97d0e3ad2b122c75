"""Questions that a script, a table or a list holds, in posts and in saved pages."""

import pytest

from bot.corpus import Article, Refused
from bot.corpus.formats.markdown import read as read_markdown
from bot.corpus.formats.webpage import read
from bot.corpus.html.plain_form import html_to_plain_form

TWO = {"Is there a lift in the building?": "No, there are only stairs.", "Who pays for it?": "The holder."}
SENTENCE = "A notice period is the time between a resignation and the last working day of an employee of a firm."
PROSE = "".join(f"<p>{word} {SENTENCE.lower()}</p>" for word in ("First,", "Then,", "After that,", "At last,"))

FOLDED = {
    "bare buttons": "<h3><button>{q}</button></h3><p>{a}</p>",
    "core accordion": (
        '<div class="wp-block-accordion-item"><h3 class="wp-block-accordion-heading"><button type="button"><span>{q}'
        '</span><span aria-hidden="true">+</span></button></h3><div role="region" aria-hidden="true" '
        'class="wp-block-accordion-panel"><p>{a}</p></div></div>'
    ),
    "kadence": (
        '<div class="kt-accordion-pane"><div class="kt-accordion-header-wrap"><button class="kt-blocks-accordion">'
        "<span><span>{q}</span></span><span></span></button></div><div class='kt-accordion-panel'><div><p>{a}</p>"
        "</div></div></div>"
    ),
    "generateblocks": (
        '<div class="gb-accordion__item"><button class="gb-button gb-accordion__toggle"><span>{q}</span><span>+</span>'
        '</button><div class="gb-accordion__content">{a}</div></div>'
    ),
    "role button": '<div class="faq"><div role="button">{q} ▼</div><div>{a}</div></div>',
    "checkbox and label": (
        '<div class="accordion"><input type="checkbox" id="c"><label for="c">{q}</label><div>{a}</div></div>'
    ),
    "classes": '<div class="faq-question">{q}</div><div class="faq-answer"><p>{a}</p></div>',
    "elementor": '<a tabindex="0" class="elementor-toggle-title">{q}</a><div class="content"><p>{a}</p></div>',
    "buttons": "<button>{q}</button><p>{a}</p>",
    "buttons and boxes": "<button>{q}</button><div><p>{a}</p></div>",
    "buttons in boxes": "<div><div><button>{q}</button></div><div><p>{a}</p></div></div>",
    "role button without a class": '<div role="button" tabindex="0">{q}</div><div><p>{a}</p></div>',
    "plain form of elementor": '<a tabindex="0">{q}</a>\n<p>{a}</p>\n',
    "details": "<details><summary>{q}</summary>{a}</details>",
    "hidden by style": '<h3>{q}</h3><div style="display: none"><p>{a}</p></div>',
    "hidden paragraph": "<p>{q}</p><p hidden>{a}</p>",
    "hidden from readers": '<div class="item"><div><b>{q}</b></div><div aria-hidden="true"><p>{a}</p></div></div>',
    "question without an element": '<div>{q}<div style="visibility:hidden">{a}</div></div>',
}
LISTED = {
    "bold items": "<ol>{rows}</ol>|<li><strong>{q}</strong> {a}</li>",
    "items of paragraphs": "<ul>{rows}</ul>|<li><p>{q}</p><p>{a}</p></li>",
    "items of lines": "<ol>{rows}</ol>|<li>{q}<br>{a}</li>",
    "list split at the answers": "{rows}|<ol><li>{q}</li></ol><p>{a}</p>",
    "table": "<table><tr><th>Question</th><th>Answer</th></tr>{rows}</table>|<tr><td>{q}</td><td><p>{a}</p></td></tr>",
    "numbered table": (
        "<table><tr><th>No.</th><th>Query</th><th>Reply</th></tr>{rows}</table>"
        "|<tr><td>1</td><td>{q}</td><td>{a}</td></tr>"
    ),
    "table in another language": (
        "<table><tr><th>Nr.</th><th>Frage</th><th>Antwort</th></tr>{rows}</table>"
        "|<tr><td>1</td><td>{q}</td><td>{a}</td></tr>"
    ),
    "table without a header": "<table>{rows}</table>|<tr><td>{q}</td><td>{a}</td></tr>",
    "definitions": "<dl>{rows}</dl>|<dt>{q}</dt><dd>{a}</dd>",
    "definitions in groups": "<dl>{rows}</dl>|<div><dt><button aria-controls='x'>{q}</button></dt><dd>{a}</dd></div>",
}
TABS = (
    '<ul class="tabs">{labels}</ul><div class="panels">{panels}</div>|<li><a href="#x" class="tab-title">{q}</a></li>'
    "|<div>{a}</div>"
)


def written(name: str) -> str:
    if name in FOLDED:
        return "".join(FOLDED[name].format(q=question, a=answer) for question, answer in TWO.items())
    around, row = LISTED[name].split("|", 1)
    return around.format(rows="".join(row.format(q=question, a=answer) for question, answer in TWO.items()))


def answers(markup: str) -> dict[str, str]:
    form = html_to_plain_form(markup)
    return {faq.question: form.text[faq.start : faq.end] for faq in form.faqs}


def page(body: str) -> list[Article | Refused]:
    before, after = f"<h1>Notice period</h1>{PROSE}", f"<h2>In short</h2>{PROSE}"
    return list(read(f"<html><head><title>Notice</title></head><body>{before}{body}{after}</body></html>", "a.html"))


def page_answers(body: str) -> dict[str, str]:
    article = page(body)[0]
    assert isinstance(article, Article)
    return {faq.question: article.text[faq.start : faq.end] for faq in article.faqs}


@pytest.mark.parametrize("name", [*FOLDED, *LISTED])
def test_folded_and_listed_questions_of_a_post_are_faqs(name: str):
    assert answers(f"<p>Intro.</p>{written(name)}<h2>More</h2><p>End.</p>") == TWO


@pytest.mark.parametrize("name", [name for name in (*FOLDED, *LISTED) if name != "definitions in groups"])
def test_folded_and_listed_questions_of_a_page_are_faqs(name: str):
    assert page_answers(f"<h2>Cards</h2>{written(name)}") == TWO


def test_the_words_of_folded_answers_stand_once_and_in_one_piece():
    rows = (("Who?", "Thirty of us."), ("When?", "From <b>nine</b> to five.<p>In May.</p>"))
    (article,) = page("".join(f"<details><summary>{q}</summary>{a}</details>" for q, a in rows))
    assert isinstance(article, Article)
    folded = "### Who?\n\nThirty of us.\n\n### When?\n\nFrom nine to five.\n\nIn May."
    assert f"\n\n{folded}\n\n## In short" in article.text
    assert [faq.question for faq in article.faqs] == ["Who?", "When?"]


def test_a_lone_button_between_the_paragraphs_of_a_page_is_a_question():
    for panel in ("<p>Ask the lead.</p>", "<div>Ask the lead.</div>"):
        for title in ("", "<h2>FAQ</h2>"):
            body = f"{title}<button>Can I swap my shift?</button>{panel}"
            assert page_answers(body) == {"Can I swap my shift?": "Ask the lead."}


def test_the_plain_form_of_elementor_is_read_question_by_question():
    assert answers(
        '<a tabindex="0">Who pays for a lost card?</a>\n<p>The holder.</p>\n<ul><li>In cash.</li></ul>\n'
        '<a tabindex="0">Next?</a>\n<p>Nobody.</p><h2>Contact</h2><p>Ring 44.</p>'
    ) == {"Who pays for a lost card?": "The holder.\n\n- In cash.", "Next?": "Nobody."}
    assert answers('<p><a tabindex="0">Who?</a><br>The holder.<br><a tabindex="0">Next?</a><br>Nobody.</p>') == {
        "Who?": "The holder.",
        "Next?": "Nobody.",
    }


def test_tabs_are_read_with_their_panels():
    around, label, panel = TABS.split("|")
    rows = {"labels": label, "panels": panel}
    parts = {kind: "".join(row.format(q=q, a=a) for q, a in TWO.items()) for kind, row in rows.items()}
    assert answers(around.format(**parts)) == TWO
    assert page_answers(f'<h2>Cards</h2><div class="accordion">{around.format(**parts)}</div>') == TWO


def test_titles_of_panels_that_are_no_questions_are_headings():
    item = '<div class="gb-accordion__item"><button class="gb-accordion__toggle">{}</button><div>{}</div></div>'
    form = html_to_plain_form("<h3><button>Hours</button></h3><p>Nine to five.</p>" + item.format("Fees", "Rs 40."))
    assert (form.text, form.faqs) == ("### Hours\n\nNine to five.\n\n#### Fees\n\nRs 40.", ())


HOURS = (
    "<h2>Bank</h2><p>Intro.</p><button>Opening hours</button><p>Ten to five, but to four on Fridays.</p>"
    "<p><button type='button'>Fees <span>+</span></button></p><p>Rs 40 a card, and Rs 20 for a second card.</p>"
)


def test_a_button_that_names_the_text_below_it_is_a_heading():
    hours = "Intro.\n\n#### Opening hours\n\nTen to five, but to four on Fridays.\n\n"
    form = html_to_plain_form(HOURS)
    assert (form.text, form.faqs) == (f"## Bank\n\n{hours}#### Fees\n\nRs 40 a card, and Rs 20 for a second card.", ())
    (article,) = page(f"<article><h1>Rules</h1>{PROSE}{HOURS}</article>")
    assert isinstance(article, Article)
    assert f"## Bank\n\n{hours}#### Fees\n\nRs 40 a card" in article.text


def test_a_button_at_the_beginning_of_a_paragraph_keeps_its_words():
    assert html_to_plain_form("<p><button>Fees</button><br>Rs 40 a card.</p>").text == "Fees\nRs 40 a card."


@pytest.mark.parametrize(
    "markup",
    [
        "<button>Share this</button><p>Ten.</p>", "<button>Menu</button><p>Ten.</p>", "<button>Pay</button><p>Ten.</p>",
        "<button>Apply now</button><p>Ten.</p>", "<form><button>Mail</button><p>Ten.</p></form>",
        "<button type='submit'>Mail</button><p>Ten.</p>", "<button class='x-btn'>Demo</button><p>Ten.</p>",
        "<button>Rules</button><ul><li><a href='/a'>Ten.</a></li></ul>",
        "<a>Or</a> <button>Rules</button><p>Ten.</p>",        "<button>One</button><button>Two</button><p>Ten.</p>",
        "<button>Rules</button> or so<p>Ten.</p>",
        "<p>Ten.</p><button>Rules</button>", "<button>+</button><p>Ten.</p>",
    ],
)  # fmt: skip
def test_a_button_that_does_something_is_no_heading(markup: str):
    assert "#" not in html_to_plain_form(markup).text
    assert "Ten." in html_to_plain_form(markup).text


def test_links_to_the_questions_of_a_page_are_no_questions():
    contents = '<ul><li><a href="#a">Who pays?</a></li><li><a href="#b">When?</a></li></ul>'
    form = html_to_plain_form(f'{contents}<h3 id="a">Who pays?</h3><p>The firm.</p><h3 id="b">When?</h3><p>In May.</p>')
    assert form.text.startswith("- Who pays?\n- When?\n\n### Who pays?\n\nThe firm.")


def test_a_question_in_a_sentence_is_no_label():
    for sentence in (
        '<a href="#">Who pays?</a> is often asked.',
        '<a tabindex="0">Who?</a> <b>asks</b>',
        "<b>So: </b><a>Who?</a>",
    ):
        assert html_to_plain_form(f"<p>{sentence}</p><p>The firm.</p>").faqs == ()


def test_menus_dialogs_and_cookie_banners_of_a_page_stay_out():
    (article,) = page(
        '<div class="x"><button>Need help?</button><div class="chat-widget"><p>Talk to us.</p></div></div>'
        '<div id="cookie-banner" style="display:none"><h3>Cookies</h3><p>We set some.</p></div>'
        '<h3>Sign in</h3><div class="popup" hidden><p>Your name.</p></div>'
        '<div style="display:none"><p>A template of a script.</p></div>'
    )
    assert isinstance(article, Article)
    assert article.faqs == ()
    for words in (
        "<button>Need help?</button><div class='live-chat-widget'><p>Talk to us.</p></div>",
        "<div><button>Need help?</button><div><p>Talk to us.</p></div></div>",
        "<footer><button>Need help?</button><p>Ring 44.</p><button>New here?</button><p>Join.</p></footer>",
        "".join(f"<div><button>{q}</button><div><a>Cards</a> <a>Fees</a></div></div>" for q in TWO),
    ):
        assert page_answers(words) == {}
    assert not any(words in article.text for words in ("We set some", "Your name", "A template"))


def test_a_script_opens_what_its_attributes_name():
    panel = "<div id='x1' style='display:none'>The firm.</div>"
    markup = f"<div onclick=\"toggle('x1')\">Who pays?</div><p>Read this.</p>{panel}"
    assert answers(markup) == page_answers(markup) == {"Who pays?": "The firm."}


def test_a_panel_is_not_the_accordion_around_it():
    item = '<h4><a data-toggle="collapse" data-parent="#all" href="#{n}">{q}</a></h4><div id="{n}">{a}</div>'
    items = [item.format(n=number, q=question, a=answer) for number, (question, answer) in enumerate(TWO.items())]
    markup = f'<div id="all">{items[0]}</div>{items[1]}'  # the second is outside, as after a stray end tag
    assert answers(markup) == page_answers(markup) == TWO


def test_the_slides_that_a_gallery_shows_one_by_one_are_read():
    slide = '<div class="slide {0}"{1}><h2>Reason {2}</h2><p>Text of reason {2}.</p></div>'
    slides = [slide.format("", "", 1), *(slide.format("later", " style='display:none'", n) for n in (2, 3))]
    (article,) = page(f"<article>{''.join(slides)}<div class='banner' hidden><p>Join us today.</p></div></article>")
    assert isinstance(article, Article)
    assert [f"Text of reason {n}." in article.text for n in (1, 2, 3)] == [True] * 3
    assert "Join us" not in article.text


def test_text_hidden_below_a_heading_is_not_read_unless_it_folds():
    assert page_answers("<h3>Notes</h3><div style='display:none'><p>A draft.</p></div>") == {}
    hidden = "<div class='accordion'><h3>Notes</h3><div style='display:none'><p>Bring a card.</p></div></div>"
    for markup, is_read in ((hidden, True), (hidden.replace("accordion", "x"), False)):
        (article,) = page(markup)
        assert isinstance(article, Article)
        assert ("Bring a card." in article.text) == is_read


def test_several_terms_and_definitions_are_kept():
    markup = (
        "<dl><dt>Who pays?</dt><dd>The firm pays it.</dd><dd>Or the trust.</dd><dt>Is it due?</dt><dt>Must I pay?</dt>"
        "<dd>It is due in May of each year.</dd><dt>PF</dt><dt>EPF</dt><dd>A fund.</dd></dl>"
    )
    form = html_to_plain_form(markup)
    assert [(faq.question, form.text[faq.start : faq.end], faq.alternates) for faq in form.faqs] == [
        ("Who pays?", "The firm pays it.\n\nOr the trust.", ()),
        ("Is it due?", "It is due in May of each year.", ("Must I pay?",)),
    ]
    assert form.text.endswith("#### PF, EPF\n\nA fund.")
    found = page_answers(markup)
    assert found["Who pays?"] == "The firm pays it.\n\nOr the trust."
    assert "Is it due?" in found


def test_a_faq_table_keeps_its_groups_and_other_columns():
    form = html_to_plain_form(
        "<table><tr><th>Question</th><th>Answer</th><th>Fee</th></tr><tr><td colspan=3>Cards</td></tr>"
        "<tr><td>Who pays?</td><td>The holder.<ul><li>in cash</li></ul></td><td>Rs 4</td></tr>"
        "<tr><td>Lost?</td><td></td><td>Rs 9</td></tr></table>"
    )
    assert form.text == "### Cards\n\n#### Who pays?\n\nThe holder.\n\n- in cash\n\nFee: Rs 4\n\nLost?\n\nRs 9"
    assert [faq.question for faq in form.faqs] == ["Who pays?"]


@pytest.mark.parametrize(
    "rows",
    ["<tr><th>Kind</th><th>Day</th></tr><tr><td>Notice</td><td>Monday</td></tr>", "<tr><td>Who?</td><td>Me.</td></tr>"],
)
def test_a_table_of_facts_stays_a_table(rows: str):
    form = html_to_plain_form(f"<table>{rows}</table>")
    assert form.text.startswith("| ")
    assert form.faqs == ()


def test_a_list_of_questions_without_answers_stays_a_list():
    form = html_to_plain_form("<p>Ask:</p><ol><li>Who pays?</li><li>When?</li></ol><p>Then write.</p>")
    assert (form.text, form.faqs) == ("Ask:\n\n1. Who pays?\n2. When?\n\nThen write.", ())


def test_faq_tables_and_lists_of_markdown_are_faqs():
    (article,) = read_markdown(
        "# T\n\n| Question | Answer |\n| --- | --- |\n| Who pays? | The **firm**. |\n\nMore.\n\n"
        "1. **When is it due?**\n\n   In May.\n2. **Is it free?**\n\n   No.\n",
        "a.md",
    )
    assert isinstance(article, Article)
    assert {faq.question: article.text[faq.start : faq.end] for faq in article.faqs} == {
        "Who pays?": "The firm.",
        "When is it due?": "In May.",
        "Is it free?": "No.",
    }


@pytest.mark.parametrize(
    "script",
    [
        '{"@type":"Question","name":"What\\\'s so?","acceptedAnswer":{"@type":"Answer","text":"It is the law."}}',
        '{"@type":"Question","name":"What\'s so?","acceptedAnswer":{"@type":"Answer","text":"It is the law.",},}',
        '[{"@type":"Question","name":"What\'s so?","acceptedAnswer":{"@type":"Answer","text":"It is the law."}}',
        '/**/ {"@type":"Question","name":"What\'s so?" "acceptedAnswer":{"@type":"Answer","text":"It is the law."}}',
        "{'@type':'Question','name':\"What's so?\",'acceptedAnswer':{'@type':'Answer','text':'It is the law.'}}",
    ],
    ids=["quote", "commas", "unclosed", "comment", "apostrophes"],
)
def test_linked_data_with_the_faults_of_hand_writing_is_read(script: str):
    assert page_answers(f'<script type="application/ld+json">{script}</script>') == {"What's so?": "It is the law."}


def test_linked_data_that_cannot_be_read_is_told():
    _, refused = page('<script type="application/ld+json">Question, and so on</script>')
    assert str(refused) == "a.html:1: its FAQs in JSON-LD are not valid JSON: correct the script"
