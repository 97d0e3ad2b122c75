"""Errors as HTTP responses: problem details (RFC 9457), and the errors of OpenAI's API."""

import logging
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from bot.errors import ArticleMissing, LogUnavailable, QuestionError, TooManyQuestions, UsageError

_log = logging.getLogger(__name__)

_OF_REQUESTS = (ArticleMissing, QuestionError, TooManyQuestions, UsageError)
NOT_JSON = "The body is no JSON object: send one in UTF-8, with the header Content-Type: application/json."
UNAVAILABLE = "The articles cannot be searched at the moment: try again later."
_NOT_STORED = "Feedback cannot be stored at the moment: try again later."
PROBLEM = "application/problem+json"
_DESCRIPTIONS = {
    400: "The request is not JSON.",
    401: "The API key is missing or unknown.",
    404: "There is nothing with this name.",
    409: "No such answer was given, or the feedback on it cannot be stored.",
    422: "The request is not valid; the title says why.",
    429: "Too many questions from one address; Retry-After gives the seconds to wait.",
    503: "The index cannot be read at the moment.",
}


def public_message(error: Exception) -> str:
    """Return what the sender of a request may read of an error.

    That is its message, if the request is at fault. Other messages name files, hosts and commands: they are logged.
    """
    if isinstance(error, _OF_REQUESTS) and not isinstance(error, LogUnavailable):
        return str(error)
    _log.error("%s", error)
    return _NOT_STORED if isinstance(error, LogUnavailable) else UNAVAILABLE


def is_no_json(error: RequestValidationError) -> bool:
    """Whether the body of a request was not read as a JSON object."""
    kind, where = (error.errors()[0][name] for name in ("type", "loc"))
    return bool(kind == "json_invalid" or (where == ("body",) and kind != "value_error"))


def problem_schemas(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of these statuses."""
    return {status: {"description": _DESCRIPTIONS[status], "content": {PROBLEM: {}}} for status in statuses}


def problem(status: int, title: str, headers: dict[str, str] | None = None, **facts: Any) -> JSONResponse:
    """Return problem details with one sentence as the title."""
    return JSONResponse({"title": title, "status": status, **facts}, status, headers, PROBLEM)


def openai_error(
    status: int, message: str, kind: str = "invalid_request_error", headers: dict[str, str] | None = None, **facts: Any
) -> JSONResponse:
    """Return an error as clients of OpenAI's API read it; `facts` may hold `param` and `code`."""
    error = {"message": message, "type": kind, "param": None, "code": None, **facts}
    return JSONResponse({"error": error}, status, headers)
