"""The MCP door: agents ask the articles through tools and read them as resources, over stdio and streamable HTTP.

Source: the Model Context Protocol, revision 2026-07-28, and its Python SDK.
"""

from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import quote, unquote

import anyio
import mcp_types as types
from anyio.to_thread import run_sync
from mcp import MCPError
from mcp.server import Server
from mcp.server.stdio import stdio_server
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette

from bot.corpus.article import Article
from bot.errors import ArticlebotError, ArticleMissing
from bot.serve.api import schemas
from bot.serve.api.serializers import answer_to, hits_for, whole_of
from bot.serve.chat_service import ChatService
from bot.serve.visitor import Visitor
from bot.version import __version__

_SCHEME = "article:///"
_PAGE = 100
"""Articles in one page of the list of resources."""
_MARKDOWN = "text/markdown"
_INSTRUCTIONS = (
    "Articles{of}{about}. Their words are quoted verbatim, each with title, date and link: cite them. Ask ask_articles first; where its status is "
    "no_answer the articles do not hold the answer, and it should not be made up."
)
_READS = types.ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
_Tool = tuple[types.Tool, type[BaseModel], Callable[[Any, Visitor], BaseModel]]


def create_mcp_server(desk: ChatService) -> Server[Any]:
    """The server whose tools and resources are those of a desk."""
    tools = _tools(desk)

    async def list_tools(_ctx: Any, _params: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[tool for tool, _, _ in tools.values()])

    async def call_tool(ctx: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        if params.name not in tools:
            raise MCPError(types.INVALID_PARAMS, f"There is no tool {params.name!r}: there are {', '.join(tools)}.")
        _, taken, run = tools[params.name]
        visitor = Visitor("", "mcp") if ctx.request is None else Visitor.of(ctx.request, "mcp")
        try:
            body = taken.model_validate(params.arguments or {})
            reply = await run_sync(run, body, visitor)
        except ValidationError as error:
            return _failed("; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()))
        except ArticlebotError as error:
            return _failed(str(error))
        return types.CallToolResult(
            content=[types.TextContent(type="text", text=reply.model_dump_json())],
            structured_content=reply.model_dump(),
        )

    async def list_resources(_ctx: Any, params: types.PaginatedRequestParams | None) -> types.ListResourcesResult:
        return await run_sync(_listed, desk, params.cursor if params else None)

    async def read_resource(_ctx: Any, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        words = await run_sync(_read, desk, params.uri)
        return types.ReadResourceResult(
            contents=[types.TextResourceContents(uri=params.uri, mime_type=_MARKDOWN, text=words)]
        )

    async def list_templates(_ctx: Any, _params: Any) -> types.ListResourceTemplatesResult:
        template = types.ResourceTemplate(
            name="article",
            title="An article",
            uri_template=f"{_SCHEME}{{+id}}",
            mime_type=_MARKDOWN,
            description="The whole article with this id.",
        )
        return types.ListResourceTemplatesResult(resource_templates=[template])

    return Server(
        "articlebot", version=__version__, title=desk.settings.publisher.name or None, instructions=_instructions(desk), on_list_tools=list_tools,
        on_call_tool=call_tool, on_list_resources=list_resources, on_read_resource=read_resource, on_list_resource_templates=list_templates,
    )  # fmt: skip


def create_mcp_app(desk: ChatService) -> Starlette:
    """The application at `/mcp`, whose lifespan must run; it keeps no sessions, so that any of several servers may answer."""
    # Whatever host name it is reached by: the articles are public, and no browser's login stands behind a request.
    anywhere = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    return create_mcp_server(desk).streamable_http_app(
        stateless_http=True, json_response=True, transport_security=anywhere
    )


def serve_stdio(desk: ChatService) -> None:
    """Answer the program that started this one, on standard input and output, until it ends."""

    async def run() -> None:
        server = create_mcp_server(desk)
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    anyio.run(run)


def _tools(desk: ChatService) -> dict[str, _Tool]:
    """By name: what is told of a tool, what it takes, and what it does."""
    about = _about(desk)

    def article(wanted: schemas.ArticleWanted, _visitor: Visitor) -> schemas.Article:
        return whole_of(_article(desk, wanted.id))

    described: dict[str, tuple[str, str, type[BaseModel], type[BaseModel], Callable[[Any, Visitor], BaseModel]]] = {
        "ask_articles": (
            "Ask the articles",
            (f"Answer one question{about} in the articles' own words. Returns status answered (text, and sources with title, date and link), ambiguous "
            "(did_you_mean holds what may be meant) or no_answer (the articles do not hold it). Give earlier questions as history for a follow-up."),
            schemas.Question, schemas.Answer, partial(answer_to, desk),
        ),
        "search_articles": (
            "Search the articles",
            (f"List the passages{about} that most likely answer a question, best first, each with its probability. Use it to read several passages, to "
            "compare articles, or where ask_articles has no answer."),
            schemas.Search, schemas.Hits, partial(hits_for, desk),
        ),
        "get_article": (
            "Read an article", "The whole text of one article with its FAQs, by the id that a hit or a source names as its article.",
            schemas.ArticleWanted, schemas.Article, article,
        ),
    }  # fmt: skip
    return {
        name: (types.Tool(name=name, title=title, description=words, input_schema=taken.model_json_schema(), output_schema=given.model_json_schema(),
                          annotations=_READS), taken, run)
        for name, (title, words, taken, given, run) in described.items()
    }  # fmt: skip


def _instructions(desk: ChatService) -> str:
    name = desk.settings.publisher.name
    return _INSTRUCTIONS.format(of=f" of {name}" if name else "", about=_about(desk))


def _about(desk: ChatService) -> str:
    categories = list(desk.bot.generation.table.categories)
    return f" about {', '.join(categories)}" if categories else ""


def _listed(desk: ChatService, cursor: str | None) -> types.ListResourcesResult:
    """A page of articles; its cursor is the number of those before it."""
    if cursor is not None and not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 10):
        raise MCPError(types.INVALID_PARAMS, f"There is no page {cursor!r} of the list of articles.")
    start = int(cursor or 0)
    found = desk.bot.generation.table.listed(None, start, _PAGE)
    further = str(start + _PAGE) if len(found) == _PAGE else None
    return types.ListResourcesResult(resources=[_resource(article) for article in found], next_cursor=further)


def _resource(article: Article) -> types.Resource:
    day = article.updated or article.published
    about = " · ".join(part for part in (article.category, day.isoformat() if day else None) if part)
    return types.Resource(
        uri=_SCHEME + quote(article.id), name=article.id, title=article.title, description=about or None, mime_type=_MARKDOWN,
        size=len(_markdown(article).encode()), annotations=types.Annotations(last_modified=day.isoformat()) if day else None,
    )  # fmt: skip


def _read(desk: ChatService, uri: str) -> str:
    if not uri.startswith(_SCHEME):
        raise MCPError(
            types.INVALID_PARAMS, f"{uri!r} names no article: their addresses begin with {_SCHEME}", {"uri": uri}
        )
    try:
        return _markdown(_article(desk, unquote(uri.removeprefix(_SCHEME))))
    except ArticlebotError as error:
        raise MCPError(types.INVALID_PARAMS, str(error), {"uri": uri}) from None


def _markdown(article: Article) -> str:
    """An article's text under its title, and where it stands."""
    days = [
        f"published {article.published}" if article.published else "",
        f"updated {article.updated}" if article.updated else "",
    ]
    facts = " · ".join(part for part in (article.category or "", *days, article.url or "") if part)
    return "\n\n".join(part for part in (f"# {article.title}", facts, article.text) if part)


def _article(desk: ChatService, ident: str) -> Article:
    found = desk.bot.generation.table.article(ident)
    if found is None:
        raise ArticleMissing(ident)
    return found


def _failed(sentence: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=sentence)], is_error=True)
