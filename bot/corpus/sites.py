"""The sites that the articles of a corpus come from: their addresses, and of several versions the newest."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html import unescape
from locale import locale_alias
from mmap import ACCESS_READ, mmap
from pathlib import Path
from urllib.parse import urlsplit

from bot.corpus.article import Article
from bot.corpus.fields import language_named, parse_moment, permalink_path

Address = tuple[str, str | None]
_HEAD_BYTES = 65_536  # an export names its date before its first post, a page its address and dates before its text
_LINK = re.compile(rb"<link>\s*(?:<!\[CDATA\[)?\s*(https?://[^][<\s]+)")
_CREATED = re.compile(rb"<pubDate>([^<]+)</pubDate>")
_MODIFIED = re.compile(rb"<wp:post_modified>(?:<!\[CDATA\[)?([-\d: ]+)")
_PAGES = (".md", ".markdown", ".mdx", ".html", ".htm", ".xhtml")
_FRONT_MATTER = re.compile(rb"(?s)(?:\xef\xbb\xbf)?\s*(---|\+{3})[ \t]*\r?\n.*?\n\1")
_TAG = re.compile(rb"(?i)<(?:link|meta)\b[^<>]*>")
_ADDRESS = re.compile(
    rb"(?im)(?:^(?:url|canonical(?:[-_]?url)?)\s*[:=]|<(?:link|meta)\b(?=[^<>]*[\"'](?:canonical|og:url)\b))"
    rb"[^<>\n]*?(https?://[^][\s\"'<>]+)"
)
_CHANGED = re.compile(
    rb"(?im)(?:^(?:date|updated\w*|modified|posted|publish\w*|pubdate|last[-_]?(?:mod|update)\w*)\s*[:=]"
    rb"|<meta\b[^<>]*(?:modified|published|updated)_time[\"'][^<>]*\bcontent=)"
    rb"\s*[\"']?([^\"'\r\n<>]+)"
)
_PULLED = re.compile(r"(?:^|/)pulled/([^/]+)/")
_NO_DATE = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Origin:
    """What a file declares about where its text comes from."""

    site: str = ""
    addresses: frozenset[Address] = frozenset()
    changed: datetime = _NO_DATE


def site_of(url: str | None) -> str:
    """Return the host of an address in lower case without "www."; http and https are one site."""
    with suppress(ValueError):
        return (urlsplit(url or "").hostname or "").removeprefix("www.")
    return ""


def address_of(url: str | None) -> Address:
    """Return the site and the path of a URL: http and https, with and without www, are one address."""
    return site_of(url), permalink_path(url)


def origin_of(folder: Path, source: str) -> Origin:
    """Return the origin of a WordPress export, a Markdown file or a web page; others declare none."""
    if not source.lower().endswith((".xml", *_PAGES)):
        return Origin()
    with suppress(OSError, ValueError), (folder / source).open("rb") as file:
        with mmap(file.fileno(), 0, access=ACCESS_READ) as content:
            if _is_export(source):
                dates = _CREATED.findall(content[:_HEAD_BYTES].partition(b"<item>")[0])
                return _origin("", _LINK.findall(content), [*dates, max(_MODIFIED.findall(content), default=b"")])
            found, pulled = _FRONT_MATTER.match(content[:_HEAD_BYTES]), _PULLED.search(source)
            head = found[0] if found else b"".join(_TAG.findall(content[:_HEAD_BYTES].partition(b"<body")[0]))
        site = pulled[1].partition("_")[0].removeprefix("www.") if pulled else ""
        return _origin(site, _ADDRESS.findall(head)[:1], _CHANGED.findall(head))
    return Origin()


def _origin(site: str, links: Iterable[bytes], dates: Iterable[bytes]) -> Origin:
    addresses = [address_of(unescape(link.decode(errors="replace"))) for link in links]
    sites = Counter(each for each, _ in addresses[1:] or addresses)
    # An export names its own site first. One that no post has is for tests, or of the host.
    first = [each for each, _ in addresses[:1] if each in sites] or [each for each, _ in sites.most_common(1)]
    return Origin(site or "".join(first), frozenset(addresses), max(map(_moment, dates), default=_NO_DATE))


def newest_first(origins: Mapping[str, Origin]) -> list[str]:
    """Return the files in their order, but those that share addresses by date: of two versions the first is indexed."""
    exported = {address for name, each in origins.items() if _is_export(name) for address in each.addresses}
    keys = {
        name: each.site or name if _is_export(name) or each.addresses & exported else each.addresses or name
        for name, each in origins.items()
    }
    groups = defaultdict[object, list[str]](list)
    for name in sorted(origins, key=lambda name: origins[name].changed, reverse=True):
        groups[keys[name]].append(name)
    ordered = {key: iter(group) for key, group in groups.items()}
    return [next(ordered[key]) for key in keys.values()]


def home_of(origins: Iterable[Origin]) -> str | None:
    """Return the site of a corpus: "" if there are several, None if none is known."""
    sites = {origin.site for origin in origins} - {""}
    return "" if len(sites) > 1 else next(iter(sites), None)


def with_site(article: Article, home: str | None) -> Article:
    """Return an article with the site before its id, if that is made of its address and the corpus has several sites.

    In an export of one site, the posts at other addresses get theirs, and the language that it names.
    """
    site, path = address_of(article.url)
    is_named_by_address = path and not home and f"{article.id}/".startswith(f"{path}/")
    if home is None or site in ("", home) or not (is_named_by_address or _is_export(article.source)):
        return article
    return replace(article, id=f"{site}/{article.id}", language=_language_of(site, home) or article.language)


def _is_export(source: str) -> bool:
    return source.lower().endswith(".xml")


def _language_of(site: str, home: str) -> str | None:
    """Return the language of a site that differs from another only in it: "de.example.com" or "example.de"."""
    if site.endswith(f".{home}"):
        return language_named(site.removesuffix(f".{home}"))
    name, _, country = site.rpartition(".")
    # Not every domain is a language's: "ca" is one of Canada, where it would be Catalan.
    is_own = name == home.rpartition(".")[0] and f"{country}_{country}" in locale_alias
    return language_named(country) if is_own else None


def _moment(text: bytes) -> datetime:
    """Parse a date, without a time zone as UTC; the earliest one if it cannot be parsed."""
    with suppress(ValueError):
        moment = parse_moment("date", text.decode(errors="replace"))
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return _NO_DATE
