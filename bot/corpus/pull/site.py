"""The pull of one site: by its WordPress REST API, its sitemaps, or its one page."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import httpx

from bot.corpus.pull import wordpress_api as wordpress
from bot.corpus.pull.addresses import UrlFailed, UrlRefused, file_name, parse_address, site_name
from bot.corpus.pull.crawl_state import NEW, REFUSED, UNCHANGED, CrawlState, PageState, Progress, PullReport
from bot.corpus.pull.html_files import Post, Terms, permalink, to_html, to_standalone_html
from bot.corpus.pull.http_client import PAGES, HttpClient
from bot.corpus.pull.limits import PullLimits
from bot.corpus.pull.removal import GONE, remove_deleted
from bot.corpus.pull.sitemap import Sitemaps, is_below
from bot.corpus.pull.wordpress_api import Page, WordPressApi
from bot.errors import PullError

_MAX_FAILURES = 5  # number of failures in a row after which the pull stops
_REPORT_EVERY = 50  # articles between two lines about the progress


class _LimitReached(Exception):
    """Raised when the pull has seen its maximum number of articles."""


def pull_site(
    address: str, corpus: Path, since: date | None, types: Sequence[str], limits: PullLimits, report: Progress, *,
    allow_private: bool,
) -> PullReport:  # fmt: skip
    """Download a site into a corpus; see `bot.corpus.pull.pull`."""
    try:
        start = parse_address(address)
    except UrlRefused as refusal:
        raise PullError(f"{address!r} cannot be pulled: {refusal}.") from None
    with (
        HttpClient(start, limits, allow_private=allow_private) as client,
        CrawlState(corpus, site_name(start), f"{start} {since}", types) as state,
    ):
        if state.finished:
            report(f"Continuing the last pull: {len(state.finished)} addresses are done.")
        try:
            _Pull(client, state, start, since, limits.articles, report).run()
        except _LimitReached:
            report(f"The limit of {limits.articles} articles is reached: pull again to continue.")
            return state.report(more=True)
        state.finish()
        return state.report(more=False)


class _Pull:
    def __init__(
        self, client: HttpClient, state: CrawlState, start: httpx.URL, since: date | None, limit: int, report: Progress
    ) -> None:
        self._client, self._state, self._start, self._since = client, state, start, since
        self._limit, self._report = limit, report
        self._seen = self._failures = 0
        self._gone: set[str] = set()
        """Listed addresses that are gone."""
        self._links: set[str] = set()
        """Links of the posts from the API. A page without new ones ends a list, whatever the site says."""

    def run(self) -> None:
        """Pull the site. Raises `PullError` if there is nothing at its address, or it keeps failing."""
        if self._start.query:
            self._report("Reading this one page: the address has a query.")
            self._read_one_page()
        elif (api := WordPressApi.find(self._client, self._start, self._refuse, self._report)) is not None:
            self._report(f"Reading {api.root} (WordPress REST API).")
            self._read_api(api)
            self._remove_deleted()
        elif self._read_sitemaps():
            self._remove_deleted()
        else:
            self._report("Reading this one page: no sitemap lists it.")
            self._read_one_page()

    def _remove_deleted(self) -> None:
        if self._since is None:
            remove_deleted(self._client, self._state, self._start, self._gone, self._report)

    def _read_sitemaps(self) -> bool:
        """Read the pages that the sitemaps list at or below the start and return whether there were any."""
        any_listed = False
        for url in Sitemaps(self._client, self._start, self._since, self._refuse).pages():
            if is_below(url, self._start):
                if not any_listed:
                    self._report("Reading the pages that a sitemap lists.")
                any_listed = True
                self._read_page(url)
        return any_listed

    def _read_page(self, url: str) -> None:
        if url in self._state.finished:
            return
        self._count(url)
        try:
            self._pull_page(url)
        except UrlRefused as refusal:
            self._refuse(url, refusal)

    def _read_one_page(self) -> None:
        try:
            self._pull_page(str(self._start))
        except UrlRefused as refusal:
            raise PullError(f"{self._start} cannot be pulled: {refusal}.") from None

    def _pull_page(self, url: str) -> None:
        known = self._state.find(url)
        fetched = self._client.get(url, PAGES, conditions=_conditions(known))
        if known is not None and fetched.is_unchanged:
            self._state.record(replace(known, outcome=UNCHANGED))
        else:
            page = PageState(url, NEW, "", "", *fetched.validators)
            self._state.save(page, file_name(fetched.url), to_standalone_html(fetched))
        self._failures = 0

    def _read_api(self, api: WordPressApi) -> None:
        terms = api.read_terms(self._refuse)
        others = [name for name in api.other_types() if name not in self._state.types]
        if others:
            self._report(f"Left out: the types {', '.join(others)}; read them with --types {','.join(others)}.")
        for post_type in (*wordpress.POST_TYPES, *self._state.types):
            links = self._changed_links(api, post_type)
            since = self._since if links is None else self._last_day()
            number, last = 1, 1
            while number <= last:
                last = self._read_list(api, terms, api.posts_address(post_type, number, since), number, last, since)
                number += 1
            self._keep_unchanged(api, terms, post_type, links or ())

    def _last_day(self) -> date | None:
        """The day before the last complete pull: the site's clock may be in another time zone."""
        return self._state.completed - timedelta(days=1) if self._state.completed else None

    def _changed_links(self, api: WordPressApi, post_type: str) -> list[Post] | None:
        """Return the links of all posts if only changed ones need to be read, for lack of conditional requests."""
        first = self._state.find(api.posts_address(post_type, 1, None))
        if self._since is not None or self._last_day() is None or (first and (first.etag or first.last_modified)):
            return None
        try:
            return api.read_links(post_type)
        except UrlRefused:
            return None

    def _keep_unchanged(self, api: WordPressApi, terms: Terms, post_type: str, listed: Sequence[Post]) -> None:
        """Keep the listed posts that are known and have not changed, and read those whose files are missing."""
        unknown = self._keep_known(str(post.get("link")) for post in listed)
        missing = [post for post in listed if str(post.get("link")) in unknown]
        for first in range(0, len(missing), wordpress.POSTS_PER_PAGE):
            some = missing[first : first + wordpress.POSTS_PER_PAGE]
            self._links.difference_update(str(post.get("link")) for post in some)
            self._read_list(api, terms, api.included_address(post_type, some), 1, 1)

    def _read_list(
        self, api: WordPressApi, terms: Terms, address: str, number: int, last: int, since: date | None = None
    ) -> int:
        """Read page `number` of a list of posts and return the number of the last page, as far as it is known."""
        finished = self._state.finished.get(address)
        if finished is not None and finished.outcome != REFUSED:
            self._links.update(finished.articles)
            return finished.pages
        known = self._state.find(address)
        try:
            page = api.read_page(address, _conditions(known))
        except UrlRefused as refusal:
            if wordpress.is_past_the_end(refusal, number):
                return number
            return self._read_one_by_one(api, terms, address, last, refusal)
        self._failures = 0
        if known is not None and page.fetched.is_unchanged:
            return self._keep_all(known)
        return self._read_posts(terms, address, number, page, since)

    def _read_posts(self, terms: Terms, address: str, number: int, page: Page, since: date | None) -> int:
        links = {str(post.get("link")) for post in page.posts}
        if links <= self._links:
            return number
        self._links |= links
        last = page.pages or number + 1
        wanted = [post for post in page.posts if not wordpress.modified_before(post, since)]
        saved = [link for post in wanted if (link := self._read_post(post, terms, address)) is not None]
        # A page with a refused post is requested in full again, so that the next report lists the post too.
        validators = page.fetched.validators if len(saved) == len(wanted) else ("", "")
        self._state.record(PageState(address, UNCHANGED, "", "", *validators, tuple(saved), last))
        return last

    def _read_post(self, post: Post, terms: Terms, address: str) -> str | None:
        """Save a post and return its link, None if it is refused."""
        url = f"{address}#{post.get('id')!r}"
        try:
            link = permalink(post)
            url = str(link)
            if (finished := self._state.finished.get(url)) is not None:
                return url if finished.outcome != REFUSED else None
            self._count(url)
            self._state.save(PageState(url, NEW), file_name(link), to_html(post, terms))
        except UrlRefused as refusal:
            self._refuse(url, refusal)
            return None
        return url

    def _read_one_by_one(self, api: WordPressApi, terms: Terms, address: str, last: int, refusal: UrlRefused) -> int:
        """Read the posts of a page that fails as a whole one by one, so that a broken post costs no other."""
        try:
            page = api.read_ids(address)
        except UrlRefused:
            self._refuse(address, refusal)
            return last
        for post in page.posts:
            single = api.post_address(address, post)
            if single in self._state.finished:
                continue
            try:
                self._read_post(api.read_post(single), terms, address)
                self._failures = 0
            except UrlRefused as broken:
                self._refuse(single, broken)
        return page.pages or last

    def _keep_known(self, links: Iterable[str]) -> set[str]:
        """Keep the articles that are known and return the links of the others, apart from those read by this pull."""
        unknown = set()
        for link in links:
            if link not in self._state.finished and link not in self._gone:
                if (known := self._state.find(link)) is not None:
                    self._state.record(replace(known, outcome=UNCHANGED))
                else:
                    unknown.add(link)
        return unknown

    def _keep_all(self, page: PageState) -> int:
        self._keep_known(page.articles)
        self._links.update(page.articles)
        self._state.record(replace(page, outcome=UNCHANGED))
        return page.pages

    def _count(self, url: str) -> None:
        if self._seen == self._limit:
            raise _LimitReached
        self._seen += 1
        if self._seen % _REPORT_EVERY == 0:
            self._report(f"{self._seen} articles read, now {url}")

    def _refuse(self, url: str, refusal: UrlRefused) -> None:
        if not isinstance(refusal, UrlFailed):
            self._failures = 0
            if refusal.status in GONE and (known := self._state.find(url)) is not None and known.file:
                # Removed at the end, unless too many are gone; until then reported as refused.
                self._gone.add(url)
                self._state.fail(url, str(refusal))
            else:
                self._state.record(PageState(url, REFUSED, str(refusal)))
            return
        self._state.fail(url, str(refusal))
        self._failures += 1
        if self._failures == _MAX_FAILURES:
            last = f"the last is {url}, which {refusal}"
            raise PullError(f"Stopped: {_MAX_FAILURES} addresses in a row failed, {last}; pull again to continue.")


def _conditions(known: PageState | None) -> dict[str, str]:
    """Return the headers of a conditional request; validators that are not ASCII are left out."""
    headers = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified} if known is not None else {}
    return {name: value for name, value in headers.items() if value and value.isascii()}
