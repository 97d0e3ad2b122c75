"""API keys, their rate limits, and the metrics for Prometheus."""

import json
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest
from command_line import articlebot
from prometheus_client.parser import text_string_to_metric_families
from serving import Hedging, served

from bot import Bot
from bot.errors import ServeError, SettingsError
from bot.serve.api.keys import hash_key, new_key
from bot.serve.application import create_app
from bot.serve.settings_file import read_settings
from bot.settings import ApiKey, ChatSettings, Limits, MetricsSettings
from bot.usage.store import UsageStore

pytestmark = pytest.mark.slow

KEY, SLOW = "ab_the-key-of-the-crm", "ab_the-key-of-a-slow-one"
QUESTION = {"question": "who pays gratuity"}
WIDGET = {"Origin": "https://www.example.com"}


@pytest.fixture(scope="module")
def keyed(bot: Bot) -> Iterator[str]:
    """The address of a server without a page, with two keys and a widget on two sites."""
    keys = {"crm": ApiKey(hash_key(KEY)), "slow": ApiKey(hash_key(SLOW), 2)}
    settings = ChatSettings(
        limits=Limits(questions_per_minute=3), keys=keys, origins=("https://www.example.com", "https://*.example.org")
    )
    yield from served(bot, settings, ui=False)


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/api/v1/articles", {}, 401),
        ("GET", "/api/v1/articles", {"X-API-Key": KEY}, 200),
        ("GET", "/api/v1/articles", {"Authorization": f"Bearer {KEY}"}, 200),
        ("GET", "/api/v1/articles", {"Authorization": f"Bearer {KEY}x"}, 401),
        ("GET", "/api/v1/articles", {"Authorization": f"Basic {KEY}"}, 401),
        ("GET", "/api/v1/articles", {"X-API-Key": hash_key(KEY)}, 401),
        ("GET", "/api/v1/articles", WIDGET, 401),
        ("GET", "/v1/models", {}, 401),
        ("GET", "/v1/models", {"Authorization": f"Bearer {KEY}"}, 200),
        ("POST", "/api/v1/search", WIDGET, 401),
        ("POST", "/api/v1/ask", {}, 401),
        ("POST", "/api/v1/ask", {"Origin": "https://www.example.net"}, 401),
        ("POST", "/api/v1/ask", {"Origin": "https://evil-example.org"}, 401),
        ("POST", "/api/v1/ask", {"Origin": "https://jobs.example.org"}, 200),
        ("POST", "/api/v1/ask", {**WIDGET, "X-API-Key": "wrong"}, 401),
        ("GET", "/api/v1/start", {}, 200),
        ("GET", "/api/v1/suggest?q=grat", {}, 200),
        ("GET", "/api/v1/healthz", {}, 200),
        ("GET", "/healthz", {}, 200),
    ],
)
def test_programs_need_a_key_and_the_visitors_page_does_not(
    keyed: str, method: str, path: str, headers: dict[str, str], status: int
):
    reply = httpx.request(
        method, keyed + path, headers=headers, json=QUESTION if method == "POST" else None, trust_env=False
    )
    assert reply.status_code == status
    if status == 401:
        assert reply.headers["WWW-Authenticate"] == "Bearer"
        assert re.search("needs an API key|not known here", reply.text)


def test_a_page_of_an_allowed_origin_passes_the_preflight(keyed: str):
    headers = {**WIDGET, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    reply = httpx.request("OPTIONS", f"{keyed}/api/v1/ask", headers=headers, trust_env=False)
    assert (reply.status_code, reply.headers["Access-Control-Allow-Origin"]) == (200, "https://www.example.com")


@pytest.mark.parametrize("path", ["/api/v1/search", "/v1/chat/completions"])
def test_only_a_page_of_an_allowed_origin_may_read_that_a_key_is_wrong(keyed: str, path: str):
    for origin, allowed in (("https://www.example.com", "https://www.example.com"), ("https://evil.example", None)):
        headers = {"Origin": origin, "X-API-Key": "wrong"}
        reply = httpx.post(keyed + path, headers=headers, json=QUESTION, trust_env=False)
        assert (reply.status_code, reply.headers["vary"]) == (401, "Origin")
        assert reply.headers.get("access-control-allow-origin") == allowed


def test_openai_clients_get_errors_in_their_own_format(keyed: str):
    def ask(key: str) -> str | None:
        client = openai.OpenAI(
            base_url=f"{keyed}/v1", api_key=key, http_client=httpx.Client(trust_env=False), max_retries=0
        )
        return (
            client.chat.completions.create(
                model="articlebot", messages=[{"role": "user", "content": "who pays gratuity"}]
            )
            .choices[0]
            .message.content
        )

    assert (ask(KEY) or "").startswith("**Who pays gratuity?**\n\nThe employer pays it")
    with pytest.raises(openai.AuthenticationError, match="not known here") as refused:
        ask("wrong")
    assert refused.value.code == "invalid_api_key"


def test_a_key_has_its_own_rate_limit(keyed: str):
    def ask(headers: dict[str, str]) -> int:
        return httpx.post(f"{keyed}/api/v1/ask", json=QUESTION, headers=headers, trust_env=False).status_code

    assert [ask({"X-API-Key": SLOW}) for _ in range(3)] == [200, 200, 429]
    assert [ask({"X-API-Key": KEY}) for _ in range(8)] == [200] * 8
    assert 429 in [ask(WIDGET) for _ in range(4)]


def test_the_page_of_a_server_with_keys_needs_none(bot: Bot):
    for address in served(bot, ChatSettings(keys={"crm": ApiKey(hash_key(KEY))})):
        own = {"Origin": address}
        assert httpx.post(f"{address}/api/v1/ask", json=QUESTION, headers=own, trust_env=False).status_code == 200
        assert httpx.get(f"{address}/api/v1/suggest?q=grat", trust_env=False).status_code == 200
        assert httpx.get(f"{address}/", trust_env=False).status_code == 200
        assert httpx.get(f"{address}/api/v1/categories", headers=own, trust_env=False).status_code == 401


def test_without_a_page_and_a_widget_every_call_needs_a_key(bot: Bot):
    for address in served(bot, ChatSettings(keys={"crm": ApiKey(hash_key(KEY))}), ui=False):
        for path in ("/api/v1/suggest?q=grat", "/api/v1/categories", "/v1/models"):
            assert httpx.get(address + path, headers={"Origin": address}, trust_env=False).status_code == 401
        openapi = httpx.get(f"{address}/api/v1/openapi.json", trust_env=False).json()
        scheme = {"type": "http", "scheme": "bearer", "description": "An API key, made by articlebot key."}
        assert openapi["components"]["securitySchemes"] == {"HTTPBearer": scheme}


def test_a_new_key_is_stored_only_as_its_hash(tmp_path: Path):
    done = articlebot("key", "the crm 🌍").stdout
    key, entry = done.splitlines()[0], done[done.index("[keys") :]
    (tmp_path / "chat.toml").write_text(f"{entry}questions_per_minute = 5\n", encoding="utf-8")
    assert read_settings(tmp_path / "chat.toml").keys == {"the crm 🌍": ApiKey(hash_key(key), 5)}
    assert key not in entry
    facts = json.loads(articlebot("key", "x", "--json").stdout)
    assert facts["sha256"] == hash_key(facts["key"])
    assert len({new_key()[0] for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[keys.crm]\nsha256 = "abc"', "keys.crm.sha256 must be the 64 digits that articlebot key prints."),
        (
            f'[keys.crm]\nsha256 = "{hash_key("x")}"\nquestions_per_minute = 0',
            "keys.crm.questions_per_minute: Input should be greater than or equal to 1.",
        ),
        (
            f'[keys.crm]\nsha256 = "{hash_key("x")}"\npace = 3',
            "there is no setting 'pace' at [keys.crm]: there are sha256, questions_per_minute.",
        ),
        ("[keys]\ncrm = 3", "keys.crm: Input should be"),
        ("[keys.crm]\nquestions_per_minute = 3", "keys.crm.sha256: Field required."),
        ('[metrics]\npath = "metrics"', "metrics.path must be like /metrics, not 'metrics'."),
        ("[metrics]\nport = 70000", "metrics.port: Input should be less than or equal to 65535."),
    ],
)
def test_invalid_keys_and_metrics_are_reported_in_one_sentence(tmp_path: Path, content: str, message: str):
    (tmp_path / "chat.toml").write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        read_settings(tmp_path / "chat.toml")
    assert message in str(refused.value)


def metrics(text: str) -> dict[str, float]:
    """Return the value of each sample by its name and labels."""
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {
        " ".join([sample.name, *(f"{name}={value}" for name, value in sorted(sample.labels.items()))]): sample.value
        for sample in samples
    }


def test_prometheus_reads_questions_answers_and_refusals(bot: Bot, tmp_path: Path):
    settings = ChatSettings(limits=Limits(questions_per_minute=5), metrics=MetricsSettings(path="/metrics"))
    for address in served(Hedging(bot.retriever), settings, UsageStore(tmp_path)):
        with httpx.Client(base_url=address, trust_env=False) as client:
            started = time.perf_counter()
            answer = client.post("/api/v1/ask", json=QUESTION).json()
            client.post("/api/v1/ask", json={"question": "best biryani in Hyderabad"})
            client.post("/api/v1/ask", json={"question": "thanks"})
            client.post("/api/v1/ask", json={"question": "about who pays gratuity"})
            client.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": "who pays gratuity"}]})
            assert client.post("/api/v1/ask", json=QUESTION).status_code == 429
            client.post("/api/v1/feedback", json={"answer": answer["id"], "helpful": True})
            reply = client.get("/metrics")
            passed = time.perf_counter() - started
    assert reply.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    values = metrics(reply.text)
    expected = {
        "articlebot_questions_total channel=rest status=answered": 1,
        "articlebot_questions_total channel=rest status=closest": 1,
        "articlebot_questions_total channel=rest status=no_answer": 1,
        "articlebot_questions_total channel=rest status=small_talk": 1,
        "articlebot_questions_total channel=openai status=answered": 1,
        "articlebot_question_seconds_count channel=rest": 4,
        "articlebot_turned_away_total channel=rest": 1,
        "articlebot_votes_total helpful=yes": 1,
        "articlebot_responses_total door=rest status=200": 4,
        "articlebot_responses_total door=rest status=429": 1,
        "articlebot_articles": 4,
        "articlebot_passages": bot.generation.table.facts.passages,
        "articlebot_generation_refused": 0,
    }
    assert {name: values.get(name) for name in expected} == expected
    assert 0 < values["articlebot_question_seconds_sum channel=rest"] < passed, "seconds, not milliseconds"
    assert values["process_resident_memory_bytes"] > 50_000_000
    assert f'generation="{bot.generation.name}"' in reply.text
    assert "pays" not in reply.text


def test_metrics_are_off_by_default_and_can_have_their_own_port(bot: Bot):
    for address in served(bot, ui=False):
        assert httpx.get(f"{address}/metrics", trust_env=False).status_code == 404
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServeError) as refused:
            create_app(bot, ChatSettings(metrics=MetricsSettings(port=port)), ui=False)
    reason = f"Cannot listen on 127.0.0.1:{port} for metrics (Address already in use)"
    assert str(refused.value) == f"{reason}: name another [metrics] port."
    for address in served(bot, ChatSettings(metrics=MetricsSettings(port=port)), ui=False):
        assert httpx.get(f"{address}/metrics", trust_env=False).status_code == 404
        assert "articlebot_passages" in httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
