"""The MCP server with the SDK's own client: over stdio, over HTTP, and in both revisions of the protocol."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import mcp_types as types
import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from serving import served

from bot import Bot
from bot.encoder import HashingEncoder
from bot.index.generation import all_articles
from bot.serve.api.keys import hash_key
from bot.serve.api.mcp_server import create_mcp_server
from bot.serve.chat_service import ChatService
from bot.settings import ApiKey, ChatSettings, Limits, Publisher
from bot.testing import QUESTIONS, tiny_index

pytestmark = pytest.mark.slow

Use = Callable[[Client], Awaitable[Any]]


@pytest.fixture(scope="module")
def http(bot: Bot) -> Iterator[str]:
    settings = ChatSettings(publisher=Publisher("Career Desk"), limits=Limits(questions_per_minute=1000))
    for address in served(bot, settings, ui=False):
        yield f"{address}/mcp"


def used(server: Any, use: Use, **options: Any) -> Any:
    """Return the result of `use` with a client that is connected to a server."""

    async def run() -> Any:
        async with Client(server, **options) as client:
            return await use(client)

    return asyncio.run(run())


def assert_refused(server: Any, use: Use, message: str) -> None:
    """Assert that `use` is refused with a message, and that the server still answers."""

    async def fail(client: Client) -> int:
        with pytest.raises(MCPError, match=message):
            await use(client)
        return len((await client.list_tools()).tools)

    assert used(server, fail) == 3


def without_id(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "id"}


@pytest.mark.parametrize(
    "question",
    [
        "who pays gratuity",
        "how long is probtion",
        "best biryani in Hyderabad",
        "thanks",
        "what is in the table of signs",
        "who pays\0 gratu\x1bity",
    ],
)
def test_an_answer_is_the_same_as_in_python(http: str, bot: Bot, question: str):
    reply = used(http, lambda client: client.call_tool("ask_articles", {"question": question}))
    assert without_id(reply.structured_content) == without_id(bot.ask(question).to_dict())
    assert json.loads(reply.content[0].text) == reply.structured_content
    assert not reply.is_error


def test_a_follow_up_is_read_with_the_earlier_question(http: str, bot: Bot):
    asked = {"question": "and can it be extended?", "history": ["how long is a probation period"]}
    reply = used(http, lambda client: client.call_tool("ask_articles", asked))
    assert reply.structured_content["topic"] == "how long is a probation period"
    assert reply.structured_content["text"] == bot.ask(asked["question"], asked["history"]).text != ""


def test_search_and_read_the_article_of_a_hit(http: str, bot: Bot):
    async def use(client: Client) -> tuple[dict[str, Any], dict[str, Any]]:
        found = await client.call_tool("search_articles", {"question": "notice period", "k": 3, "category": "HRM"})
        article = await client.call_tool("get_article", {"id": found.structured_content["hits"][0]["article"]})
        return found.structured_content, article.structured_content

    found, article = used(http, use)
    expected = bot.retriever.search("notice period", 3, category="HRM")
    assert [hit["passage"] for hit in found["hits"]] == [hit.passage.id for hit in expected]
    assert article["text"] == expected[0].passage.article.text
    assert [faq["question"] for faq in article["faqs"]] == [faq.question for faq in expected[0].passage.article.faqs]


def test_tools_are_described_and_match_their_schemas(http: str):
    async def use(client: Client) -> tuple[str, list[types.Tool], list[Any]]:
        tools = (await client.list_tools()).tools
        arguments = {
            "ask_articles": {"question": "who pays gratuity"},
            "search_articles": {"question": "gratuity"},
            "get_article": {"id": "gratuity"},
        }
        replies = [(await client.call_tool(tool.name, arguments[tool.name])).structured_content for tool in tools]
        return client.instructions or "", tools, replies

    instructions, tools, replies = used(http, use)
    assert [tool.name for tool in tools] == ["ask_articles", "search_articles", "get_article"]
    assert "Articles of Career Desk about HRM" in instructions
    assert all("HRM" in (tool.description or "") for tool in tools[:2])
    assert all(
        tool.annotations and tool.annotations.read_only_hint and not tool.annotations.open_world_hint for tool in tools
    )
    for tool, reply in zip(tools, replies, strict=True):
        jsonschema.validate(reply, tool.output_schema or {})
        jsonschema.Draft202012Validator.check_schema(tool.input_schema)
    assert "The visitor's earlier questions, oldest first." in json.dumps(tools[0].input_schema)


def test_an_answer_has_one_schema_in_python_rest_and_mcp(http: str, bot: Bot):
    rest = httpx.get(http.replace("/mcp", "/api/v1/openapi.json"), trust_env=False).json()["components"]["schemas"]
    mcp = used(http, lambda client: client.list_tools()).tools[0].output_schema
    answer = bot.ask("who pays gratuity").to_dict()
    for python, in_rest, in_mcp in [
        (answer, rest["Answer"], mcp),
        (answer["sources"][0], rest["Hit"], mcp["$defs"]["Hit"]),
    ]:
        assert list(python) == list(in_rest["properties"]) == list(in_mcp["properties"])
        assert in_rest["required"] == in_mcp["required"] == list(python)
        descriptions = [
            {name: field["description"] for name, field in each["properties"].items()} for each in (in_rest, in_mcp)
        ]
        assert descriptions[0] == descriptions[1]


@pytest.mark.parametrize(
    ("tool", "arguments", "sentence"),
    [
        ("ask_articles", {"question": "  "}, "The question is empty"),
        ("ask_articles", {"question": "a" * 1001}, "The question has 1001 characters; the limit is 1000"),
        ("ask_articles", {}, "question: Field required"),
        ("search_articles", {"question": "leave", "k": 1000}, "k: Input should be less than or equal to 50"),
        ("search_articles", {"question": "leave", "top": 3}, "top: Extra inputs are not permitted"),
        ("search_articles", {"question": "leave", "k": "3"}, "k: Input should be a number"),
        ("ask_articles", {"question": "leave", "since": 5}, "since: Input should be a date such as 2026-01-31"),
        ("get_article", {"id": "nothing"}, "There is no article 'nothing'."),
        ("ask_articles", {"question": "leave", "article": "nothing"}, "There is no article 'nothing': give the id"),
        ("search_articles", {"question": "leave", "article": "nothing"}, "There is no article 'nothing': give the id"),
    ],
)
def test_an_invalid_call_is_answered_with_one_sentence_for_the_model(
    http: str, tool: str, arguments: dict[str, Any], sentence: str
):
    reply = used(http, lambda client: client.call_tool(tool, arguments))
    assert reply.is_error
    assert sentence in reply.content[0].text


def test_an_unknown_tool_is_refused_with_the_names_of_the_tools(http: str):
    sentence = "There is no tool 'delete_articles': there are ask_articles, search_articles, get_article"
    assert_refused(http, lambda client: client.call_tool("delete_articles", {}), sentence)


def test_articles_are_resources(http: str, bot: Bot):
    async def use(client: Client) -> tuple[list[types.Resource], str, str]:
        listed = (await client.list_resources()).resources
        read = await client.read_resource("article:///probation-letter")
        template = (await client.list_resource_templates()).resource_templates[0]
        return listed, read.contents[0].text, template.uri_template

    listed, words, template = used(http, use)
    articles = {article.id: article for article in all_articles(bot.generation.table)}
    assert {resource.uri for resource in listed} == {f"article:///{ident}" for ident in articles}
    assert template == "article:///{+id}"
    assert words.startswith(
        "# Probation letter\n\nHRM · published 2025-10-10 · https://example.com/probation-letter/\n\n"
    )
    assert words.endswith(articles["probation-letter"].text)
    sizes = {resource.uri: resource.size for resource in listed}
    assert sizes["article:///probation-letter"] == len(words.encode())


def test_an_unknown_resource_is_refused(http: str):
    for uri, sentence in {
        "article:///nothing": "There is no article 'nothing'",
        "file:///etc/passwd": "is not the address of an article",
    }.items():
        assert_refused(http, lambda client, uri=uri: client.read_resource(uri), sentence)


def test_resources_are_listed_in_pages_and_ids_may_be_in_any_script():
    names = [f"लेख/{number}?&#%" for number in range(250)]
    bot = Bot.from_articles(
        [{"id": name, "title": f"T{name}", "text": f"Words of {name}."} for name in names], encoder=HashingEncoder()
    )

    async def use(client: Client) -> tuple[list[int], list[str], str]:
        sizes, uris, cursor = [], [], None
        while True:
            page = await client.list_resources(cursor=cursor)
            sizes.append(len(page.resources))
            uris += [resource.uri for resource in page.resources]
            cursor = page.next_cursor
            if cursor is None:
                return sizes, uris, (await client.read_resource(uris[77])).contents[0].text

    sizes, uris, words = used(create_mcp_server(ChatService(bot, ChatSettings(), None)), use)
    assert sizes == [100, 100, 50]
    assert len(set(uris)) == 250
    assert words == f"# T{names[77]}\n\nWords of {names[77]}."
    assert_refused(
        create_mcp_server(ChatService(bot, ChatSettings(), None)),
        lambda client: client.list_resources(cursor="-1"),
        "There is no page '-1' of the list",
    )


def test_a_local_program_asks_over_stdio(tmp_path: Path):
    index = tiny_index(tmp_path / "index")
    parameters = StdioServerParameters(command=sys.executable, args=["-m", "bot", "mcp", "--index", str(index)])

    async def use(client: Client) -> list[dict[str, Any]]:
        return [
            (await client.call_tool("ask_articles", {"question": question})).structured_content
            for question in [*QUESTIONS.values()] * 30
        ]

    answers = used(parameters, use)
    expected = Bot.open(index)
    assert [answer["status"] for answer in answers] == [*QUESTIONS] * 30
    assert [without_id(answer) for answer in answers[:3]] == [
        without_id(expected.ask(question).to_dict()) for question in QUESTIONS.values()
    ]


def test_a_client_of_the_previous_revision_is_answered(http: str):
    reply = used(
        http, lambda client: client.call_tool("ask_articles", {"question": "who pays gratuity"}), mode="legacy"
    )
    assert reply.structured_content["text"] == "The employer pays it, not the provident fund."


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_over_http_no_stream_is_opened_that_nothing_is_sent_on(http: str, method: str):
    headers = {"Accept": "text/event-stream"}
    reply = httpx.request(method, http, headers=headers, trust_env=False, timeout=20)
    assert (reply.status_code, reply.headers["allow"]) == (405, "POST")
    assert method == "HEAD" or reply.json()["title"] == (
        "Agents send POST to this address of the MCP server: give it to one."
    )


def test_over_http_keys_and_origins_are_checked(bot: Bot):
    settings = ChatSettings(keys={"agent": ApiKey(hash_key("ab_secret"), 2)}, origins=("https://www.example.com",))
    hello = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    for address in served(bot, settings, ui=False):

        def status(address: str = address, **headers: str) -> int:
            accept = {"Accept": "application/json, text/event-stream", **headers}
            return httpx.post(f"{address}/mcp", json=hello, headers=accept, trust_env=False).status_code

        assert status() == 401
        assert status(Origin="https://evil.example") == 403
        assert status(Authorization="Bearer ab_secret", Origin="https://evil.example") == 403
        assert status(Authorization="Bearer ab_secret", Origin="https://www.example.com") == 200

        async def use(address: str = address) -> list[Any]:
            async with (
                httpx_client() as client,
                Client(streamable_http_client(f"{address}/mcp", http_client=client)) as agent,
            ):
                return [await agent.call_tool("ask_articles", {"question": "who pays gratuity"}) for _ in range(3)]

        replies = asyncio.run(use())
        assert [reply.is_error for reply in replies] == [False, False, True]
        assert "Too many questions" in replies[2].content[0].text


def httpx_client() -> Any:
    """Return the SDK's HTTP client with a key."""
    import httpx2

    return httpx2.AsyncClient(headers={"Authorization": "Bearer ab_secret"}, trust_env=False)


def test_a_server_that_waited_for_its_index_answers_agents_and_stops_cleanly(tmp_path: Path):
    command = [sys.executable, "-m", "bot", "serve", "--no-ui", "--port", "0", "--index", str(tmp_path / "index")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]) as server:
        try:
            assert server.stderr
            said = "".join(server.stderr.readline() for _ in range(2))
            address = said.split("open ")[1].split()[0]
            assert httpx.get(f"{address}/readyz", trust_env=False).status_code == 503
            tiny_index(tmp_path / "index")
            until = time.monotonic() + 120
            while httpx.get(f"{address}/readyz", trust_env=False).status_code != 200:
                if time.monotonic() > until:
                    pytest.fail("the server did not answer in time")
                time.sleep(0.2)
            reply = used(
                f"{address}/mcp", lambda client: client.call_tool("ask_articles", {"question": QUESTIONS["answered"]})
            )
            assert reply.structured_content["text"] == "It is often three to six months."
        finally:
            server.send_signal(signal.SIGINT)
        _, rest = server.communicate(timeout=20)
    waited = f"articlebot: waiting: There is no index in {tmp_path / 'index'}: run articlebot build"
    assert (server.returncode, rest, waited in said) == (130, "", True)
