"""`SecurityMiddleware`: blocked paths, a limit on request bodies, the visitor's language and security headers."""

import re
from collections.abc import Iterable, Sequence

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.serve.api.error_responses import problem
from bot.serve.texts import negotiate_language

MAX_BODY = 1_000_000
"""Maximum number of bytes in a request; a conversation of forty long answers, sent with the question, has fewer."""
_TOO_LARGE = problem(413, f"A request may have at most {MAX_BODY} bytes.")
_NOT_FOUND = problem(404, "There is nothing here.")
_BLOCKED = (
    "/gradio_api/upload", "/gradio_api/proxy", "/gradio_api/process_recording", "/gradio_api/runs", "/gradio_api/vibe",
    "/gradio_api/file", "/gradio_api/stream", "/gradio_api/monitoring", "/gradio_api/component_server",
    "/gradio_api/deep_link", "/gradio_api/dev", "/gradio_api/profiling", "/gradio_api/custom_component",
    "/gradio_api/openapi.json", "/gradio_api/call", "/gradio_api/queue/join", "/monitoring", "/pwa_icon",
    "/openapi.json", "/upload", "/proxy", "/file",
)  # fmt: skip
"""Prefixes of Gradio's paths that neither page needs: uploads, statistics, the queue, files, stored conversations."""
_IMMUTABLE = re.compile(r"/assets/[^/]+-[\w-]{8,10}\.(?:js|css|woff2)$|/theme\.css\?v=\w+$")
"""Files whose name holds a hash of their content."""
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'none'; frame-ancestors 'self'"
)
"""The page loads nothing from other hosts; only its own host, and the `ancestors` added here, may frame it."""
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class SecurityMiddleware:
    """An ASGI middleware around the application, which serves `/CODE/` at `/` to browsers that prefer that language."""

    def __init__(self, app: ASGIApp, languages: Sequence[str], default: str, ancestors: Iterable[str] = ()) -> None:
        self._app, self._languages, self._default = app, languages, default
        self._headers = {"Content-Security-Policy": " ".join([_POLICY, *ancestors]), **_HEADERS}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = self._with_headers(scope, send)
        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}  # the server leaves the body out
        length = Headers(scope=scope).get("content-length", "")
        if self._is_blocked(scope):
            await _NOT_FOUND(scope, receive, send)
        elif length.isdecimal() and int(length) > MAX_BODY:
            await _TOO_LARGE(scope, receive, send)
        else:
            await self._call_limited(self._in_language(scope), receive, send)

    async def _call_limited(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application, but stop reading a body of unknown length at the limit."""
        size = 0

        async def limited_receive() -> Message:
            nonlocal size
            message = await receive()
            before, size = size, size + len(message.get("body", b""))
            if before <= MAX_BODY < size:
                await _TOO_LARGE(scope, receive, send)
            return message if size <= MAX_BODY else {"type": "http.disconnect"}

        async def limited_send(message: Message) -> None:
            if size <= MAX_BODY:
                await send(message)

        await self._app(scope, limited_receive, limited_send)

    def _is_blocked(self, scope: Scope) -> bool:
        first, _, rest = scope["path"].removeprefix("/").partition("/")
        path = f"/{rest}" if first in (*self._languages, "editor") else scope["path"]
        # Gradio fails on ?page= with a name that it does not know; it also fails on control characters.
        has_page = "page" in QueryParams(scope["query_string"])
        return has_page or path.startswith(_BLOCKED) or min(scope["path"], default="/") < " "

    def _in_language(self, scope: Scope) -> Scope:
        """Return the scope of the page with the path of the visitor's language: `?lang=`, or what the browser prefers.

        Below the path of a language only `?lang=` chooses another.
        """
        code = QueryParams(scope["query_string"]).get("lang", "")
        is_other = scope["path"].strip("/") in self._languages and code in self._languages
        if scope["path"] != "/" and not is_other:
            return scope
        if code not in self._languages:
            code = negotiate_language(Headers(scope=scope).get("accept-language", ""), self._languages, self._default)
        path = "/" if code == self._default else f"/{code}/"
        return {**scope, "path": path, "raw_path": path.encode()}

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        path, query = scope["path"], scope["query_string"].decode("latin-1")

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                if path == "/":
                    headers.add_vary_header("Accept-Language")
                elif message["status"] == 200 and _IMMUTABLE.search(f"{path}?{query}".removesuffix("?")):
                    headers["Cache-Control"] = "public, max-age=31536000, immutable"
            await send(message)

        return send_with_headers
