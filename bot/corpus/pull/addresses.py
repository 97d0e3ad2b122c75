"""Which addresses a pull may ask, and the names of the files it keeps."""

import hashlib
import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx

from bot.corpus.article import slug

_LONGEST_NAME = 120
"""Bytes; file systems take 255, and a temporary name is longer."""
_DEEPEST = 8
_DEFAULT_PORTS = {"http": 80, "https": 443}
_NAT64 = IPv6Network("64:ff9b::/96")


class UrlRefused(Exception):
    """An address that is not pulled; the message is the reason given to the editor, the status that of the answer, where there was one."""

    def __init__(self, reason: str, status: int = 0) -> None:
        super().__init__(reason)
        self.status = status


class UrlFailed(UrlRefused):
    """An address that a site failed to answer, after all retries: it may answer another day."""


def parse_address(address: str) -> httpx.URL:
    """The URL of an address, without its fragment. Raises `UrlRefused` when it is none of http or https, or carries a password."""
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
    """Whether two addresses lead to one host and one port, or to its http and https."""
    ports = {url.port or _DEFAULT_PORTS[url.scheme] for url in (one, other)}
    return one.host == other.host and (len(ports) == 1 or ports == set(_DEFAULT_PORTS.values()))


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet, also when it wraps an IPv4 address as IPv6 may (RFC 4291, 3056, 4380, 6052)."""
    whole = ip_address(address.partition("%")[0])
    closed = whole.is_multicast or (isinstance(whole, IPv6Address) and whole.is_site_local)
    return not closed and all(
        part.is_global and not part.is_multicast and not part.is_reserved for part in _wrapped(whole) or [whole]
    )


def _wrapped(address: IPv4Address | IPv6Address) -> list[IPv4Address | IPv6Address]:
    if isinstance(address, IPv4Address):
        return []
    wrapped = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        wrapped.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return [part for part in wrapped if part is not None]


def site_name(address: httpx.URL) -> str:
    """A site's name as a folder or file: its host, and its port where that is not the usual one."""
    host = re.sub(r"[^\w.-]", "_", address.host).strip(".")
    return f"{host}_{address.port}" if address.port else host


def file_name(address: httpx.URL) -> str:
    """The relative path of an article's file, the same for the same permalink: `/hrm/notice/` is `hrm/notice.html`.

    Where the name cannot hold all of the permalink (a query, capitals, signs, too long), the hash of it is added.
    """
    path = address.path.strip("/")
    parts = [part for part in (slug(part) for part in path.split("/")[:_DEEPEST]) if part]
    short = [part.encode()[:_LONGEST_NAME].decode(errors="ignore") for part in parts] or ["index"]
    whole = "/".join(short) == (path or "index") and not address.query and path != "index"
    digest = "" if whole else f"-{hashlib.sha256(f'{path}?{address.query.decode()}'.encode()).hexdigest()[:8]}"
    return f"{'/'.join(short)}{digest}.html"
