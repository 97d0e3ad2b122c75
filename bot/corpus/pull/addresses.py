"""Checks of the addresses of a pull, and the names of the files for its articles."""

import hashlib
import re
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx

from bot.corpus.article import slug

_MAX_NAME_BYTES = 120  # file systems allow 255; temporary names are longer than final ones
_MAX_DEPTH = 8  # maximum number of folders in a file name
_DEFAULT_PORTS = {"http": 80, "https": 443}
_NAT64 = IPv6Network("64:ff9b::/96")


class UrlRefused(Exception):
    """Raised when an address is not pulled.

    The message is the reason shown to the editor; `status` is the HTTP status, 0 if there was no response.
    """

    def __init__(self, reason: str, status: int = 0) -> None:
        super().__init__(reason)
        self.status = status


class UrlFailed(UrlRefused):
    """Raised when an address failed after all retries; a later pull may succeed."""


Refuse = Callable[[str, UrlRefused], None]
"""Called with an address that is refused, and the reason."""


def parse_address(address: str) -> httpx.URL:
    """Return the URL without its fragment. Raises `UrlRefused` if it is not http or https, or contains a password."""
    try:
        url = httpx.URL(address.strip())
    except (httpx.InvalidURL, ValueError):
        raise UrlRefused("not an address that can be read") from None
    if url.scheme not in _DEFAULT_PORTS or not url.host:
        raise UrlRefused("not an address that starts with http:// or https://")
    if url.userinfo:
        raise UrlRefused("a name or password stands in the address")
    return url.copy_with(fragment=None)


def same_host(one: httpx.URL, other: httpx.URL) -> bool:
    """Whether two addresses have the same host and port, or the host's standard ports of http and https."""
    ports = {url.port or _DEFAULT_PORTS[url.scheme] for url in (one, other)}
    return one.host == other.host and (len(ports) == 1 or ports == set(_DEFAULT_PORTS.values()))


def is_public(address: str) -> bool:
    """Whether an IP address, and any IPv4 address embedded in it (RFC 4291, 3056, 4380, 6052), is a public one."""
    parsed = ip_address(address.partition("%")[0])
    closed = parsed.is_multicast or (isinstance(parsed, IPv6Address) and parsed.is_site_local)
    parts = _embedded(parsed) or [parsed]
    return not closed and all(part.is_global and not part.is_multicast and not part.is_reserved for part in parts)


def _embedded(address: IPv4Address | IPv6Address) -> list[IPv4Address | IPv6Address]:
    if isinstance(address, IPv4Address):
        return []
    embedded = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        embedded.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return [part for part in embedded if part is not None]


def site_name(address: httpx.URL) -> str:
    """Return the host, and the port unless it is the default, as the name of a folder or file."""
    host = re.sub(r"[^\w.-]", "_", address.host).strip(".")
    return f"{host}_{address.port}" if address.port else host


def file_name(address: httpx.URL) -> str:
    """Return the relative path of an article's file: `hrm/notice.html` for the permalink `/hrm/notice/`.

    A hash is added if the name cannot express the whole permalink: a query, capitals, symbols, or too long.
    """
    path = address.path.strip("/")
    parts = [part for part in (slug(part) for part in path.split("/")[:_MAX_DEPTH]) if part]
    short = [part.encode()[:_MAX_NAME_BYTES].decode(errors="ignore") for part in parts] or ["index"]
    is_whole = "/".join(short) == (path or "index") and not address.query and path != "index"
    digest = "" if is_whole else f"-{hashlib.sha256(f'{path}?{address.query.decode()}'.encode()).hexdigest()[:8]}"
    return f"{'/'.join(short)}{digest}.html"
