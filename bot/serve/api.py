"""The REST surface, version 1: questions, suggestions while typing, feedback."""

from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.middleware.cors import CORSMiddleware

from bot.errors import ArticlebotError, QuestionError, TooManyQuestions, UsageError
from bot.serve.desk import Desk
from bot.usage.store import LONGEST_COMMENT, Reason
from bot.version import __version__

_LONGEST_HISTORY = 20
_PROBLEM = "application/problem+json"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Question(_Model):
    """A visitor's question."""

    question: str = Field(description="At most 1000 characters.", examples=["how long is a probation period"])
    history: list[str] = Field(default=[], max_length=_LONGEST_HISTORY, description="The visitor's earlier questions, oldest first.")
    category: str | None = Field(default=None, description="Only articles of this category take part.", examples=["HRM"])
    as_typed: bool = Field(default=False, description="Whether misspelt words stay as they are.")


class Typed(_Model):
    """Questions that are answered."""

    questions: list[str]


class Feedback(_Model):
    """What a visitor says of an answer."""

    answer: str = Field(description="The `id` of the answer.", max_length=64)
    helpful: bool | None = Field(description="Whether it helped; null takes back what was said.")
    reason: Reason | None = Field(default=None, description="What was wrong with it.")
    comment: str = Field(default="", max_length=LONGEST_COMMENT)


def create_api(desk: Desk) -> FastAPI:
    """The application below `/api/v1`; pages of the origins in the settings may call it from a browser."""
    api = FastAPI(title="articlebot", version=__version__, docs_url=None, redoc_url=None)

    @api.post("/ask", responses=_problems(422, 429))
    def ask(body: Question, request: Request) -> dict[str, Any]:
        """The answer to a question: words of the articles with their source, or that they hold none."""
        return desk.ask(body.question, body.history, address_of(request), category=body.category, as_typed=body.as_typed).to_dict()

    @api.get("/suggest", responses=_problems(429))
    def suggest(
        request: Request, q: Annotated[str, Query(max_length=1000, description="What is typed so far.")], category: str | None = None
    ) -> Typed:
        """Questions of the articles that begin with, or mean, what is typed so far."""
        return Typed(questions=list(desk.typed(q, address_of(request), category)))

    @api.post("/feedback", status_code=204, responses=_problems(409, 422))
    def feedback(body: Feedback) -> None:
        """Say whether an answer helped; a later word replaces an earlier one."""
        desk.vote(body.answer, helpful=body.helpful, reason=body.reason, comment=body.comment)

    api.exception_handler(ArticlebotError)(_told)
    api.exception_handler(RequestValidationError)(_invalid)
    origins = desk.settings.origins
    exact = [origin for origin in origins if "*" not in origin]
    patterns = "|".join(origin.replace(".", r"\.").replace("*", "[A-Za-z0-9.-]+") for origin in origins if "*" in origin)
    api.add_middleware(
        CORSMiddleware,
        allow_origins=exact,
        allow_origin_regex=patterns or None,
        allow_methods=["GET", "POST"],
        allow_headers=["Content-Type"],
        max_age=86400,
    )
    return api


def address_of(request: Request) -> str:
    """The visitor's address, as the server that stands before the application tells it."""
    return request.client.host if request.client else ""


def _problems(*statuses: Literal[409, 422, 429]) -> dict[int | str, dict[str, Any]]:
    told = {
        409: "No such answer was given, or what is said of it cannot be stored.",
        422: "Not a question that can be asked.",
        429: "Too many questions.",
    }
    return {status: {"description": told[status], "content": {_PROBLEM: {}}} for status in statuses}


def _told(_: Request, error: Exception) -> Response:
    """A known error as problem details (RFC 9457)."""
    status = {QuestionError: 422, TooManyQuestions: 429, UsageError: 409}.get(type(error), 503)
    if isinstance(error, TooManyQuestions):
        return JSONResponse({"title": str(error), "status": status, "seconds": error.seconds}, status, {"Retry-After": str(error.seconds)}, _PROBLEM)
    return JSONResponse({"title": str(error), "status": status}, status, media_type=_PROBLEM)


def _invalid(_: Request, error: Exception) -> Response:
    faults = (
        [{"where": ".".join(map(str, fault["loc"])), "what": fault["msg"]} for fault in error.errors()]
        if isinstance(error, RequestValidationError)
        else []
    )
    return JSONResponse({"title": "The request is not as it should be.", "status": 422, "errors": faults}, 422, media_type=_PROBLEM)
