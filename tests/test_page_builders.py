"""Text of WordPress posts that is not in their HTML: shortcodes, blocks, builders' data, custom fields."""

import json
from base64 import b64encode
from pathlib import Path
from urllib.parse import quote

import pytest

from bot.corpus import Article, Refused
from bot.corpus.formats.wordpress import read_file
from bot.corpus.wordpress.json_texts import json_to_html
from bot.corpus.wordpress.named_texts import is_text, read_name

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:wp="http://wordpress.org/export/1.2/"><channel><wp:wxr_version>1.2</wp:wxr_version>\n'
)


def item(content: str = "", number: int = 7, kind: str = "post", status: str = "publish", **meta: str) -> str:
    fields = "".join(
        f"<wp:postmeta><wp:meta_key><![CDATA[{key}]]></wp:meta_key><wp:meta_value><![CDATA[{value}]]></wp:meta_value>"
        "</wp:postmeta>"
        for key, value in meta.items()
    )
    return (
        f"<item><title>A post</title><link>https://example.com/post-{number}/</link><content:encoded><![CDATA[{content}]]>"
        f"</content:encoded><wp:post_id>{number}</wp:post_id><wp:post_type>{kind}</wp:post_type>"
        f"<wp:status>{status}</wp:status>{fields}</item>\n"
    )


def read(tmp_path: Path, *items: str) -> tuple[list[Article], list[str]]:
    path = tmp_path / "export.xml"
    path.write_text(f"{HEAD}{''.join(items)}</channel></rss>", encoding="utf-8")
    found = list(read_file(path, "export.xml"))
    articles = [each for each in found if isinstance(each, Article)]
    return articles, [each.reason for each in found if isinstance(each, Refused)]


def text_of(tmp_path: Path, content: str, **meta: str) -> str:
    ((article,), refused) = read(tmp_path, item(content, **meta))
    assert refused == []
    return article.text


def answers(article: Article) -> dict[str, str]:
    return {faq.question: article.text[faq.start : faq.end] for faq in article.faqs}


def encoded(html: str) -> str:
    return b64encode(quote(html).encode()).decode()


@pytest.mark.parametrize(
    "content",
    [
        '[sc_fs_multi_faq headline-0="h2" question-0="Who may pin?" answer-0="Everyone." count="1" html="true"]',
        '[faq_item faq_question="Who may pin?" faq_answer="Everyone."]',
        '[sc_fs_faq html="true" headline="h2" img="" question="Who may pin?"]Everyone.[/sc_fs_faq]',
        '[my_list items="' + quote('[{"question":"Who may pin?","answer":"Everyone."}]', safe="") + '"]',
        "[et_pb_toggle title=\"Who may pin?\" open='on']Everyone.[/et_pb_toggle]",
        "[et_pb_blurb title='Who may pin?' image='https://example.com/a.png']Everyone.[/et_pb_blurb]",
        '<!-- wp:wpseopress/faq-block {"faqs":[{"question":"Who may pin?","answer":"Everyone.","image":""}]} /-->',
        (
            '<!-- wp:acf/faq {"name":"acf/faq","data":{"faqs_0_question":"Who may pin?","_faqs_0_question":"field_1",'
            '"faqs_0_answer":"Everyone.","faqs":1},"mode":"preview"} /-->'
        ),
        (
            '<!-- wp:divi/accordion-item {"module":{"advanced":{"on":"off"}},"title":{"innerContent":{"desktop":'
            '{"value":"Who may pin?"}}},"content":{"innerContent":{"desktop":{"value":"\\u003cp\\u003eEveryone.'
            '\\u003c/p\\u003e"}}}} -->\n<!-- /wp:divi/accordion-item -->'
        ),
    ],
    ids=["indexed", "prefixed", "enclosing", "list", "divi", "blurb", "seopress", "acf", "divi-5"],
)
def test_questions_in_attributes_are_faqs(tmp_path: Path, content: str):
    ((article,), _) = read(tmp_path, item(content))
    assert answers(article) == {"Who may pin?": "Everyone."}


def test_yes_and_no_are_answers_and_else_settings(tmp_path: Path):
    content = '[sc_fs_multi_faq question-0="May I pin?" answer-0="Yes" question-1="May he?" answer-1="no" text="yes"]'
    ((article,), _) = read(tmp_path, item(content))
    assert answers(article) == {"May I pin?": "Yes", "May he?": "no"}
    ((article,), _) = read(tmp_path, item("Post.", faqs_0_question="May I pin?", faqs_0_answer="Yes"))
    assert answers(article) == {"May I pin?": "Yes"}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ('[vc_custom_heading text="Fees and cards" font_container="tag:h3|text_align:left"]', "### Fees and cards"),
        ('[et_pb_cta title="Ring us" button_text="Now" link="/x"]Any time.[/et_pb_cta]', "#### Ring us\n\nAny time."),
        ('[iconbox title="Hours" text="From nine to five." icon="fa-clock"]', "#### Hours\n\nFrom nine to five."),
        ('[et_pb_blurb title="The %22CTC%22 %91cost%93"]Pay.[/et_pb_blurb]', '#### The "CTC" [cost]\n\nPay.'),
        ("[vc_message title='A ``CTC`` `{`cost`}`']Pay.[/vc_message]", '#### A "CTC" [cost]\n\nPay.'),
        (f'[vc_custom_heading text="#E-8_{encoded("Pay & leave")}"]', "## Pay & leave"),
        ('[contact-form-7 id="9" title="Contact form 1"][button title="Click me" link="/x"]Words.', "Words."),
        ('[vc_row el_class="a b" css=".x{color:red}"][vc_column text_align="left"]Words.[/vc_column]', "Words."),
    ],
)
def test_words_in_attributes_are_read_and_settings_are_not(tmp_path: Path, content: str, text: str):
    assert text_of(tmp_path, content) == text


def test_what_shortcodes_encode_is_decoded_or_left_out(tmp_path: Path):
    script, html = encoded("<script>alert(1)</script>"), encoded("<p>From the raw block.</p>")
    code = b64encode(b"<p>From the code block.</p>").decode()
    content = f"[vc_raw_js]{script}[/vc_raw_js][vc_raw_html]{html}[/vc_raw_html][fusion_code]{code}[/fusion_code]"
    assert text_of(tmp_path, content) == "From the raw block.\n\nFrom the code block."
    assert text_of(tmp_path, "[vc_raw_html]/////////////////////w==[/vc_raw_html]Words.") == "Words."
    assert text_of(tmp_path, "[b]Congratulations2you[/b] Words.") == "Congratulations2you Words."


def test_a_block_with_html_is_not_read_twice(tmp_path: Path):
    block = '<!-- wp:acme/faq {"title":"Who pays?","text":"The firm."} --><p>The firm pays.</p><!-- /wp:acme/faq -->'
    assert text_of(tmp_path, block) == "The firm pays."


@pytest.mark.parametrize("after", ["<p>Classic.</p>", "\n<p>Classic.</p>", "<!-- wp:html --><p>Classic.</p>"])
def test_a_block_without_html_is_read_whatever_follows_it(tmp_path: Path, after: str):
    for block in (
        'acf/faq {"data":{"q_0_question":"Who?","q_0_answer":"I."}}',
        'a/faq {"question":"Who?","text":"I."}',
    ):
        ((article,), _) = read(tmp_path, item(f"<!-- wp:{block} /-->{after}"))
        assert answers(article) == {"Who?": "I."}
        assert article.text == "### Who?\n\nI.\n\nClassic."


def test_a_reusable_block_has_the_words_that_a_post_puts_into_it(tmp_path: Path):
    named = '<!-- wp:{0} {{"metadata":{{"name":"{1}"}}}} --><{2}>Default {1}.</{2}><!-- /wp:{0} -->'
    block = item(
        "\n".join(named.format(*part) for part in (("heading", "a", "h2"), ("paragraph", "b", "p"))), 12, "wp_block"
    )
    for attributes, text in (
        (
            '"ref":12,"content":{"a":{"content":"Own \\u003cb\\u003ewords\\u003c/b\\u003e"}}',
            "## Own words\n\nDefault b.",
        ),
        ('"content":{"b":{"content":"5 \\\\1."},"a":{"url":"/x"}},"ref":12', "## Default a.\n\n5 \\1."),
        ('"ref":12,"lock":{"move":true}', "## Default a.\n\nDefault b."),
        ('"ref":12,"content":{"a":"x","b":7}', "## Default a.\n\nDefault b."),
    ):
        ((article,), refused) = read(tmp_path, item(f"<!-- wp:block {{{attributes}}} /--><p>After.</p>"), block)
        assert (article.text, refused) == (f"{text}\n\nAfter.", [])


def test_reusable_blocks_are_read_where_posts_refer_to_them(tmp_path: Path):
    post = item('<!-- wp:block {"ref":12} /-->\n<!-- wp:paragraph --><p>After.</p><!-- /wp:paragraph -->')
    inner = item("<!-- wp:paragraph --><p>Inner.</p><!-- /wp:paragraph -->", 13, "wp_block")
    block = item('<!-- wp:block {"ref":13} /--><p>Shared.</p>', 12, "wp_block")
    unused = item("<p>Unused.</p>", 14, "wp_block")
    ((article,), refused) = read(tmp_path, post, block, inner, unused)
    assert article.text == "Inner.\n\nShared.\n\nAfter."
    assert refused == ["1 of the type 'wp_block'"]


def test_a_reusable_block_that_the_export_lacks_is_told(tmp_path: Path):
    ((article,), refused) = read(tmp_path, item('<!-- wp:block {"ref":12} /--><p>After.</p>'))
    assert article.text == "After."
    assert refused == ["A post: its reusable block 12 is not among the published ones: export all content"]


def test_reusable_blocks_inside_one_another_end(tmp_path: Path):
    block = item('<p>Shared.</p><!-- wp:block {"ref":12} /--><!-- wp:block {"ref":12} /-->', 12, "wp_block")
    ((article,), refused) = read(tmp_path, item('<!-- wp:block {"ref":12} /-->'), block)
    assert article.text.startswith("Shared.\n\nShared.")
    assert "reusable block 12" in refused[0]


def widget(kind: str, elements: list[object] | None = None, **settings: object) -> dict[str, object]:
    return {"elType": "widget", "widgetType": kind, "settings": settings, "elements": elements or []}


def elementor(*widgets: dict[str, object]) -> str:
    column = {"elType": "column", "settings": {"content_width": "full", "_title": "Hero"}, "elements": [*widgets]}
    return json.dumps([{"elType": "section", "settings": [], "elements": [column]}])


def test_the_text_of_an_elementor_post_is_read_from_its_data(tmp_path: Path):
    inner = {"elType": "container", "elements": [widget("text-editor", editor="<p>Yes.</p>")]}
    data = elementor(
        widget("heading", title="Fees and cards", header_size="h3"),
        widget("text-editor", editor="<p>Fees are low.</p>"),
        widget("button", text="Click here", link={"url": "https://example.com"}),
        widget("icon-box", title_text="Quick", description_text="In a day.", selected_icon={"value": "fas fa-star"}),
        widget("accordion", tabs=[{"tab_title": "Who pays?", "tab_content": "<p>The holder.</p>", "_id": "a1"}]),
        widget("nested-tabs", [inner], tabs=[{"tab_title": "Is it free?", "_id": "b2"}]),
        widget("eael-faq", faqs=[{"faq_question": "And lost ones?", "faq_answer": "They cost."}]),
    )
    ((article,), refused) = read(tmp_path, item("", _elementor_data=data, _elementor_css="x"))
    assert refused == []
    assert article.text.startswith("### Fees and cards\n\nFees are low.\n\n#### Quick\n\nIn a day.\n\n")
    assert answers(article) == {"Who pays?": "The holder.", "Is it free?": "Yes.", "And lost ones?": "They cost."}


def test_elementors_data_replaces_content_with_the_same_words(tmp_path: Path):
    data = elementor(widget("toggle", tabs=[{"tab_title": "Who pays?", "tab_content": "<p>The holder.</p>"}]))
    assert text_of(tmp_path, "Who pays? The holder.", _elementor_data=data) == "### Who pays?\n\nThe holder."
    longer = "A much longer text than that of the builder."
    assert text_of(tmp_path, longer, _elementor_data=data) == longer


def test_unreadable_data_of_a_builder_is_told_and_the_content_is_read(tmp_path: Path):
    ((article,), refused) = read(tmp_path, item("<p>Words.</p>", _elementor_data='[{"elType":'))
    assert article.text == "Words."
    flaw = "the data of its page builder is not valid JSON: save the post again and export it again"
    assert refused == [f"A post: {flaw}"]


def test_questions_and_rows_in_custom_fields_are_read(tmp_path: Path):
    ((article,), _) = read(
        tmp_path,
        item(
            "<p>Intro.</p>",
            _edit_lock="1:1",
            faqs_0_question="Who pays?",
            _faqs_0_question="field_1",
            faqs_0_answer="The holder.\n\nIn cash.",
            faq_question_2="Is it free?",
            faq_answer_2="No.",
            steps_0_title="Apply",
            steps_0_text="Write to us.",
            rank_math_title="%title% - Site",
            rank_math_description="A page about fees.",
            views="120",
        ),
    )
    assert answers(article) == {"Who pays?": "The holder.\n\nIn cash.", "Is it free?": "No."}
    assert article.text.startswith("Intro.\n\n### Who pays?")
    assert article.text.endswith("#### Apply\n\nWrite to us.")


def test_custom_fields_that_the_content_shows_are_not_repeated(tmp_path: Path):
    text = text_of(tmp_path, "<p>Who pays? The holder.</p>", faq_0_question="Who pays?", faq_0_answer="The holder.")
    assert text == "Who pays? The holder."


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("faqs_0_question", (True, ("faqs", "0"))),
        ("faqAnswer1", (False, ("faq", "1"))),
        ("title_text", (True, ("text",))),
        ("title_color", None),
        ("_title", None),
        ("button_text", None),
        ("FAQ-Question", (True, ("faq",))),
    ],
)
def test_the_name_of_a_field_says_whether_it_is_a_title_or_a_text(field: str, expected: tuple[bool, tuple[str, ...]]):
    assert read_name(field) == expected


@pytest.mark.parametrize("value", ["", "12", "center", "https://example.com/a", "#fff", "photo.jpg", "field_6a", 4])
def test_settings_are_no_texts(value: object):
    assert not is_text(value)


def test_deep_json_ends():
    value: object = {"title": "Deep"}
    for _ in range(500):
        value = [value]
    assert json_to_html(value) == ""
