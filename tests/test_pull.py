"""Pulling a site from a real HTTP server on this machine."""

import gzip
import json
import re
import socket
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import httpcore
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.corpus import read_corpus
from bot.corpus.formats.webpage import read_file
from bot.corpus.pull import PullLimits, PullReport, http_client, pull
from bot.corpus.pull.addresses import UrlRefused, file_name, is_public, parse_address, same_host
from bot.corpus.pull.html_files import Terms, acf_html, to_html
from bot.corpus.pull.http_client import gunzip, parse_retry_after
from bot.corpus.pull.network import CheckedNetwork
from bot.corpus.pull.sitemap import parse_sitemap
from bot.errors import MissingExtra, PullError

FAST = PullLimits(delay=0, backoff=0, silence=2, request_time=5, response_bytes=500_000, retries=2)


@dataclass
class Reply:
    body: bytes | str = b""
    status: int = 200
    kind: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)


Answer = Reply | Callable[[dict[str, str]], Reply | None]


@dataclass
class Site:
    """A web server with a dictionary of pages: path → reply, consecutive replies, or a function of the query."""

    port: int = 0
    pages: dict[str, Answer | list[Answer]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, target: str) -> Reply:
        parts = urlsplit(target)
        page = self.pages.get(target) or self.pages.get(unquote(parts.path)) or Reply("gone", 404)
        if isinstance(page, list):
            page = page.pop(0) if len(page) > 1 else page[0]
        if isinstance(page, Reply):
            return page
        return page({name: values[0] for name, values in parse_qs(parts.query).items()}) or Reply("none", 404)


@pytest.fixture
def site() -> Iterator[Site]:
    served = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            served.asked.append(self.path)
            served.headers.append({name.lower(): value for name, value in self.headers.items()})
            served.times.append(time.monotonic())
            reply = served.answer(self.path)
            etag = reply.headers.get("ETag")
            if etag and self.headers.get("If-None-Match") == etag:
                reply = Reply(status=304, headers={"ETag": etag})
            served.statuses.append(reply.status)
            body = reply.body.encode() if isinstance(reply.body, str) else reply.body
            try:
                self.send_response(reply.status)
                sent = {"Content-Type": reply.kind, "Content-Length": str(len(body)), **reply.headers}
                for name, value in sent.items():
                    if value:
                        self.send_header(name, value)
                if not sent["Content-Length"]:
                    self.close_connection = True
                self.end_headers()
                if reply.headers.get("X-Trickle"):
                    for byte in body:
                        self.wfile.write(bytes([byte]))
                        time.sleep(0.1)
                else:
                    self.wfile.write(body)
            except OSError:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None
    served.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield served
    server.shutdown()
    server.server_close()


def bring(site: Site, corpus: Path, path: str = "", **changed) -> PullReport:
    return pull(f"{site.url}{path}", corpus, **{"limits": FAST, "allow_private": True, **changed})


def counts(report: PullReport) -> tuple[int, int, int]:
    return report.new, report.changed, report.unchanged


def reasons(site: Site, report: PullReport) -> dict[str, str]:
    return {address.removeprefix(site.url): reason for address, reason in report.refused}


def files(corpus: Path) -> dict[str, Path]:
    """Return the files that the corpus reader sees, by their path below the site's folder."""
    found = [
        path
        for path in corpus.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(corpus).parts)
    ]
    return {"/".join(path.relative_to(corpus).parts[2:]): path for path in found}


def page(words: str, head: str = "") -> Reply:
    return Reply(
        f"<!DOCTYPE html><html><head><title>{words}</title>{head}</head><body><h1>{words}</h1>"
        f"<p>{words} is explained here, in one paragraph.</p></body></html>"
    )


def sitemap(site: Site, *paths: str | tuple[str, str], index: bool = False) -> Reply:
    kind = "sitemap" if index else "url"
    entries = [(path, "") if isinstance(path, str) else path for path in paths]
    body = "".join(
        f"<{kind}><loc>{path if '://' in path else site.url + path}</loc>"
        f"{f'<lastmod>{day}</lastmod>' if day else ''}</{kind}>"
        for path, day in entries
    )
    outer = "sitemapindex" if index else "urlset"
    return Reply(
        f'<?xml version="1.0"?><{outer} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{body}</{outer}>',
        kind="application/xml",
    )


def listed(site: Site, *paths: str) -> None:
    """Serve a sitemap and the pages that it lists, unless they are served already."""
    site.pages["/sitemap.xml"] = sitemap(site, *paths)
    for path in paths:
        site.pages.setdefault(path, page(f"About {path.strip('/')}"))


def as_json(value: object, **headers: str) -> Reply:
    return Reply(json.dumps(value), kind="application/json; charset=UTF-8", headers=headers)


class Blog:
    """A WordPress REST API as https://developer.wordpress.org/rest-api/reference/posts/ describes it."""

    def __init__(self, site: Site, posts: int = 3, *, etags: bool = False) -> None:
        self.site = site
        self.etags = etags
        self.posts = [self.post(number) for number in range(1, posts + 1)]
        self.static = [self.post(900, link=f"{site.url}/about/", title="About us", categories=[], tags=[])]
        categories = [
            {"id": 5, "name": "HR &amp; Payroll", "slug": "hr"},
            {"id": 1, "name": "Uncategorized", "slug": "uncategorized"},
        ]
        for root in ("/wp-json/wp/v2",):
            site.pages[f"{root}/posts"] = self.listing(lambda: self.posts)
            site.pages[f"{root}/pages"] = self.listing(lambda: self.static)
            site.pages[f"{root}/categories"] = self.listing(lambda: categories)
            site.pages[f"{root}/tags"] = self.listing(lambda: [{"id": 7, "name": "notice", "slug": "notice"}])

    def post(self, number: int, **changed) -> dict:
        return {
            "id": number,
            "link": f"{self.site.url}/hrm/post-{number}/",
            "date": "2024-03-01T10:00:00",
            "modified": "2025-06-02T11:30:00",
            "title": {"rendered": f"Post {number} &#8211; what is &lt;due&gt;"}
            if "title" not in changed
            else {"rendered": changed.pop("title")},
            "content": {
                "rendered": f"<p>Answer number {number} is written here, for all to read.</p>",
                "protected": False,
            },
            "categories": [1, 5],
            "tags": [7],
            **changed,
        }

    def listing(self, entries: Callable[[], list[dict]]) -> Callable[[dict[str, str]], Reply]:
        def answer(query: dict[str, str]) -> Reply:
            size, number = int(query.get("per_page", 10)), int(query.get("page", 1))
            wanted = [
                entry
                for entry in entries()
                if ("modified_after" not in query or entry["modified"] > query["modified_after"])
                and ("include" not in query or str(entry["id"]) in query["include"].split(","))
            ]
            pages = -(-len(wanted) // size)
            if number > max(pages, 1):
                return Reply(json.dumps({"code": "rest_post_invalid_page_number"}), 400, "application/json")
            fields = query["_fields"].split(",")
            shown = [
                {name: entry[name] for name in fields if name in entry}
                for entry in wanted[(number - 1) * size : number * size]
            ]
            reply = as_json(shown, **{"X-WP-Total": str(len(wanted)), "X-WP-TotalPages": str(pages)})
            if self.etags:
                reply.headers["ETag"] = f'"{zlib.crc32(reply.body.encode())}"'
            return reply

        return answer


# The WordPress REST API


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


# Sitemaps


def test_the_pages_of_a_sitemap_are_saved_with_their_address(site: Site, tmp_path: Path):
    listed(site, "/", "/hrm/notice/", "/hrm/Notice_2.php?id=7", "/नियम/")
    report = bring(site, tmp_path)
    assert counts(report) == (4, 0, 0)
    names = {re.sub(r"-[0-9a-f]{8}\.", "-#.", name) for name in files(tmp_path)}
    assert names == {"index.html", "hrm/notice.html", "hrm/notice-2-php-#.html", "नियम.html"}
    (article,) = read_file(files(tmp_path)["hrm/notice.html"], "notice.html")
    assert (article.title, article.url) == ("About hrm/notice", f"{site.url}/hrm/notice/")


def test_a_page_keeps_the_canonical_address_that_it_declares(site: Site, tmp_path: Path):
    listed(site, "/a")
    site.pages["/a"] = page("Gratuity", '<link href="https://example.org/gratuity/" rel="canonical">')
    bring(site, tmp_path)
    (article,) = read_file(files(tmp_path)["a.html"], "a.html")
    assert article.url == "https://example.org/gratuity/"


def test_an_encoding_that_only_the_response_names_is_stored(site: Site, tmp_path: Path):
    listed(site, "/a")
    site.pages["/a"] = Reply(
        "<html><body><h1>Правила</h1><p>Срок предупреждения: две недели, не больше.</p>".encode("koi8-r"),
        kind="text/html; charset=KOI8-R",
    )
    bring(site, tmp_path)
    assert "две недели" in files(tmp_path)["a.html"].read_text(encoding="utf-8")


def test_sitemaps_named_in_robots_are_read_through_indexes_and_gzip(site: Site, tmp_path: Path):
    site.pages["/robots.txt"] = Reply(f"Sitemap: {site.url}/maps/main.xml\n", kind="text/plain")
    site.pages["/maps/main.xml"] = sitemap(
        site, "/maps/post-sitemap.xml.gz", "/maps/plain.xml", "/maps/category-sitemap.xml", index=True
    )
    site.pages["/maps/post-sitemap.xml.gz"] = Reply(
        gzip.compress(sitemap(site, "/a", "/b").body.encode()), kind="application/x-gzip"
    )
    site.pages["/maps/plain.xml"] = sitemap(site, "/b", "/c")
    site.pages |= {path: page(path) for path in ("/a", "/b", "/c")}
    report = bring(site, tmp_path)
    assert set(files(tmp_path)) == {"a.html", "b.html", "c.html"}
    assert counts(report) == (3, 0, 0)
    assert reasons(site, report) == {
        "/maps/category-sitemap.xml": "lists pages of categories, tags or authors, which are no articles"
    }


def test_sitemap_indexes_that_name_each_other_are_read_once(site: Site, tmp_path: Path):
    site.pages["/sitemap.xml"] = sitemap(site, "/sitemap.xml", "/second.xml", index=True)
    site.pages["/second.xml"] = sitemap(site, "/sitemap.xml", "/second.xml", "/pages.xml", index=True)
    site.pages["/pages.xml"] = sitemap(site, "/a")
    site.pages["/a"] = page("Alpha")
    assert counts(bring(site, tmp_path)) == (1, 0, 0)
    assert len(site.asked) < 12


def test_since_leaves_out_pages_and_sitemaps_last_changed_before_it(site: Site, tmp_path: Path):
    site.pages["/sitemap.xml"] = sitemap(
        site, ("/old.xml", "2024-12-31"), ("/new.xml", "2025-03-01T08:00:00+05:30"), index=True
    )
    site.pages["/old.xml"] = sitemap(site, "/x")
    site.pages["/new.xml"] = sitemap(site, ("/before", "2025-01-31"), ("/on", "2025-02-01"), "/unknown")
    site.pages |= {path: page(path) for path in ("/x", "/before", "/on", "/unknown")}
    assert counts(bring(site, tmp_path, since=date(2025, 2, 1))) == (2, 0, 0)
    assert set(files(tmp_path)) == {"on.html", "unknown.html"}


def test_a_second_pull_of_unchanged_pages_gets_304_and_rewrites_nothing(site: Site, tmp_path: Path):
    listed(site, "/a", "/b")
    for path in ("/a", "/b"):
        site.pages[path].headers["ETag"] = f'"{path}"'
    bring(site, tmp_path)
    before = {name: path.stat().st_mtime_ns for name, path in files(tmp_path).items()}
    site.statuses.clear()
    report = bring(site, tmp_path)
    assert counts(report) == (0, 0, 2)
    assert site.statuses.count(304) == 2
    assert {name: path.stat().st_mtime_ns for name, path in files(tmp_path).items()} == before


def test_a_changed_page_replaces_its_file(site: Site, tmp_path: Path):
    listed(site, "/a")
    bring(site, tmp_path)
    site.pages["/a"] = page("Beta")
    assert counts(bring(site, tmp_path)) == (0, 1, 0)
    assert "Beta" in files(tmp_path)["a.html"].read_text(encoding="utf-8")


def test_only_pages_below_the_address_are_pulled(site: Site, tmp_path: Path):
    listed(site, "/hrm/a", "/hrm", "/hrmx/b", "/c")
    bring(site, tmp_path, "/hrm/")
    assert set(files(tmp_path)) == {"hrm/a.html", "hrm.html"}


def test_entities_of_a_sitemap_are_not_expanded(tmp_path: Path):
    (tmp_path / "secret").write_text("http://secret.example/", encoding="utf-8")
    entity = f'<!DOCTYPE s [<!ENTITY file SYSTEM "file://{tmp_path}/secret"><!ENTITY near "http://near.example/">]>'
    urls = "".join(f"<url><loc>{words}</loc></url>" for words in ("&file;", "&near;", "http://b.example/?a&amp;b"))
    assert [listed.url for listed in parse_sitemap(f"{entity}<urlset>{urls}</urlset>".encode()).pages] == [
        "http://b.example/?a&b"
    ]


def test_a_sitemap_of_entities_within_entities_is_refused_at_once():
    bomb = "".join(f'<!ENTITY x{n} "{f"&x{n - 1};" * 10 if n else "http://a.example/"}">' for n in range(12))
    with pytest.raises(UrlRefused, match="is no sitemap"):
        parse_sitemap(f"<!DOCTYPE s [{bomb}]><urlset><url><loc>&x11;</loc></url></urlset>".encode())


@given(st.one_of(st.binary(max_size=200), st.text("<>/urlsetmapoc&;!-[] xhtp:", max_size=200).map(str.encode)))
def test_any_bytes_are_read_as_a_sitemap_or_refused(content: bytes):
    with suppress(UrlRefused):
        assert parse_sitemap(content)


# A single page


def test_without_api_and_sitemap_only_the_given_page_is_pulled(site: Site, tmp_path: Path):
    site.pages["/hrm/notice"] = page("Notice")
    assert counts(bring(site, tmp_path, "/hrm/notice")) == (1, 0, 0)
    assert set(files(tmp_path)) == {"hrm/notice.html"}


def test_an_address_with_a_query_is_one_page(site: Site, tmp_path: Path):
    Blog(site)
    site.pages["/?p=7"] = page("Notice")
    assert counts(bring(site, tmp_path, "/?p=7")) == (1, 0, 0)
    assert site.asked == ["/robots.txt", "/?p=7"]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply("gone", 404), "answers 404 Not Found"),
        (Reply("%PDF", kind="application/pdf"), "is application/pdf, not text/html"),
        (Reply("x" * 600_000), "is larger than 0.5 MB"),
        (Reply("x" * 600_000, headers={"Content-Length": ""}), "is larger than 0.5 MB"),
        (Reply(gzip.compress(b"x" * 5_000_000), headers={"Content-Encoding": "gzip"}), "is larger than 0.5 MB"),
        (Reply(b"\x1f\x8bnothing", headers={"Content-Encoding": "gzip"}), "is compressed, but damaged"),
        (Reply(b"packed", headers={"Content-Encoding": "br"}), "is compressed as 'br', which was not requested"),
        (
            Reply(gzip.compress(gzip.compress(b"x")), headers={"Content-Encoding": "gzip, gzip"}),
            "is compressed as 'gzip, gzip', which was not requested",
        ),
        (Reply(status=302, headers={"Location": "/page"}), "redirects more than 5 times"),
        (
            Reply(status=301, headers={"Location": "http://example.com/"}),
            "leads to another host, http://example.com: pull that address if it is yours",
        ),
        (
            Reply(status=302, headers={"Location": "http://169.254.169.254/latest/"}),
            "leads to another host, http://169.254.169.254",
        ),
        (Reply(status=302, headers={"Location": "http://localhost/"}), "leads to another host, http://localhost"),
        (
            Reply(status=302, headers={"Location": "file:///etc/passwd"}),
            "not an address that starts with http:// or https://",
        ),
        (Reply(status=302, headers={"Location": "http://[::1"}), "redirects to an address that cannot be read"),
        (Reply(status=304), "answers 304"),
        (Reply("busy", 503), "answers 503 Service Unavailable, 3 times"),
        (Reply("busy", 429, headers={"Retry-After": "86400"}), "asks to wait 86400 seconds: pull again later"),
    ],
    ids=lambda value: value.replace("/", "") if isinstance(value, str) else "",
)
def test_a_response_that_is_not_a_page_is_refused_with_the_reason(
    site: Site, tmp_path: Path, reply: Reply, reason: str
):
    site.pages["/page"] = reply
    with pytest.raises(PullError) as raised:
        bring(site, tmp_path, "/page")
    assert reason in str(raised.value)
    assert files(tmp_path) == {}


def test_a_refused_page_of_a_sitemap_does_not_stop_the_others(site: Site, tmp_path: Path):
    listed(site, "/a", "/b", "/c", "/d", "http://other.example/e")
    site.pages["/b"] = Reply("%PDF", kind="application/pdf")
    site.pages["/c"] = Reply(status=302, headers={"Location": "http://10.0.0.1/"})
    report = bring(site, tmp_path)
    assert set(files(tmp_path)) == {"a.html", "d.html"}
    assert reasons(site, report) == {
        "/b": "is application/pdf, not text/html",
        "/c": "leads to another host, http://10.0.0.1: pull that address if it is yours",
        "http://other.example/e": "leads to another host, http://other.example: pull that address if it is yours",
    }


# Rate limits and robots.txt


def test_every_request_names_articlebot_and_robots_comes_first(site: Site, tmp_path: Path):
    listed(site, "/a")
    bring(site, tmp_path)
    assert site.asked[0] == "/robots.txt"
    assert all(headers["user-agent"].startswith("articlebot/") for headers in site.headers)


def test_disallowed_pages_are_not_requested(site: Site, tmp_path: Path):
    Blog(site)
    listed(site, "/a", "/private/b")
    site.pages["/robots.txt"] = Reply(
        "User-agent: articlebot\nDisallow: /wp-json\nDisallow: /private\n\nUser-agent: *\nDisallow: /\n",
        kind="text/plain",
    )
    report = bring(site, tmp_path)
    assert set(files(tmp_path)) == {"a.html"}
    assert reasons(site, report) == {"/private/b": "robots.txt disallows /private/b"}
    assert not any(asked.startswith(("/wp-json", "/private")) for asked in site.asked)


def test_a_redirect_to_a_disallowed_page_is_not_followed(site: Site, tmp_path: Path):
    site.pages["/robots.txt"] = Reply("User-agent: *\nDisallow: /private", kind="text/plain")
    site.pages["/a"] = Reply(status=302, headers={"Location": "/private"})
    with pytest.raises(PullError, match=r"robots\.txt disallows /private"):
        bring(site, tmp_path, "/a")
    assert "/private" not in site.asked


def test_a_site_whose_robots_txt_fails_gets_no_further_request(site: Site, tmp_path: Path):
    site.pages["/robots.txt"] = Reply("broken", 500)
    listed(site, "/a")
    with pytest.raises(PullError, match=r"robots\.txt answers 500 Internal Server Error, 3 times"):
        bring(site, tmp_path)
    assert set(site.asked) == {"/robots.txt"}


class Clock:
    """A clock that only advances by sleeping."""

    def __init__(self) -> None:
        self.now = time.monotonic()
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += [seconds] if seconds else []


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    fake = Clock()
    for name in ("monotonic", "sleep"):
        monkeypatch.setattr(http_client, name, getattr(fake, name))
    return fake


def test_requests_keep_the_delay_and_a_longer_crawl_delay(site: Site, tmp_path: Path, clock: Clock):
    listed(site, "/a", "/b")
    site.pages["/robots.txt"] = Reply("User-agent: *\nCrawl-delay: 0.1", kind="text/plain")
    bring(site, tmp_path, limits=PullLimits(delay=0.01, backoff=0))
    assert clock.slept == pytest.approx([0.01, *[0.1] * (len(site.asked) - 2)])


def test_a_site_that_asks_for_hours_between_requests_is_refused(site: Site, tmp_path: Path):
    site.pages["/robots.txt"] = Reply("User-agent: *\nCrawl-delay: 3600", kind="text/plain")
    with pytest.raises(PullError, match="3600 seconds between requests, more than 60"):
        bring(site, tmp_path)


def test_temporary_errors_are_retried(site: Site, tmp_path: Path):
    listed(site, "/a")
    site.pages["/a"] = [Reply("broken", 500), Reply("busy", 503), page("Alpha")]
    assert counts(bring(site, tmp_path)) == (1, 0, 0)


def test_retry_after_is_heeded(site: Site, tmp_path: Path, clock: Clock):
    site.pages["/a"] = [Reply("busy", 429, headers={"Retry-After": "7"}), page("Alpha")]
    assert counts(bring(site, tmp_path, "/a")) == (1, 0, 0)
    assert clock.slept == [7.0]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7), ("Sun, 01 Feb 2026 10:00:30 GMT", 30), ("Sun, 01 Feb 2026 09:00:00 GMT", 0), ("soon", 0), ("", 0)],
)
def test_retry_after_is_a_number_of_seconds_or_a_date(value: str, seconds: float):
    assert parse_retry_after(value, datetime(2026, 2, 1, 10, tzinfo=UTC)) == seconds


@pytest.mark.parametrize("trickles", [False, True], ids=["silent", "trickling"])
def test_a_slow_response_is_given_up_after_the_timeout(site: Site, tmp_path: Path, trickles: bool):
    def silent(_: dict[str, str]) -> Reply:
        time.sleep(0 if trickles else 1.5)
        return Reply("x" * 100, headers={"X-Trickle": "1"} if trickles else {})

    site.pages["/a"] = silent
    with pytest.raises(PullError, match="does not answer in time"):
        bring(site, tmp_path, "/a", limits=PullLimits(delay=0, backoff=0, silence=0.3, request_time=0.8, retries=0))


def test_a_response_that_trickles_in_is_given_up_after_the_timeout(tmp_path: Path):
    listener = socket.create_server(("127.0.0.1", 0))

    def trickle() -> None:
        connection, _ = listener.accept()
        with connection:
            try:
                connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                for _ in range(40):
                    connection.sendall(b"x")
                    time.sleep(0.1)
            except OSError:
                pass

    threading.Thread(target=trickle, daemon=True).start()
    limits = PullLimits(delay=0, backoff=0, silence=0.5, request_time=0.7, retries=0)
    with listener, pytest.raises(PullError, match="does not answer in time"):
        pull(f"http://127.0.0.1:{listener.getsockname()[1]}/", tmp_path, limits=limits, allow_private=True)


def test_a_reply_that_is_not_http_is_reported_in_one_sentence(tmp_path: Path):
    listener = socket.create_server(("127.0.0.1", 0))

    def speak() -> None:
        for _ in range(3):
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")

    threading.Thread(target=speak, daemon=True).start()
    with listener, pytest.raises(PullError, match="cannot be reached"):
        pull(f"http://127.0.0.1:{listener.getsockname()[1]}/", tmp_path, limits=FAST, allow_private=True)


def test_an_unreachable_site_is_reported_in_one_sentence(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(
        PullError, match=r"^http://127\.0\.0\.1:\d+/robots\.txt cannot be reached .*pull again later\.$"
    ):
        pull(f"http://127.0.0.1:{port}", tmp_path, limits=FAST, allow_private=True)


# Interrupted and resumed


def test_a_pull_that_reached_its_limit_is_resumed_from_there(site: Site, tmp_path: Path):
    listed(site, *(f"/page-{n}" for n in range(5)))
    first = bring(site, tmp_path, limits=PullLimits(articles=2, delay=0))
    assert (counts(first), first.more) == ((2, 0, 0), True)
    site.asked.clear()
    second = bring(site, tmp_path)
    assert (counts(second), second.more) == ((5, 0, 0), False)
    assert [asked for asked in site.asked if asked.startswith("/page")] == ["/page-2", "/page-3", "/page-4"]
    assert counts(bring(site, tmp_path)) == (0, 0, 5)


def test_a_pull_of_a_site_that_goes_down_stops_and_can_be_resumed(site: Site, tmp_path: Path):
    paths = [f"/page-{n}" for n in range(12)]
    listed(site, *paths)
    whole = {path: site.pages[path] for path in paths}
    site.pages |= dict.fromkeys(paths[3:], Reply("down", 502))
    with pytest.raises(PullError, match=r"^Stopped: 5 addresses in a row failed.*502 Bad Gateway, 3 times; pull again"):
        bring(site, tmp_path)
    assert len(files(tmp_path)) == 3
    site.pages |= whole
    site.asked.clear()
    assert counts(bring(site, tmp_path)) == (12, 0, 0)
    assert not {"/page-0", "/page-1", "/page-2"} & set(site.asked)


def test_a_pull_of_an_api_is_resumed_within_a_list(site: Site, tmp_path: Path):
    Blog(site, posts=120)
    first = bring(site, tmp_path, limits=PullLimits(articles=70, delay=0))
    assert (first.new, first.more) == (70, True)
    site.asked.clear()
    assert counts(bring(site, tmp_path)) == (121, 0, 0)
    assert [
        parse_qs(urlsplit(asked).query)["page"] for asked in site.asked if "/posts?" in asked and "orderby" in asked
    ] == [["2"], ["3"]]


def test_a_crawl_state_cut_off_within_a_line_loses_only_that_line(site: Site, tmp_path: Path):
    listed(site, "/a", "/b", "/c")
    bring(site, tmp_path, limits=PullLimits(articles=2, delay=0))
    (memory,) = (tmp_path / ".pull").iterdir()
    memory.write_bytes(memory.read_bytes()[:-20])
    assert counts(bring(site, tmp_path)) == (2, 0, 1)


@given(
    junk=st.one_of(
        st.binary(max_size=100),
        st.sampled_from([b'{"url": 3}', b'{"url": "x", "articles": 1}', b'{"pull": 1, "started": []}', b"[" * 9999]),
    )
)
def test_junk_in_the_crawl_state_is_ignored(junk: bytes, tmp_path_factory: pytest.TempPathFactory):
    from bot.corpus.pull.crawl_state import CrawlState

    corpus = tmp_path_factory.mktemp("corpus")
    (corpus / ".pull").mkdir()
    (corpus / ".pull" / "site.jsonl").write_bytes(junk)
    with CrawlState(corpus, "site", "http://site/ None") as state:
        assert state.finished == {}


def test_an_unwritable_corpus_is_reported_in_one_sentence(site: Site, tmp_path: Path):
    (tmp_path / "corpus").write_text("a file", encoding="utf-8")
    with pytest.raises(PullError, match="cannot be written"):
        bring(site, tmp_path / "corpus")


# Private addresses and limits


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "2130706433", "0.0.0.0", "169.254.169.254", "10.1.2.3", "[::ffff:127.0.0.1]"],
)
def test_private_addresses_are_not_requested_unless_allowed(host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", lambda *_: pytest.fail("connected"))
    with pytest.raises(PullError, match="an address inside a private network: allow that with --allow-private"):
        pull(f"http://{host}:1/", tmp_path, limits=FAST)


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Make names resolve to these addresses in turn and connections fail; return the addresses that were tried."""
    connected: list[str] = []
    left = list(answers)

    def resolve(_host: str, port: int, **_: object) -> list:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in (left.pop(0) if len(left) > 1 else left[0])
        ]

    def connect(_self: object, address: str, *_: object) -> httpcore.NetworkStream:
        connected.append(address)
        raise httpcore.ConnectError("refused")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    return connected


def test_a_host_with_one_private_address_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    connected = resolving(monkeypatch, ["93.184.215.14", "192.168.1.1"])
    with pytest.raises(PullError, match=r"192\.168\.1\.1, an address inside"):
        pull("https://site.example/", tmp_path, limits=FAST)
    assert connected == []


def test_a_name_that_resolves_to_a_private_address_after_the_check_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    connected = resolving(monkeypatch, ["93.184.215.14"], ["127.0.0.1"])
    with pytest.raises(PullError, match="an address inside a private network"):
        pull("https://site.example/", tmp_path, limits=FAST)
    assert connected == ["93.184.215.14"]


def test_all_addresses_of_a_host_are_tried(monkeypatch: pytest.MonkeyPatch):
    connected = resolving(monkeypatch, ["93.184.215.14", "8.8.8.8"])
    network = CheckedNetwork(allow_private=False)
    network.deadline = time.monotonic() + 5
    with pytest.raises(httpcore.ConnectError):
        network.connect_tcp("site.example", 80)
    assert connected == ["93.184.215.14", "8.8.8.8"]


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_internet_addresses_are_public(address: str):
    assert is_public(address)


PRIVATE = [
    "127.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "::127.0.0.1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_of_private_networks_are_not_public(address: str):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "example.com",
        "ftp://example.com/",
        "file:///etc/passwd",
        "http://",
        "http://[::1",
        "http://a:b@example.com/",
        "gopher://x",
    ],
)
def test_only_http_addresses_are_accepted(address: str, tmp_path: Path):
    with pytest.raises(PullError, match="cannot be pulled"):
        pull(address, tmp_path)


@given(st.text(max_size=60))
def test_any_text_is_read_as_an_address_or_refused(text: str):
    try:
        url = parse_address(f"http://{text}")
    except UrlRefused:
        return
    assert url.scheme == "http"
    assert not Path(file_name(url)).is_absolute()
    assert not any(part.startswith(".") for part in Path(file_name(url)).parts)
    assert max(len(part.encode()) for part in Path(file_name(url)).parts) < 150


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://a.example/x", "https://a.example/y", True),
        ("http://a.example:8080/", "http://a.example:8080/y", True),
        ("http://a.example:8080/", "http://a.example/", False),
        ("https://a.example/", "https://www.a.example/", False),
        ("https://a.example/", "https://a.example:444/", False),
        ("https://A.example/", "https://a.EXAMPLE:443/", True),
    ],
)
def test_two_hosts_are_the_same_if_name_and_port_are(one: str, other: str, same: bool):
    assert same_host(httpx.URL(one), httpx.URL(other)) is same


def test_different_permalinks_never_share_a_file():
    paths = [
        "/a/b",
        "/a-b",
        "/a_b",
        "/A/b",
        "/a/b.html",
        "/a/b?x=1",
        "/a//b",
        "/index",
        "/",
        "/?p=1",
        "/?p=2",
        f"/{'x' * 200}",
        f"/{'x' * 201}",
    ]
    assert len({file_name(httpx.URL(f"http://s.example{path}")) for path in paths}) == len(paths)


def test_a_gzip_bomb_is_unpacked_only_up_to_the_limit():
    with pytest.raises(UrlRefused, match="larger than 1 MB"):
        gunzip(gzip.compress(bytes(50_000_000)), 1_000_000)


def test_without_httpx_the_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in [name for name in sys.modules if name.startswith("bot.corpus.pull.")]:
        if name not in ("bot.corpus.pull.limits", "bot.corpus.pull.crawl_state"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(MissingExtra, match=r"httpx is not installed: run pip install 'articlebot\[build\]'"):
        pull("https://site.example/", tmp_path)


# What the site has no longer


def test_a_post_that_the_site_deleted_is_removed(site: Site, tmp_path: Path):
    blog = Blog(site, posts=6)
    bring(site, tmp_path)
    del blog.posts[4]
    report = bring(site, tmp_path)
    assert (counts(report), report.removed, report.refused) == ((0, 0, 6), 1, ())
    assert "hrm/post-5.html" not in files(tmp_path)
    report = bring(site, tmp_path)
    assert (counts(report), report.removed) == ((0, 0, 6), 0)


def test_a_page_that_left_the_sitemap_and_is_gone_is_removed(site: Site, tmp_path: Path):
    listed(site, "/a", "/b", "/c")
    bring(site, tmp_path)
    site.pages["/sitemap.xml"] = sitemap(site, "/a")
    del site.pages["/b"]
    messages: list[str] = []
    report = bring(site, tmp_path, report=messages.append)
    assert (set(files(tmp_path)), report.removed) == ({"a.html", "c.html"}, 1)
    assert messages[-1] == f"1 article is no longer listed but still there, and stays: {site.url}/c"


def test_a_listed_page_that_is_gone_is_removed(site: Site, tmp_path: Path):
    listed(site, "/a", "/b")
    bring(site, tmp_path)
    site.pages["/b"] = Reply("gone", 410)
    report = bring(site, tmp_path)
    assert (set(files(tmp_path)), report.removed) == ({"a.html"}, 1)


def test_the_last_articles_of_a_site_stay_and_the_pull_says_so(site: Site, tmp_path: Path):
    blog = Blog(site, posts=8)
    bring(site, tmp_path)
    blog.posts.clear()
    blog.static.clear()
    messages: list[str] = []
    report = bring(site, tmp_path, report=messages.append)
    assert (len(files(tmp_path)), report.removed) == (9, 0)
    assert messages[-1] == (
        f"9 of 9 articles are gone or no longer listed, and stay: pull again, or delete the folder {report.folder} if"
        " the site really has them no longer."
    )


@pytest.mark.parametrize("since", [None, date(2025, 2, 1)])
def test_many_listed_pages_that_are_gone_stay(site: Site, tmp_path: Path, since: date | None):
    addresses = [f"/{number}" for number in range(12)]
    listed(site, *addresses)
    bring(site, tmp_path)
    for address in addresses[1:]:
        del site.pages[address]
    report = bring(site, tmp_path, since=since)
    assert (len(files(tmp_path)), report.removed, len(report.refused)) == (12, 0, 11)


@pytest.mark.parametrize("status", [500, 403, 200])
def test_a_page_that_only_fails_or_is_not_listed_stays(site: Site, tmp_path: Path, status: int):
    listed(site, "/a", "/b")
    bring(site, tmp_path)
    site.pages["/sitemap.xml"] = sitemap(site, "/a")
    site.pages["/b"] = Reply("x", status)
    report = bring(site, tmp_path)
    assert (set(files(tmp_path)), report.removed) == ({"a.html", "b.html"}, 0)


def test_a_post_with_a_new_address_replaces_the_old_one(site: Site, tmp_path: Path):
    blog = Blog(site, posts=3)
    bring(site, tmp_path)
    blog.posts[1]["link"] = f"{site.url}/hrm/renamed/"
    site.pages["/hrm/post-2/"] = Reply(status=301, headers={"Location": "/hrm/renamed/"})
    site.pages["/hrm/renamed/"] = page("Renamed")
    report = bring(site, tmp_path)
    assert (counts(report), report.removed) == ((1, 0, 3), 1)
    assert set(files(tmp_path)) == {"hrm/post-1.html", "hrm/renamed.html", "hrm/post-3.html", "about.html"}


def test_a_post_that_got_a_password_is_removed(site: Site, tmp_path: Path):
    blog = Blog(site, posts=3)
    bring(site, tmp_path)
    blog.posts[1] |= {
        "content": {"rendered": "", "protected": True},
        "modified": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}",
    }
    report = bring(site, tmp_path)
    assert (set(files(tmp_path)), report.removed) == ({"hrm/post-1.html", "hrm/post-3.html", "about.html"}, 1)


def test_an_empty_list_removes_nothing(site: Site, tmp_path: Path):
    blog = Blog(site, posts=30)
    bring(site, tmp_path)
    blog.posts.clear()
    messages: list[str] = []
    report = bring(site, tmp_path, report=messages.append)
    assert (len(files(tmp_path)), report.removed) == (31, 0)
    assert messages[-1].startswith("30 of 31 articles are gone or no longer listed, and stay: pull again")


def test_a_pull_of_a_part_or_since_a_day_removes_nothing(site: Site, tmp_path: Path):
    listed(site, "/hrm/a", "/hrm/b", "/c")
    bring(site, tmp_path)
    site.pages["/sitemap.xml"] = sitemap(site, "/hrm/a")
    del site.pages["/c"]
    assert bring(site, tmp_path, "/hrm/").removed == 0
    assert bring(site, tmp_path, since=date(2025, 2, 1)).removed == 0
    assert set(files(tmp_path)) == {"hrm/a.html", "hrm/b.html", "c.html"}
