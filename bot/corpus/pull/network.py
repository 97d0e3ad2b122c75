"""The connections of a pull: only to addresses that may be asked, and never longer than the time given.

A host's name is resolved here, all its addresses are checked, and the connection goes to a checked one: a name that resolves to another address
a moment later (DNS rebinding) gains nothing. Proxies of the environment are not used: they would resolve the name themselves.
"""

import socket
import ssl
from collections.abc import Iterable, Iterator
from time import monotonic
from typing import Any

import httpcore
import httpx

from bot.corpus.pull.addresses import UrlRefused, is_public


class CheckedNetwork(httpcore.NetworkBackend):
    """Opens connections to public addresses, or to any when private ones are allowed. Set `deadline` before each request."""

    def __init__(self, allow_private: bool) -> None:
        self.deadline = 0.0
        self._allow_private = allow_private
        self._system = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first of the host's addresses that accepts one.

        Raises `UrlRefused` when one of them is not public and that is not allowed.
        """
        failed: Exception = httpcore.ConnectError("no address")
        for address in self._addresses(host, port):
            try:
                stream = self._system.connect_tcp(address, port, self.left(timeout), local_address, socket_options)
                return _TimedStream(stream, self)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed

    def left(self, timeout: float | None) -> float:
        """The seconds that the next step may take. Raises httpcore's `ReadTimeout` when the request's time is over."""
        left = self.deadline - monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the time for a response is over")
        return left if timeout is None else min(left, timeout)

    def _addresses(self, host: str, port: int) -> list[str]:
        try:
            found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            raise httpcore.ConnectError(f"the name {host} is not known ({error})") from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        private = [] if self._allow_private else [address for address in addresses if not is_public(address)]
        if private:
            raise UrlRefused(
                f"{host} is {private[0]}, an address inside a private network: allow that with --allow-private"
            )
        return addresses


class _TimedStream(httpcore.NetworkStream):
    """A connection on which no step outlasts the request's time: a response that trickles in ends too."""

    def __init__(self, stream: httpcore.NetworkStream, network: CheckedNetwork) -> None:
        self._stream = stream
        self._network = network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._network.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._network.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _TimedStream(
            self._stream.start_tls(ssl_context, server_hostname, self._network.left(timeout)), self._network
        )

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class CheckedTransport(httpx.BaseTransport):
    """httpx's way to a `CheckedNetwork`; httpcore's errors come through as they are."""

    def __init__(self, network: CheckedNetwork) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False), max_connections=1, network_backend=network
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = httpcore.URL(
            scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port, target=request.url.raw_path
        )
        response = self._pool.handle_request(
            httpcore.Request(request.method, url, headers=request.headers.raw, extensions=request.extensions)
        )
        return httpx.Response(
            response.status, headers=response.headers, stream=_Body(response), extensions=response.extensions
        )

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._response.iter_stream())

    def close(self) -> None:
        self._response.close()
