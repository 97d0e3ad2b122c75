"""REST, version 1: answers, passages, suggestions, feedback and articles."""

from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request, Response, Security
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException

from bot.answering import schema
from bot.errors import ArticlebotError, ArticleMissing, LogUnavailable, QuestionError, TooManyQuestions, UsageError
from bot.languages.registry import ENGLISH
from bot.serve.api import schemas, serializers
from bot.serve.api.articles_api import articles_routes, check_etag, health_routes
from bot.serve.api.error_responses import NOT_JSON, is_no_json, problem, problem_schemas, public_message
from bot.serve.api.keys import add_cors
from bot.serve.chat_service import ChatService
from bot.serve.prefix_middleware import prefix_of
from bot.serve.visitor import Visitor
from bot.version import __version__

_STATUSES = {QuestionError: 422, TooManyQuestions: 429, UsageError: 409, LogUnavailable: 409, ArticleMissing: 404}
_KEY = Security(HTTPBearer(auto_error=False, description="An API key, made by articlebot key."))


def create_api(service: ChatService) -> FastAPI:
    """Return the application below `/api/v1`; pages of the `origins` setting may call it from a browser."""
    keys = [_KEY] if service.settings.keys else []
    errors = problem_schemas(400, 422, *([401] if keys else []))
    api = FastAPI(
        title="articlebot", version=__version__, docs_url=None, redoc_url=None, responses=errors, dependencies=keys
    )
    _add_routes(api, service)
    api.include_router(articles_routes(service))
    api.include_router(health_routes(service.bot))
    api.exception_handler(ArticlebotError)(_known_error)
    api.exception_handler(HTTPException)(_http_error)
    api.exception_handler(RequestValidationError)(_invalid_request)
    add_cors(api, service.settings.origins)
    return api


def _add_routes(api: FastAPI, service: ChatService) -> None:
    @api.post("/ask", responses=problem_schemas(429))
    def ask(body: schemas.Question, request: Request) -> schema.Answer:
        """Answer a question with words of the articles and their source, or report that they hold no answer.

        With status `closest`, the words come closest but may not answer the question: tell your readers so.
        """
        return serializers.ask(service, body, Visitor.of(request, "rest"))

    @api.post("/search", responses=problem_schemas(429))
    def search(body: schemas.Search, request: Request) -> schemas.Hits:
        """Find the passages that most likely answer a question, also if none is likely enough for an answer."""
        return serializers.search(service, body, Visitor.of(request, "rest"))

    @api.get("/start")
    def start(
        language: Annotated[str, Query(max_length=35, description="The language of the questions.")] = ENGLISH.code,
    ) -> schemas.Start:
        """Return what visitors may begin with: questions, in the language if there are some, and the categories."""
        questions, are_frequent = service.starters.offer(language)
        categories = serializers.categories(service)
        return schemas.Start(questions=list(questions), often_asked=are_frequent, categories=categories)

    @api.get("/suggest", responses=problem_schemas(429), dependencies=[Depends(check_etag(service))])
    def suggest(
        request: Request,
        q: Annotated[str, Query(max_length=1000, description="The text typed so far.", examples=["how long"])],
        category: Annotated[str | None, Query(description="Suggest only questions of this category.")] = None,
    ) -> schemas.Suggestions:
        """Suggest questions of the articles that begin with the typed text or mean the same."""
        serializers.check(service, category)
        return schemas.Suggestions(questions=list(service.suggest(q, Visitor.of(request, "rest"), category)))

    @api.post("/feedback", status_code=204, responses=problem_schemas(409))
    def feedback(body: schemas.Feedback) -> None:
        """Store whether an answer helped; later feedback on the same answer replaces it."""
        service.vote(body.answer, helpful=body.helpful, reason=body.reason, comment=body.comment)


def _known_error(_: Request, error: Exception) -> Response:
    status, message = _STATUSES.get(type(error), 503), public_message(error)
    if isinstance(error, TooManyQuestions):
        return problem(status, message, {"Retry-After": str(error.seconds)}, seconds=error.seconds)
    return problem(status, message)


def _http_error(request: Request, error: Any) -> Response:
    if error.status_code == 304:
        return Response(status_code=304, headers=error.headers)
    described = f"{prefix_of(request.scope)}/api/v1/openapi.json"
    unknown = f"{request.method} {request.url.path} does not exist here: {described} lists what does."
    title = {400: NOT_JSON, 404: unknown, 405: unknown}.get(error.status_code, error.detail)
    return problem(error.status_code, title, error.headers)


def _invalid_request(_: Request, error: Any) -> Response:
    if is_no_json(error):
        return problem(400, NOT_JSON)
    errors = [
        {"where": ".".join(map(str, each["loc"])), "what": each["msg"].removeprefix("Value error, ")}
        for each in error.errors()
    ]
    return problem(422, "The request is not valid.", errors=errors)
