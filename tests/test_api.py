"""REST and the OpenAI-compatible API: the same answers as in Python, and errors in one sentence."""

import asyncio
import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from textwrap import indent
from threading import Barrier
from typing import Any

import httpx
import openai
import pytest
from command_line import articlebot
from mcp import Client, StdioServerParameters
from serving import served

from bot import Bot
from bot import __version__ as bot_version
from bot.answering.answer import Answer, hit_to_dict
from bot.serve.chat_service import ChatService
from bot.serve.visitor import Visitor
from bot.settings import ChatSettings, Limits
from bot.usage.store import UsageStore

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def api(bot: Bot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    settings = ChatSettings(limits=Limits(questions_per_minute=1000))
    for address in served(bot, settings, UsageStore(tmp_path_factory.mktemp("usage")), ui=False):
        with httpx.Client(base_url=f"{address}/api/v1", trust_env=False) as client:
            yield client


def without_id(answer: dict) -> dict:
    return {key: value for key, value in answer.items() if key != "id"}


@pytest.mark.parametrize(
    ("body", "options"),
    [
        ({"question": "who pays gratuity"}, {}),
        (
            {"question": "and can it be extended?", "history": ["how long is a probation period"]},
            {"history": ["how long is a probation period"]},
        ),
        ({"question": "who pays gratuity", "category": "HRM"}, {"category": "HRM"}),
        ({"question": "gratuty", "as_typed": True}, {"as_typed": True}),
    ],
)
def test_an_answer_is_the_same_as_in_python(api: httpx.Client, bot: Bot, body: dict, options: dict):
    answer = api.post("/ask", json=body).json()
    assert without_id(answer) == without_id(bot.ask(body["question"], **options).to_dict())
    assert list(answer) == list(bot.ask(body["question"]).to_dict())


@pytest.mark.parametrize(
    ("body", "title"),
    [
        ({"question": "  "}, "The question is empty"),
        ({"question": "a" * 1001}, "The question has 1001 characters; the limit is 1000"),
        ({"question": 3}, "The request is not valid"),
        ({"query": "x"}, "The request is not valid"),
        ({"question": "x", "history": ["y"] * 21}, "The request is not valid"),
    ],
)
def test_an_invalid_question_is_answered_with_problem_details(api: httpx.Client, body: dict, title: str):
    reply = api.post("/ask", json=body)
    assert (reply.status_code, reply.headers["content-type"]) == (422, "application/problem+json")
    assert title in reply.json()["title"]


def test_questions_are_suggested_while_typing(api: httpx.Client):
    assert api.get("/suggest", params={"q": "who pays gr"}).json() == {"questions": ["Who pays gratuity?"]}
    assert api.get("/suggest", params={"q": "w"}).json() == {"questions": []}


def test_visitors_may_begin_with_questions_and_categories(bot: Bot, tmp_path: Path):
    for address in served(bot, usage=UsageStore(tmp_path), ui=False):
        with httpx.Client(base_url=f"{address}/api/v1", trust_env=False) as client:
            start = client.get("/start").json()
            assert start["questions"] == list(bot.suggestions.examples())
            assert start["often_asked"] is False
            assert [each["name"] for each in start["categories"]] == ["HRM", "EPFO", "Web & more"]
            assert start["categories"] == client.get("/categories").json()


def test_too_many_questions_are_refused_with_the_time_to_wait(bot: Bot):
    for address in served(bot, ChatSettings(limits=Limits(questions_per_minute=1)), ui=False):
        with httpx.Client(base_url=f"{address}/api/v1", trust_env=False) as client:
            assert client.post("/ask", json={"question": "who pays gratuity"}).status_code == 200
            refused = client.post("/ask", json={"question": "who pays gratuity"})
            assert refused.status_code == 429
            assert 1 <= int(refused.headers["retry-after"]) == refused.json()["seconds"] <= 60
            # Suggestions have ten times the limit.
            assert [client.get("/suggest", params={"q": "who"}).status_code for _ in range(11)] == [200] * 10 + [429]


def test_feedback_on_an_unknown_answer_is_refused(api: httpx.Client):
    answer = api.post("/ask", json={"question": "who pays gratuity"}).json()
    assert api.post("/feedback", json={"answer": answer["id"], "helpful": True}).status_code == 204
    for forged in ("0" * 32, ""):
        reply = api.post("/feedback", json={"answer": forged, "helpful": True})
        assert reply.status_code == 409
        assert reply.json()["title"] == "No such answer was given, or too long ago: nothing was stored."
    for invalid in ({"reason": "boring"}, {"comment": "x" * 2001}):
        assert api.post("/feedback", json={"answer": answer["id"], "helpful": False, **invalid}).status_code == 422


def test_feedback_that_cannot_be_stored_is_an_error(bot: Bot, tmp_path: Path):
    for address in served(bot, ChatSettings(), UsageStore(tmp_path / "gone"), ui=False):
        with httpx.Client(base_url=f"{address}/api/v1", trust_env=False) as client:
            answer = client.post("/ask", json={"question": "who pays gratuity"}).json()
            reply = client.post("/feedback", json={"answer": answer["id"], "helpful": True})
        assert reply.status_code == 409
        assert reply.json()["title"] == "Feedback cannot be stored at the moment: try again later."


def test_fifty_questions_get_the_same_answers_through_every_interface(shipped: Bot, shipped_index: Path):
    with (ROOT / "tests/questions/visitors.csv").open(encoding="utf-8", newline="") as lines:
        questions = [row["question"] for row in csv.DictReader(lines)][:50]
    python = [without_id(json.loads(json.dumps(shipped.ask(question).to_dict()))) for question in questions]
    for address in served(shipped, ChatSettings(limits=Limits(questions_per_minute=1000)), ui=False):
        with httpx.Client(base_url=address, trust_env=False) as client:
            rest = [client.post("/api/v1/ask", json={"question": question}).json() for question in questions]
            bodies = [{"messages": [{"role": "user", "content": question}]} for question in questions]
            chat = [client.post("/v1/chat/completions", json=body).json() for body in bodies]
        assert [without_id(answer) for answer in rest] == python
        assert [without_id(reply["articlebot"]) for reply in chat] == python
        for answer, reply in zip(python, chat, strict=True):
            for source in answer["sources"]:
                is_closest = answer["status"] == "closest"
                words = indent(source["words"], "> ", lambda _: True) if is_closest else source["words"]
                assert words in reply["choices"][0]["message"]["content"]
        assert asyncio.run(ask_over_mcp(f"{address}/mcp", questions)) == python
    stdio = StdioServerParameters(command=sys.executable, args=["-m", "bot", "mcp", "--index", str(shipped_index)])
    assert asyncio.run(ask_over_mcp(stdio, questions)) == python
    assert asyncio.run(ask_in_an_event_loop(shipped, questions)) == python
    for question, expected in list(zip(questions, python, strict=True))[:5]:
        printed = articlebot("ask", question, "--index", str(shipped_index), "--json").stdout
        assert without_id(json.loads(printed)) == expected


async def ask_over_mcp(server: str | StdioServerParameters, questions: list[str]) -> list[dict]:
    async with Client(server) as client:
        return [
            without_id((await client.call_tool("ask_articles", {"question": question})).structured_content)
            for question in questions
        ]


async def ask_in_an_event_loop(bot: Bot, questions: list[str]) -> list[dict]:
    answers = await asyncio.gather(*(bot.aask(question) for question in questions))
    return [without_id(json.loads(json.dumps(answer.to_dict()))) for answer in answers]


def test_passages_are_the_same_as_in_python(api: httpx.Client, bot: Bot):
    found = api.post("/search", json={"question": "can probation be extended", "k": 3, "category": "hrm"}).json()
    expected = [hit_to_dict(hit) for hit in bot.retriever.search("can probation be extended", k=3, category="hrm")]
    assert found == {"hits": json.loads(json.dumps(expected)), "corrected": None, "generation": bot.generation.name}
    recent = api.post("/search", json={"question": "pay", "since": "2026-01-20"}).json()
    assert recent["hits"][0]["article"] == "notice-period"


def test_an_invalid_search_is_refused(api: httpx.Client):
    def status(**options: object) -> int:
        return api.post("/search", json={"question": "pay", **options}).status_code

    assert [status(k=k) for k in (3, 3.0, "3", True, 3.5, 51)] == [200, 200, 422, 422, 422, 422]
    assert [status(since=since) for since in ("2026-02-28", "2026-02-31", 1767225600)] == [200, 422, 422]
    errors = api.post("/search", json={"question": "pay", "since": "2026-02-31"}).json()["errors"]
    assert errors[0]["where"] == "body.since"
    reply = api.post("/search", content=b"\xff", headers={"Content-Type": "application/json"})
    assert reply.headers["content-type"] == "application/problem+json"


def test_articles_and_categories_are_listed(api: httpx.Client):
    listed = api.get("/articles", params={"limit": 2, "offset": 1}).json()
    assert (len(listed["articles"]), listed["total"]) == (2, 4)
    assert [line["id"] for line in api.get("/articles", params={"category": "epfo"}).json()["articles"]] == ["gratuity"]
    article = api.get("/articles/gratuity").json()
    assert article["faqs"] == [
        {"question": "Who pays gratuity?", "answer": "The employer pays it, not the provident fund.", "alternates": []}
    ]
    assert article["text"].startswith("Gratuity is a lump sum")
    missing = api.get("/articles/no/such")
    assert (missing.status_code, missing.json()["title"]) == (404, "There is no article 'no/such'.")
    assert api.get("/categories").json() == [
        {"name": "HRM", "articles": 2},
        {"name": "EPFO", "articles": 1},
        {"name": "Web & more", "articles": 1},
    ]
    for invalid in ({"limit": 101}, {"offset": 2**64}):
        assert api.get("/articles", params=invalid).status_code == 422
    assert api.get("/articles/%0A").headers["content-type"] == "application/problem+json"
    assert api.delete("/articles").headers["allow"] == "GET"


def test_an_unchanged_response_is_not_sent_again(api: httpx.Client, bot: Bot):
    first = api.get("/articles/gratuity")
    assert first.headers["etag"] == f'"{bot.generation.name}"'
    again = api.get("/articles/gratuity", headers={"If-None-Match": f'W/"old", {first.headers["etag"]}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert api.get("/version").json() == {
        "version": bot_version,
        "generation": bot.generation.name,
        "model": bot.generation.manifest.settings.model,
        "articles": 4,
        "passages": bot.generation.table.facts.passages,
    }


@pytest.fixture(scope="module")
def openai_client(bot: Bot) -> Iterator[openai.OpenAI]:
    for address in served(bot, ChatSettings(limits=Limits(questions_per_minute=20)), ui=False):
        client = httpx.Client(trust_env=False)
        yield openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0, http_client=client)


def complete(client: openai.OpenAI, question: str) -> openai.types.chat.ChatCompletion:
    return client.chat.completions.create(model="articlebot", messages=[{"role": "user", "content": question}])


def test_the_openai_client_gets_the_answer_with_its_source(openai_client: openai.OpenAI, bot: Bot):
    assert [model.id for model in openai_client.models.list()] == ["articlebot"]
    answer = complete(openai_client, "Who pays gratuity?")
    (choice,) = answer.choices
    assert choice.finish_reason == "stop"
    asked, words, source = (choice.message.content or "").split("\n\n")
    assert asked == "**Who pays gratuity?**"
    assert words == "The employer pays it, not the provident fund."
    link = "https://example.com/gratuity/#:~:text=The%20employer%20pays%20it%2C%20not%20the%20provident%20fund."
    assert source == f"— [Gratuity]({link}) › FAQs · EPFO · Published 1 December 2025"
    assert without_id(answer.model_extra["articlebot"]) == without_id(bot.ask("Who pays gratuity?").to_dict())


def test_the_openai_client_keeps_the_topic_and_streams(openai_client: openai.OpenAI):
    conversation = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "how long is a probation period"},
        {"role": "assistant", "content": "It is often three to six months."},
        {"role": "user", "content": [{"type": "text", "text": "and can it be extended?"}]},
    ]
    chunks = list(openai_client.chat.completions.create(model="articlebot", messages=conversation, stream=True))
    words = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert words.startswith(
        "**Can a probation period be extended?**\n\nYes, in writing and before it ends.\n\n"
        "— [Probation letter](https://example.com/probation-letter/#:~:text="
    )
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert chunks[-1].model_extra["articlebot"]["topic"] == "how long is a probation period"


def test_the_openai_client_gets_no_answer_small_talk_and_errors(openai_client: openai.OpenAI):
    def content(question: str) -> str:
        return complete(openai_client, question).choices[0].message.content or ""

    assert content("who won the 2011 cricket world cup").startswith("The articles do not answer this.")
    assert content("hello").startswith("Hello! I answer questions about HRM")
    with pytest.raises(openai.BadRequestError, match="The question is empty"):
        content("  ")
    with pytest.raises(openai.BadRequestError, match="messages"):
        openai_client.chat.completions.create(model="articlebot", messages=[])

    with pytest.raises(openai.RateLimitError, match="ask again in"):  # noqa: PT012 - one of them is refused
        for _ in range(21):
            content("who pays gratuity")


def test_at_most_three_questions_are_answered_at_the_same_time(bot: Bot, monkeypatch: pytest.MonkeyPatch):
    service = ChatService(bot, ChatSettings(limits=Limits(questions_per_minute=100)), None)
    running: list[int] = []
    seen: list[int] = []
    three, ask = Barrier(3), Bot.ask

    def counted(self: Bot, *words: Any, **options: Any) -> Answer:
        running.append(1)
        seen.append(len(running))
        three.wait(60)  # no question is answered before three are being answered
        answer = ask(self, *words, **options)
        running.pop()
        return answer

    monkeypatch.setattr(Bot, "ask", counted)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: service.ask("Who pays gratuity?", (), Visitor("::1", "rest")), range(60)))
    assert {answer.text for answer in answers} == {"The employer pays it, not the provident fund."}
    assert max(seen) == 3


def test_without_a_page_gradio_is_not_loaded(shipped_index: Path):
    code = f"""
import sys
from pathlib import Path
from bot.serve.server import open_app
from bot.settings import AnswerSettings, ChatSettings
open_app(Path({str(shipped_index)!r}), AnswerSettings(), ChatSettings(), Path("corpus"), ui=False)
print([name for name in ("gradio", "torch", "pandas") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "[]\n"


def test_the_openapi_document_describes_every_field_and_parameter(api: httpx.Client):
    openapi = api.get("/openapi.json").json()
    paths, schemas = openapi["paths"], openapi["components"]["schemas"]
    assert set(paths) == {
        "/ask", "/search", "/start", "/suggest", "/feedback", "/articles", "/articles/{ident}", "/categories",
        "/version", "/healthz", "/readyz",
    }  # fmt: skip
    assert schemas["Question"]["properties"]["question"]["examples"] == ["how long is a probation period"]
    fields = [
        (name, field)
        for name, schema in schemas.items()
        for field, facts in schema.get("properties", {}).items()
        if name not in ("HTTPValidationError", "ValidationError") and not facts.get("description")
    ]
    assert fields == []
    parameters = [each for path in paths.values() for verb in path.values() for each in verb.get("parameters", [])]
    assert [each["name"] for each in parameters if not each.get("description")] == []
    answer = paths["/ask"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer == {"$ref": "#/components/schemas/Answer"}
