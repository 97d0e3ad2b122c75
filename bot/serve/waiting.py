"""`Waiting`: what is served while there is no index yet, or the server that holds it does not answer yet."""

import html
import time
from asyncio import FIRST_COMPLETED, Event, Lock, ensure_future, wait
from collections.abc import Callable
from contextlib import AsyncExitStack

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope, Send

from bot.errors import ArticlebotError, IndexMissing, IndexUnreachable

_EVERY = 1.0
"""Seconds between two looks for an index."""
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="5">
<title>No index yet</title><style>
:root {{ color-scheme: light dark }} body {{ font: 1.05rem/1.6 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto; padding: 0 1rem }} h1 {{ font-size: 1.4rem }}
</style></head><body><main><h1>No index yet</h1><p>{reason}</p><p>This page opens the chat by itself as soon as there is one.</p></main></body></html>"""


class Waiting:
    """An ASGI application that becomes another one as soon as an index can be opened; until then it says that there is none, with status 503."""

    def __init__(self, create: Callable[[], FastAPI]) -> None:
        self._create = create
        self._app: FastAPI | None = None
        self._lock, self._made, self._lives = Lock(), Event(), Event()
        self._looked, self._reason = 0.0, ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        app = self._app if self._lives.is_set() else await self._opened()
        if app is not None:
            await app(scope, receive, send)
        elif scope["type"] == "http":
            headers = {
                "Retry-After": "5",
                "Cache-Control": "no-store",
                "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
            }
            await HTMLResponse(_PAGE.format(reason=html.escape(self._reason)), 503, headers)(scope, receive, send)

    def look(self) -> None:
        """Open the application where there is an index by now. Raises what opening it raises but `IndexMissing` and `IndexUnreachable`."""
        self._looked = time.monotonic()
        try:
            self._app = self._create()
        except (IndexMissing, IndexUnreachable) as error:
            self._reason = str(error)

    async def _opened(self) -> FastAPI | None:
        async with self._lock:
            if self._app is None and time.monotonic() - self._looked > _EVERY:
                try:
                    await run_in_threadpool(self.look)
                except ArticlebotError as error:
                    self._reason = str(error)
        if self._app is not None:
            self._made.set()
            await self._lives.wait()
        return self._app

    async def _live(self, receive: Receive, send: Send) -> None:
        """Begin and end the application's own lifespan in one task, whenever it is made: task groups cannot be ended by another."""
        await receive()
        async with AsyncExitStack() as stack:
            await self._begin(stack)
            await send({"type": "lifespan.startup.complete"})
            ended, made = ensure_future(receive()), ensure_future(self._made.wait())
            await wait({ended, made}, return_when=FIRST_COMPLETED)
            made.cancel()
            if not ended.done():
                await self._begin(stack)
            await ended
        await send({"type": "lifespan.shutdown.complete"})

    async def _begin(self, stack: AsyncExitStack) -> None:
        if self._app is not None and not self._lives.is_set():
            await stack.enter_async_context(self._app.router.lifespan_context(self._app))
            self._lives.set()
