"""A site, brought in whichever way it offers: the WordPress REST API, its sitemaps, or the one page."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from html import escape
from pathlib import Path

import httpx

from bot.corpus.pull.addresses import UrlFailed, UrlRefused, file_name, parse_address, site_name
from bot.corpus.pull.crawl_state import NEW, REFUSED, UNCHANGED, CrawlState, PageState
from bot.corpus.pull.http_client import PAGES, Fetched, HttpClient
from bot.corpus.pull.limits import PullLimits
from bot.corpus.pull.report import PullReport
from bot.corpus.pull.sitemap import Sitemaps, is_below
from bot.corpus.pull.wordpress_api import (
    KINDS,
    Api,
    Page,
    Post,
    Terms,
    article_page,
    is_past_the_end,
    modified_before,
    permalink,
)
from bot.errors import PullError

_FAILURES = 5
"""In a row, after which the site is taken to be down."""
_TOLD_EVERY = 50
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_CANONICAL = re.compile(rb"<link\b[^<>]*\brel\s*=\s*[\"']?canonical", re.IGNORECASE)
_BEGINNINGS = [re.compile(rb"<" + tag + rb"(?:\s[^<>]*)?>", re.IGNORECASE) for tag in (b"head", b"html", b"!doctype")]
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class _LimitReached(Exception):
    """As many articles as one pull may look at have been looked at."""


def pull_site(
    address: str,
    corpus: Path,
    since: date | None,
    limits: PullLimits,
    report: Callable[[str], None],
    *,
    allow_private: bool,
) -> PullReport:
    """Bring a site into a corpus; see `bot.corpus.pull.pull`."""
    try:
        start = parse_address(address)
    except UrlRefused as refusal:
        raise PullError(f"{address!r} cannot be pulled: {refusal}.") from None
    with (
        HttpClient(start, limits, allow_private=allow_private) as door,
        CrawlState(corpus, site_name(start), f"{start} {since}") as book,
    ):
        if book.settled:
            report(f"Going on where the last pull stopped: {len(book.settled)} addresses are settled.")
        try:
            _Pulling(door, book, start, since, limits.articles, report).run()
        except _LimitReached:
            report(f"The limit of {limits.articles} articles is reached: pull again to go on.")
            return book.report(more=True)
        book.finish()
        return book.report(more=False)


class _Pulling:
    """One pull of one site."""

    def __init__(
        self,
        door: HttpClient,
        book: CrawlState,
        start: httpx.URL,
        since: date | None,
        most: int,
        report: Callable[[str], None],
    ) -> None:
        self._door = door
        self._book = book
        self._start = start
        self._since = since
        self._most = most
        self._report = report
        self._looked_at = 0
        self._failures = 0
        self._met: set[str] = set()
        """The links of the posts that the API gave: a list that gives no others is at its end, whatever it says."""

    def run(self) -> None:
        """Bring the site in. Raises `PullError` when there is nothing at its address, or it keeps failing."""
        if self._start.query:
            self._report("Reading the one page: an address with a query names no site.")
            self._read_one_page()
        elif (api := Api.find(self._door, self._start, self._refuse, self._report)) is not None:
            self._report(f"Reading {api.root} (WordPress REST API).")
            self._read_api(api)
        elif not self._read_sitemaps():
            self._report("Reading the one page: no sitemap lists it.")
            self._read_one_page()

    def _read_sitemaps(self) -> bool:
        """Read the pages that the sitemaps list at the start or below it; returns whether there were any."""
        any_listed = False
        for url in Sitemaps(self._door, self._start, self._since, self._refuse).pages():
            if is_below(url, self._start):
                if not any_listed:
                    self._report("Reading the pages that a sitemap lists.")
                any_listed = True
                self._read_page(url)
        return any_listed

    def _read_page(self, url: str) -> None:
        if url in self._book.settled:
            return
        self._count(url)
        try:
            self._bring_page(url)
        except UrlRefused as refusal:
            self._refuse(url, refusal)

    def _read_one_page(self) -> None:
        try:
            self._bring_page(str(self._start))
        except UrlRefused as refusal:
            raise PullError(f"{self._start} cannot be pulled: {refusal}.") from None

    def _bring_page(self, url: str) -> None:
        entry = self._book.entry(url)
        fetched = self._door.get(url, PAGES, known=_conditions(entry))
        if entry is not None and fetched.unchanged:
            self._book.settle(replace(entry, outcome=UNCHANGED))
        else:
            found = PageState(url, NEW, etag=fetched.etag, last_modified=fetched.last_modified)
            self._book.keep(found, file_name(fetched.url), page_file(fetched))
        self._failures = 0

    def _read_api(self, api: Api) -> None:
        terms = api.terms(self._refuse)
        for kind in KINDS:
            number, last = 1, 1
            while number <= last:
                last = self._read_list(api, terms, api.posts_address(kind, number, self._since), number, last)
                number += 1

    def _read_list(self, api: Api, terms: Terms, address: str, number: int, last: int) -> int:
        """Read page `number` of a list of posts; returns the number of the last page, as far as it is known now."""
        settled = self._book.settled.get(address)
        if settled is not None and settled.outcome != REFUSED:
            self._met.update(settled.articles)
            return settled.pages
        entry = self._book.entry(address)
        try:
            page = api.page(address, _conditions(entry))
        except UrlRefused as refusal:
            if is_past_the_end(refusal, number):
                return number
            return self._read_singly(api, terms, address, last, refusal)
        self._failures = 0
        if entry is not None and page.fetched.unchanged:
            return self._all_unchanged(entry)
        return self._read_posts(terms, address, number, page)

    def _read_posts(self, terms: Terms, address: str, number: int, page: Page) -> int:
        links = {str(post.get("link")) for post in page.posts}
        if links <= self._met:
            return number
        self._met |= links
        last = page.pages or number + 1
        wanted = [post for post in page.posts if self._since is None or not modified_before(post, self._since)]
        kept = [link for post in wanted if (link := self._read_post(post, terms, address)) is not None]
        # A list of which something was refused is asked for again in full, so that it is refused again, not passed over.
        validators = (page.fetched.etag, page.fetched.last_modified) if len(kept) == len(wanted) else ("", "")
        self._book.settle(PageState(address, UNCHANGED, "", "", *validators, tuple(kept), last))
        return last

    def _read_post(self, post: Post, terms: Terms, address: str) -> str | None:
        """Keep a post; returns its link, or None when it was refused."""
        try:
            url = permalink(post)
        except UrlRefused as refusal:
            self._refuse(f"{address}#{post.get('id')!r}", refusal)
            return None
        settled = self._book.settled.get(str(url))
        if settled is None:
            self._count(str(url))
            try:
                self._book.keep(PageState(str(url), NEW), file_name(url), article_page(post, terms))
            except UrlRefused as refusal:
                self._refuse(str(url), refusal)
                return None
        return None if settled is not None and settled.outcome == REFUSED else str(url)

    def _read_singly(self, api: Api, terms: Terms, address: str, last: int, refusal: UrlRefused) -> int:
        """Read the posts of a page that cannot be had as a whole one by one: a broken post costs no other."""
        try:
            page = api.numbers(address)
        except UrlRefused:
            self._refuse(address, refusal)
            return last
        for post in page.posts:
            single = api.post_address(address, post)
            if single in self._book.settled:
                continue
            try:
                self._read_post(api.post(single), terms, address)
                self._failures = 0
            except UrlRefused as broken:
                self._refuse(single, broken)
        return page.pages or last

    def _all_unchanged(self, entry: PageState) -> int:
        for link in entry.articles:
            known = self._book.entry(link)
            if known is not None and link not in self._book.settled:
                self._book.settle(replace(known, outcome=UNCHANGED))
        self._met.update(entry.articles)
        self._book.settle(replace(entry, outcome=UNCHANGED))
        return entry.pages

    def _count(self, url: str) -> None:
        if self._looked_at == self._most:
            raise _LimitReached
        self._looked_at += 1
        if self._looked_at % _TOLD_EVERY == 0:
            self._report(f"{self._looked_at} articles looked at, now {url}")

    def _refuse(self, url: str, refusal: UrlRefused) -> None:
        if not isinstance(refusal, UrlFailed):
            self._failures = 0
            self._book.refuse(url, str(refusal))
            return
        self._book.fail(url, str(refusal))
        self._failures += 1
        if self._failures == _FAILURES:
            raise PullError(
                f"Stopped: {_FAILURES} addresses in a row failed, the last is {url}, which {refusal}; pull again to go on from here."
            )


def page_file(fetched: Fetched) -> bytes:
    """A page as a file that can be read without the response's headers: in UTF-8 where only they name another encoding, and with its address."""
    content = fetched.content
    if content.startswith(_UTF16_MARKS):
        return content
    content = _in_utf8(content, fetched.headers.get("Content-Type", ""))
    if _CANONICAL.search(content):
        return content
    link = f'<link rel="canonical" href="{escape(str(fetched.url))}">'.encode()
    found = next((match for beginning in _BEGINNINGS if (match := beginning.search(content))), None)
    at = found.end() if found else 0
    return content[:at] + link + content[at:]


def _in_utf8(content: bytes, content_type: str) -> bytes:
    charset = _CHARSET.search(content_type)
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        if charset is not None:
            try:
                return content.decode(charset[1]).encode()
            except (LookupError, ValueError):
                return content
    return content


def _conditions(entry: PageState | None) -> dict[str, str]:
    """The headers that ask for an address only if it has changed; HTTP wants them in ASCII, whatever the site gave."""
    headers = {"If-None-Match": entry.etag, "If-Modified-Since": entry.last_modified} if entry is not None else {}
    return {name: value for name, value in headers.items() if value and value.isascii()}
