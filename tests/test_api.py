"""The REST surface: the same answers as in Python, and one sentence for what cannot be."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from serving import served

from bot import Bot
from bot.settings import ChatSettings, Limits
from bot.usage.store import UsageStore


@pytest.fixture(scope="module")
def api(bot: Bot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    settings = ChatSettings(limits=Limits(questions_per_minute=1000))
    for address in served(bot, settings, UsageStore(tmp_path_factory.mktemp("usage"))):
        with httpx.Client(base_url=f"{address}/api/v1", trust_env=False) as client:
            yield client


def without_id(answer: dict) -> dict:
    return {key: value for key, value in answer.items() if key != "id"}


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        ({"question": "who pays gratuity"}, {}),
        ({"question": "and can it be extended?", "history": ["how long is a probation period"]}, {"history": ["how long is a probation period"]}),
        ({"question": "who pays gratuity", "category": "HRM"}, {"category": "HRM"}),
        ({"question": "gratuty", "as_typed": True}, {"as_typed": True}),
    ],
)
def test_an_answer_is_that_of_python(api: httpx.Client, bot: Bot, body: dict, asked: dict):
    assert without_id(api.post("/ask", json=body).json()) == without_id(bot.ask(body["question"], **asked).to_dict())


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"question": "  "}, "The question is empty"),
        ({"question": "a" * 1001}, "The question has 1001 characters, 1000 are read"),
        ({"question": 3}, "The request is not as it should be"),
        ({"query": "x"}, "The request is not as it should be"),
        ({"question": "x", "history": ["y"] * 21}, "The request is not as it should be"),
    ],
)
def test_what_cannot_be_asked_is_told_as_problem_details(api: httpx.Client, body: dict, sentence: str):
    reply = api.post("/ask", json=body)
    assert (reply.status_code, reply.headers["content-type"]) == (422, "application/problem+json")
    assert sentence in reply.json()["title"]


def test_questions_are_suggested_while_typing(api: httpx.Client):
    assert api.get("/suggest", params={"q": "who pays gr"}).json() == {"questions": ["Who pays gratuity?"]}
    assert api.get("/suggest", params={"q": "w"}).json() == {"questions": []}


def test_too_many_questions_are_refused_with_the_time_to_wait(bot: Bot):
    for address in served(bot, ChatSettings(limits=Limits(questions_per_minute=1))):
        with httpx.Client(base_url=f"{address}/api/v1", trust_env=False) as client:
            assert client.post("/ask", json={"question": "who pays gratuity"}).status_code == 200
            refused = client.post("/ask", json={"question": "who pays gratuity"})
            assert refused.status_code == 429
            assert 1 <= int(refused.headers["retry-after"]) == refused.json()["seconds"] <= 60
            # Suggestions are typed ten times as fast.
            assert [client.get("/suggest", params={"q": "who"}).status_code for _ in range(11)] == [200] * 10 + [429]


def test_only_an_answer_that_was_given_can_be_voted_on(api: httpx.Client):
    answer = api.post("/ask", json={"question": "who pays gratuity"}).json()
    assert api.post("/feedback", json={"answer": answer["id"], "helpful": True}).status_code == 204
    for forged in ("0" * 32, ""):
        reply = api.post("/feedback", json={"answer": forged, "helpful": True})
        assert (reply.status_code, reply.json()["title"]) == (409, "No such answer was given, or too long ago: nothing was stored.")
    assert api.post("/feedback", json={"answer": answer["id"], "helpful": False, "reason": "boring"}).status_code == 422
    assert api.post("/feedback", json={"answer": answer["id"], "helpful": False, "comment": "x" * 2001}).status_code == 422


def test_feedback_that_cannot_be_stored_is_told(bot: Bot, tmp_path: Path):
    for address in served(bot, ChatSettings(), UsageStore(tmp_path / "gone")):
        answer = httpx.post(f"{address}/api/v1/ask", json={"question": "who pays gratuity"}, trust_env=False).json()
        reply = httpx.post(f"{address}/api/v1/feedback", json={"answer": answer["id"], "helpful": True}, trust_env=False)
        assert reply.status_code == 409
        assert "cannot be written" in reply.json()["title"]


def test_the_interface_describes_itself(api: httpx.Client):
    described = api.get("/openapi.json").json()
    assert set(described["paths"]) == {"/ask", "/suggest", "/feedback"}
    assert described["components"]["schemas"]["Question"]["properties"]["question"]["examples"] == ["how long is a probation period"]
