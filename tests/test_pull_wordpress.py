"""Pulling the posts and pages of a WordPress REST API from a real HTTP server on this machine."""

import json
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulled_site import Blog, Reply, Site, as_json, bring, counts, files, listed, reasons

from bot.corpus import read_corpus
from bot.corpus.formats.webpage import read_file
from bot.corpus.pull.addresses import UrlRefused
from bot.corpus.pull.html_files import Terms, acf_html, to_html


def test_posts_and_pages_become_files_with_their_wordpress_metadata(site: Site, tmp_path: Path):
    Blog(site, posts=2)
    report = bring(site, tmp_path)
    assert (counts(report), report.refused, report.more) == ((3, 0, 0), (), False)
    assert set(files(tmp_path)) == {"hrm/post-1.html", "hrm/post-2.html", "about.html"}
    (article,) = read_file(files(tmp_path)["hrm/post-1.html"], "post-1.html")
    assert article.title == "Post 1 – what is <due>"
    assert article.url == f"{site.url}/hrm/post-1/"
    assert (article.published, article.updated) == (date(2024, 3, 1), date(2025, 6, 2))
    assert (article.category, article.tags) == ("HR & Payroll", ("notice",))
    assert article.text == "Answer number 1 is written here, for all to read."
    assert article.id == "hrm/post-1"


def test_a_corpus_reads_the_pulled_files_and_not_the_crawl_state(site: Site, tmp_path: Path):
    blog = Blog(site, posts=2)
    blog.posts[1]["content"]["rendered"] = (
        "<p>About notice.</p><h2>FAQs</h2><h3>How long is it?</h3><p>Two weeks from the day it is given.</p>"
    )
    bring(site, tmp_path)
    corpus = read_corpus(tmp_path)
    assert corpus.refused == ()
    assert {article.id: article.category for article in corpus.articles} == {
        "hrm/post-1": "HR & Payroll",
        "hrm/post-2": "HR & Payroll",
        "about": None,
    }
    (faq,) = (faq for article in corpus.articles for faq in article.faqs)
    assert faq.question == "How long is it?"


def test_progress_is_reported(site: Site, tmp_path: Path):
    messages: list[str] = []
    listed(site, "/a")
    bring(site, tmp_path, report=messages.append)
    assert messages[0] == f"No WordPress REST API at {site.url}/wp-json: answers 404 Not Found."
    assert messages[-1] == "Reading the pages that a sitemap lists."


def test_all_pages_of_a_list_are_read(site: Site, tmp_path: Path):
    Blog(site, posts=120)
    assert counts(bring(site, tmp_path)) == (121, 0, 0)
    lists = [asked for asked in site.asked if "/posts?" in asked and "per_page=50" in asked]
    assert [parse_qs(urlsplit(asked).query)["page"] for asked in lists] == [["1"], ["2"], ["3"]]


def test_a_second_pull_of_an_unchanged_api_sends_conditional_requests_and_rewrites_nothing(site: Site, tmp_path: Path):
    Blog(site, posts=60, etags=True)
    bring(site, tmp_path)
    before = {name: path.stat().st_mtime_ns for name, path in files(tmp_path).items()}
    site.statuses.clear()
    site.asked.clear()
    report = bring(site, tmp_path)
    assert counts(report) == (0, 0, 61)
    assert [status for status, asked in zip(site.statuses, site.asked, strict=True) if "orderby" in asked] == [
        304,
        304,
        304,
    ]
    assert {name: path.stat().st_mtime_ns for name, path in files(tmp_path).items()} == before


def test_only_changed_posts_are_read_and_written_if_the_api_has_no_etags(site: Site, tmp_path: Path):
    blog = Blog(site, posts=3)
    bring(site, tmp_path)
    before = {name: path.stat().st_mtime_ns for name, path in files(tmp_path).items()}
    today = datetime.now(UTC).date()
    blog.posts[1]["content"]["rendered"] = "<p>It was written anew, as the law has changed.</p>"
    blog.posts[1]["modified"] = f"{today}T12:00:00"
    blog.posts.append(blog.post(4))
    site.asked.clear()
    report = bring(site, tmp_path)
    assert counts(report) == (1, 1, 3)
    full = [parse_qs(urlsplit(asked).query) for asked in site.asked if "/posts?" in asked and "content" in asked]
    assert [(query.get("modified_after"), query.get("include")) for query in full] == [
        ([f"{today - timedelta(days=2)}T23:59:59"], None), (None, ["4"]),
    ]  # fmt: skip
    after = {name: path.stat().st_mtime_ns for name, path in files(tmp_path).items()}
    assert {name for name in after if after[name] != before.get(name)} == {"hrm/post-2.html", "hrm/post-4.html"}


def test_a_deleted_file_is_written_again_even_if_the_list_is_unchanged(site: Site, tmp_path: Path):
    Blog(site, posts=2, etags=True)
    bring(site, tmp_path)
    files(tmp_path)["hrm/post-1.html"].unlink()
    assert counts(bring(site, tmp_path)) == (1, 0, 2)


def test_since_requests_only_posts_modified_from_that_day_on(site: Site, tmp_path: Path):
    blog = Blog(site, posts=3)
    blog.posts[0]["modified"], blog.posts[1]["modified"] = "2025-01-31T23:59:59", "2025-02-01T00:00:00"
    assert counts(bring(site, tmp_path, since=date(2025, 2, 1))) == (3, 0, 0)
    assert set(files(tmp_path)) == {"hrm/post-2.html", "hrm/post-3.html", "about.html"}
    assert any("modified_after=2025-01-31T23%3A59%3A59" in asked for asked in site.asked)


def test_since_filters_the_posts_of_a_wordpress_that_ignores_it(site: Site, tmp_path: Path):
    blog = Blog(site, posts=2)
    blog.posts[0]["modified"] = "2020-01-01T00:00:00"
    known = site.pages["/wp-json/wp/v2/posts"]
    site.pages["/wp-json/wp/v2/posts"] = lambda query: known(
        {name: value for name, value in query.items() if name != "modified_after"}
    )
    assert counts(bring(site, tmp_path, since=date(2025, 2, 1))) == (2, 0, 0)


def test_a_malformed_post_does_not_stop_the_others(site: Site, tmp_path: Path):
    blog = Blog(site, posts=5)
    blog.posts[0]["content"] = {"rendered": "", "protected": True}
    blog.posts[1]["content"] = {"rendered": " ", "protected": False}
    del blog.posts[2]["link"]
    blog.posts[3]["link"] = "javascript:alert(1)"
    blog.posts[3]["title"] = 7
    report = bring(site, tmp_path)
    assert counts(report) == (2, 0, 0)
    assert sorted(reason for _, reason in report.refused) == [
        "a post without a link",
        "no text in it",
        "not an address that starts with http:// or https://",
        "protected by a password",
    ]


def test_html_in_a_title_is_escaped(site: Site, tmp_path: Path):
    blog = Blog(site, posts=1)
    blog.posts[0]["title"]["rendered"] = "&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt; &quot;quoted&quot;"
    bring(site, tmp_path)
    content = files(tmp_path)["hrm/post-1.html"].read_text(encoding="utf-8")
    assert "<script" not in content
    (article,) = read_file(files(tmp_path)["hrm/post-1.html"], "x.html")
    assert article.title == '</title><script>alert(1)</script> "quoted"'


def test_a_list_that_wordpress_fails_to_return_is_read_post_by_post(site: Site, tmp_path: Path):
    blog = Blog(site, posts=3)
    whole = site.pages["/wp-json/wp/v2/posts"]
    site.pages["/wp-json/wp/v2/posts"] = lambda query: (
        Reply("broken", 500) if "content" in query["_fields"] else whole(query)
    )
    site.pages["/wp-json/wp/v2/posts/1"] = as_json(blog.posts[0])
    site.pages["/wp-json/wp/v2/posts/2"] = Reply("broken", 500)
    site.pages["/wp-json/wp/v2/posts/3"] = as_json(blog.posts[2])
    report = bring(site, tmp_path)
    assert set(files(tmp_path)) == {"hrm/post-1.html", "hrm/post-3.html", "about.html"}
    assert [reason for _, reason in report.refused] == ["answers 500 Internal Server Error, 3 times"]


def test_a_list_without_a_total_is_read_to_its_end(site: Site, tmp_path: Path):
    Blog(site, posts=25)
    for route in ("posts", "pages", "categories", "tags"):
        complete = site.pages[f"/wp-json/wp/v2/{route}"]

        def without_total(query: dict[str, str], complete=complete) -> Reply:
            reply = complete({**query, "per_page": "10"})
            reply.headers.pop("X-WP-TotalPages", None)
            return reply

        site.pages[f"/wp-json/wp/v2/{route}"] = without_total
    report = bring(site, tmp_path)
    assert (counts(report), report.refused) == ((26, 0, 0), ())


def test_an_api_that_always_returns_the_same_page_is_not_read_for_ever(site: Site, tmp_path: Path):
    blog = Blog(site, posts=2)
    site.pages["/wp-json/wp/v2/posts"] = as_json(blog.posts, **{"X-WP-TotalPages": "9999999"})
    assert counts(bring(site, tmp_path)) == (3, 0, 0)
    assert len(site.asked) < 12


def test_articles_are_written_without_categories_if_those_cannot_be_read(site: Site, tmp_path: Path):
    Blog(site, posts=1)
    site.pages["/wp-json/wp/v2/categories"] = Reply("no", 403)
    report = bring(site, tmp_path)
    assert counts(report) == (2, 0, 0)
    assert list(reasons(site, report).values()) == ["answers 403 Forbidden"]


def test_a_site_without_pretty_permalinks_is_read_through_query_parameters(site: Site, tmp_path: Path):
    Blog(site, posts=2)
    routes = {path.removeprefix("/wp-json"): site.pages.pop(path) for path in list(site.pages)}
    site.pages["/"] = lambda query: routes[query["rest_route"]](query) if query.get("rest_route") in routes else None
    assert counts(bring(site, tmp_path)) == (3, 0, 0)


@pytest.mark.parametrize(
    "answer",
    [
        Reply("gone", 404),
        Reply('{"code":"rest_disabled"}', 401, "application/json"),
        Reply("<html>Not here", 200),
        Reply("[{]", 200, "application/json"),
        Reply('{"a": 1}', 200, "application/json"),
        Reply("[" * 100_000, 200, "application/json"),
        Reply("broken", 500),
    ],
    ids=["missing", "closed", "a page", "not JSON", "no list", "deep", "broken"],
)
def test_without_a_usable_api_the_sitemap_is_read(site: Site, tmp_path: Path, answer: Reply):
    site.pages["/wp-json/wp/v2/posts"] = answer
    listed(site, "/one/")
    assert counts(bring(site, tmp_path)) == (1, 0, 0)
    assert set(files(tmp_path)) == {"one.html"}


@given(
    st.recursive(
        st.none() | st.integers() | st.booleans() | st.text(st.characters()),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["rendered", "protected"]), inner),
    ),
    st.data(),
)
def test_any_json_becomes_an_article_or_is_refused(value, data: st.DataObject):
    post = Blog(Site(), posts=1).posts[0]
    post[data.draw(st.sampled_from(sorted(post)))] = value
    with suppress(UrlRefused):
        assert b"<h1>" in to_html(json.loads(json.dumps(post)), Terms({1: "One", 5: "Five"}, {7: "Seven"}))


RENDERED = (
    "<p>Intro.</p>\n<p>[vc_row][vc_column][vc_toggle title=&#8221;How long does it take?&#8221; el_id=&#8221;a&#8221;]"
    "Thirty minutes.[/vc_toggle]</p>\n<p>[vc_toggle title=&#8221;Who may come?&#8221;]</p>\n<p>Everyone.</p>\n"
    "<p>[/vc_toggle][/vc_column][/vc_row]</p>\n<p>Dear [Name], see [sic].</p>"
)


def test_shortcodes_that_wordpress_left_in_a_post_are_read_as_in_an_export(site: Site, tmp_path: Path):
    blog = Blog(site, posts=1)
    blog.posts[0]["content"]["rendered"] = RENDERED
    bring(site, tmp_path)
    (article,) = read_file(files(tmp_path)["hrm/post-1.html"], "a.html")
    assert {faq.question: article.text[faq.start : faq.end] for faq in article.faqs} == {
        "How long does it take?": "Thirty minutes.",
        "Who may come?": "Everyone.",
    }
    assert "[vc_" not in article.text
    assert "Dear [Name], see [sic]." in article.text


def test_further_types_of_posts_are_named_and_read_if_wanted(site: Site, tmp_path: Path):
    blog = Blog(site, posts=1)
    types = {
        "post": "posts",
        "page": "pages",
        "attachment": "media",
        "wp_block": "blocks",
        "ufaq": "ufaq",
        "docs": "docs",
    }
    site.pages["/wp-json/wp/v2/types"] = as_json({name: {"rest_base": route} for name, route in types.items()})
    faq = blog.post(70, link=f"{site.url}/faq/lost-card/", title="Who pays for a lost card?")
    site.pages["/wp-json/wp/v2/ufaq"] = blog.listing(lambda: [faq])
    messages: list[str] = []
    assert counts(bring(site, tmp_path, report=messages.append)) == (2, 0, 0)
    assert messages[-1] == "Left out: the types docs, ufaq; read them with --types docs,ufaq."
    report = bring(site, tmp_path, types=("ufaq",), report=messages.append)
    assert (counts(report), "faq/lost-card.html" in files(tmp_path)) == ((1, 0, 2), True)
    assert messages[-1] == "Left out: the types docs; read them with --types docs."
    assert counts(bring(site, tmp_path)) == (0, 0, 3)
    bring(site, tmp_path, since=date(2030, 1, 1))
    report = bring(site, tmp_path)
    assert (counts(report), report.removed) == ((0, 0, 3), 0)


def test_a_type_that_the_site_does_not_have_is_told(site: Site, tmp_path: Path):
    Blog(site, posts=1)
    report = bring(site, tmp_path, types=("recipes",))
    assert (counts(report), list(reasons(site, report).values())) == ((2, 0, 0), ["answers 404 Not Found"])


def test_fields_of_advanced_custom_fields_are_read(site: Site, tmp_path: Path):
    blog = Blog(site, posts=1)
    blog.posts[0]["acf"] = {
        "intro": "<p>These rules hold for all members.</p>",
        "faqs": [{"question": "Who may pin?", "answer": "Everyone in the group."}, {"title": "Fees", "text": "None."}],
        "image": 17, "colour": "#fff", "link": "https://example.com/", "nested": {"deep": [{"q": "Why?", "a": "So."}]},
    }  # fmt: skip
    bring(site, tmp_path)
    (article,) = read_file(files(tmp_path)["hrm/post-1.html"], "a.html")
    assert {faq.question: article.text[faq.start : faq.end] for faq in article.faqs} == {
        "Who may pin?": "Everyone in the group.",
        "Why?": "So.",
    }
    assert "These rules hold for all members." in article.text
    assert "Fees\n\nNone." in article.text
    assert "#fff" not in article.text


@pytest.mark.parametrize("fields", [None, False, [], "", 3, {"a": None}, "one two", [[[]]]])
def test_fields_without_text_add_nothing(fields: object):
    assert acf_html(fields) == ""
