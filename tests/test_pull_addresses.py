"""Addresses that a pull refuses, private ones above all, the files that it names after them, and its limits."""

import gzip
import socket
import sys
import time
from pathlib import Path

import httpcore
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulled_site import FAST

from bot.corpus.pull import pull
from bot.corpus.pull.addresses import UrlRefused, file_name, is_public, parse_address, same_host
from bot.corpus.pull.http_client import gunzip
from bot.corpus.pull.network import CheckedNetwork
from bot.errors import MissingExtra, PullError


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "2130706433", "0.0.0.0", "169.254.169.254", "10.1.2.3", "[::ffff:127.0.0.1]"],
)
def test_private_addresses_are_not_requested_unless_allowed(host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", lambda *_: pytest.fail("connected"))
    with pytest.raises(PullError, match="an address inside a private network: allow that with --allow-private"):
        pull(f"http://{host}:1/", tmp_path, limits=FAST)


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Make names resolve to these addresses in turn and connections fail; return the addresses that were tried."""
    connected: list[str] = []
    left = list(answers)

    def resolve(_host: str, port: int, **_: object) -> list:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in (left.pop(0) if len(left) > 1 else left[0])
        ]

    def connect(_self: object, address: str, *_: object) -> httpcore.NetworkStream:
        connected.append(address)
        raise httpcore.ConnectError("refused")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    return connected


def test_a_host_with_one_private_address_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    connected = resolving(monkeypatch, ["93.184.215.14", "192.168.1.1"])
    with pytest.raises(PullError, match=r"192\.168\.1\.1, an address inside"):
        pull("https://site.example/", tmp_path, limits=FAST)
    assert connected == []


def test_a_name_that_resolves_to_a_private_address_after_the_check_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    connected = resolving(monkeypatch, ["93.184.215.14"], ["127.0.0.1"])
    with pytest.raises(PullError, match="an address inside a private network"):
        pull("https://site.example/", tmp_path, limits=FAST)
    assert connected == ["93.184.215.14"]


def test_all_addresses_of_a_host_are_tried(monkeypatch: pytest.MonkeyPatch):
    connected = resolving(monkeypatch, ["93.184.215.14", "8.8.8.8"])
    network = CheckedNetwork(allow_private=False)
    network.deadline = time.monotonic() + 5
    with pytest.raises(httpcore.ConnectError):
        network.connect_tcp("site.example", 80)
    assert connected == ["93.184.215.14", "8.8.8.8"]


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_internet_addresses_are_public(address: str):
    assert is_public(address)


PRIVATE = [
    "127.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "::127.0.0.1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_of_private_networks_are_not_public(address: str):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "example.com",
        "ftp://example.com/",
        "file:///etc/passwd",
        "http://",
        "http://[::1",
        "http://a:b@example.com/",
        "gopher://x",
    ],
)
def test_only_http_addresses_are_accepted(address: str, tmp_path: Path):
    with pytest.raises(PullError, match="cannot be pulled"):
        pull(address, tmp_path)


@given(st.text(max_size=60))
def test_any_text_is_read_as_an_address_or_refused(text: str):
    try:
        url = parse_address(f"http://{text}")
    except UrlRefused:
        return
    assert url.scheme == "http"
    assert not Path(file_name(url)).is_absolute()
    assert not any(part.startswith(".") for part in Path(file_name(url)).parts)
    assert max(len(part.encode()) for part in Path(file_name(url)).parts) < 150


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://a.example/x", "https://a.example/y", True),
        ("http://a.example:8080/", "http://a.example:8080/y", True),
        ("http://a.example:8080/", "http://a.example/", False),
        ("https://a.example/", "https://www.a.example/", False),
        ("https://a.example/", "https://a.example:444/", False),
        ("https://A.example/", "https://a.EXAMPLE:443/", True),
    ],
)
def test_two_hosts_are_the_same_if_name_and_port_are(one: str, other: str, same: bool):
    assert same_host(httpx.URL(one), httpx.URL(other)) is same


def test_different_permalinks_never_share_a_file():
    paths = [
        "/a/b",
        "/a-b",
        "/a_b",
        "/A/b",
        "/a/b.html",
        "/a/b?x=1",
        "/a//b",
        "/index",
        "/",
        "/?p=1",
        "/?p=2",
        f"/{'x' * 200}",
        f"/{'x' * 201}",
    ]
    assert len({file_name(httpx.URL(f"http://s.example{path}")) for path in paths}) == len(paths)


def test_a_gzip_bomb_is_unpacked_only_up_to_the_limit():
    with pytest.raises(UrlRefused, match="larger than 1 MB"):
        gunzip(gzip.compress(bytes(50_000_000)), 1_000_000)


def test_without_httpx_the_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in [name for name in sys.modules if name.startswith("bot.corpus.pull.")]:
        if name not in ("bot.corpus.pull.limits", "bot.corpus.pull.crawl_state"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(MissingExtra, match=r"httpx is not installed: run pip install 'articlebot\[build\]'"):
        pull("https://site.example/", tmp_path)
