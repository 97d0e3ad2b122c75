"""The sites that the articles of a corpus come from: their addresses, and the exports of each."""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

from bot.corpus.article import Article
from bot.corpus.fields import permalink_path

_HEAD_BYTES = 65_536  # an export names its site and date before its first post
_SITE = re.compile(rb"<wp:base_(?:blog|site)_url>\s*([^<\s]+)|<link>\s*([^<\s]+)")
_CREATED = re.compile(rb"<pubDate>([^<]+)</pubDate>")
_PULLED = re.compile(r"(?:^|/)pulled/([^/]+)/")
_NO_DATE = datetime.min.replace(tzinfo=UTC)


def site_of(url: str | None) -> str:
    """Return the host of an address in lower case without "www."; http and https are one site."""
    with suppress(ValueError):
        return (urlsplit(url or "").hostname or "").removeprefix("www.")
    return ""


def newest_first(folder: Path, sources: Sequence[str]) -> list[str]:
    """Return the files with the WordPress exports among them ordered by date: of two versions the first is indexed."""
    exports = [source for source in sources if source.lower().endswith(".xml")]
    ordered = iter(sorted(exports, key=lambda source: _created(folder / source), reverse=True))
    return [next(ordered) if source in exports else source for source in sources]


def has_several_sites(folder: Path, sources: Sequence[str]) -> bool:
    """Whether the exports and pulled articles of a corpus come from more than one site."""
    pulled = {match[1].partition("_")[0].removeprefix("www.") for each in sources if (match := _PULLED.search(each))}
    exports = (_SITE.search(_head(folder / source)) for source in sources if source.lower().endswith(".xml"))
    exported = {site_of((match[1] or match[2]).decode(errors="replace")) for match in exports if match}
    return len((pulled | exported) - {""}) > 1


def with_site(article: Article) -> Article:
    """Return an article whose id is made of its address with the site before it: two sites may both have "/faq/"."""
    site, path = site_of(article.url), permalink_path(article.url)
    is_named_by_address = path and f"{article.id}/".startswith(f"{path}/")
    if not site or not (is_named_by_address or article.source.lower().endswith(".xml")):
        return article
    return replace(article, id=f"{site}/{article.id}")


def _head(path: Path) -> bytes:
    with suppress(OSError), path.open("rb") as file:
        return file.read(_HEAD_BYTES).partition(b"<item>")[0]
    return b""


def _created(path: Path) -> datetime:
    match = _CREATED.search(_head(path))
    with suppress(ValueError):
        created = parsedate_to_datetime(match[1].decode(errors="replace")) if match else _NO_DATE
        return created if created.tzinfo else created.replace(tzinfo=UTC)
    return _NO_DATE
