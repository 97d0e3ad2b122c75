"""The REST surface, version 1: questions, passages, suggestions while typing, feedback, and the articles themselves."""

from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request, Response, Security
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from bot.errors import ArticlebotError, ArticleMissing, QuestionError, TooManyQuestions, UsageError
from bot.serve.api import schemas
from bot.serve.api.articles_api import Unchanged, catalogue_routes, health_routes, revalidated
from bot.serve.api.serializers import answer_to, hits_for
from bot.serve.chat_service import ChatService
from bot.serve.visitor import Visitor
from bot.version import __version__

_PROBLEM = "application/problem+json"
_TOLD = {
    400: "Not JSON.",
    401: "The API key is missing or not known.",
    404: "There is nothing of this name.",
    409: "No such answer was given, or what is said of it cannot be stored.",
    422: "Not a request that can be answered; the title says why.",
    429: "Too many questions from one address; Retry-After tells the seconds to wait.",
}


def create_api(desk: ChatService) -> FastAPI:
    """The application below `/api/v1`; pages of the origins in the settings may call it from a browser."""
    needs_key = (
        [Security(HTTPBearer(auto_error=False, description="An API key, made by articlebot key."))]
        if desk.settings.keys
        else []
    )
    told = _problems(400, 422, *([401] if needs_key else []))
    api = FastAPI(
        title="articlebot", version=__version__, docs_url=None, redoc_url=None, responses=told, dependencies=needs_key
    )

    @api.post("/ask", responses=_problems(429))
    def ask(body: schemas.Question, request: Request) -> schemas.Answer:
        """The answer to a question: words of the articles with their source, or that they hold none."""
        return answer_to(desk, body, Visitor.of(request, "rest"))

    @api.post("/search", responses=_problems(429))
    def search(body: schemas.Search, request: Request) -> schemas.Hits:
        """The passages that most likely answer a question, also where none is sure enough for an answer."""
        return hits_for(desk, body, Visitor.of(request, "rest"))

    @api.get("/suggest", responses=_problems(429), dependencies=[Depends(revalidated(desk))])
    def suggest(
        request: Request,
        q: Annotated[str, Query(max_length=1000, description="What is typed so far.", examples=["how long"])],
        category: Annotated[str | None, Query(description="Only questions of this category's articles.")] = None,
    ) -> schemas.Typed:
        """Questions of the articles that begin with, or mean, what is typed so far."""
        return schemas.Typed(questions=list(desk.typed(q, Visitor.of(request, "rest"), category)))

    @api.post("/feedback", status_code=204, responses=_problems(409))
    def feedback(body: schemas.Feedback) -> None:
        """Say whether an answer helped; a later word replaces an earlier one."""
        desk.vote(body.answer, helpful=body.helpful, reason=body.reason, comment=body.comment)

    api.include_router(catalogue_routes(desk))
    api.include_router(health_routes(desk.bot))
    api.exception_handler(ArticlebotError)(_told)
    api.exception_handler(HTTPException)(_refused)
    api.exception_handler(RequestValidationError)(_invalid)
    api.exception_handler(Unchanged)(_unchanged)
    _admit(api, desk.settings.origins)
    return api


def _admit(api: FastAPI, origins: tuple[str, ...]) -> None:
    """Let pages of these origins, of which a `*` stands for any subdomain, call from a browser."""
    exact = [origin for origin in origins if "*" not in origin]
    patterns = "|".join(
        origin.replace(".", r"\.").replace("*", "[A-Za-z0-9.-]+") for origin in origins if "*" in origin
    )
    api.add_middleware(
        CORSMiddleware, allow_origins=exact, allow_origin_regex=patterns or None, allow_methods=["GET", "POST"], allow_headers=["Content-Type", "Authorization", "X-API-Key"],
        max_age=86400,
    )  # fmt: skip


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"description": _TOLD[status], "content": {_PROBLEM: {}}} for status in statuses}


def _told(_: Request, error: Exception) -> Response:
    """A known error as problem details (RFC 9457)."""
    status = {QuestionError: 422, TooManyQuestions: 429, UsageError: 409, ArticleMissing: 404}.get(type(error), 503)
    if isinstance(error, TooManyQuestions):
        return JSONResponse(
            {"title": str(error), "status": status, "seconds": error.seconds},
            status,
            {"Retry-After": str(error.seconds)},
            _PROBLEM,
        )
    return JSONResponse({"title": str(error), "status": status}, status, media_type=_PROBLEM)


def _refused(_: Request, error: Exception) -> Response:
    status, sentence, headers = (
        (error.status_code, error.detail, error.headers)
        if isinstance(error, HTTPException)
        else (404, str(error), None)
    )
    return JSONResponse({"title": sentence, "status": status}, status, headers, _PROBLEM)


def _invalid(_: Request, error: Exception) -> Response:
    faults = (
        [{"where": ".".join(map(str, fault["loc"])), "what": fault["msg"]} for fault in error.errors()]
        if isinstance(error, RequestValidationError)
        else []
    )
    return JSONResponse(
        {"title": "The request is not as it should be.", "status": 422, "errors": faults}, 422, media_type=_PROBLEM
    )


def _unchanged(_: Request, error: Exception) -> Response:
    tag = error.tag if isinstance(error, Unchanged) else ""
    return Response(status_code=304, headers={"ETag": tag, "Cache-Control": "no-cache"})
