"""API keys: how one is made, and the `ApiKeyMiddleware` that asks programs for one. Only their hashes are stored."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.settings import ApiKey

_AGENTS = "/mcp"
DOORS = ("/api/v1/", "/v1/", _AGENTS)
"""Beginnings of the paths that programs call."""
_OPEN = ("/api/v1/healthz", "/api/v1/readyz", "/api/v1/openapi.json")
_VISITORS = ("/api/v1/ask", "/api/v1/suggest", "/api/v1/feedback")
"""What the page and the widget call from a visitor's browser, which can keep no secret."""
_MISSING = "This needs an API key: send it as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'."
_FOREIGN = "Pages of other sites may not call this."
_WRONG = "This API key is not known here."


def new_key() -> tuple[str, str]:
    """A new key of 256 random bits, and its sha256: what is so long needs neither salt nor a slow hash (OWASP, Password Storage Cheat Sheet)."""
    key = f"ab_{secrets.token_urlsafe(32)}"
    return key, hash_of(key)


def hash_of(key: str) -> str:
    """The sha256 of a key, in hexadecimal digits."""
    return hashlib.sha256(key.encode()).hexdigest()


def key_of(scope: Scope) -> str | None:
    """The name of the key that a request came with."""
    return scope.get("articlebot.key")


class ApiKeyMiddleware:
    """An ASGI middleware that lets requests with a known key through to the doors for programs, and names the key; without any keys all.

    What visitors' browsers call from the page or from `origins` passes without one, at the pace of an address. Pages of other sites do not reach the door
    for agents, as its protocol demands: a browser would let them speak to a server on its own machine.
    """

    def __init__(self, app: ASGIApp, keys: Mapping[str, ApiKey], origins: Sequence[str], *, ui: bool) -> None:
        self._app, self._keys, self._origins, self._ui = app, keys, origins, ui

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(DOORS):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if scope["path"] == _AGENTS and not self._is_own_or_named(headers.get("origin", ""), headers):
            await _refuse(scope["path"], 403, _FOREIGN, send)
            return
        await self._admit(scope, receive, send, headers)

    async def _admit(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        given = _given(headers)
        name = self._named(given)
        if not self._keys:
            await self._app(scope, receive, send)
        elif name is not None:
            await self._app({**scope, "articlebot.key": name}, receive, send)
        elif given is None and self._needs_none(scope, headers):
            await self._app(scope, receive, send)
        else:
            await _refuse(scope["path"], 401, _WRONG if given else _MISSING, send)

    def _named(self, given: str | None) -> str | None:
        digest = hash_of(given or "")
        return next((name for name, key in self._keys.items() if hmac.compare_digest(key.sha256, digest)), None)

    def _needs_none(self, scope: Scope, headers: Headers) -> bool:
        if scope["method"] == "OPTIONS" or scope["path"] in _OPEN:
            return True
        if scope["path"] not in _VISITORS or not (self._ui or self._origins):
            return False
        origin = headers.get("origin", "")
        # A browser names no origin when a page reads from its own host, and always one when it sends something.
        return scope["method"] == "GET" if origin == "" else self._is_own_or_named(origin, headers)

    def _is_own_or_named(self, origin: str, headers: Headers) -> bool:
        """Whether a request comes from a page of this host, of one that the settings name, or of none."""
        return origin in ("", *(f"{scheme}://{headers.get('host')}" for scheme in ("http", "https"))) or any(
            origin == one or ("*" in one and origin.startswith("https://") and origin.endswith(one.partition("*")[2]))
            for one in self._origins
        )


def _given(headers: Headers) -> str | None:
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return headers.get("x-api-key") or (key.strip() if scheme.lower() == "bearer" else None) or None


async def _refuse(path: str, status: int, sentence: str, send: Send) -> None:
    """Say so in the words that the door's clients understand."""
    openai = {"error": {"message": sentence, "type": "invalid_request_error", "param": None, "code": "invalid_api_key"}}
    kind, told = (
        ("application/json", openai)
        if path.startswith("/v1/")
        else ("application/problem+json", {"title": sentence, "status": status})
    )
    body = json.dumps(told).encode()
    headers = [
        (b"content-type", kind.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"www-authenticate", b"Bearer"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
