"""`HttpClient`: sequential requests to one site, within its robots.txt and our limits.

Robots Exclusion Protocol: https://www.rfc-editor.org/rfc/rfc9309; conditional requests and Retry-After:
https://www.rfc-editor.org/rfc/rfc9110. Retries are a loop here because libraries for them know neither Retry-After nor
the limits; httpx itself retries only connections.
"""

import zlib
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic, sleep

import httpcore
import httpx
from protego import Protego

from bot.corpus.pull.addresses import UrlFailed, UrlRefused, parse_address, same_host
from bot.corpus.pull.limits import PullLimits
from bot.corpus.pull.network import CheckedNetwork
from bot.errors import PullError
from bot.version import __version__

NAME = "articlebot"
"""Our product token in robots.txt."""
AGENT = f"{NAME}/{__version__} (copies a site's articles at its publisher's request; obeys robots.txt as {NAME})"
PAGES = ("text/html", "application/xhtml+xml")
JSON = ("application/json",)
SITEMAPS = (*(f"application/{kind}" for kind in ("xml", "gzip", "x-gzip", "octet-stream")), "text/xml", "text/plain")

_MAX_REDIRECTS = 5
_MAX_ROBOTS_BYTES = 512_000  # RFC 9309 requires at least 500 KiB

_Types = tuple[str, ...]
_Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Fetched:
    """A response with its content decompressed; empty if it is unchanged since an earlier request."""

    url: httpx.URL
    """The address after redirects."""
    is_unchanged: bool
    headers: httpx.Headers
    content: bytes

    @property
    def validators(self) -> tuple[str, str]:
        """The ETag and the date of the last modification; empty if not given."""
        return str(self.headers.get("ETag", "")), str(self.headers.get("Last-Modified", ""))


class _Retryable(Exception):
    """A failure that may pass; `wait` holds the seconds of a Retry-After."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


class HttpClient(AbstractContextManager["HttpClient"]):
    """A client for one host. Use as a context manager."""

    def __init__(self, start: httpx.URL, limits: PullLimits, *, allow_private: bool) -> None:
        """Read robots.txt. Raises `PullError` if the site is unreachable, or asks for a longer delay than allowed."""
        self._start, self._limits, self._delay, self._free_at = start, limits, limits.delay, 0.0
        self._network = CheckedNetwork(allow_private)
        context = httpx.create_ssl_context(trust_env=False)
        self._pool = httpcore.ConnectionPool(context, max_connections=1, network_backend=self._network)
        self._robots = Protego.parse("")
        try:
            self._robots = self._read_robots()
            self._delay = max(limits.delay, self._robots_delay())
        except BaseException:
            self._pool.close()
            raise

    def __exit__(self, *_: object) -> None:
        self._pool.close()

    @property
    def sitemaps(self) -> list[str]:
        """The sitemaps listed in robots.txt."""
        return list(self._robots.sitemaps)

    def get(
        self, address: str, content_types: _Types = (), *, conditions: _Headers | None = None, max_bytes: int = 0
    ) -> Fetched:
        """Request an address, with retries, and follow its redirects.

        `conditions` holds the headers of a conditional request. Raises `UrlRefused` if the response has none of the
        content types (by default any will do) or is too large, and `UrlFailed` if there is none.
        """
        tries = 0
        while True:
            try:
                limit = max_bytes or self._limits.response_bytes
                return self._follow(address, content_types, conditions or {}, limit)
            except _Retryable as failure:
                tries += 1
                if failure.wait > self._limits.max_wait:
                    reason = f"{failure} and asks to wait {failure.wait:.0f} seconds: pull again later"
                    raise UrlFailed(reason) from None
                if tries > self._limits.retries:
                    raise UrlFailed(f"{failure}, {tries} times") from None
                sleep(max(self._limits.backoff * 2 ** (tries - 1), failure.wait))

    def _follow(self, address: str, content_types: _Types, conditions: _Headers, max_bytes: int) -> Fetched:
        url = parse_address(address)
        for _ in range(_MAX_REDIRECTS + 1):
            if not same_host(url, self._start):
                other = f"{url.scheme}://{url.netloc.decode()}"
                raise UrlRefused(f"leads to another host, {other}: pull that address if it is yours")
            if not self._robots.can_fetch(str(url), NAME):
                raise UrlRefused(f"robots.txt disallows {url.raw_path.decode()}")
            outcome = self._send(url, content_types, conditions, max_bytes)
            if isinstance(outcome, Fetched):
                return outcome
            url = outcome
        raise UrlRefused(f"redirects more than {_MAX_REDIRECTS} times")

    def _send(self, url: httpx.URL, content_types: _Types, conditions: _Headers, max_bytes: int) -> Fetched | httpx.URL:
        """Send one request; return its response or redirect target. Raises `_Retryable` for failures that may pass."""
        accept = ", ".join((*content_types, "*/*;q=0.1"))
        headers = {"User-Agent": AGENT, "Accept": accept, "Accept-Encoding": "gzip", **conditions}
        timeout = httpx.Timeout(self._limits.silence).as_dict()
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        raw = httpx.Request("GET", url, headers=headers).headers.raw
        sleep(max(0.0, self._free_at - monotonic()))
        self._network.deadline = monotonic() + self._limits.request_time
        try:
            # A bare connection: an httpx client would store cookies and decompress without a limit.
            with self._pool.stream("GET", target, headers=raw, extensions={"timeout": timeout}) as got:
                content, extensions = got.iter_stream(), got.extensions
                response = httpx.Response(got.status, headers=got.headers, content=content, extensions=extensions)
                return self._receive(url, response, content_types, bool(conditions), max_bytes)
        except httpcore.TimeoutException:
            limits = f"{self._limits.silence:g} seconds of silence, {self._limits.request_time:g} in all"
            raise _Retryable(f"does not answer in time ({limits})") from None
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise _Retryable(f"cannot be reached ({error or type(error).__name__})") from None
        finally:
            self._free_at = monotonic() + self._delay

    def _receive(
        self, url: httpx.URL, response: httpx.Response, content_types: _Types, conditional: bool, max_bytes: int
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
            raise _Retryable(status, parse_retry_after(response.headers.get("Retry-After", ""), datetime.now(UTC)))
        if response.status_code != 200:
            raise UrlRefused(status, response.status_code)
        content_type = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
        if content_types and content_type and content_type not in content_types:
            raise UrlRefused(f"is {content_type}, not {content_types[0]}")
        return Fetched(url, False, response.headers, _read_body(response, max_bytes))

    def _read_robots(self) -> Protego:
        address = str(self._start.copy_with(raw_path=b"/robots.txt"))
        try:
            return Protego.parse(self.get(address, max_bytes=_MAX_ROBOTS_BYTES).content.decode("utf-8", "replace"))
        except UrlFailed as failure:
            # RFC 9309, 2.3.1.4: if robots.txt is unreachable, everything is disallowed.
            raise PullError(f"{address} {failure}: check the address, or pull again later.") from None
        except UrlRefused as refusal:
            if 400 <= refusal.status < 500:
                return Protego.parse("")
            raise PullError(f"{address} cannot be pulled: {refusal}.") from None

    def _robots_delay(self) -> float:
        rate = self._robots.request_rate(NAME)
        interval = rate.seconds / rate.requests if rate and rate.requests else 0.0
        delay = max(self._robots.crawl_delay(NAME) or 0.0, interval)
        if delay > self._limits.max_delay:
            wanted = f"asks in robots.txt for {delay:g} seconds between requests"
            raise PullError(f"{self._start} {wanted}, more than {self._limits.max_delay:g}.")
        return delay


def gunzip(content: bytes, max_bytes: int) -> bytes:
    """Decompress gzip or deflate. Raises `UrlRefused` if the content is damaged or larger than `max_bytes`."""
    decompressor = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        decompressed = decompressor.decompress(content, max_bytes + 1)
    except zlib.error:
        raise UrlRefused("is compressed, but damaged") from None
    if len(decompressed) > max_bytes:
        raise _too_large(max_bytes)
    if not decompressor.eof:
        raise UrlRefused("is compressed, but damaged")
    return decompressed


def _read_body(response: httpx.Response, max_bytes: int) -> bytes:
    """Read and decompress a body of at most `max_bytes`; httpx would decompress a bomb."""
    received = bytearray()
    if response.headers.get("Content-Length", "").isdecimal() and int(response.headers["Content-Length"]) > max_bytes:
        raise _too_large(max_bytes)
    for piece in response.iter_raw():
        received += piece
        if len(received) > max_bytes:
            raise _too_large(max_bytes)
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding == "identity" or not received:
        return bytes(received)
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise UrlRefused(f"is compressed as {encoding!r}, which was not requested")
    return gunzip(bytes(received), max_bytes)


def _too_large(max_bytes: int) -> UrlRefused:
    return UrlRefused(f"is larger than {max_bytes / 1e6:g} MB")


def parse_retry_after(value: str, now: datetime) -> float:
    """Return the seconds to wait of a Retry-After header, 0 if it cannot be parsed."""
    if value.isdecimal():
        return float(value)
    with suppress(ValueError, TypeError, OverflowError):
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    return 0.0
