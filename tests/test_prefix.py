"""A path before the page: behind a proxy that takes it off, in a host application, and by uvicorn's root path."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import httpx
import pytest
from fastapi import FastAPI
from mcp import Client
from playwright.sync_api import Browser, expect
from serving import ask, running
from starlette.requests import Request
from starlette.responses import Response

from bot import Bot
from bot.serve.application import create_app
from bot.serve.texts import texts_for
from bot.settings import ChatSettings, Publisher
from bot.testing import QUESTIONS, tiny_index

pytestmark = pytest.mark.slow

HINDI = texts_for(ChatSettings())["hi"]["send"]
QUESTION, ANSWER = QUESTIONS["answered"], "It is often three to six months."


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], FastAPI]:
    """Return a function that makes the application; one can be served only once."""
    folder = tmp_path_factory.mktemp("prefix")
    logo = folder / "logo.svg"
    logo.write_text(f'<svg xmlns="http://www.w3.org/2000/svg">{"<g/>" * 500}</svg>')
    bot, settings = Bot.open(tiny_index(folder / "index")), ChatSettings(publisher=Publisher("Desk", logo=logo))
    return partial(create_app, bot, settings)


def proxy(target: str) -> FastAPI:
    """Return a proxy that serves another server below /chat, as nginx does with `proxy_pass http://host:port/`."""
    front = FastAPI(openapi_url=None)

    @front.api_route("/chat/{path:path}", methods=["GET", "POST", "OPTIONS"])
    async def forward(path: str, request: Request) -> Response:
        headers = {**request.headers, "x-forwarded-prefix": "/chat", "x-forwarded-host": request.headers["host"]}
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            reply = await client.request(
                request.method, f"{target}/{path}", params=request.query_params, content=await request.body(),
                headers=headers,
            )  # fmt: skip
        kept = {
            name: value for name, value in reply.headers.items() if name not in ("content-length", "content-encoding")
        }
        return Response(reply.content, reply.status_code, kept)

    @front.get("/healthz")
    def health() -> str:
        return "ok"

    return front


def mounted(app: FastAPI) -> FastAPI:
    """Return a host application that has the chat below /chat."""

    @asynccontextmanager
    async def lifespan(_: FastAPI):
        async with AsyncExitStack() as stack:
            yield await stack.enter_async_context(app.router.lifespan_context(app))

    host = FastAPI(lifespan=lifespan)
    host.get("/healthz")(lambda: "ok")
    host.mount("/chat", app)
    return host


@pytest.fixture(scope="module", params=["proxy", "mounted"])
def address(request: pytest.FixtureRequest, make: Callable[[], FastAPI]) -> Iterator[str]:
    """The address of the chat, below /chat."""
    if request.param == "mounted":
        yield from (f"{each}/chat" for each in running(mounted(make())))
        return
    for inner in running(make()):
        yield from (f"{each}/chat" for each in running(proxy(inner)))


def test_everything_is_served_below_a_path(address: str):
    with httpx.Client(trust_env=False, timeout=60) as client:
        page = client.get(f"{address}/")
        assert (page.status_code, f'"root":"{address}"' in page.text.replace(" ", "")) == (200, True)
        for encoding in ("gzip", "gzip", "identity"):
            logo = client.get(f"{address}/logo", headers={"Accept-Encoding": encoding})
            assert (logo.headers["content-type"], logo.text.count("<g/>")) == ("image/svg+xml", 500)
        assert client.get(f"{address}/widget.js").status_code == 200
        assert client.get(f"{address}/docs").status_code == 200
        answer = client.post(f"{address}/api/v1/ask", json={"question": QUESTION}).json()
        assert answer["text"] == ANSWER
        assert client.get(f"{address}/api/v1/openapi.json").json()["servers"] == [{"url": "/chat/api/v1"}]
        body = {"messages": [{"role": "user", "content": QUESTION}]}
        reply = client.post(f"{address}/v1/chat/completions", json=body).json()
        assert reply["choices"][0]["message"]["content"].split("\n\n")[1] == ANSWER
        assert client.get(f"{address}/gradio_api/upload").status_code == 404
        for path in ("", "/", "/nope"):
            error = client.get(f"{address}/v1{path}").json()["error"]["message"]
            assert error.startswith(f"GET /chat/v1{path} does not exist here: there are POST /chat/v1/chat/completions")
        title = "GET /chat/api/v1 does not exist here: /chat/api/v1/openapi.json lists what does."
        assert client.get(f"{address}/api/v1").json() == {"title": title, "status": 404}

    async def over_mcp() -> dict:
        async with Client(f"{address}/mcp") as agent:
            return (await agent.call_tool("ask_articles", {"question": QUESTION})).structured_content

    # Playwright's event loop may run in this thread already.
    with ThreadPoolExecutor() as pool:
        assert pool.submit(asyncio.run, over_mcp()).result()["text"] == ANSWER


@pytest.mark.parametrize("page", ["/", "/hi/"])
def test_links_in_the_head_stay_below_the_path(address: str, page: str):
    with httpx.Client(trust_env=False, timeout=60) as client:
        text = client.get(f"{address}{page}").text
        links = re.findall(r"<(?:link|script|img)[^>]*\s(?:href|src)=\"([^\"]*)\"", text)
        assert sum("manifest" in link for link in links) == 1
        at = {link: httpx.URL(f"{address}{page}").join(link) for link in links if not link.startswith("data:")}
        assert {"manifest.json", "logo"} < set(at)
        assert all(str(url).startswith(f"{address}/") and client.get(url).status_code == 200 for url in at.values())
        manifest = client.get(at["manifest.json"]).json()
        assert (manifest["name"], at["manifest.json"].join(manifest["start_url"])) == ("Desk", f"{address}{page}")


def test_the_links_to_other_languages_work_below_a_language(address: str):
    with httpx.Client(trust_env=False, timeout=60) as client:
        paths = "/hi/", "/hi/?lang=en", "/?lang=hi", "/hi/?lang=xx"
        pages = [client.get(f"{address}{path}").text for path in paths]
    assert [HINDI in page or json.dumps(HINDI)[1:-1] in page for page in pages] == [True, False, True, True]


@pytest.mark.parametrize("sent", ["//evil.example", "/a b", "evil", '/"><script>'])
def test_a_prefix_that_is_no_path_is_ignored(make: Callable[[], FastAPI], sent: str):
    for address in running(make()):
        page = httpx.get(f"{address}/", headers={"X-Forwarded-Prefix": sent}, trust_env=False, timeout=60)
        assert (page.status_code, f'"root":"{address}"' in page.text.replace(" ", "")) == (200, True)


@pytest.mark.parametrize("lang", ["en", "hi"])
def test_the_page_answers_below_a_path(browser: Browser, address: str, lang: str):
    page = browser.new_page(locale=lang)
    outside: list[str] = []
    page.on("request", lambda sent: outside.append(sent.url) if not sent.url.startswith((address, "data:")) else None)
    page.goto(f"{address}/")
    page.locator("#chat .greeting").wait_for()
    ask(page, QUESTION)
    expect(page.locator(".answer .words")).to_have_text(ANSWER)
    page.close()
    assert outside == []
