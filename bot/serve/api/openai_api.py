"""The API of OpenAI's reference, "Chat completions" and "Models": any chat client can ask the articles."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from textwrap import indent
from typing import Any, Literal
from uuid import uuid4

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from bot.answering.answer import Answer, Source
from bot.answering.link import quoting_link
from bot.errors import ArticlebotError, QuestionError, TooManyQuestions
from bot.index.filters import last_change
from bot.retrieval.topic import Turn, content_of, earlier_questions
from bot.serve.api.client_tasks import DECLINED, is_client_task
from bot.serve.api.error_responses import NOT_JSON, is_no_json, openai_error, public_message
from bot.serve.api.keys import add_cors
from bot.serve.api.schemas import WholeText
from bot.serve.chat_service import ChatService
from bot.serve.prefix_middleware import prefix_of
from bot.serve.texts import PageTexts
from bot.serve.visitor import Visitor

MODEL = "articlebot"
_USAGE = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}  # no tokens are generated
_CHUNK = 80  # characters in one chunk of a streamed answer
_ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"description": "The question is not valid."},
    429: {"description": "Too many questions."},
}


class ChatMessage(BaseModel):
    """A message of a conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[dict[str, Any]] | None = None


class StreamOptions(BaseModel):
    """What a streamed answer holds besides its words."""

    include_usage: bool = False


class ChatQuestion(WholeText):
    """A conversation whose last user message is the question; other parameters of OpenAI's API are ignored."""

    messages: list[ChatMessage] = Field(min_length=1)
    model: str = MODEL
    stream: bool = False
    stream_options: StreamOptions | None = None


def create_openai_api(service: ChatService, texts: PageTexts) -> FastAPI:
    """Return the application below `/v1`; `texts` has its own sentences, such as that there is no answer."""
    api = FastAPI(title="articlebot, OpenAI-compatible", docs_url=None, redoc_url=None, redirect_slashes=False)

    @api.get("/models")
    def models() -> dict[str, Any]:
        """List the only model."""
        return {"object": "list", "data": [_model(MODEL)]}

    @api.get("/models/{name}")
    def model(name: str) -> dict[str, Any]:
        """Return the only model under any name."""
        return _model(name)

    @api.post("/chat/completions", response_model=None, responses=_ERRORS)
    def complete(body: ChatQuestion, request: Request) -> Response:
        """Answer the last question, read together with those before it."""
        messages = [message.model_dump() for message in body.messages]
        if is_client_task(messages):
            # It is neither searched nor logged.
            refusal = Answer(uuid4().hex, "no_answer", "", "", 0.0, (), (), service.bot.generation.name, reply=DECLINED)
            return _response(refusal, DECLINED, body)
        turns: list[Turn] = [_without_refusal(message, texts) for message in messages]
        last = max((place for place, turn in enumerate(turns) if earlier_questions([turn])), default=0)
        question = next(iter(earlier_questions(turns[last:])), "")
        answer = service.ask(question, turns[:last], Visitor.of(request, "openai"))
        return _response(answer, _markdown(answer, texts), body)

    api.exception_handler(ArticlebotError)(_known_error)
    api.exception_handler(HTTPException)(_http_error)
    api.exception_handler(RequestValidationError)(_invalid_request)
    add_cors(api, service.settings.origins)
    return api


def _without_refusal(message: dict[str, Any], texts: PageTexts) -> dict[str, Any]:
    """Return a message of a client; empty if it repeats that there was no answer: what it suggests was not shown."""
    refusals = (texts["no_answer"], texts["ambiguous"], DECLINED)
    is_refusal = message["role"] == "assistant" and content_of(message).startswith(refusals)
    return {**message, "content": ""} if is_refusal else message


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": MODEL}


def _response(answer: Answer, content: str, body: ChatQuestion) -> Response:
    if body.stream:
        with_usage = body.stream_options is not None and body.stream_options.include_usage
        chunks = _stream(answer, content, body.model, with_usage=with_usage)
        return StreamingResponse(chunks, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
    message = {"role": "assistant", "content": content, "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    envelope = _envelope(answer, body.model, "chat.completion")
    return JSONResponse({**envelope, "choices": [choice], "usage": _USAGE, "articlebot": answer.to_dict()})


def _stream(answer: Answer, content: str, model: str, *, with_usage: bool) -> Iterator[str]:
    """Yield the server-sent events of a streamed answer; `with_usage` adds a last one with the usage."""
    envelope = _envelope(answer, model, "chat.completion.chunk") | ({"usage": None} if with_usage else {})

    def event(delta: Mapping[str, str] | None, finish_reason: str | None = None, **facts: Any) -> str:
        choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish_reason}]
        return f"data: {json.dumps({**envelope, 'choices': choices, **facts}, ensure_ascii=False)}\n\n"

    yield event({"role": "assistant", "content": ""})
    for start in range(0, len(content), _CHUNK):
        yield event({"content": content[start : start + _CHUNK]})
    yield event({}, "stop", articlebot=answer.to_dict())
    if with_usage:
        yield event(None, usage=_USAGE)
    yield "data: [DONE]\n\n"


def _envelope(answer: Answer, model: str, kind: Literal["chat.completion", "chat.completion.chunk"]) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{answer.id}",
        "object": kind,
        "created": int(time.time()),
        "model": model,
        "system_fingerprint": answer.generation,
    }


def _markdown(answer: Answer, texts: PageTexts) -> str:
    """Return an answer with its sources, or the sentence that there is none, as Markdown."""
    if answer.unknown:
        note = texts["unknown"].format(names=", ".join(answer.unknown))
        return f"{note}\n\n{_markdown(replace(answer, unknown=()), texts)}"
    if answer.answers:
        parts = (answer, *answer.answers)
        return "\n\n".join(f"**{part.asked}**\n\n{_markdown(replace(part, answers=()), texts)}" for part in parts)
    if answer.status == "closest":
        # A quotation below a notice, so that nobody takes it for an answer.
        further = [texts["ambiguous"], _bullets(answer.suggestions)] if answer.suggestions else []
        return "\n\n".join([texts["closest"], *_quotes(answer, texts), *_newer(answer, texts), *further])
    if answer.sources:
        return "\n\n".join([*_quotes(answer, texts), *_newer(answer, texts)])
    if answer.reply:
        return answer.reply
    if answer.did_you_mean:
        return "\n\n".join([texts["ambiguous"], _bullets(answer.did_you_mean)])
    lead = texts["nearest"] if answer.suggestions else texts["begin"] if answer.categories else ""
    offered = _bullets(answer.suggestions or answer.categories)
    return "\n\n".join(filter(None, [f"{texts['no_answer']} {lead}".strip(), offered]))


def _quotes(answer: Answer, texts: PageTexts) -> list[str]:
    """Return the words of each source with the line that names it; below a heading from the second on."""
    parts, is_closest = [], answer.status == "closest"
    passed = " ".join(texts["passed"].format(day=texts.day(day)) for day in answer.passed)
    for number, source in enumerate(answer.sources, 1):
        heading = [texts["also_close"] if is_closest else f"*{texts['also_likely']}*"] if number > 1 else []
        quoted = indent(_quoted(source), "> ", lambda _: True) if is_closest else _quoted(source)
        note = [passed] if passed and number == len(answer.sources) else []
        parts += [*heading, quoted, *note, _source_line(source, texts)]
    return parts


def _quoted(source: Source) -> str:
    """Return the words quoted, below the question of their FAQ: "No." answers that, not always what was asked."""
    asked = source.passage.question
    return f"**{asked}**\n\n{source.words}" if asked else source.words


def _bullets(questions: tuple[str, ...]) -> str:
    return "\n".join(f"- {question}" for question in questions)


def _newer(answer: Answer, texts: PageTexts) -> list[str]:
    if answer.newer is None:
        return []
    article = answer.newer.passage.article
    link = quoting_link(article.url, answer.newer.passage.text)
    title = f"[{article.title}]({link})" if link else article.title
    return [texts["newer"].format(title=title, day=texts.day(last_change(article)))]


def _source_line(source: Source, texts: PageTexts) -> str:
    article = source.passage.article
    link = quoting_link(article.url, source.passage.text[slice(*source.quote)])
    title = f"[{article.title}]({link})" if link else article.title
    published = texts["published"].format(day=texts.day(article.published)) if article.published else None
    updated = texts["updated"].format(day=texts.day(article.updated)) if article.updated else None
    heading = " › ".join([title, *source.passage.section])
    return " · ".join(filter(None, [f"— {heading}", article.category, published, updated]))


def _known_error(_: Request, error: Exception) -> Response:
    if isinstance(error, TooManyQuestions):
        return openai_error(429, str(error), "rate_limit_error", {"Retry-After": str(error.seconds)})
    if isinstance(error, QuestionError):
        return openai_error(400, str(error))
    return openai_error(503, public_message(error), "server_error")


def _http_error(request: Request, error: Any) -> Response:
    what = f"{request.method} {request.url.path}"
    here = f"{prefix_of(request.scope)}/v1"
    unknown = f"{what} does not exist here: there are POST {here}/chat/completions and GET {here}/models."
    message = {400: NOT_JSON, 404: unknown, 405: unknown}.get(error.status_code, error.detail)
    return openai_error(error.status_code, message, headers=error.headers)


def _invalid_request(_: Request, error: Any) -> Response:
    if is_no_json(error):
        return openai_error(400, NOT_JSON)
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"][1:]))
    reason = first["msg"].removeprefix("Value error, ")
    return openai_error(400, f"{where}: {reason}" if where else reason, param=where or None)
