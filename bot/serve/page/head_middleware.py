"""`HeadMiddleware`: puts title, description, styles and the page's script into the head that Gradio serves."""

import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import NamedTuple

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_OF_GRADIO = re.compile(r"<(?:meta\s+(?:property=\"og:|name=\"twitter:)|link\s+rel=\"manifest\")[^>]*>\s*")
"""What Gradio says of itself, and the address of its manifest, which leaves out the path of a proxy."""


def read_asset(name: str, package: str = "bot.serve.page") -> str:
    """Return the text of a page, style sheet or script of a package."""
    return files(package).joinpath(name).read_text(encoding="utf-8")


class PageHead(NamedTuple):
    """The head of one page."""

    language: str
    direction: str
    elements: str
    """HTML: title, description, styles, scripts."""


class HeadMiddleware:
    """An ASGI middleware that gives each page, by its path, its head."""

    def __init__(self, app: ASGIApp, heads: Mapping[str, PageHead]) -> None:
        self._app, self._heads = app, heads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        head = self._heads.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        if head is None:
            await self._app(scope, receive, send)
            return
        messages: list[Message] = []

        async def hold(message: Message) -> None:
            messages.append(message)

        # The page must not arrive compressed.
        headers = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        await self._app({**scope, "headers": headers}, receive, hold)
        for message in _with_head(messages, head):
            await send(message)


def _with_head(messages: Sequence[Message], head: PageHead) -> Sequence[Message]:
    """Return the messages of a response; in one of HTML the head replaces what Gradio says of itself."""
    start: Message = next((each for each in messages if each["type"] == "http.response.start"), {})
    if not Headers(raw=start.get("headers", [])).get("content-type", "").startswith("text/html"):
        return messages
    page = _OF_GRADIO.sub("", b"".join(each.get("body", b"") for each in messages).decode())
    page = page.replace('lang="en"', f'lang="{head.language}" dir="{head.direction}"', 1)
    body = page.replace("</head>", f"{head.elements}</head>", 1).encode()
    MutableHeaders(scope=start)["content-length"] = str(len(body))
    return [start, {"type": "http.response.body", "body": body}]
