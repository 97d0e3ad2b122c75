"""Who may call an API: programs with a key, of which only the hash is stored, and pages of some websites."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.serve.api.error_responses import openai_error, problem
from bot.settings import ApiKey

_MCP, _OPENAI = "/mcp", "/v1/"
_API_PATHS = ("/api/v1/", _OPENAI, _MCP)  # prefixes of the paths that programs call
_PUBLIC_PATHS = ("/api/v1/healthz", "/api/v1/readyz", "/api/v1/openapi.json")
_BROWSER_PATHS = ("/api/v1/ask", "/api/v1/start", "/api/v1/suggest", "/api/v1/feedback")
"""Paths that the page and the widget call from a visitor's browser, which cannot keep a secret."""
_MISSING = "This needs an API key: send it as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'."
_FOREIGN = "Pages of other sites may not call this."
_UNKNOWN = "This API key is not known here."


def new_key() -> tuple[str, str]:
    """Return a new key of 256 random bits and its hash, which therefore needs neither salt nor stretching (OWASP)."""
    key = f"ab_{secrets.token_urlsafe(32)}"
    return key, hash_key(key)


def hash_key(key: str) -> str:
    """Return the SHA-256 of a key in hexadecimal digits."""
    return hashlib.sha256(key.encode()).hexdigest()


def key_name(scope: Scope) -> str | None:
    """Return the name of the key that a request was made with."""
    return scope.get("articlebot.key")


class ApiKeyMiddleware:
    """An ASGI middleware that refuses calls of the APIs without a known key; if no keys are set, it accepts all.

    Calls of visitors' browsers, from the page or from `origins`, need no key; the rate limit of their address applies.
    Pages of other sites may not call `/mcp`, as the protocol demands: a browser would let them reach a local server.
    """

    def __init__(self, app: ASGIApp, keys: Mapping[str, ApiKey], origins: Sequence[str], *, ui: bool) -> None:
        self._app, self._keys, self._origins, self._ui = app, keys, origins, ui

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(_API_PATHS):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        key = headers.get("x-api-key") or (bearer.strip() if scheme.lower() == "bearer" else None) or None
        digest = hash_key(key) if key else ""
        name = next((name for name, known in self._keys.items() if hmac.compare_digest(known.sha256, digest)), None)
        origin = headers.get("origin") if self._is_allowed_origin(headers) else None
        if scope["path"] == _MCP and not self._is_allowed_origin(headers):
            await _refuse(403, _FOREIGN, None, scope, receive, send)
        elif not self._keys or name is not None or (key is None and self._is_keyless(scope, headers)):
            await self._app({**scope, "articlebot.key": name}, receive, send)
        else:
            await _refuse(401, _UNKNOWN if key else _MISSING, origin, scope, receive, send)

    def _is_keyless(self, scope: Scope, headers: Headers) -> bool:
        if scope["method"] == "OPTIONS" or scope["path"] in _PUBLIC_PATHS:
            return True
        if scope["path"] not in _BROWSER_PATHS or not (self._ui or self._origins):
            return False
        # Browsers send no Origin with a GET to the page's own host, but always send one with a POST.
        return self._is_allowed_origin(headers) if headers.get("origin") else scope["method"] == "GET"

    def _is_allowed_origin(self, headers: Headers) -> bool:
        """Whether a request comes from a page of this host or of the `origins` setting, or from no page."""
        origin, host = headers.get("origin", ""), headers.get("host")
        return origin in ("", f"http://{host}", f"https://{host}") or any(
            origin == allowed
            or ("*" in allowed and origin.startswith("https://") and origin.endswith(allowed.partition("*")[2]))
            for allowed in self._origins
        )


async def _refuse(status: int, title: str, origin: str | None, scope: Scope, receive: Receive, send: Send) -> None:
    """Send the error in the format that the clients of this API read; a page of `origin` may read it, too."""
    headers = {"WWW-Authenticate": "Bearer", "Vary": "Origin"}
    headers |= {"Access-Control-Allow-Origin": origin} if origin else {}
    if scope["path"].startswith(_OPENAI):
        await openai_error(status, title, headers=headers, code="invalid_api_key")(scope, receive, send)
    else:
        await problem(status, title, headers)(scope, receive, send)


def add_cors(api: FastAPI, origins: Sequence[str]) -> None:
    """Allow pages of these origins to call from a browser; `*` in an origin matches any subdomain."""
    patterns = [each.replace(".", r"\.").replace("*", "[A-Za-z0-9.-]+") for each in origins if "*" in each]
    api.add_middleware(
        CORSMiddleware,
        allow_origins=[origin for origin in origins if "*" not in origin],
        allow_origin_regex="|".join(patterns) or None,
        allow_methods=["GET", "POST"],
        allow_headers=["*"],  # clients name themselves in headers of their own
        max_age=86400,
    )
