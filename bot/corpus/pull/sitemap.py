"""Addresses of pages from a site's sitemaps: https://www.sitemaps.org/protocol.html.

Parsed here because the libraries for sitemaps download by themselves, past the checks of `HttpClient`.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from io import BytesIO

import httpx
from lxml import etree

from bot.corpus.fields import iso_day
from bot.corpus.pull.addresses import Refuse, UrlRefused, parse_address
from bot.corpus.pull.http_client import SITEMAPS, HttpClient, gunzip

_USUAL_PATHS = ("/sitemap.xml", "/sitemap_index.xml", "/wp-sitemap.xml")
_GZIP = b"\x1f\x8b"
_MAX_SITEMAPS = 1_000
_MAX_BYTES = 52_428_800  # maximum size of a decompressed sitemap, as in the protocol
_LISTINGS = re.compile(
    r"/(?:wp-sitemap-(?:taxonomies|users)-|(?:category|post_tag|post_format|author)-sitemap\d*\.)[^/]*$"
)
"""Names that WordPress and its plugins give to sitemaps of pages that only list articles."""


@dataclass(frozen=True, slots=True)
class SitemapEntry:
    """An address in a sitemap, with the day of its last change if it is given."""

    url: str
    modified: date | None


@dataclass(frozen=True, slots=True)
class Sitemap:
    """The pages and further sitemaps that a sitemap or sitemap index lists."""

    pages: tuple[SitemapEntry, ...]
    sitemaps: tuple[SitemapEntry, ...]


class Sitemaps:
    """The sitemaps that robots.txt names, or else the first one at a usual path."""

    def __init__(self, client: HttpClient, start: httpx.URL, since: date | None, refuse: Refuse) -> None:
        self._client, self._start, self._since, self._refuse = client, start, since, refuse
        self._requested: set[str] = set()

    def pages(self) -> Iterator[str]:
        """Yield the addresses of the listed pages, each once, except those last modified before `since`."""
        seen: set[str] = set()
        waiting = self._first_sitemaps()
        while waiting:
            sitemap = waiting.pop(0)
            for page in sitemap.pages:
                if page.url not in seen and not self._is_older(page):
                    seen.add(page.url)
                    yield page.url
            inner = (self._read(one.url) for one in sitemap.sitemaps if not self._is_older(one))
            waiting += [one for one in inner if one is not None]

    def _first_sitemaps(self) -> list[Sitemap]:
        if self._client.sitemaps:
            return [sitemap for url in self._client.sitemaps if (sitemap := self._read(url)) is not None]
        for path in _USUAL_PATHS:
            with suppress(UrlRefused):
                return [self._fetch(str(self._start.copy_with(raw_path=path.encode())))]
        return []

    def _read(self, url: str) -> Sitemap | None:
        """Return a sitemap that was not read before; None if it was, or is refused."""
        if url in self._requested:
            return None
        self._requested.add(url)
        try:
            self._check(url)
            return self._fetch(url)
        except UrlRefused as refusal:
            self._refuse(url, refusal)
            return None

    def _check(self, url: str) -> None:
        if _LISTINGS.search(url.lower()):
            raise UrlRefused("lists pages of categories, tags or authors, which are no articles")
        if len(self._requested) > _MAX_SITEMAPS:
            raise UrlRefused(f"there are more than {_MAX_SITEMAPS} sitemaps")

    def _fetch(self, url: str) -> Sitemap:
        content = self._client.get(url, SITEMAPS).content
        return parse_sitemap(gunzip(content, _MAX_BYTES) if content.startswith(_GZIP) else content)

    def _is_older(self, entry: SitemapEntry) -> bool:
        return self._since is not None and entry.modified is not None and entry.modified < self._since


def parse_sitemap(content: bytes) -> Sitemap:
    """Parse a sitemap or index; entities are not resolved, nothing is loaded. Raises `UrlRefused` if it is neither."""
    pages: list[SitemapEntry] = []
    sitemaps: list[SitemapEntry] = []
    options = {"resolve_entities": False, "load_dtd": False, "no_network": True, "recover": True, "huge_tree": False}
    tags = ("{*}url", "{*}sitemap")
    try:
        for _, element in etree.iterparse(BytesIO(content), tag=tags, **options):  # type: ignore[call-overload]
            url = (element.findtext("{*}loc") or "").strip()
            if url:
                entry = SitemapEntry(url, iso_day((element.findtext("{*}lastmod") or "").strip()))
                (pages if etree.QName(element).localname == "url" else sitemaps).append(entry)
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        if not pages and not sitemaps:
            raise UrlRefused(f"is no sitemap ({error.msg})") from None
    if not pages and not sitemaps:
        raise UrlRefused("is no sitemap: it lists nothing")
    return Sitemap(tuple(pages), tuple(sitemaps))


def is_below(page: str, start: httpx.URL) -> bool:
    """Whether a page is at or below an address; true if it cannot be parsed, to be refused later with a reason."""
    try:
        path = parse_address(page).path
    except UrlRefused:
        return True
    base = start.path.rstrip("/")
    return path.rstrip("/") == base or path.startswith(f"{base}/")
