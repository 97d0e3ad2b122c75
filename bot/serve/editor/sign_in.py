"""`SignIn`: who may open the editor's page."""

import hashlib
import html
import secrets
import time
from threading import Lock
from urllib.parse import parse_qs

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from bot.serve.api.rate_limiter import RateLimiter
from bot.serve.editor.password import is_password

EDITOR = "/editor"
"""Where the page is."""
_SIGN_IN, _SIGN_OUT = f"{EDITOR}/sign-in", f"{EDITOR}/sign-out"
_COOKIE = "articlebot-editor"
_SESSION = 12 * 3600
"""Seconds after which the password is asked for again."""
_TRIES, _TRIES_OF_ALL = 5, 30
"""Passwords a minute that are looked at from one address, and from all together: each costs a tenth of a second."""
_LONGEST = 1000
_EVERYBODY = "everybody"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Editor · sign in</title><style>
:root {{ color-scheme: light dark }} body {{ font: 1.05rem/1.6 system-ui, sans-serif; max-width: 22rem; margin: 18vh auto; padding: 0 1rem }}
h1 {{ font-size: 1.4rem }} label, input, button {{ display: block; width: 100%; box-sizing: border-box; font: inherit }}
input, button {{ padding: .6rem .8rem; border-radius: .5rem; border: 1px solid #8a94a6; margin: .4rem 0 1rem }}
button {{ background: #0f766e; color: #fff; border-color: #0f766e; cursor: pointer }} [role=alert] {{ color: light-dark(#b91c1c, #fca5a5) }}
</style></head><body><main><h1>Editor</h1>{fault}<form method="post"><label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required autofocus><button>Sign in</button></form></main></body></html>"""


class SignIn:
    """A password, and the sessions of those who gave it; they last until the server ends, and at most twelve hours. Safe to call from many threads."""

    def __init__(self, password: str) -> None:
        self._password = password
        self._tries, self._tries_of_all = RateLimiter(_TRIES), RateLimiter(_TRIES_OF_ALL)
        self._sessions: dict[str, float] = {}
        self._lock = Lock()

    def user(self, request: Request) -> str:
        """Who asks, for Gradio's `auth_dependency`. Raises `HTTPException`: to the sign-in for a page, 401 for all else."""
        if self._is_signed_in(request):
            return "editor"
        if request.method == "GET" and request.url.path.rstrip("/") == EDITOR:
            raise HTTPException(303, headers={"Location": _SIGN_IN})
        raise HTTPException(401, "Sign in first.")

    def routes(self) -> APIRouter:
        """The sign-in, and the way out."""
        router = APIRouter(include_in_schema=False)
        router.get(EDITOR)(lambda: RedirectResponse(f"{EDITOR}/"))
        router.get(_SIGN_IN)(_asked)
        router.post(_SIGN_IN)(self._sign_in)
        router.get(_SIGN_OUT)(self._sign_out)
        return router

    async def _sign_in(self, request: Request) -> Response:
        address = request.client.host if request.client else ""
        seconds = self._tries.acquire(address) or self._tries_of_all.acquire(_EVERYBODY)
        if seconds:
            return _page(f"Too many tries: wait {seconds} seconds.", 429)
        given = parse_qs((await request.body()).decode(errors="replace")).get("password", [""])[0]
        if len(given) > _LONGEST or not await run_in_threadpool(is_password, given, self._password):
            return _page("That is not the password.", 401)
        answer = RedirectResponse(f"{EDITOR}/", 303)
        answer.set_cookie(
            _COOKIE,
            self._new_session(),
            max_age=_SESSION,
            path=EDITOR,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer

    def _sign_out(self, request: Request) -> Response:
        with self._lock:
            self._sessions.pop(_digest(request.cookies.get(_COOKIE, "")), None)
        answer = RedirectResponse(_SIGN_IN, 303)
        answer.delete_cookie(_COOKIE, path=EDITOR)
        return answer

    def _new_session(self) -> str:
        token, now = secrets.token_urlsafe(32), time.monotonic()
        with self._lock:
            self._sessions = {known: end for known, end in self._sessions.items() if end > now}
            self._sessions[_digest(token)] = now + _SESSION
        return token

    def _is_signed_in(self, request: Request) -> bool:
        with self._lock:
            return self._sessions.get(_digest(request.cookies.get(_COOKIE, "")), 0.0) > time.monotonic()


def _digest(token: str) -> str:
    """Looked up by its hash, so that how long it takes tells nothing of the token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _asked() -> HTMLResponse:
    return _page()


def _page(fault: str = "", status: int = 200) -> HTMLResponse:
    alert = f'<p role="alert">{html.escape(fault)}</p>' if fault else ""
    return HTMLResponse(
        _PAGE.format(fault=alert), status, {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
    )
