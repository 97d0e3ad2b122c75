"""REST routes for articles, categories, version and health."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi import Path as PathParameter
from fastapi.responses import JSONResponse

from bot.answering.bot import Bot
from bot.serve.api import schemas, serializers
from bot.serve.api.error_responses import problem, problem_schemas
from bot.serve.chat_service import ChatService
from bot.version import __version__

_NOT_OPENED = "It cannot be opened: the log of this server says why."
_UNREACHABLE = "The server that holds the index does not answer."


def check_etag(service: ChatService) -> Callable[[Request, Response], None]:
    """Return a dependency that sends the generation's name as ETag; a client that returns it gets 304 (RFC 9110)."""

    def check(request: Request, response: Response) -> None:
        etag = f'"{service.bot.generation.name}"'
        headers = {"ETag": etag, "Cache-Control": "no-cache"}
        if has_etag(request, etag):
            raise HTTPException(304, headers=headers)
        response.headers.update(headers)

    return check


def has_etag(request: Request, etag: str) -> bool:
    """Whether a client has the response with this ETag; a proxy that compresses it makes the ETag weak."""
    return etag in (part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(","))


def health_routes(bot: Bot) -> APIRouter:
    """Return `GET /healthz` and `/readyz`."""
    routes = APIRouter()

    @routes.get("/healthz")
    def health() -> schemas.Health:
        """Report that the server runs, and which generation it serves; 503 until there is an index."""
        rejected = bot.retriever.index.rejected
        refused = schemas.RejectedGeneration(generation=rejected.generation, reason=_NOT_OPENED) if rejected else None
        return schemas.Health(status="ok", generation=bot.generation.name, refused=refused)

    @routes.get("/readyz", response_model=schemas.Health, responses=problem_schemas(503))
    def readiness() -> schemas.Health | JSONResponse:
        """Report the same as `/healthz`; 503 also while the server that holds the index does not answer."""
        return problem(503, _UNREACHABLE) if bot.retriever.index.unreachable else health()

    return routes


def articles_routes(service: ChatService) -> APIRouter:
    """Return `GET /articles`, `/articles/{id}`, `/categories` and `/version`."""
    routes = APIRouter(dependencies=[Depends(check_etag(service))])

    @routes.get("/articles")
    def articles(
        category: Annotated[str | None, Query(description="List only this category.", examples=["HRM"])] = None,
        offset: Annotated[int, Query(ge=0, le=10**9, description="The number of articles to skip.")] = 0,
        limit: Annotated[int, Query(ge=1, le=100, description="The maximum number of articles.")] = 50,
    ) -> schemas.Articles:
        """List articles in the order of the corpus, one page at a time."""
        serializers.check(service, category)
        table = service.bot.generation.table
        facts = {"articles": table.listed(category, offset, limit), "total": table.facts.articles}
        return schemas.Articles.model_validate(facts, from_attributes=True)

    @routes.get("/articles/{ident:path}", responses=problem_schemas(404))
    def article(ident: Annotated[str, PathParameter(description="The id; may hold slashes.")]) -> schemas.Article:
        """Return one article with its text and FAQs."""
        return serializers.whole_article(serializers.get_article(service, ident))

    @routes.get("/categories")
    def categories() -> list[schemas.Category]:
        """List the categories, largest first."""
        return serializers.categories(service)

    @routes.get("/version")
    def version() -> schemas.Version:
        """Return the version of the program and of its index."""
        served = service.bot.generation
        model, facts = served.manifest.settings.model, served.table.facts
        return schemas.Version(
            version=__version__, generation=served.name, model=model, articles=facts.articles, passages=facts.passages
        )

    return routes
