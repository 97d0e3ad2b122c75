"""`SecurityMiddleware`: what every request passes before it is answered: closed doors, sizes, the visitor's language, security headers."""

import json
import re
from collections.abc import Callable, Iterable, MutableMapping, Sequence
from typing import Any

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.serve.texts import negotiate_language

LARGEST_BODY = 1_000_000
"""Bytes: a conversation of forty long answers, sent back with the question, has less."""
_TOO_LARGE = f"A request may have {LARGEST_BODY} bytes."
_CLOSED = (
    "/gradio_api/upload", "/gradio_api/proxy", "/gradio_api/process_recording", "/gradio_api/runs", "/gradio_api/vibe", "/gradio_api/file",
    "/gradio_api/stream", "/gradio_api/monitoring", "/gradio_api/component_server", "/gradio_api/deep_link", "/gradio_api/dev", "/gradio_api/profiling",
    "/gradio_api/custom_component", "/gradio_api/openapi.json", "/gradio_api/call", "/gradio_api/queue/join", "/monitoring", "/pwa_icon",
    "/openapi.json", "/upload", "/proxy", "/file",
)  # fmt: skip
"""Beginnings of paths that Gradio serves and this page does not need: uploads, statistics, the queue, files, conversations written to disk."""
_EDITOR = "editor"
"""The first part of the paths of the editor's page, which has no need of them either."""
_HASHED = re.compile(r"/assets/[^/]+-[\w-]{8,10}\.(?:js|css|woff2)$|/theme\.css\?v=\w+$")
"""Files whose name changes with what is in them: a browser need never ask for them again."""
_SELF = "'self'"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def content_policy(ancestors: Iterable[str]) -> str:
    """The page's Content-Security-Policy: nothing comes from elsewhere, and only `ancestors` and the page's own host may frame it."""
    return (
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        "connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'none'; "
        f"frame-ancestors {' '.join([_SELF, *ancestors])}"
    )


class SecurityMiddleware:
    """An ASGI middleware around the whole application. `/` is the page in the language that the browser wants.

    The page of the default language lies there, those of the others below `/<their code>/`.
    """

    def __init__(self, app: ASGIApp, languages: Sequence[str], default: str, ancestors: Iterable[str] = ()) -> None:
        self._app, self._languages, self._default = app, languages, default
        self._headers = {"Content-Security-Policy": content_policy(ancestors), **_HEADERS}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sending = self._with_headers(
            send, f"{scope['path']}?{scope['query_string'].decode('latin-1')}".removesuffix("?")
        )
        if self._is_closed(scope):
            await _refuse(sending, 404, "There is nothing here.")
        elif _length(scope) > LARGEST_BODY:
            await _refuse(sending, 413, _TOO_LARGE)
        else:
            await self._answer(scope, receive, sending)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A body that tells no length is read no further than it may reach."""
        read = 0

        async def receiving() -> Message:
            nonlocal read
            message = await receive()
            before, read = read, read + len(message.get("body", b""))
            if before <= LARGEST_BODY < read:
                await _refuse(send, 413, _TOO_LARGE)
            return message if read <= LARGEST_BODY else {"type": "http.disconnect"}

        async def sending(message: Message) -> None:
            if read <= LARGEST_BODY:
                await send(message)

        await self._app(self._in_language(scope), receiving, sending)

    def _is_closed(self, scope: Scope) -> bool:
        first, _, rest = scope["path"].removeprefix("/").partition("/")
        path = f"/{rest}" if first in (*self._languages, _EDITOR) else scope["path"]
        # There is one page each; Gradio fails on the name of another.
        return (
            path.startswith(_CLOSED)
            or "page" in QueryParams(scope["query_string"])
            or min(scope["path"], default="/") < " "
        )

    def _in_language(self, scope: Scope) -> Scope:
        if scope["path"] != "/":
            return scope
        named = QueryParams(scope["query_string"]).get("lang", "")
        code = (
            named
            if named in self._languages
            else negotiate_language(Headers(scope=scope).get("accept-language", ""), self._languages, self._default)
        )
        path = "/" if code == self._default else f"/{code}/"
        return {**scope, "path": path, "raw_path": path.encode()}

    def _with_headers(self, send: Send, address: str) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                if address.partition("?")[0] == "/":
                    headers.add_vary_header("Accept-Language")
                elif message["status"] == 200 and _HASHED.search(address):
                    headers["Cache-Control"] = "public, max-age=31536000, immutable"
            await send(message)

        return sending


def _length(scope: Scope) -> int:
    """How long the body says it is; what is no number is left to the server, and to counting."""
    told = Headers(scope=scope).get("content-length", "")
    return int(told) if told.isdecimal() else 0


async def _refuse(send: Callable[[MutableMapping[str, Any]], Any], status: int, sentence: str) -> None:
    body = json.dumps({"title": sentence, "status": status}).encode()
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
