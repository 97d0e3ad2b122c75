"""The server: the chat in a FastAPI app that closes what Gradio leaves open."""

import os
import socket
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

from bot.answering.bot import Bot
from bot.errors import MissingExtra, ServeError

if TYPE_CHECKING:
    from fastapi import FastAPI, Request, Response

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        "connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'none'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_CLOSED = (
    "/gradio_api/upload", "/gradio_api/proxy", "/gradio_api/process_recording", "/gradio_api/runs", "/gradio_api/vibe", "/gradio_api/file",
    "/gradio_api/stream", "/gradio_api/monitoring", "/gradio_api/component_server", "/gradio_api/deep_link", "/gradio_api/dev", "/gradio_api/profiling",
    "/gradio_api/custom_component", "/monitoring", "/pwa_icon", "/manifest.json", "/upload", "/proxy", "/file", "/openapi.json", "/gradio_api/openapi.json",
)  # fmt: skip
"""Beginnings of paths that Gradio serves and this page does not need: uploads, statistics, files, conversations written to disk."""


def create_app(bot: Bot) -> "FastAPI":
    """The whole web application over a bot.

    Raises `MissingExtra` when Gradio or FastAPI is not installed.
    """
    _quieten_gradio()
    try:
        import gradio as gr
        from fastapi import FastAPI
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "gradio", "chat") from None
    from bot.serve.chat import create_chat
    from bot.serve.theme import SCRIPT, STYLE, theme

    app = FastAPI(openapi_url=None)
    app.middleware("http")(_guard)
    app.get("/healthz")(lambda: _health(bot))
    page = create_chat(bot)
    page.state_session_capacity = 500
    page.queue(api_open=False, max_size=64, default_concurrency_limit=4)
    gr.mount_gradio_app(
        app, page, path="/", theme=theme(), css=STYLE, head=SCRIPT, show_error=False, footer_links=[], run_history=False, enable_monitoring=False,
        max_file_size="1kb", pwa=False, ssr_mode=False,
    )  # fmt: skip
    return app


def _health(bot: Bot) -> dict[str, object]:
    """That it serves, and what; `refused` is the newest generation when that does not open and an older one goes on."""
    refused = bot.retriever.served.refused
    return {"status": "ok", "generation": bot.generation.name, "refused": asdict(refused) if refused else None}


def serve(bot: Bot, host: str, port: int) -> None:
    """Serve the chat until Ctrl-C; port 0 takes a free one.

    Raises `ServeError` when the address cannot be listened on, `MissingExtra` when Gradio, FastAPI or uvicorn is not installed.
    """
    try:
        import uvicorn
    except ModuleNotFoundError:
        raise MissingExtra("uvicorn", "chat") from None
    with _listening(host, port) as listener:
        app = create_app(bot)
        sys.stderr.write(f"articlebot: open {address_shown(host, listener.getsockname()[1])} (Ctrl-C ends it)\n")
        uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=3)).run(sockets=[listener])


def address_shown(host: str, port: int) -> str:
    """The address that a browser on this machine opens; that of this machine where the host stands for all of its addresses."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://{f'[{name}]' if ':' in name else name}:{port}"


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise ServeError(f"Cannot listen on {host}:{port} ({reason}): name another --host or --port.") from error


def _quieten_gradio() -> None:
    """Gradio reads these when it is imported: nothing is reported, nothing looked up, no statistics recomputed after each question."""
    os.environ.update(
        GRADIO_ANALYTICS_ENABLED="False", HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1",
        GRADIO_ANALYTICS_CACHE_FREQUENCY="1000000", GRADIO_ANALYTICS_MAX_EVENTS="100",
    )  # fmt: skip


async def _guard(request: "Request", call_next: "Callable[[Request], Awaitable[Response]]") -> "Response":
    """Answer nothing on closed paths, and send the security headers with everything."""
    from fastapi import Response

    # There is one page; Gradio fails on the name of another.
    closed = request.url.path.startswith(_CLOSED) or "page" in request.query_params
    response = Response(status_code=404) if closed else await call_next(request)
    response.headers.update(_HEADERS)
    return response
