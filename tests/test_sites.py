"""Corpora of several sites, of several exports of one site, and of addresses in several languages."""

from pathlib import Path

import pytest

from bot.corpus import read_corpus
from bot.corpus.fields import permalink_path
from bot.corpus.sites import site_of

EXPORT = """<?xml version="1.0" encoding="UTF-8"?>
<rss xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:wp="http://wordpress.org/export/1.2/"><channel>
<title>Site</title><link>{site}</link><pubDate>{date}</pubDate><wp:wxr_version>1.2</wp:wxr_version>
{posts}</channel></rss>"""
POST = (
    "<item><title>{title}</title><link>{link}</link><content:encoded>{words}</content:encoded><wp:post_id>{n}"
    "</wp:post_id><wp:post_name>faq</wp:post_name><wp:post_type>post</wp:post_type><wp:status>publish</wp:status></item>"
)
OLD, NEW = "Mon, 05 Jan 2026 10:00:00 +0000", "Tue, 03 Feb 2026 10:00:00 +0530"


def export(folder: Path, name: str, site: str, words: str, date: str = OLD, path: str = "/faq/") -> None:
    post = POST.format(title=f"FAQ of {name}", link=f"{site}{path}", words=words, n=7)
    (folder / f"{name}.xml").write_text(EXPORT.format(site=site, date=date, posts=post), encoding="utf-8")


def texts(folder: Path) -> dict[str, str]:
    return {article.id: article.text for article in read_corpus(folder).articles}


def test_the_ids_of_one_site_are_paths_whatever_the_scheme_and_www(tmp_path: Path):
    export(tmp_path, "a", "https://example.com", "One.")
    export(tmp_path, "b", "http://www.example.com", "Two.", path="/more/")
    assert texts(tmp_path) == {"faq": "One.", "more": "Two."}


def test_the_ids_of_several_sites_begin_with_their_hosts(tmp_path: Path):
    export(tmp_path, "a", "https://www.example.com", "One.")
    export(tmp_path, "b", "https://example.org", "Two.")
    export(tmp_path, "c", "https://hi.example.com", "तीन।")
    export(tmp_path, "d", "https://example.net", "Four.", path="/?p=7")
    (tmp_path / "own.md").write_text("No address.", encoding="utf-8")
    (tmp_path / "named.md").write_text("---\nid: mine\nurl: https://example.org/x/\n---\nNamed.", encoding="utf-8")
    assert texts(tmp_path) == {
        "example.com/faq": "One.",
        "example.org/faq": "Two.",
        "hi.example.com/faq": "तीन।",
        "example.net/faq": "Four.",
        "own": "No address.",
        "mine": "Named.",
    }


def test_a_pulled_site_beside_the_export_of_another_is_kept_apart(tmp_path: Path):
    export(tmp_path, "a", "https://example.com", "One.")
    folder = tmp_path / "pulled" / "www.example.org"
    folder.mkdir(parents=True)
    page = '<html><head><title>FAQ</title><link rel="canonical" href="https://www.example.org/faq/"></head><body><p>Two.</p>'
    (folder / "faq.html").write_text(page, encoding="utf-8")
    assert texts(tmp_path) == {"example.com/faq": "One.", "example.org/faq": "Two."}


def test_of_two_exports_of_a_site_the_newer_version_is_read(tmp_path: Path):
    export(tmp_path, "a", "https://example.com", "Old words.", OLD)
    export(tmp_path, "b", "http://www.example.com", "New words.", NEW)
    corpus = read_corpus(tmp_path)
    assert [(article.text, article.source) for article in corpus.articles] == [("New words.", "b.xml")]
    assert [(item.kind, str(item)) for item in corpus.refused] == [
        ("left out", "a.xml: 'FAQ of a': the same address as an article in b.xml; that one is read")
    ]


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 05 Jan 2026 10:00:00 -0000"])
def test_an_export_without_a_usable_date_is_read(tmp_path: Path, date: str):
    export(tmp_path, "a", "https://example.com", "One.", date)
    export(tmp_path, "b", "https://example.com", "Two.", NEW)
    assert texts(tmp_path) == {"faq": "Two."}


def page(folder: Path, name: str, url: str, words: str, changed: str = "") -> None:
    """Write a pulled page, or a Markdown file, with an address and a date."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    html = (
        f'<html><head><title>FAQ</title><link rel="canonical" href="{url}">'
        f'<meta property="article:modified_time" content="{changed}"></head><body><p>{words}</p>'
    )
    front = f"---\ntitle: FAQ\nurl: {url}\n{f'date: {changed}' if changed else ''}\n---\n{words}\n"
    (folder / name).write_text(front if name.endswith(".md") else html, encoding="utf-8")


@pytest.mark.parametrize(
    ("changed", "read", "left_out"),
    [
        ("2026-05-01T00:00:00", "pulled/example.com/faq.html", "export.xml"),
        ("2025-05-01T00:00:00", "export.xml", "pulled/example.com/faq.html"),
        ("", "export.xml", "pulled/example.com/faq.html"),
    ],
)
def test_of_an_export_and_a_pulled_page_the_newer_version_is_read(
    tmp_path: Path, changed: str, read: str, left_out: str
):
    export(tmp_path, "export", "https://example.com", "Words of the export.", OLD)
    page(tmp_path, "pulled/example.com/faq.html", "https://example.com/faq/", "Words of the page.", changed)
    page(tmp_path, "pulled/example.com/other.html", "https://example.com/other/", "Other words.", "2027-01-01")
    corpus = read_corpus(tmp_path)
    assert {article.id: article.source for article in corpus.articles} == {
        "faq": read,
        "other": "pulled/example.com/other.html",
    }
    assert [(item.file, item.kind) for item in corpus.refused] == [(left_out, "left out")]


def test_of_two_files_with_one_address_the_newer_version_is_read_in_its_place(tmp_path: Path):
    page(tmp_path, "a.md", "https://example.com/faq/", "Old words.")
    page(tmp_path, "b.md", "https://example.com/more/", "More words.", "2026-06-01")
    page(tmp_path, "c.md", "http://www.example.com/faq", "New words.", "April 1, 2026")
    articles = [(article.id, article.text) for article in read_corpus(tmp_path).articles]
    assert articles == [("faq", "New words."), ("more", "More words.")]


def test_of_two_exports_without_a_date_the_one_with_the_newest_post_is_read(tmp_path: Path):
    for name, day in (("a", "2026-01-02"), ("b", "2026-06-01"), ("c", "2026-03-03")):
        export(tmp_path, name, "https://example.com", f"Words of {name}.", "")
        path = tmp_path / f"{name}.xml"
        modified = f"</link><wp:post_modified><![CDATA[{day} 10:00:00]]></wp:post_modified><content"
        path.write_text(path.read_text().replace("<pubDate></pubDate>", "").replace("</link><content", modified))
    assert texts(tmp_path) == {"faq": "Words of b."}


def test_the_languages_of_an_export_that_have_hosts_of_their_own_are_all_read(tmp_path: Path):
    links = ["https://example.com", "https://de.example.com", "https://www.example.fr", "https://shop.example.com"]
    posts = [POST.format(title="Fees", link=f"{link}/fees/", words=f"{n} euro.", n=n) for n, link in enumerate(links)]
    posts.append(POST.format(title="More", link="https://example.com/more/", words="More words.", n=9))
    content = EXPORT.format(site="https://www.example.com", date=OLD, posts="".join(posts))
    (tmp_path / "export.xml").write_text(content, encoding="utf-8")
    corpus = read_corpus(tmp_path)
    assert {article.id: article.language for article in corpus.articles} == {
        "fees": "en",
        "de.example.com/fees": "de",
        "example.fr/fees": "fr",
        "shop.example.com/fees": "en",
        "more": "en",
    }
    assert corpus.refused == ()


def test_an_export_is_of_the_site_of_its_posts(tmp_path: Path):
    export(tmp_path, "a", "https://example.com", "One.")
    path = tmp_path / "a.xml"
    path.write_text(path.read_text().replace("<link>https://example.com<", "<link>https://site.wordpress.com<"))
    export(tmp_path, "b", "https://example.com", "Two.", path="/more/")
    assert texts(tmp_path) == {"faq": "One.", "more": "Two."}


@pytest.mark.parametrize("suffix", [".md", ".html"])
def test_the_ids_of_pages_of_several_sites_begin_with_their_hosts(tmp_path: Path, suffix: str):
    page(tmp_path, f"a{suffix}", "https://example.com/faq/", "One.")
    page(tmp_path, f"b{suffix}", "https://www.example.com/more/", "Two.")
    assert texts(tmp_path) == {"faq": "One.", "more": "Two."}
    page(tmp_path, f"c{suffix}", "https://example.org/faq/", "Three.")
    assert texts(tmp_path) == {"example.com/faq": "One.", "example.com/more": "Two.", "example.org/faq": "Three."}


@pytest.mark.parametrize(
    ("code", "language"), [("de", "de"), ("pt-BR", "pt"), ("bn", "bn"), ("hi", "hi"), ("xx", "en")]
)
def test_the_language_of_an_article_is_the_one_that_its_address_names(tmp_path: Path, code: str, language: str):
    page(tmp_path, "a.md", f"https://example.com/faq/?lang={code}", "Thirty minutes.")
    assert [article.language for article in read_corpus(tmp_path).articles] == [language]


def test_versions_in_several_languages_are_articles_of_their_own(tmp_path: Path):
    export(tmp_path, "a", "https://example.com", "The leave is twelve days a year for all of us.")
    export(tmp_path, "b", "https://example.com", "सबके लिए साल में बारह दिन की छुट्टी है।", path="/faq/?lang=hi")
    articles = {article.id: article.language for article in read_corpus(tmp_path).articles}
    assert articles == {"faq": "en", "hi/faq": "hi"}


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://a.example/faq/?lang=hi", "hi/faq"), ("https://a.example/faq/?x=1&lang=pt-BR", "pt-br/faq"),
        ("https://a.example/?lang=hi", "hi"), ("https://a.example/faq/?language=1&slang=hi", "faq"),
        ("https://a.example/faq/", "faq"), ("https://a.example/", None), (None, None),
    ],
)  # fmt: skip
def test_the_language_in_a_query_is_part_of_a_path(url: str | None, path: str | None):
    assert permalink_path(url) == path


def test_a_site_is_a_host_without_www():
    urls = ("https://WWW.Example.com:8080/x", "http://example.com", "not a url", None, "http://[::1")
    assert list(map(site_of, urls)) == ["example.com", "example.com", "", "", ""]
