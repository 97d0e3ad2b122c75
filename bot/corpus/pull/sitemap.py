"""A site's sitemaps → the addresses of its pages: https://www.sitemaps.org/protocol.html."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from io import BytesIO

import httpx
from lxml import etree

from bot.corpus.pull.addresses import UrlRefused, parse_address
from bot.corpus.pull.http_client import SITEMAPS, HttpClient, gunzip, is_gzip

USUAL = ("/sitemap.xml", "/sitemap_index.xml", "/wp-sitemap.xml")
_MOST_SITEMAPS = 1_000
_MOST_BYTES = 52_428_800
"""Of a sitemap when unpacked; the protocol allows no more."""
_LISTS = re.compile(
    r"/(?:wp-sitemap-(?:taxonomies|users)-|(?:category|post_tag|post_format|author)-sitemap\d*\.)[^/]*$"
)
"""How WordPress and its plugins name the sitemaps of pages that only list articles."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An address that a sitemap lists, and the day it was last changed, where it says."""

    url: str
    changed: date | None


@dataclass(frozen=True, slots=True)
class _Sitemap:
    pages: tuple[Listed, ...]
    sitemaps: tuple[Listed, ...]


class Sitemaps:
    """The sitemaps of a site: those that robots.txt names, else the first of the usual ones that is there."""

    def __init__(
        self, door: HttpClient, start: httpx.URL, since: date | None, refuse: Callable[[str, UrlRefused], None]
    ) -> None:
        self._door = door
        self._start = start
        self._since = since
        self._refuse = refuse
        self._asked: set[str] = set()

    def pages(self) -> Iterator[str]:
        """The addresses of the pages listed, each once, without those last changed before `since`."""
        seen: set[str] = set()
        waiting = self._found()
        while waiting:
            sitemap = waiting.pop(0)
            for page in sitemap.pages:
                if page.url not in seen and not self._is_older(page):
                    seen.add(page.url)
                    yield page.url
            waiting += [
                inner
                for one in sitemap.sitemaps
                if not self._is_older(one) and (inner := self._read(one.url)) is not None
            ]

    def _found(self) -> list[_Sitemap]:
        if self._door.sitemaps:
            return [sitemap for url in self._door.sitemaps if (sitemap := self._read(url)) is not None]
        for path in USUAL:
            try:
                return [self._fetched(str(self._start.copy_with(raw_path=path.encode())))]
            except UrlRefused:
                continue
        return []

    def _read(self, url: str) -> _Sitemap | None:
        """A sitemap that was not read before; None, with the reason told, when it cannot be."""
        if url in self._asked:
            return None
        self._asked.add(url)
        try:
            self._check(url)
            return self._fetched(url)
        except UrlRefused as refusal:
            self._refuse(url, refusal)
            return None

    def _check(self, url: str) -> None:
        if _LISTS.search(url.lower()):
            raise UrlRefused("lists pages of categories, tags or authors, which are no articles")
        if len(self._asked) > _MOST_SITEMAPS:
            raise UrlRefused(f"there are more than {_MOST_SITEMAPS} sitemaps")

    def _fetched(self, url: str) -> _Sitemap:
        fetched = self._door.get(url, SITEMAPS)
        return parse_sitemap(gunzip(fetched.content, _MOST_BYTES) if is_gzip(fetched.content) else fetched.content)

    def _is_older(self, listed: Listed) -> bool:
        return self._since is not None and listed.changed is not None and listed.changed < self._since


def parse_sitemap(content: bytes) -> _Sitemap:
    """What a sitemap or a sitemap index lists. Raises `UrlRefused` when it is neither.

    Entities that it declares are not resolved, and nothing is loaded that it refers to.
    """
    pages: list[Listed] = []
    sitemaps: list[Listed] = []
    options = {
        "events": ("end",),
        "resolve_entities": False,
        "load_dtd": False,
        "no_network": True,
        "recover": True,
        "huge_tree": False,
    }
    try:
        for _, element in etree.iterparse(BytesIO(content), tag=("{*}url", "{*}sitemap"), **options):  # type: ignore[call-overload]
            url = (element.findtext("{*}loc") or "").strip()
            if url:
                listed = Listed(url, _day((element.findtext("{*}lastmod") or "").strip()))
                (pages if etree.QName(element).localname == "url" else sitemaps).append(listed)
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        if not pages and not sitemaps:
            raise UrlRefused(f"is no sitemap ({error.msg})") from None
    if not pages and not sitemaps:
        raise UrlRefused("is no sitemap: it lists nothing")
    return _Sitemap(tuple(pages), tuple(sitemaps))


def _day(words: str) -> date | None:
    try:
        return date.fromisoformat(words[:10])
    except ValueError:
        return None


def is_below(page: str, start: httpx.URL) -> bool:
    """Whether a page stands at an address or below it; one that cannot be read does, so that it is refused with its reason."""
    try:
        path = parse_address(page).path
    except UrlRefused:
        return True
    base = start.path.rstrip("/")
    return path.rstrip("/") == base or path.startswith(f"{base}/")
