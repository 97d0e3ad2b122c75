"""The OpenAI-compatible door: `POST /v1/chat/completions` and `GET /v1/models`, so that any chat client can ask the articles.

Source: the API reference of OpenAI, "Chat completions" and "Models".
"""

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from bot.answering.answer import Answer, Source, hit_to_dict
from bot.errors import ArticlebotError, QuestionError, TooManyQuestions
from bot.retrieval.topic import earlier_questions
from bot.serve.chat_service import ChatService
from bot.serve.texts import PageTexts
from bot.serve.visitor import Visitor

MODEL = "articlebot"
_PIECE = 80
"""Characters of a piece of a streamed answer."""


_ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"description": "Not a question that can be asked."},
    429: {"description": "Too many questions."},
}


class ChatMessage(BaseModel):
    """A message of a conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[dict[str, Any]] | None = None


class ChatQuestion(BaseModel):
    """A conversation whose last message of the user is the question; other settings of a language model change nothing."""

    messages: list[ChatMessage] = Field(min_length=1)
    model: str = MODEL
    stream: bool = False


def create_openai_api(desk: ChatService, texts: PageTexts) -> FastAPI:
    """The application below `/v1`; it says what it says by itself in the words of `texts`."""
    door = FastAPI(title="articlebot, OpenAI-compatible", docs_url=None, redoc_url=None)

    @door.get("/models")
    def models() -> dict[str, Any]:
        """The one model there is."""
        return {"object": "list", "data": [_model()]}

    @door.get("/models/{name}")
    def model(name: str) -> Response:
        """The one model there is, whatever it is called."""
        return JSONResponse({**_model(), "id": name})

    @door.post("/chat/completions", response_model=None, responses=_ERRORS)
    def complete(body: ChatQuestion, request: Request) -> Response:
        """The answer to the last question, read with those before it."""
        asked = earlier_questions([message.model_dump() for message in body.messages])
        answer = desk.ask(asked[-1] if asked else "", asked[:-1], Visitor.of(request, "openai"))
        words = _markdown(answer, texts)
        if body.stream:
            return StreamingResponse(
                _streamed(answer, words, body.model),
                media_type="text/event-stream",
                headers={"Cache-Control": "no-store"},
            )
        return JSONResponse(_completion(answer, words, body.model))

    door.exception_handler(ArticlebotError)(_told)
    door.exception_handler(RequestValidationError)(_invalid)
    return door


def _model() -> dict[str, Any]:
    return {"id": MODEL, "object": "model", "created": 0, "owned_by": MODEL}


def _completion(answer: Answer, words: str, model: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": words, "refusal": None}
    # Nothing is generated, so nothing is counted.
    usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return {
        **_envelope(answer, model, "chat.completion"),
        "choices": [choice],
        "usage": usage,
        "articlebot": answer.to_dict(),
    }


def _streamed(answer: Answer, words: str, model: str) -> Iterator[str]:
    envelope = _envelope(answer, model, "chat.completion.chunk")
    pieces = [
        {"role": "assistant", "content": ""},
        *({"content": words[start : start + _PIECE]} for start in range(0, len(words), _PIECE)),
    ]
    for piece in pieces:
        yield _event({**envelope, "choices": [{"index": 0, "delta": piece, "finish_reason": None}]})
    yield _event(
        {**envelope, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "articlebot": answer.to_dict()}
    )
    yield "data: [DONE]\n\n"


def _event(data: Mapping[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"


def _envelope(answer: Answer, model: str, kind: Literal["chat.completion", "chat.completion.chunk"]) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{answer.id}",
        "object": kind,
        "created": int(time.time()),
        "model": model,
        "system_fingerprint": answer.generation,
    }


def _markdown(answer: Answer, texts: PageTexts) -> str:
    """An answer's words with their sources, or that there is none, as Markdown."""
    if answer.sources:
        return "\n\n".join([answer.text, *(_source(source, texts) for source in answer.sources)])
    if answer.reply:
        return answer.reply
    head, questions = (
        (texts.ambiguous, answer.did_you_mean) if answer.did_you_mean else (texts.no_answer, answer.suggestions)
    )
    between = [] if answer.did_you_mean or not questions else [texts.begin if answer.categories else texts.nearest]
    return "\n\n".join(
        [" ".join([head, *between]), *(["\n".join(f"- {question}" for question in questions)] if questions else [])]
    )


def _source(source: Source, texts: PageTexts) -> str:
    article, link = source.passage.article, hit_to_dict(source)["link"]
    title = f"[{article.title}]({link})" if link else article.title
    days = [texts.published.format(day=texts.day(article.published))] if article.published else []
    days += [texts.updated.format(day=texts.day(article.updated))] if article.updated else []
    return " · ".join(
        ["— " + " › ".join([title, *source.passage.section]), *([article.category] if article.category else []), *days]
    )


def _told(_: Request, error: Exception) -> Response:
    status, kind = (429, "rate_limit_error") if isinstance(error, TooManyQuestions) else (400, "invalid_request_error")
    if not isinstance(error, (QuestionError, TooManyQuestions)):
        status, kind = 503, "server_error"
    headers = {"Retry-After": str(error.seconds)} if isinstance(error, TooManyQuestions) else {}
    return JSONResponse({"error": {"message": str(error), "type": kind, "param": None, "code": None}}, status, headers)


def _invalid(_: Request, error: Exception) -> Response:
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    where = ".".join(map(str, faults[0]["loc"][1:])) if faults else None
    sentence = f"{where}: {faults[0]['msg']}" if faults else str(error)
    return JSONResponse(
        {"error": {"message": sentence, "type": "invalid_request_error", "param": where, "code": None}}, 400
    )
