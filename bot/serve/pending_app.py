"""`PendingApp`: what is served until an index can be opened."""

import sys
import time
from asyncio import FIRST_COMPLETED, Event, Lock, ensure_future, wait
from collections.abc import Callable
from contextlib import AsyncExitStack

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from bot.errors import ArticlebotError, IndexMissing, IndexUnreachable
from bot.serve.api.error_responses import UNAVAILABLE, openai_error, problem
from bot.serve.page.head_middleware import read_asset

_RETRY = 1.0  # seconds between two attempts to open the index
_HEADERS = {
    "Retry-After": "5", "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
}  # fmt: skip
_PAGE = read_asset("no_index.html", "bot.serve")


class PendingApp:
    """An ASGI application that becomes another one as soon as that can be created; until then it answers 503."""

    def __init__(self, create: Callable[[], FastAPI]) -> None:
        self._create = create
        self._app: FastAPI | None = None
        self._lock, self._created, self._started = Lock(), Event(), Event()
        self._last_try, self._reason = 0.0, ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._run_lifespan(receive, send)
            return
        app = self._app if self._started.is_set() else await self._get_app()
        if app is not None:
            await app(scope, receive, send)
        elif scope["type"] == "http":
            await _not_yet(scope["path"])(scope, receive, send)

    def try_open(self) -> None:
        """Create the application, unless that raises `IndexMissing` or `IndexUnreachable`."""
        self._last_try = time.monotonic()
        try:
            self._app = self._create()
        except (IndexMissing, IndexUnreachable) as error:
            self._wait_for(error)

    def _wait_for(self, error: ArticlebotError) -> None:
        """Say what is waited for: on the page without the names of files and hosts, and once in full on stderr."""
        if str(error) != self._reason:
            self._reason = str(error)
            sys.stderr.write(f"articlebot: waiting: {error}\n")

    async def _get_app(self) -> FastAPI | None:
        async with self._lock:
            if self._app is None and time.monotonic() - self._last_try > _RETRY:
                try:
                    await run_in_threadpool(self.try_open)
                except ArticlebotError as error:
                    self._wait_for(error)
        if self._app is not None:
            self._created.set()
            await self._started.wait()
        return self._app

    async def _run_lifespan(self, receive: Receive, send: Send) -> None:
        """Enter and leave the application's lifespan in one task: task groups cannot be left by another."""
        await receive()
        async with AsyncExitStack() as stack:
            await self._start(stack)
            await send({"type": "lifespan.startup.complete"})
            ended, created = ensure_future(receive()), ensure_future(self._created.wait())
            await wait({ended, created}, return_when=FIRST_COMPLETED)
            created.cancel()
            if not ended.done():
                await self._start(stack)
            await ended
        await send({"type": "lifespan.shutdown.complete"})

    async def _start(self, stack: AsyncExitStack) -> None:
        if self._app is not None and not self._started.is_set():
            await stack.enter_async_context(self._app.router.lifespan_context(self._app))
            self._started.set()


def _not_yet(path: str) -> Response:
    """Return the page that asks for patience, or the error that a client of one of the APIs reads."""
    if "/v1/" not in path:
        return HTMLResponse(_PAGE, 503, _HEADERS)
    of_rest = problem(503, UNAVAILABLE, _HEADERS)
    return of_rest if "/api/" in path else openai_error(503, UNAVAILABLE, "server_error", _HEADERS)
