"""A path before the page: a proxy, a host application or uvicorn serves everything below it, such as `/chat`.

Between the two middlewares paths are as without it, so that nothing else has to know of it.
"""

import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

_PREFIX = re.compile(r"(?:/[\w.~-]+)+", re.ASCII)
_KEY = "articlebot.prefix"


def prefix_of(scope: Scope) -> str:
    """Return the path before the page as a visitor's browser sees it; "" if there is none."""
    return str(scope.get(_KEY, ""))


class PrefixMiddleware:
    """Takes the prefix off the path of a request: `root_path`, or what a proxy says in `X-Forwarded-Prefix`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        sent = Headers(scope=scope).get("x-forwarded-prefix", "").partition(",")[0].strip().rstrip("/")
        forwarded = sent if _PREFIX.fullmatch(sent) else ""
        root = scope.get("root_path", "").rstrip("/")
        # A proxy may leave its prefix in the path; a host application always leaves its own.
        path = _without(_without(scope["path"], forwarded), root)
        prefix = root if f"{root}/".startswith(f"{forwarded}/") else forwarded + root
        inner = {**scope, "path": path, "raw_path": path.encode(), "root_path": "", _KEY: prefix}
        await self._app(inner, receive, send)


class RestoringMiddleware:
    """Puts the prefix back, as the application below expects it to make addresses."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if prefix := prefix_of(scope):
            path = prefix + scope["path"]
            scope = {**scope, "path": path, "raw_path": path.encode(), "root_path": prefix}
        await self._app(scope, receive, send)


def _without(path: str, prefix: str) -> str:
    return path.removeprefix(prefix) or "/" if prefix and f"{path}/".startswith(f"{prefix}/") else path
