"""WordPress export files."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from bot.corpus import Article, Refused
from bot.corpus.decoding import Unreadable
from bot.corpus.wordpress import read_file

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:wp="{namespace}">
<channel><title>Site</title>{version}
"""
NAMESPACE = "http://wordpress.org/export/1.2/"
YOAST = (
    '<!-- wp:yoast/faq-block --><div class="schema-faq wp-block-yoast-faq-block"><div class="schema-faq-section"><strong class="schema-faq-question">Who pays?'
    '</strong><p class="schema-faq-answer">The firm.</p></div></div><!-- /wp:yoast/faq-block -->'
)
RANK_MATH = (
    '<!-- wp:rank-math/faq-block {"questions":[]} --><div class="rank-math-list"><div class="rank-math-faq-item"><h3 class="rank-math-question">Who pays?</h3>'
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
        f"<item><title><![CDATA[{title}]]></title><link>{link}</link><content:encoded><![CDATA[{content}]]></content:encoded>"
        f"<wp:post_id>7</wp:post_id><wp:post_type>{kind}</wp:post_type><wp:status>{status}</wp:status>{more}</item>\n"
    )


def read(
    tmp_path: Path, *items: str, namespace: str = NAMESPACE, version: str = VERSION, tail: str = "</channel></rss>", head: str = HEAD
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


def test_a_post_keeps_its_facts(tmp_path: Path):
    more = (
        "<wp:post_date>2026-01-02 10:00:00</wp:post_date><wp:post_modified>2026-02-03 11:00:00</wp:post_modified>"
        '<category domain="category" nicename="uncategorized"><![CDATA[Uncategorized]]></category><category domain="category" nicename="hrm"><![CDATA[HR &amp; Pay]]></category>'
        '<category domain="category" nicename="jobs"><![CDATA[Jobs]]></category><category domain="post_tag" nicename="letters"><![CDATA[letters]]></category>'
    )
    article = only(
        read(tmp_path, item("<!-- wp:heading --><h2>Parts</h2><!-- /wp:heading --><p>One <b>two</b>.</p>", "What&#8217;s a payslip?", more=more))
    )
    assert (article.id, article.title, article.url) == ("a-post", "What’s a payslip?", "https://example.com/a-post/")
    assert (article.published, article.updated, article.category, article.tags) == (
        date(2026, 1, 2),
        date(2026, 2, 3),
        "HR & Pay",
        ("letters", "Jobs"),
    )
    assert article.text == "## Parts\n\nOne two."


def test_a_change_on_the_same_day_and_zero_dates_are_no_dates(tmp_path: Path):
    same, zero = read(
        tmp_path,
        item("<p>a</p>", more="<wp:post_date>2026-01-02 10:00:00</wp:post_date><wp:post_modified>2026-01-02 11:00:00</wp:post_modified>"),
        item("<p>b</p>", more="<wp:post_date>0000-00-00 00:00:00</wp:post_date>"),
    )
    assert isinstance(same, Article)
    assert isinstance(zero, Article)
    assert (same.published, same.updated, zero.published) == (date(2026, 1, 2), None, None)


def test_only_published_posts_and_pages_go_in_and_the_rest_is_counted(tmp_path: Path):
    *articles, refused = read(
        tmp_path, item(), item(kind="page", title="A page", link="https://example.com/page/"), item(status="draft"), item(status="draft"), item(status="private"),
        item(kind="attachment", status="inherit"), item(kind="nav_menu_item"), item(more="<wp:post_password>x</wp:post_password>"),
    )  # fmt: skip
    assert [article.title for article in articles if isinstance(article, Article)] == ["A post", "A page"]
    reason = "left out: 1 of the type 'attachment', 1 of the type 'nav_menu_item', 1 with a password, 2 with the status 'draft', 1 with the status 'private'"
    assert refused == Refused("export.xml", None, reason)


@pytest.mark.parametrize("link", ["https://example.com/?p=7", ""])
def test_a_post_without_a_permalink_is_called_after_its_name_or_number(tmp_path: Path, link: str):
    named, numbered = read(tmp_path, item("<p>a</p>", link=link, more="<wp:post_name>my-post</wp:post_name>"), item("<p>b</p>", link=link))
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
        "<h2>FAQs</h2><h3>Who pays?</h3><p>The firm.</p>",
        "<h2>FAQs</h2><p><strong>Who pays?</strong></p><p>The firm.</p>",
    ],
)
def test_faq_blocks_of_all_kinds_are_faqs(tmp_path: Path, content: str):
    assert answers(only(read(tmp_path, item(content)))) == {"Who pays?": "The firm."}


def test_shortcodes_go_their_words_and_other_brackets_stay(tmp_path: Path):
    content = (
        '[caption id="a" width="3"]<img src="x.png" /> A card[/caption]\n\nThe act [sic] of 1961 [1].\n\n[gallery ids="1,2"][contact-form-7 id="9"]'
    )
    assert only(read(tmp_path, item(content))).text == "A card\n\nThe act [sic] of 1961 [1]."


def test_blank_lines_of_the_classic_editor_are_paragraphs(tmp_path: Path):
    assert only(read(tmp_path, item("One <em>two</em>.\nThree.\r\n\r\nFour."))).text == "One two.\nThree.\n\nFour."


@pytest.mark.parametrize("namespace", ["http://wordpress.org/export/1.0/", "http://wordpress.org/export/1.1/", "https://wordpress.org/export/1.2/"])
def test_all_versions_of_the_format_are_read(tmp_path: Path, namespace: str):
    assert only(read(tmp_path, item(), namespace=namespace)).title == "A post"


def test_a_post_without_text_is_refused_with_its_title_and_line_and_the_next_goes_in(tmp_path: Path):
    refused, article = read(tmp_path, item("<!-- wp:gallery /-->", "Pictures"), item())
    assert refused == Refused("export.xml", 4, "Pictures: no text in it")
    assert isinstance(article, Article)


def test_what_stands_before_a_fault_in_the_xml_is_kept(tmp_path: Path):
    article, refused = read(tmp_path, item(), "<item><title>Cut & off", tail="")
    assert isinstance(article, Article)
    assert isinstance(refused, Refused)
    assert (refused.line, refused.reason[:28]) == (5, "the XML is faulty here (xmlP")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"version": ""}, "not a WordPress export: it names no WXR version"),
        ({"version": "<wp:wxr_version>abc</wp:wxr_version>"}, "its WXR version 'abc' is not one of 1.0 to 1.2"),
        ({"namespace": "http://example.com/"}, "not a WordPress export: it names no WXR version"),
        ({"head": "not xml{namespace:.0}{version:.0}"}, "the XML is faulty before the first post ends"),
        ({"head": '<!DOCTYPE x [<!ENTITY e "boom">]>' + HEAD.split("?>\n", 1)[1]}, "it declares a document type, as no WordPress export does"),
    ],
)
def test_what_is_no_export_is_refused(tmp_path: Path, arguments: dict[str, str], reason: str):
    with pytest.raises(Unreadable, match=reason):
        read(tmp_path, item(), **arguments)


def test_entities_and_references_to_files_do_nothing(tmp_path: Path):
    (tmp_path / "secret.txt").write_text("hunter2")
    head = f'<!DOCTYPE rss [<!ENTITY file SYSTEM "file://{tmp_path}/secret.txt">]>' + HEAD.split("?>\n", 1)[1]
    with pytest.raises(Unreadable, match="document type"):
        read(tmp_path, item().replace("<![CDATA[A post]]>", "&file;"), head=head)


def test_a_long_export_is_read_one_post_at_a_time(tmp_path: Path):
    path = tmp_path / "export.xml"
    with path.open("w", encoding="utf-8") as file:
        file.write(HEAD.format(namespace=NAMESPACE, version=VERSION))
        file.writelines(item(f"<p>{'word ' * 1000}{n}</p>", link=f"https://example.com/{n}/") for n in range(10_000))
        file.write("</channel></rss>")
    code = (
        "import resource; from pathlib import Path; from bot.corpus.wordpress import read_file\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        f"count = sum(1 for _ in read_file(Path({str(path)!r}), 'export.xml'))\n"
        "print(count, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)"
    )
    count, grown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert int(count) == 10_000
    assert int(grown) < path.stat().st_size / 2
