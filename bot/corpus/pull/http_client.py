"""The door to a site: one request after the other, polite and guarded.

Robots Exclusion Protocol: https://www.rfc-editor.org/rfc/rfc9309; conditional requests and Retry-After: https://www.rfc-editor.org/rfc/rfc9110.
"""

import zlib
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic, sleep
from typing import Self

import httpcore
import httpx
from protego import Protego

from bot.corpus.pull.addresses import UrlFailed, UrlRefused, parse_address, same_host
from bot.corpus.pull.limits import PullLimits
from bot.corpus.pull.network import CheckedNetwork, CheckedTransport
from bot.errors import PullError
from bot.version import __version__

NAME = "articlebot"
"""The product token that robots.txt may name."""
AGENT = f"{NAME}/{__version__} (copies a site's articles at its publisher's request; obeys robots.txt as {NAME})"
PAGES = ("text/html", "application/xhtml+xml")
JSON = ("application/json",)
SITEMAPS = (
    "application/xml",
    "text/xml",
    "text/plain",
    "application/gzip",
    "application/x-gzip",
    "application/octet-stream",
)

_REDIRECTS = 5
_ROBOTS_BYTES = 512_000
"""RFC 9309 asks to read at least 500 KiB."""
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A response: its content is unpacked, and empty when the address has not changed since it was last asked."""

    url: httpx.URL
    """Where the redirects led."""
    unchanged: bool
    headers: httpx.Headers
    content: bytes

    @property
    def etag(self) -> str:
        return str(self.headers.get("ETag", ""))

    @property
    def last_modified(self) -> str:
        return str(self.headers.get("Last-Modified", ""))


class _Again(Exception):
    """An answer that may be another one in a moment."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


class HttpClient:
    """Asks one host, within its robots.txt and the limits. Use as a context manager."""

    def __init__(self, start: httpx.URL, limits: PullLimits, *, allow_private: bool) -> None:
        """Reads robots.txt. Raises `PullError` when the site cannot be reached, or asks for longer pauses than the limits allow."""
        self._start = start
        self._limits = limits
        self._network = CheckedNetwork(allow_private)
        self._transport = CheckedTransport(self._network)
        self._delay = limits.delay
        self._free_at = 0.0
        self._robots = Protego.parse("")
        try:
            self._robots = self._read_robots()
            self._delay = max(limits.delay, self._asked_delay())
        except BaseException:
            self._transport.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._transport.close()

    @property
    def sitemaps(self) -> list[str]:
        """The addresses that robots.txt names as sitemaps."""
        return list(self._robots.sitemaps)

    def get(
        self,
        address: str,
        kinds: tuple[str, ...] = (),
        *,
        known: Mapping[str, str] | None = None,
        most: int | None = None,
    ) -> Fetched:
        """The response at an address, of one of the content types in `kinds` (none: any), of at most `most` bytes.

        `known` holds the headers of a conditional request. Raises `UrlRefused` when the answer is not wanted, `UrlFailed` when there is none.
        """
        tries = 0
        while True:
            try:
                return self._followed(address, kinds, known or {}, most or self._limits.response_bytes)
            except _Again as again:
                tries += 1
                if again.wait > self._limits.longest_wait:
                    raise UrlFailed(f"{again} and asks to wait {again.wait:.0f} seconds: pull again later") from None
                if tries > self._limits.retries:
                    raise UrlFailed(f"{again}, {tries} times") from None
                sleep(max(self._limits.back_off * 2 ** (tries - 1), again.wait))

    def _followed(self, address: str, kinds: tuple[str, ...], known: Mapping[str, str], most: int) -> Fetched:
        url = parse_address(address)
        for _ in range(_REDIRECTS + 1):
            self._check(url)
            answer = self._asked(url, kinds, known, most)
            if isinstance(answer, Fetched):
                return answer
            url = answer
        raise UrlRefused(f"redirects more than {_REDIRECTS} times")

    def _check(self, url: httpx.URL) -> None:
        if not same_host(url, self._start):
            raise UrlRefused(
                f"leads to another host, {url.scheme}://{url.netloc.decode()}: pull that address if it is yours"
            )
        if not self._robots.can_fetch(str(url), NAME):
            raise UrlRefused(f"robots.txt disallows {url.raw_path.decode()}")

    def _asked(
        self, url: httpx.URL, kinds: tuple[str, ...], known: Mapping[str, str], most: int
    ) -> Fetched | httpx.URL:
        """The response to one request, or where it redirects to. Raises `_Again` when it is worth another try."""
        sleep(max(0.0, self._free_at - monotonic()))
        self._network.deadline = monotonic() + self._limits.request_time
        try:
            # A client would follow redirects, keep cookies and unpack by itself: the transport does only what is asked.
            with closing(self._transport.handle_request(self._request(url, kinds, known))) as response:
                return self._received(url, response, kinds, bool(known), most)
        except httpcore.TimeoutException:
            raise _Again(
                f"does not answer in time ({self._limits.silence:g} seconds of silence, {self._limits.request_time:g} in all)"
            ) from None
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise _Again(f"cannot be reached ({error or type(error).__name__})") from None
        finally:
            self._free_at = monotonic() + self._delay

    def _request(self, url: httpx.URL, kinds: tuple[str, ...], known: Mapping[str, str]) -> httpx.Request:
        headers = {"User-Agent": AGENT, "Accept": ", ".join((*kinds, "*/*;q=0.1")), "Accept-Encoding": "gzip", **known}
        return httpx.Request(
            "GET", url, headers=headers, extensions={"timeout": httpx.Timeout(self._limits.silence).as_dict()}
        )

    def _received(
        self, url: httpx.URL, response: httpx.Response, kinds: tuple[str, ...], conditional: bool, most: int
    ) -> Fetched | httpx.URL:
        status = f"answers {response.status_code} {response.reason_phrase}".rstrip()
        if response.has_redirect_location:
            try:
                return parse_address(str(url.join(response.headers["Location"])))
            except (httpx.InvalidURL, ValueError):
                raise UrlRefused("redirects to an address that cannot be read") from None
        if response.status_code == 304 and conditional:
            return Fetched(url, True, response.headers, b"")
        if response.status_code in (408, 425, 429) or response.status_code >= 500:
            raise _Again(status, _retry_after(response.headers.get("Retry-After", "")))
        if response.status_code != 200:
            raise UrlRefused(status, response.status_code)
        kind = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
        if kinds and kind and kind not in kinds:
            raise UrlRefused(f"is {kind}, not {kinds[0]}")
        return Fetched(url, False, response.headers, _unpacked(response, most))

    def _read_robots(self) -> Protego:
        address = str(self._start.copy_with(raw_path=b"/robots.txt"))
        try:
            return Protego.parse(self.get(address, most=_ROBOTS_BYTES).content.decode("utf-8", "replace"))
        except UrlFailed as failure:
            # RFC 9309, 2.3.1.4: a site whose robots.txt cannot be had is not to be asked.
            raise PullError(f"{address} {failure}: check the address, or pull again later.") from None
        except UrlRefused as refusal:
            if 400 <= refusal.status < 500:
                return Protego.parse("")
            raise PullError(f"{address} cannot be pulled: {refusal}.") from None

    def _asked_delay(self) -> float:
        rate = self._robots.request_rate(NAME)
        asked = max(
            self._robots.crawl_delay(NAME) or 0.0, rate.seconds / rate.requests if rate and rate.requests else 0.0
        )
        if asked > self._limits.longest_delay:
            raise PullError(
                f"{self._start} asks in robots.txt for {asked:g} seconds between requests, more than {self._limits.longest_delay:g}."
            )
        return asked


def gunzip(content: bytes, most: int) -> bytes:
    """The content of a gzip file, or of a deflated stream. Raises `UrlRefused` when it is damaged or holds more than `most` bytes."""
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        unpacked = unpacker.decompress(content, most + 1)
    except zlib.error:
        raise UrlRefused("is packed, but damaged") from None
    if len(unpacked) > most:
        raise _too_large(most)
    if not unpacker.eof:
        raise UrlRefused("is packed, but damaged")
    return unpacked


def is_gzip(content: bytes) -> bool:
    """Whether content begins as a gzip file does."""
    return content.startswith(_GZIP)


def _unpacked(response: httpx.Response, most: int) -> bytes:
    """The body, read no further than `most` bytes; unpacked here, as httpx would unpack a bomb."""
    received = bytearray()
    if response.headers.get("Content-Length", "").isdecimal() and int(response.headers["Content-Length"]) > most:
        raise _too_large(most)
    for piece in response.iter_raw():
        received += piece
        if len(received) > most:
            raise _too_large(most)
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding == "identity" or not received:
        return bytes(received)
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise UrlRefused(f"is packed as {encoding!r}, which was not asked for")
    return gunzip(bytes(received), most)


def _too_large(most: int) -> UrlRefused:
    return UrlRefused(f"is larger than {most / 1e6:g} MB")


def _retry_after(value: str) -> float:
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return 0.0
