"""Pulling the pages of a sitemap, or a single page, from a real HTTP server on this machine."""

import gzip
import re
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulled_site import Blog, Reply, Site, bring, counts, files, listed, page, reasons, sitemap

from bot.corpus.formats.webpage import read_file
from bot.corpus.pull.addresses import UrlRefused
from bot.corpus.pull.sitemap import parse_sitemap
from bot.errors import PullError

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
