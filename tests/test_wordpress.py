"""Reading WordPress export files."""

import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.corpus import Article, Refused
from bot.corpus.formats.wordpress import MAX_BYTES, read_file
from bot.corpus.refused import Unreadable

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:wp="{namespace}">
<channel><title>Site</title>{version}
"""
NAMESPACE = "http://wordpress.org/export/1.2/"
YOAST = (
    '<!-- wp:yoast/faq-block --><div class="schema-faq wp-block-yoast-faq-block"><div class="schema-faq-section">'
    '<strong class="schema-faq-question">Who pays?'
    '</strong><p class="schema-faq-answer">The firm.</p></div></div><!-- /wp:yoast/faq-block -->'
)
RANK_MATH = (
    '<!-- wp:rank-math/faq-block {"questions":[]} --><div class="rank-math-list"><div class="rank-math-faq-item"><h3 '
    'class="rank-math-question">Who pays?</h3>'
    '<div class="rank-math-answer">The firm.</div></div></div><!-- /wp:rank-math/faq-block -->'
)
VERSION = "<wp:wxr_version>1.2</wp:wxr_version>"


def item(
    content: str = "<p>Words.</p>",
    title: str = "A post",
    link: str = "https://example.com/a-post/",
    more: str = "",
    kind: str = "post",
    status: str = "publish",
) -> str:
    return (
        f"<item><title><![CDATA[{title}]]></title><link>{link}</link><content:encoded><![CDATA[{content}]]>"
        "</content:encoded>"
        f"<wp:post_id>7</wp:post_id><wp:post_type>{kind}</wp:post_type><wp:status>{status}</wp:status>{more}</item>\n"
    )


def read(
    tmp_path: Path,
    *items: str,
    namespace: str = NAMESPACE,
    version: str = VERSION,
    tail: str = "</channel></rss>",
    head: str = HEAD,
) -> list[Article | Refused]:
    path = tmp_path / "export.xml"
    path.write_text(head.format(namespace=namespace, version=version) + "".join(items) + tail, encoding="utf-8")
    return list(read_file(path, "export.xml"))


def only(found: list[Article | Refused]) -> Article:
    (article,) = found
    assert isinstance(article, Article)
    return article


def answers(article: Article) -> dict[str, str]:
    return {faq.question: article.text[faq.start : faq.end] for faq in article.faqs}


def test_a_post_keeps_its_metadata(tmp_path: Path):
    more = (
        "<wp:post_date>2026-01-02 10:00:00</wp:post_date><wp:post_modified>2026-02-03 11:00:00</wp:post_modified>"
        '<category domain="category" nicename="uncategorized"><![CDATA[Uncategorized]]></category><category '
        'domain="category" nicename="hrm"><![CDATA[HR &amp; Pay]]></category>'
        '<category domain="category" nicename="jobs"><![CDATA[Jobs]]></category><category domain="post_tag" '
        'nicename="letters"><![CDATA[letters]]></category>'
    )
    article = only(
        read(
            tmp_path,
            item(
                "<!-- wp:heading --><h2>Parts</h2><!-- /wp:heading --><p>One <b>two</b>.</p>",
                "What&#8217;s a payslip?",
                more=more,
            ),
        )
    )
    assert (article.id, article.title, article.url) == ("a-post", "What’s a payslip?", "https://example.com/a-post/")
    assert (article.published, article.updated, article.category, article.tags) == (
        date(2026, 1, 2),
        date(2026, 2, 3),
        "HR & Pay",
        ("letters", "Jobs"),
    )
    assert article.text == "## Parts\n\nOne two."


def test_zero_dates_and_updates_on_the_day_of_publication_are_ignored(tmp_path: Path):
    same, zero = read(
        tmp_path,
        item(
            "<p>a</p>",
            more=(
                "<wp:post_date>2026-01-02 10:00:00</wp:post_date><wp:post_modified>2026-01-02 "
                "11:00:00</wp:post_modified>"
            ),
        ),
        item("<p>b</p>", more="<wp:post_date>0000-00-00 00:00:00</wp:post_date>"),
    )
    assert isinstance(same, Article)
    assert isinstance(zero, Article)
    assert (same.published, same.updated, zero.published) == (date(2026, 1, 2), None, None)


def test_only_published_posts_and_pages_are_read_and_the_others_are_counted(tmp_path: Path):
    *articles, refused = read(
        tmp_path, item(), item(kind="page", title="A page", link="https://example.com/page/"), item(status="draft"),
        item(status="draft"), item(status="private"),
        item(kind="attachment", status="inherit"), item(kind="nav_menu_item"),
        item(more="<wp:post_password>x</wp:post_password>"),
    )  # fmt: skip
    assert [article.title for article in articles if isinstance(article, Article)] == ["A post", "A page"]
    reason = (
        "1 of the type 'attachment', 1 of the type 'nav_menu_item', 1 with a password, 2 with the "
        "status 'draft', 1 with the status 'private'"
    )
    assert refused == Refused("export.xml", None, reason, "left out")


@pytest.mark.parametrize("field", ["post_type", "status"])
def test_a_post_without_a_type_or_a_status_is_left_out(tmp_path: Path, field: str):
    kind, status = ("", "publish") if field == "post_type" else ("post", "")
    first, refused = read(tmp_path, item(), item(kind=kind, status=status))
    assert isinstance(first, Article)
    assert refused == Refused("export.xml", None, f"1 without a {field.removeprefix('post_')}", "left out")


def test_an_export_without_posts_is_refused_and_one_of_drafts_is_counted(tmp_path: Path):
    with pytest.raises(Unreadable, match="a WordPress export without posts or pages"):
        read(tmp_path)
    assert read(tmp_path, item(status="draft")) == [
        Refused("export.xml", None, "1 with the status 'draft'", "left out")
    ]


def test_repeated_terms_count_once_and_uncategorized_is_ignored(tmp_path: Path):
    terms = (
        '<category><![CDATA[HRM]]></category><category domain="category"><![CDATA[HRM]]></category><category '
        'domain="category" nicename="hrm"><![CDATA[HRM]]></category>'
        '<category domain="tag"><![CDATA[pay]]></category><category domain="tag" nicename="pay"><![CDATA[pay]]>'
        "</category>"
    )
    twice, none = read(
        tmp_path,
        item(more=terms),
        item(more='<category domain="category" nicename="uncategorized">Sin categoría</category>'),
    )
    assert isinstance(twice, Article)
    assert isinstance(none, Article)
    assert (twice.category, twice.tags, none.category, none.tags) == ("HRM", ("pay",), None, ())


def test_a_post_without_a_link_has_the_address_of_its_guid(tmp_path: Path):
    article = only(
        read(
            tmp_path,
            item(
                link="",
                more='<guid isPermaLink="false">https://example.com/?p=7</guid><wp:post_name>a-b</wp:post_name>',
            ),
        )
    )
    assert (article.url, article.id) == ("https://example.com/?p=7", "a-b")


def test_posts_of_a_site_in_a_folder_without_permalinks_have_different_ids(tmp_path: Path):
    link = "https://example.com/blog/?p="
    names = (
        "<wp:post_name>one</wp:post_name>",
        "<wp:post_name>caf%C3%A9</wp:post_name>",
        "<wp:post_name>one</wp:post_name>",
    )
    found = read(
        tmp_path,
        *(item(link=f"{link}{n}", more=name, kind="page" if n == 2 else "post") for n, name in enumerate(names)),
    )
    assert [article.id for article in found if isinstance(article, Article)] == ["one", "café", "one-7"]


@pytest.mark.parametrize("link", ["https://example.com/?p=7", ""])
def test_a_post_without_a_permalink_is_named_after_its_slug_or_number(tmp_path: Path, link: str):
    named, numbered = read(
        tmp_path, item("<p>a</p>", link=link, more="<wp:post_name>my-post</wp:post_name>"), item("<p>b</p>", link=link)
    )
    assert isinstance(named, Article)
    assert isinstance(numbered, Article)
    assert (named.id, numbered.id) == ("my-post", "post-7")


@pytest.mark.parametrize(
    "content",
    [
        "<!-- wp:details --><details><summary>Who pays?</summary><p>The firm.</p></details><!-- /wp:details -->",
        YOAST,
        RANK_MATH,
        '[su_accordion][su_spoiler title="Who pays?" open="no"]The firm.[/su_spoiler][/su_accordion]',
        "Questions:\n\n[accordion]\n[toggle title='Who pays?']\nThe firm.\n[/toggle]\n[/accordion]\n\nMore.",
        '[tabs][tab title="Pay"][toggle title=”Who pays?”]The firm.[/toggle][/tab][/tabs]',
        "<h2>FAQs</h2><h3>Who pays?</h3><p>The firm.</p>",
        "<h2>FAQs</h2><p><strong>Who pays?</strong></p><p>The firm.</p>",
    ],
)
def test_faq_blocks_of_all_kinds_are_faqs(tmp_path: Path, content: str):
    assert answers(only(read(tmp_path, item(content)))) == {"Who pays?": "The firm."}


def linked(question: str, answer: str) -> str:
    entity = f'"@type":"Question","name":"{question}","acceptedAnswer":{{"@type":"Answer","text":"{answer}"}}'
    return f'<!-- wp:html --><script type="application/ld+json">[{{{entity}}}]</script><!-- /wp:html -->'


@pytest.mark.parametrize(
    ("before", "text"),
    [
        ("<p>Words.</p>", "Words.\n\n## FAQs\n\n### Who pays?\n\nThe firm."),
        ("", "## FAQs\n\n### Who pays?\n\nThe firm."),
        ("<h3>Who pays?</h3><p>The firm.</p>", "### Who pays?\n\nThe firm."),
        ("<details><summary>Who pays?</summary>The <b>firm</b>.</details>", "### Who pays?\n\nThe firm."),
        ("<h2>FAQ</h2><h3>Who pays?</h3><p>The firm.</p>", "## FAQ\n\n### Who pays?\n\nThe firm."),
    ],
)
def test_faqs_in_linked_data_of_a_post_are_read_once(tmp_path: Path, before: str, text: str):
    article = only(read(tmp_path, item(f"{before}{linked('Who pays?', 'The firm.')}")))
    assert (article.text, answers(article), len(article.faqs)) == (text, {"Who pays?": "The firm."}, 1)


def test_linked_data_of_a_post_that_cannot_be_read_is_told(tmp_path: Path):
    script = '<p>Words.</p><script type="application/ld+json">Question, and so on</script>'
    refused, _ = read(tmp_path, item(script))
    assert str(refused).endswith("A post: its FAQs in JSON-LD are not valid JSON: correct the script")
    entities = ",".join(
        f'{{"@type":"Question","name":"Q{n}?","acceptedAnswer":{{"text":"A{n}."}}}}' for n in range(1002)
    )
    refused, article = read(tmp_path, item(f'<script type="application/ld+json">[{entities}]</script>'))
    assert str(refused).endswith("A post: 2 of its questions are not FAQs here: a post can have 1000, split it")
    assert isinstance(article, Article)
    assert len(article.faqs) == 1000


def test_shortcodes_are_removed_and_their_text_and_other_brackets_stay(tmp_path: Path):
    content = (
        '[caption id="a" width="3"]<img src="x.png" /> A card[/caption]\n\nThe act [sic] of 1961 [1].\n\n'
        '[gallery ids="1,2"][contact-form-7 id="9"]'
    )
    assert only(read(tmp_path, item(content))).text == "A card\n\nThe act [sic] of 1961 [1]."


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ('[row][column width="6"]Inner.[/column][/row][spacer height="9"][recent-posts /]', "Inner."),
        ('[caption width="3" caption="A card"]<img src="x.png" />[/caption]', "A card"),
        ("[embed]https://example.com/v[/embed]Words.", "Words."),
        ("Write [[gallery]] for pictures.", "Write [gallery] for pictures."),
        (
            "Dear [Name], from [date] [he/she] joins [the firm's office] [a = b].",
            "Dear [Name], from [date] [he/she] joins [the firm's office] [a = b].",
        ),
    ],
)
def test_text_enclosed_by_a_shortcode_and_placeholders_stay(tmp_path: Path, content: str, text: str):
    assert only(read(tmp_path, item(content))).text == text


def test_an_unclosed_toggle_does_not_swallow_the_text_after_it(tmp_path: Path):
    article = only(read(tmp_path, item('[toggle title="Who pays?"]The firm.\n\n<h2>Next</h2>\nWords.')))
    assert (article.text, article.faqs) == ("#### Who pays?\n\nThe firm.\n\n## Next\n\nWords.", ())


def test_blank_lines_of_the_classic_editor_are_paragraphs(tmp_path: Path):
    assert only(read(tmp_path, item("One <em>two</em>.\nThree.\r\n\r\nFour."))).text == "One two.\nThree.\n\nFour."


def test_blank_lines_between_headings_lists_and_quotations_are_paragraphs(tmp_path: Path):
    content = (
        "<h2>Notice\nperiod</h2>\nOne.\n\nTwo.\n<ul>\n<li>a</li>\n<li>b\n\nc</li>\n</ul>\n<blockquote>Q.\n\n"
        "R.</blockquote>\n"
        "<pre>x\n\ny</pre>\n<strong>Who pays?</strong>\nThe firm.\n\nLast."
    )
    article = only(read(tmp_path, item(content)))
    assert article.text == (
        "## Notice period\n\nOne.\n\nTwo.\n\n- a\n- b\n  c\n\n> Q.\n>\n> R.\n\n```\nx\n\ny\n```\n\n###### Who "
        "pays?\n\nThe firm.\n\nLast."
    )


def test_line_ends_inside_blocks_are_spaces(tmp_path: Path):
    assert only(read(tmp_path, item("<!-- wp:paragraph --><p>One\ntwo.</p><!-- /wp:paragraph -->"))).text == "One two."


@pytest.mark.parametrize(
    "namespace",
    ["http://wordpress.org/export/1.0/", "http://wordpress.org/export/1.1/", "https://wordpress.org/export/1.2/"],
)
def test_all_versions_of_the_format_are_read(tmp_path: Path, namespace: str):
    assert only(read(tmp_path, item(), namespace=namespace)).title == "A post"


def test_a_post_without_text_is_refused_with_title_and_line_and_the_next_is_read(tmp_path: Path):
    refused, article = read(tmp_path, item("<!-- wp:gallery /-->", "Pictures"), item())
    assert refused == Refused("export.xml", 4, "Pictures: no text in it")
    assert isinstance(article, Article)


def test_posts_before_a_fault_in_the_xml_are_read(tmp_path: Path):
    article, refused = read(tmp_path, item(), "<item><title>Cut & off", tail="")
    assert isinstance(article, Article)
    assert isinstance(refused, Refused)
    assert (refused.line, refused.reason[:53]) == (5, "the rest of the file was not read: the XML is faulty ")


def test_items_left_out_before_a_fault_are_counted(tmp_path: Path):
    refused, left_out = read(tmp_path, item(status="draft"), "</wrong>")
    assert isinstance(refused, Refused)
    assert "the rest of the file was not read" in refused.reason
    assert left_out == Refused("export.xml", None, "1 with the status 'draft'", "left out")


def test_unknown_namespace_prefixes_lose_nothing(tmp_path: Path):
    posts = [
        item(f"<p>{'word ' * 3000}</p>", f"Post {n}").replace("</item>", "<seo:x>1</seo:x></item>") for n in range(20)
    ]
    assert [article.title for article in read(tmp_path, *posts) if isinstance(article, Article)] == [
        f"Post {n}" for n in range(20)
    ]


def test_an_unreadable_title_does_not_stop_other_posts(tmp_path: Path):
    refused, article = read(tmp_path, item(title="<b>" * 300), item())
    assert isinstance(refused, Refused)
    assert refused.reason.startswith("a post without a title: elements nested deeper")
    assert isinstance(article, Article)


def test_a_post_over_the_size_limit_is_refused(tmp_path: Path):
    article, refused = read(tmp_path, item(), item("x" * (MAX_BYTES + 100_000)), item())
    assert isinstance(article, Article)
    assert isinstance(refused, Refused)
    assert (
        refused.reason
        == "the rest of the file was not read: more than 50 MB without the end of a post: shorten that post"
    )


def test_comments_do_not_count_towards_the_size_limit_of_a_post(tmp_path: Path):
    comments = f"<wp:comment><wp:comment_content>{'x' * 1_000_000}</wp:comment_content></wp:comment>\n" * (
        MAX_BYTES // 1_000_000 + 5
    )
    assert only(read(tmp_path, item(more=comments))).text == "Words."


@pytest.mark.parametrize(
    "content",
    [
        "[a " + "b=c    " * 40 + "!",
        "[a b=c " * 20_000,
        '[toggle title="x"] ' * 20_000,
        "[toggle " * 20_000,
        "[embed]" * 20_000,
        "[a '\"" * 20_000,
        "<pre> x " * 20_000,
        "<div " * 100_000,
    ],
    ids=["spaces", "values", "toggles", "openings", "embeds", "quotes", "verbatim", "tags"],
)
def test_unclosed_brackets_do_not_slow_down_reading(tmp_path: Path, content: str):
    started = time.process_time()
    assert len(read(tmp_path, item(content))) == 1
    assert time.process_time() - started < 5


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from(
            [
                "[toggle title='Who?']",
                "[/toggle]",
                "[caption caption=x]",
                "[/caption]",
                "[[x]]",
                "[",
                "]",
                "<p>",
                "</p>",
                "<li>",
                "<pre>",
                "</pre>",
                "\n\n",
                "\n",
                "two words",
            ]
        )
    )
)
def test_any_mix_of_shortcodes_and_tags_is_read_or_refused(tmp_path: Path, parts: list[str]):
    (found,) = [entry for entry in read(tmp_path, item("".join([*parts, "end"]))) if isinstance(entry, Article)]
    assert found.text.count("two words") == parts.count("two words")
    assert found.text.rstrip("`\n").endswith("end")
    assert all(found.text[faq.start : faq.end].strip() for faq in found.faqs)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"version": ""}, "not a WordPress export: it names no WXR version"),
        ({"version": "<wp:wxr_version>abc</wp:wxr_version>"}, "its WXR version 'abc' is not one of 1.0 to 1.2"),
        ({"namespace": "http://example.com/"}, "not a WordPress export: it names no WXR version"),
        ({"head": "not xml{namespace:.0}{version:.0}"}, r"the XML is faulty \(Start tag expected"),
        ({"head": "<osm>{namespace:.0}{version:.0}", "tail": "</osm>"}, "it begins with <osm>, not with <rss>"),
        (
            {"head": '<!DOCTYPE x [<!ENTITY e "boom">]>' + HEAD.split("?>\n", 1)[1]},
            "it declares a document type, as no WordPress export does",
        ),
    ],
)
def test_a_file_that_is_not_an_export_is_refused(tmp_path: Path, arguments: dict[str, str], reason: str):
    with pytest.raises(Unreadable, match=reason):
        read(tmp_path, item(), **arguments)


def test_an_empty_file_is_refused(tmp_path: Path):
    (tmp_path / "export.xml").touch()
    with pytest.raises(Unreadable, match="the XML is faulty"):
        list(read_file(tmp_path / "export.xml", "export.xml"))


def test_exponential_entities_are_refused(tmp_path: Path):
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    head = f'<!DOCTYPE rss [<!ENTITY l0 "ha">{laughs}]>' + HEAD.split("?>\n", 1)[1]
    for text, attribute in (("&l9;", "2.0"), ("", "&l9;")):
        with pytest.raises(Unreadable, match=r"document type|amplification"):
            read(tmp_path, item(more=text), head=head.replace('version="2.0"', f'version="{attribute}"'))


def test_entities_and_references_to_files_are_not_expanded(tmp_path: Path):
    (tmp_path / "secret.txt").write_text("hunter2")
    head = f'<!DOCTYPE rss [<!ENTITY file SYSTEM "file://{tmp_path}/secret.txt">]>' + HEAD.split("?>\n", 1)[1]
    with pytest.raises(Unreadable, match="document type"):
        read(tmp_path, item().replace("<![CDATA[A post]]>", "&file;"), head=head)


POSTS = 3000
"""Posts of a long export: 15 MB, several times what reading one post at a time takes."""


@pytest.mark.slow
def test_a_long_export_is_read_one_post_at_a_time(tmp_path: Path):
    path = tmp_path / "export.xml"
    with path.open("w", encoding="utf-8") as file:
        file.write(HEAD.format(namespace=NAMESPACE, version=VERSION))
        file.writelines(item(f"<p>{'word ' * 1000}{n}</p>", link=f"https://example.com/{n}/") for n in range(POSTS))
        file.write("</channel></rss>")
    code = (
        "import resource; from pathlib import Path; from bot.corpus.formats.wordpress import read_file\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        f"count = sum(1 for _ in read_file(Path({str(path)!r}), 'export.xml'))\n"
        "print(count, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)"
    )
    count, grown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert int(count) == POSTS
    assert int(grown) < path.stat().st_size / 2
