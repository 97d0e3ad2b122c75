"""Connections of a pull: only to permitted addresses, and with a deadline.

A host name is resolved here, all its addresses are checked and the connection goes to a checked one, so a name that
resolves differently a moment later (DNS rebinding) gains nothing. Proxies from the environment are ignored, because
they would resolve names themselves.
"""

import socket
import ssl
from collections.abc import Iterable
from time import monotonic
from typing import Any

import httpcore

from bot.corpus.pull.addresses import UrlRefused, is_public


class CheckedNetwork(httpcore.NetworkBackend):
    """Opens connections to public addresses, and to private ones if allowed. Set `deadline` before each request."""

    def __init__(self, allow_private: bool) -> None:
        self._allow_private, self.deadline = allow_private, 0.0
        self._system = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first of the host's addresses that accepts a connection.

        Raises `UrlRefused` if one of them is private and private addresses are not allowed.
        """
        failed: Exception = httpcore.ConnectError("no address")
        for address in self._addresses(host, port):
            try:
                stream = self._system.connect_tcp(address, port, self.remaining(timeout), local_address, socket_options)
                return _DeadlineStream(stream, self)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed

    def remaining(self, timeout: float | None) -> float:
        """Return the seconds left for the next step. Raises httpcore's `ReadTimeout` if the deadline has passed."""
        seconds = self.deadline - monotonic()
        if seconds <= 0:
            raise httpcore.ReadTimeout("the time for a response is over")
        return seconds if timeout is None else min(seconds, timeout)

    def _addresses(self, host: str, port: int) -> list[str]:
        try:
            found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            raise httpcore.ConnectError(f"the name {host} is not known ({error})") from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        private = [] if self._allow_private else [address for address in addresses if not is_public(address)]
        if private:
            reason = "an address inside a private network: allow that with --allow-private"
            raise UrlRefused(f"{host} is {private[0]}, {reason}")
        return addresses


class _DeadlineStream(httpcore.NetworkStream):
    """A connection whose steps end at the deadline, even if a response trickles in."""

    def __init__(self, stream: httpcore.NetworkStream, network: CheckedNetwork) -> None:
        self._stream, self._network = stream, network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._network.remaining(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._network.remaining(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        seconds = self._network.remaining(timeout)
        return _DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, seconds), self._network)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
