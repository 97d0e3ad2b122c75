"""HTML in posts and Markdown, converted to the plain form of an article."""

import pytest

from bot.corpus.html.plain_form import html_to_plain_form


def faqs(markup: str) -> dict[str, str]:
    form = html_to_plain_form(markup)
    return {faq.question: form.text[faq.start : faq.end] for faq in form.faqs}


def marked(question: str, answer: str, after: str = "") -> str:
    return (
        f'<div itemscope itemtype="http://schema.org/Question">{question}<div itemprop="acceptedAnswer" itemscope '
        'itemtype="http://schema.org/Answer">'
        f'<div itemprop="text">{answer}</div></div>{after}</div>'
    )


@pytest.mark.parametrize(
    "markup",
    [
        (
            '<ul class="usa-accordion"><li><button aria-controls="a">{0}</button><div id="a">{1}</div></li><li><button '
            'aria-controls="b">{2}</button><div id="b">{3}</div></li></ul>'
        ),
        (
            '<div><h3><button data-bs-toggle="collapse" data-bs-target="#a">{0}</button></h3><div id="a" '
            'class="collapse">{1}</div>'
            '<h3><button data-bs-toggle="collapse" data-bs-target="#b">{2}</button></h3><div id="b" class="collapse">'
            "{3}</div></div>"
        ),
        (
            '<h4><a data-toggle="collapse" href="#a">{0}</a></h4><div id="a">{1}</div><h4><a data-toggle="collapse" '
            'href="#b">{2}</a></h4><div id="b">{3}</div>'
        ),
        "<details><summary>{0}</summary>{1}</details><details><summary>{2}</summary>{3}</details>",
        (
            "<ul><li><details><summary>{0}</summary>{1}</details></li><li><details><summary>{2}</summary>{3}</details>"
            "</li></ul>"
        ),
    ],
    ids=["aria", "bootstrap-5", "bootstrap-3", "details", "details-in-a-list"],
)
def test_folded_text_of_an_accordion_is_read_with_its_titles(markup: str):
    form = html_to_plain_form(
        markup.format("Who pays?", "<p>The firm.</p>", "Proof of pay", "<p>A slip.</p><ul><li>signed</li></ul>")
    )
    assert form.text == "### Who pays?\n\nThe firm.\n\n#### Proof of pay\n\nA slip.\n\n- signed"
    assert [(faq.question, form.text[faq.start : faq.end]) for faq in form.faqs] == [("Who pays?", "The firm.")]


def test_a_button_named_more_is_not_a_heading():
    assert (
        html_to_plain_form('<p>One.</p><button aria-controls="a">Read more</button><div id="a"><p>Two.</p></div>').text
        == "One.\n\nTwo."
    )


def test_questions_after_an_unclosed_question_are_read():
    inner = marked("<h3 itemprop='name'>Who is covered?</h3>", "<p>Everyone.</p>")
    outer = marked("<h3 itemprop='name'>Can I get it?</h3>", "<p>Yes.</p>", f"{inner}<p>So it is.</p>")
    assert faqs(outer) == {"Can I get it?": "Yes.", "Who is covered?": "Everyone."}
    assert html_to_plain_form(outer).text.endswith("Everyone.\n\nSo it is.")
    assert faqs(marked("<h3 itemprop='name'>Can I get it?</h3>", f"<p>Yes.</p>{inner}")) == {
        "Can I get it?": "Yes.",
        "Who is covered?": "Everyone.",
    }


def test_a_question_is_written_once_in_any_surrounding_markup():
    markup = marked("<h2><span itemprop='name'>Who pays?</span></h2>", "<p>The firm.</p>")
    assert html_to_plain_form(markup).text == "## Who pays?\n\nThe firm."


def test_a_marked_question_is_nested_below_the_heading_before_it():
    answer = "<h2>By law</h2><p>The firm.</p><h3>Else</h3><p>You.</p>"
    markup = f"<h3>Pay</h3>{marked('<b itemprop=name>Who pays?</b>', answer)}"
    text = html_to_plain_form(markup).text
    assert text == "### Pay\n\n#### Who pays?\n\n##### By law\n\nThe firm.\n\n###### Else\n\nYou."
    assert faqs(markup) == {"Who pays?": "##### By law\n\nThe firm.\n\n###### Else\n\nYou."}


def test_list_items_that_begin_with_headings_are_sections_and_numbered_steps_stay_a_list():
    items = "<li><h4>Apply</h4><p>Online.</p></li><li><h4>Wait</h4></li>"
    assert html_to_plain_form(f"<ul>{items}</ul>").text == "#### Apply\n\nOnline.\n\n#### Wait"
    assert html_to_plain_form(f"<ol>{items}</ol>").text == "1. Apply\n   Online.\n2. Wait"


def test_nested_definition_lists_are_read_once():
    depth = 40
    form = html_to_plain_form("".join(f"<dl><dt>Who {n}?</dt><dd>It is {n}.<p>" for n in range(depth)))
    assert [form.text.count(f"It is {n}.") for n in range(depth)] == [1] * depth


@pytest.mark.parametrize("between", ["blockquote", "ul><li", "table><tr><td", "div", "dl><dd"])
def test_nested_questions_are_read_once(between: str):
    closing = "".join(f"</{tag}>" for tag in reversed(between.split("><")))
    form = ""
    for n in range(15):
        form = (
            f"<p>Before {n}.</p><{between}>"
            f"{marked(f'<h3 itemprop=name>Who is {n}?</h3>', f'<p>It is {n}.</p>{form}')}{closing}"
        )
    text = html_to_plain_form(form).text
    assert [text.count(f"It is {n}.") for n in range(15)] == [1] * 15


def test_a_table_around_tables_is_page_layout():
    inner = "<table><tr><th>Rate</th><td>8</td></tr></table>"
    assert (
        html_to_plain_form(f"<table><tr><td>{inner}</td><td><p>Since 2019.</p></td></tr></table>").text
        == "| Rate | 8 |\n| --- | --- |\n\nSince 2019."
    )
