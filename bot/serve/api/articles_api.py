"""What the REST surface tells of the articles themselves."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi import Path as PathParameter
from fastapi.responses import JSONResponse

from bot.answering.bot import Bot
from bot.errors import ArticleMissing
from bot.serve.api import schemas
from bot.serve.api.serializers import line_of, whole_of
from bot.serve.chat_service import ChatService
from bot.version import __version__


class Unchanged(Exception):
    """What is asked for has not changed since it was asked for last."""

    def __init__(self, tag: str) -> None:
        super().__init__(tag)
        self.tag = tag


def revalidated(desk: ChatService) -> Callable[[Request, Response], None]:
    """What is told of a generation holds until the next one: an answer carries its name as ETag, and is not sent to one who has it (RFC 9110, section 13.1.2)."""

    def revalidate(request: Request, response: Response) -> None:
        tag = f'"{desk.bot.generation.name}"'
        if tag in (part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")):
            raise Unchanged(tag)
        response.headers.update({"ETag": tag, "Cache-Control": "no-cache"})

    return revalidate


def health_routes(bot: Bot) -> APIRouter:
    """`GET /healthz` and `/readyz`."""
    routes = APIRouter()

    @routes.get("/healthz")
    def health() -> schemas.Health:
        """That it lives, and what it serves; without an index yet it answers with 503."""
        refused = bot.retriever.index.refused
        return schemas.Health(
            status="ok", generation=bot.generation.name, refused=schemas.Refused(**asdict(refused)) if refused else None
        )

    @routes.get(
        "/readyz",
        response_model=schemas.Health,
        responses={
            503: {
                "description": "The server that holds the index does not answer.",
                "content": {"application/problem+json": {}},
            }
        },
    )
    def readiness() -> schemas.Health | JSONResponse:
        """As `/healthz`, while it can be asked: not without an index yet, nor while a server that holds it does not answer."""
        away = bot.retriever.index.unreachable
        return (
            JSONResponse({"title": away, "status": 503}, 503, media_type="application/problem+json")
            if away
            else health()
        )

    return routes


def catalogue_routes(desk: ChatService) -> APIRouter:
    """`GET /articles`, `/articles/{id}`, `/categories`, `/version`."""
    routes = APIRouter(dependencies=[Depends(revalidated(desk))])

    @routes.get("/articles")
    def articles(
        category: Annotated[str | None, Query(description="Only those of this category.", examples=["HRM"])] = None,
        offset: Annotated[int, Query(ge=0, le=10**9, description="How many are passed over.")] = 0,
        limit: Annotated[int, Query(ge=1, le=schemas.MOST_ARTICLES, description="The most wanted.")] = 50,
    ) -> schemas.Articles:
        """Articles in the order of the corpus, a page at a time."""
        table = desk.bot.generation.table
        return schemas.Articles(
            articles=[line_of(article) for article in table.listed(category, offset, limit)],
            total=table.count_articles(),
        )

    @routes.get(
        "/articles/{ident:path}",
        responses={404: {"description": "There is no such article.", "content": {"application/problem+json": {}}}},
    )
    def article(ident: Annotated[str, PathParameter(description="Its id, which may hold slashes.")]) -> schemas.Article:
        """One article, with its text and FAQs."""
        found = desk.bot.generation.table.article(ident)
        if found is None:
            raise ArticleMissing(ident)
        return whole_of(found)

    @routes.get("/categories")
    def categories() -> list[schemas.Category]:
        """The categories, the largest first."""
        return [
            schemas.Category(name=name, articles=count) for name, count in desk.bot.generation.table.categories.items()
        ]

    @routes.get("/version")
    def version() -> schemas.Version:
        """Which program answers, from which generation."""
        generation = desk.bot.generation
        return schemas.Version(
            version=__version__, generation=generation.name, model=generation.manifest.settings.model,
            articles=generation.table.count_articles(), passages=len(generation.table),
        )  # fmt: skip

    return routes
