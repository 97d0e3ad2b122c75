"""`SignIn`: who may open the editor's page, and under which name."""

import html
import logging
import secrets
import time
from threading import Lock
from urllib.parse import parse_qs

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from bot.serve.api.keys import hash_key
from bot.serve.api.rate_limiter import RateLimiter
from bot.serve.editor.password import is_password
from bot.serve.page.head_middleware import read_asset
from bot.serve.prefix_middleware import prefix_of
from bot.settings import EditorSettings

_log = logging.getLogger(__name__)

EDITOR = "/editor"
_SIGN_IN, _SIGN_OUT = f"{EDITOR}/sign-in", f"{EDITOR}/sign-out"
_COOKIE = "articlebot-editor"
_SESSION = 12 * 3600  # seconds until a session ends
_TRIES, _TRIES_OF_ALL = 5, 30
"""Maximum tries a minute from one address, and from all together: each costs a tenth of a second."""
_MAX_PASSWORD, _MAX_NAME = 1000, 60  # maximum lengths in characters
_UNNAMED = "editor"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
_HEADERS = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
_PAGE = read_asset("sign_in.html", "bot.serve.editor")


class SignIn:
    """The editors and their sessions, which last until the server ends. Safe to call from many threads."""

    def __init__(self, settings: EditorSettings) -> None:
        self._settings, self._limiter = settings, RateLimiter()
        self._sessions: dict[str, tuple[float, str]] = {}
        """Hash of a token → the end of its session, and the name of its editor.

        By the hash, the time that a look-up takes reveals nothing of the token.
        """
        self._lock = Lock()

    def user(self, request: Request) -> str:
        """Return the editor's name for Gradio's `auth_dependency`. Raises `HTTPException`: 303 to sign in, or 401."""
        with self._lock:
            end, name = self._sessions.get(hash_key(request.cookies.get(_COOKIE, "")), (0.0, ""))
        if end > time.monotonic():
            return name
        prefix = prefix_of(request.scope)
        if request.method == "GET" and request.url.path.rstrip("/") == prefix + EDITOR:
            raise HTTPException(303, headers={"Location": prefix + _SIGN_IN})
        raise HTTPException(401, "Sign in first.")

    def routes(self) -> APIRouter:
        """Return the routes that sign in and out."""
        router = APIRouter(include_in_schema=False)
        router.get(EDITOR)(self._open)
        router.get(_SIGN_IN)(lambda: _page())  # noqa: PLW0108 - FastAPI would take its parameters from the query
        router.post(_SIGN_IN)(self._sign_in)
        router.get(_SIGN_OUT)(self._sign_out)
        return router

    def _open(self, request: Request) -> Response:
        return RedirectResponse(f"{prefix_of(request.scope)}{EDITOR}/")

    async def _sign_in(self, request: Request) -> Response:
        address = request.client.host if request.client else ""
        seconds = self._limiter.acquire(_TRIES, address) or self._limiter.acquire(_TRIES_OF_ALL)
        if seconds:
            return _page(f"Too many tries: wait {seconds} seconds.", 429)
        form = parse_qs((await request.body()).decode(errors="replace"))
        name, password = (form.get(field, [""])[0] for field in ("name", "password"))
        name = " ".join(name.split())[:_MAX_NAME] or _UNNAMED
        if len(password) > _MAX_PASSWORD or not await run_in_threadpool(self._is_editor, name, password):
            _log.warning("somebody at %s could not sign in to the editor's page", address)
            return _page("That is not the password.", 401)
        _log.warning("%s signed in to the editor's page from %s", name, address)
        editor = prefix_of(request.scope) + EDITOR
        response = RedirectResponse(f"{editor}/", 303)
        response.set_cookie(
            _COOKIE, self._new_session(name), max_age=_SESSION, path=editor, httponly=True, samesite="strict",
            secure=request.url.scheme == "https",
        )  # fmt: skip
        return response

    def _is_editor(self, name: str, password: str) -> bool:
        """Whether a password is the one of the editor with this name, or the one that editors without an own share."""
        people = {own.casefold(): stored for own, stored in self._settings.people.items()}
        return is_password(password, people.get(name.casefold(), self._settings.password))

    def _sign_out(self, request: Request) -> Response:
        with self._lock:
            self._sessions.pop(hash_key(request.cookies.get(_COOKIE, "")), None)
        prefix = prefix_of(request.scope)
        response = RedirectResponse(prefix + _SIGN_IN, 303)
        response.delete_cookie(_COOKIE, path=prefix + EDITOR)
        return response

    def _new_session(self, name: str) -> str:
        token, now = secrets.token_urlsafe(32), time.monotonic()
        with self._lock:
            self._sessions = {digest: each for digest, each in self._sessions.items() if each[0] > now}
            self._sessions[hash_key(token)] = now + _SESSION, name
        return token


def _page(error: str = "", status: int = 200) -> HTMLResponse:
    alert = f'<p role="alert">{html.escape(error)}</p>' if error else ""
    return HTMLResponse(_PAGE.replace("<!-- alert -->", alert), status, _HEADERS)
