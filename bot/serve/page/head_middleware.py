"""`HeadMiddleware`: the page with a head of its own, where Gradio's tells of Gradio and brings what is ours only after its scripts have run."""

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import NamedTuple

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_FOREIGN = re.compile(r"<meta\s+(?:property=\"og:|name=\"twitter:)[^>]*>\s*")


def file_of_page(name: str, package: str = "bot.serve.page") -> str:
    """One of the files that the page is made of."""
    return files(package).joinpath(name).read_text(encoding="utf-8")


class PageHead(NamedTuple):
    """What the head of one page says."""

    language: str
    direction: str
    elements: str
    """HTML: title, description, styles, scripts."""

    def put_on(self, page: str) -> str:
        """A page of Gradio's with this head in place of what it says of itself."""
        named = _FOREIGN.sub("", page).replace('lang="en"', f'lang="{self.language}" dir="{self.direction}"', 1)
        return named.replace("</head>", f"{self.elements}</head>", 1)


class HeadMiddleware:
    """An ASGI middleware that puts on each page, by its path, its head."""

    def __init__(self, app: ASGIApp, heads: Mapping[str, PageHead]) -> None:
        self._app, self._heads = app, heads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        head = self._heads.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        await self._app(_plain(scope) if head else scope, receive, _putting_on(head, send) if head else send)


def _plain(scope: Scope) -> Scope:
    """The request for an answer that is not compressed."""
    return {**scope, "headers": [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]}


def _putting_on(head: PageHead, send: Send) -> Send:
    begun: Message = {}
    page = bytearray()

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            begun.update(message)
        elif not Headers(raw=begun["headers"]).get("content-type", "").startswith("text/html"):
            await _through(begun, message, send)
        else:
            page.extend(message.get("body", b""))
            if not message.get("more_body"):
                body = head.put_on(page.decode()).encode()
                MutableHeaders(scope=begun)["content-length"] = str(len(body))
                await send(begun)
                await send({"type": "http.response.body", "body": body})

    return sending


async def _through(begun: Message, message: Message, send: Send) -> None:
    """What is no page, as it is."""
    if not begun.get("sent"):
        begun["sent"] = True
        await send({name: value for name, value in begun.items() if name != "sent"})
    await send(message)
