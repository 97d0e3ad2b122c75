"""The MCP server: agents ask the articles through tools and read them as resources, over stdio or streamable HTTP.

Source: the Model Context Protocol, revision 2026-07-28, and its Python SDK. The decorators of the SDK's `MCPServer` do
not fit: they list fixed resources without pages, ignore unknown arguments, and prefix each error.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

import anyio
import mcp_types as types
from anyio.to_thread import run_sync
from mcp import MCPError
from mcp.server import Server
from mcp.server.stdio import stdio_server
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.routing import Route

from bot.answering import schema
from bot.corpus.article import Article
from bot.errors import ArticlebotError
from bot.serve.api import schemas, serializers
from bot.serve.api.error_responses import problem, public_message
from bot.serve.chat_service import ChatService
from bot.serve.visitor import Visitor
from bot.version import __version__

_SCHEME = "article:///"
_PAGE = 100  # number of articles in one page of the list of resources
_MARKDOWN = "text/markdown"
_POST = "Agents send POST to this address of the MCP server: give it to one."
_INSTRUCTIONS = (
    "Articles{of}{about}. Their words are quoted verbatim, each with title, date and link: cite them. Ask ask_articles "
    "first. A text from a FAQ answers the question of its source: quote both, so that a yes or no is clear. Of two "
    "sources, either may answer: say so. Where the status is closest, the text may not answer the question: if you "
    "quote it, say so. Where it is no_answer, the articles do not hold the answer. Do not make up what they do not say."
)
_ASK = (
    "Answer one question{} in the articles' own words. Returns status answered (text, and sources with title, "
    "date and link), closest (text and sources hold the passage that comes closest, which is not claimed to answer), "
    "ambiguous (did_you_mean holds what may be meant) or no_answer (the articles do not hold it). Give earlier "
    "questions as history for a follow-up."
)
_SEARCH = (
    "List the passages{} that most likely answer a question, best first, each with its probability. Use it to "
    "read several passages, to compare articles, or where ask_articles has no answer."
)
_READ = "The whole text of one article with its FAQs, by the id that a hit or a source names as its article."
_HINTS = types.ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
_ARTICLE = "The whole article with this id."
_TEMPLATE = types.ResourceTemplate(
    name="article", title="An article", uri_template=f"{_SCHEME}{{+id}}", mime_type=_MARKDOWN, description=_ARTICLE
)
_Run = Callable[[Any, Visitor], Any]


class _Tool(NamedTuple):
    definition: types.Tool
    arguments: type[BaseModel]
    result: TypeAdapter[Any]
    run: _Run


def create_mcp_server(service: ChatService) -> Server[Any]:
    """Return the server with its tools and resources."""
    tools = {tool.definition.name: tool for tool in _tools(service)}

    async def list_tools(_ctx: Any, _params: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[tool.definition for tool in tools.values()])

    async def call_tool(ctx: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        if params.name not in tools:
            raise MCPError(types.INVALID_PARAMS, f"There is no tool {params.name!r}: there are {', '.join(tools)}.")
        visitor = Visitor("", "mcp") if ctx.request is None else Visitor.of(ctx.request, "mcp")
        return await run_sync(_call, tools[params.name], params.arguments or {}, visitor)

    async def list_resources(_ctx: Any, params: types.PaginatedRequestParams | None) -> types.ListResourcesResult:
        return await run_sync(_list_resources, service, params.cursor if params else None)

    async def read_resource(_ctx: Any, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        text = await run_sync(_read_resource, service, params.uri)
        contents = types.TextResourceContents(uri=params.uri, mime_type=_MARKDOWN, text=text)
        return types.ReadResourceResult(contents=[contents])

    async def list_templates(_ctx: Any, _params: Any) -> types.ListResourceTemplatesResult:
        return types.ListResourceTemplatesResult(resource_templates=[_TEMPLATE])

    publisher = service.settings.publisher.name
    return Server(
        "articlebot", version=__version__, title=publisher or None,
        instructions=_INSTRUCTIONS.format(of=f" of {publisher}" if publisher else "", about=_about(service)),
        on_list_tools=list_tools, on_call_tool=call_tool, on_list_resources=list_resources,
        on_read_resource=read_resource, on_list_resource_templates=list_templates,
    )  # fmt: skip


def create_mcp_app(service: ChatService) -> Starlette:
    """Return the application at `/mcp`, without sessions: any of several servers may answer. Its lifespan must run."""
    # Any host name is allowed: the articles are public, and requests carry no browser login.
    security = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    server = create_mcp_server(service)
    app = server.streamable_http_app(stateless_http=True, json_response=True, transport_security=security)
    # Nothing would ever be sent on the stream that a GET opens.
    app.routes.insert(0, Route("/mcp", lambda _: problem(405, _POST, {"Allow": "POST"}), methods=["GET"]))
    return app


def serve_stdio(service: ChatService) -> None:
    """Answer the program that started this one, on standard input and output, until it ends."""

    async def run() -> None:
        server = create_mcp_server(service)
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    anyio.run(run)


def _tools(service: ChatService) -> list[_Tool]:
    about = _about(service)

    def read(body: schemas.ArticleRequest, _visitor: Visitor) -> schemas.Article:
        return serializers.whole_article(serializers.get_article(service, body.id))

    ask, search = partial(serializers.ask, service), partial(serializers.search, service)
    return [
        _tool("ask_articles", "Ask the articles", _ASK.format(about), schemas.Question, schema.Answer, ask),
        _tool("search_articles", "Search the articles", _SEARCH.format(about), schemas.Search, schemas.Hits, search),
        _tool("get_article", "Read an article", _READ, schemas.ArticleRequest, schemas.Article, read),
    ]


def _tool(name: str, title: str, description: str, arguments: type[BaseModel], result: type, run: _Run) -> _Tool:
    adapter: TypeAdapter[Any] = TypeAdapter(result)
    facts: dict[str, Any] = {"input_schema": arguments.model_json_schema(), "output_schema": adapter.json_schema()}
    definition = types.Tool(name=name, title=title, description=description, annotations=_HINTS, **facts)
    return _Tool(definition, arguments, adapter, run)


def _call(tool: _Tool, arguments: dict[str, Any], visitor: Visitor) -> types.CallToolResult:
    try:
        result = tool.run(tool.arguments.model_validate(arguments), visitor)
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        return _failure("; ".join(faults).replace(": Value error, ", ": "))
    except ArticlebotError as error:
        return _failure(public_message(error))
    text = types.TextContent(type="text", text=tool.result.dump_json(result).decode())
    return types.CallToolResult(content=[text], structured_content=tool.result.dump_python(result))


def _failure(message: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=message)], is_error=True)


def _about(service: ChatService) -> str:
    categories = list(service.bot.generation.table.facts.categories)
    return f" about {', '.join(categories)}" if categories else ""


def _list_resources(service: ChatService, cursor: str | None) -> types.ListResourcesResult:
    """Return a page of articles; its cursor is the number of articles before it."""
    if cursor is not None and not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 10):
        raise MCPError(types.INVALID_PARAMS, f"There is no page {cursor!r} of the list of articles.")
    start = int(cursor or 0)
    page = service.bot.generation.table.listed(None, start, _PAGE)
    next_cursor = str(start + _PAGE) if len(page) == _PAGE else None
    return types.ListResourcesResult(resources=[_resource(article) for article in page], next_cursor=next_cursor)


def _resource(article: Article) -> types.Resource:
    day = article.updated or article.published
    date = day.isoformat() if day else None
    return types.Resource(
        uri=_SCHEME + quote(article.id), name=article.id, title=article.title,
        description=" · ".join(filter(None, [article.category, date])) or None, mime_type=_MARKDOWN,
        size=len(_markdown(article).encode()), annotations=types.Annotations(last_modified=date) if date else None,
    )  # fmt: skip


def _read_resource(service: ChatService, uri: str) -> str:
    if not uri.startswith(_SCHEME):
        message = f"{uri!r} is not the address of an article: they begin with {_SCHEME}"
        raise MCPError(types.INVALID_PARAMS, message, {"uri": uri})
    try:
        return _markdown(serializers.get_article(service, unquote(uri.removeprefix(_SCHEME))))
    except ArticlebotError as error:
        raise MCPError(types.INVALID_PARAMS, public_message(error), {"uri": uri}) from None


def _markdown(article: Article) -> str:
    published = f"published {article.published}" if article.published else None
    updated = f"updated {article.updated}" if article.updated else None
    facts = " · ".join(filter(None, [article.category, published, updated, article.url]))
    return "\n\n".join(filter(None, [f"# {article.title}", facts, article.text]))
