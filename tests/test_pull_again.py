"""Pulling a site again: after an interruption, and when it has fewer articles."""

from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulled_site import Blog, Reply, Site, bring, counts, files, listed, page, sitemap

from bot.corpus.pull import PullLimits
from bot.errors import PullError

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
