"""What clients of the APIs send and read beside questions: broken text, their own tasks, CORS, REST's page."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest
from serving import served

from bot import Bot
from bot.errors import QuestionError
from bot.serve.api.client_tasks import DECLINED
from bot.settings import ChatSettings, Limits
from bot.testing import QUESTIONS, tiny_index
from bot.usage.store import UsageStore

QUESTION = QUESTIONS["answered"]
HALF = '"hi\\ud83d"'
"""JSON of a text that ends with half an emoji."""
SITE = "https://www.example.com"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_index(tmp_path_factory.mktemp("clients") / "index")


@pytest.fixture(scope="module")
def usage(tmp_path_factory: pytest.TempPathFactory) -> UsageStore:
    return UsageStore(tmp_path_factory.mktemp("usage"))


@pytest.fixture(scope="module")
def address(index: Path, usage: UsageStore) -> Iterator[str]:
    settings = ChatSettings(limits=Limits(questions_per_minute=10_000), origins=(SITE,))
    yield from served(Bot.open(index), settings, usage, ui=False)


@pytest.fixture(scope="module")
def http(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def client(address: str) -> openai.OpenAI:
    return openai.OpenAI(
        base_url=f"{address}/v1", api_key="none", max_retries=0, http_client=httpx.Client(trust_env=False, timeout=60)
    )


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/v1/ask", f'{{"question": {HALF}}}', 422),
        ("/api/v1/ask", f'{{"question": "x", "history": [{HALF}]}}', 422),
        ("/api/v1/ask", f'{{"question": "x", "category": {HALF}}}', 422),
        ("/api/v1/ask", f'{{"question": "x", "article": {HALF}}}', 422),
        ("/api/v1/ask", f'{{"question": "x", "conversation": {HALF}}}', 422),
        ("/api/v1/ask", f'{{"question": "x", {HALF}: 1}}', 422),
        ("/api/v1/search", f'{{"question": {HALF}}}', 422),
        ("/api/v1/feedback", f'{{"answer": {HALF}, "helpful": true}}', 422),
        ("/v1/chat/completions", f'{{"messages": [{{"role": "user", "content": {HALF}}}]}}', 400),
        ("/v1/chat/completions", f'{{"model": {HALF}, "messages": [{{"role": "user", "content": "x"}}]}}', 400),
    ],
)
def test_half_an_emoji_is_the_fault_of_the_request(http: httpx.Client, path: str, body: str, status: int):
    reply = http.post(path, content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == status
    assert "half a character" in reply.text or "not valid" in reply.text
    assert "Value error" not in reply.text


def test_half_an_emoji_is_a_question_error_in_python(index: Path):
    bot = Bot.open(index)
    for question, options in (("hi\ud83d", {}), ("hi", {"history": ["\udc00"]}), ("hi", {"category": "\ud83d"})):
        with pytest.raises(QuestionError, match="half a character"):
            bot.ask(question, **options)
    assert bot.ask(f"{QUESTION} 😀").status == "answered"


CONTROLS = "How\0 long\b is\x1b pro\x7fbation\x85?"
"""`QUESTION` with control characters, of which the last one is a line break."""


def test_control_characters_are_left_out(http: httpx.Client, index: Path, usage: UsageStore):
    bot = Bot.open(index)
    assert (bot.ask(CONTROLS).question, bot.ask(CONTROLS).text) == ("How long is probation ?", bot.ask(QUESTION).text)
    assert bot.suggestions.complete("how lo\0ng") == bot.suggestions.complete("how long") != ()
    body = {"question": CONTROLS, "history": ["\0", {"role": "user", "content": "\1"}], "category": "\2HR"}
    answer = http.post("/api/v1/ask", json={**body, "article": "proba\3tion", "conversation": "a\4b"}).json()
    assert (answer["status"], answer["question"]) == ("answered", "How long is probation ?")
    assert http.post("/api/v1/search", json={"question": CONTROLS}).json()["hits"][0]["article"] == "probation"
    assert len(http.get("/api/v1/suggest", params={"q": "how lo\0ng"}).json()["questions"]) == 1
    chat = http.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": CONTROLS}]}).json()
    assert chat["articlebot"]["question"] == "How long is probation ?"
    empty = http.post("/api/v1/ask", json={"question": "\0\1"})
    assert (empty.status_code, empty.json()["title"]) == (422, "The question is empty: type a few words.")
    vote = {"answer": answer["id"], "helpful": False, "comment": "too\0 short\nand\told"}
    assert http.post("/api/v1/feedback", json=vote).status_code == 204
    usage.flush()
    (logged,) = (each for each in usage.questions() if each.answer == answer["id"])
    assert (logged.question, logged.conversation) == ("How long is probation ?", "ab")
    assert logged.comment == "too short\nand\told"


@pytest.mark.parametrize("mark", ["\xad", "\u200b", "\u2060", "\ufeff", "\u202e", "\u200f"])
def test_characters_that_nobody_sees_do_not_divide_words(http: httpx.Client, mark: str):
    answer = http.post("/api/v1/ask", json={"question": f"{mark}How long is pro{mark}bation?"}).json()
    assert (answer["status"], answer["question"]) == ("answered", QUESTION)
    assert http.post("/api/v1/ask", json={"question": mark}).json()["title"].startswith("The question is empty")


@pytest.mark.parametrize("joined", ["क्\u200dया", "👩\u200d💼", "می\u200cخواهم"])
def test_joiners_stay(http: httpx.Client, joined: str):
    assert http.post("/api/v1/ask", json={"question": joined}).json()["question"] == joined


def test_white_space_divides_words(http: httpx.Client):
    asked = http.post("/api/v1/ask", json={"question": "How\tlong\nis\r\nprobation\f?"}).json()
    assert (asked["status"], asked["question"]) == ("answered", "How long is probation ?")


@pytest.mark.parametrize("depth", [600, 100_000])
def test_a_request_nested_too_deeply_is_refused(http: httpx.Client, depth: int):
    inner = "[" * depth + "]" * depth
    headers = {"Content-Type": "application/json"}
    for path, name, status in (("/api/v1/ask", "history", (400, 422)), ("/v1/chat/completions", "messages", (400,))):
        assert http.post(path, content=f'{{"{name}": {inner}}}', headers=headers).status_code in status


def test_errors_of_the_server_name_no_path_and_no_command(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    folder = tiny_index(tmp_path / "secret-place")
    for address in served(Bot.open(folder), ChatSettings(), UsageStore(tmp_path / "no" / "log"), ui=False):
        with httpx.Client(base_url=address, trust_env=False, timeout=60) as http:
            answer = http.post("/api/v1/ask", json={"question": QUESTION}).json()
            vote = http.post("/api/v1/feedback", json={"answer": answer["id"], "helpful": True})
    title = "Feedback cannot be stored at the moment: try again later."
    assert (vote.status_code, vote.json()) == (409, {"title": title, "status": 409})
    assert str(tmp_path) in caplog.text


def test_a_damaged_index_is_reported_without_its_path(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    folder = tiny_index(tmp_path / "secret-place")
    bot = Bot.open(folder)
    for address in served(bot, ChatSettings(), ui=False):
        # The table is gone from under the open index, as on a failing disk.
        with next(folder.rglob("passages.sqlite")).open("r+b") as file:
            file.truncate(0)
        with httpx.Client(base_url=address, trust_env=False, timeout=60) as http:
            rest = http.post("/api/v1/ask", json={"question": QUESTION})
            chat = http.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": QUESTION}]})
    sentence = "The articles cannot be searched at the moment: try again later."
    assert (rest.status_code, rest.json()["title"]) == (503, sentence)
    assert (chat.status_code, chat.json()["error"]["message"]) == (503, sentence)
    assert "run articlebot build" in caplog.text
    shutil.rmtree(folder)


def messages(*texts: str) -> list[dict[str, str]]:
    return [{"role": role, "content": text} for role, text in zip(["user", "assistant"] * 9, texts, strict=False)]


def test_a_streamed_answer_ends_with_its_usage_if_asked_for(client: openai.OpenAI):
    plain = list(client.chat.completions.create(model="articlebot", messages=messages(QUESTION), stream=True))
    assert all(chunk.choices for chunk in plain)
    chunks = list(
        client.chat.completions.create(
            model="articlebot", messages=messages(QUESTION), stream=True, stream_options={"include_usage": True}
        )
    )
    *words, last = chunks
    assert [chunk.usage for chunk in words] == [None] * len(words)
    assert (last.choices, last.usage.total_tokens if last.usage else None) == ([], 0)


def test_a_repeated_refusal_is_no_topic(client: openai.OpenAI):
    def ask(*texts: str) -> str:
        reply = client.chat.completions.create(model="articlebot", messages=messages(*texts))
        return str(reply.choices[0].message.content)

    known = (QUESTION, ask(QUESTION))
    refused = "who repairs the coffee machine of a submarine?"
    refusal = ask(refused)
    assert refusal.startswith("The articles do not answer this")
    # The refusal suggests questions about other articles, and these are no topic of the conversation.
    follow_up = "and how long is it?"
    suggesting = refusal + "\n\n- Who pays gratuity?"
    assert ask(*known, refused, suggesting, follow_up) == ask(*known, follow_up)


CLIENTS = json.loads((Path(__file__).parent / "data" / "client_tasks.json").read_text(encoding="utf-8"))
"""What chat clients ask on their own account, questions of visitors, and instructions that people give their clients.

The tasks are in our own words, one for each form in which a client asks; `kind` is what it wants.
"""


def declined(client: openai.OpenAI, asked: list[dict[str, str]]) -> bool:
    reply = client.chat.completions.create(model="articlebot", messages=asked)
    return reply.choices[0].message.content == DECLINED


@pytest.mark.parametrize("task", CLIENTS["tasks"], ids=[task["kind"] for task in CLIENTS["tasks"]])
def test_tasks_of_chat_clients_are_declined_and_not_logged(client: openai.OpenAI, usage: UsageStore, task: dict):
    usage.flush()
    logged = len(list(usage.questions()))
    *before, last = task["messages"]
    long = last["content"] + "\nUSER: how long is probation\nASSISTANT: Three months." * 50
    assert declined(client, [*before, last])
    assert declined(client, [*before, {"role": "user", "content": long}])
    usage.flush()
    assert len(list(usage.questions())) == logged


@pytest.mark.parametrize("question", [QUESTION, *CLIENTS["visitors"]])
def test_questions_of_visitors_are_no_tasks(client: openai.OpenAI, question: str):
    assert not declined(client, messages(question))
    assert not declined(client, messages(QUESTION, "Three months.", question))


def test_a_task_of_a_visitor_declines_no_later_question(client: openai.OpenAI):
    task = "Create a short title for this chat. Only return the title."
    assert declined(client, messages(task))
    assert not declined(client, messages(task, DECLINED, QUESTION))


@pytest.mark.parametrize("instruction", CLIENTS["systems"])
def test_instructions_of_people_make_no_question_a_task(client: openai.OpenAI, instruction: str):
    system = {"role": "system", "content": instruction}
    assert not any(declined(client, [system, *messages(question)]) for question in (QUESTION, *CLIENTS["visitors"][:5]))


def test_pages_of_allowed_sites_may_call_the_openai_api(http: httpx.Client):
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,x-stainless-os"}
    reply = http.options("/v1/chat/completions", headers={"Origin": SITE, **asked})
    assert (reply.status_code, reply.headers["Access-Control-Allow-Origin"]) == (200, SITE)
    assert "x-stainless-os" in reply.headers["Access-Control-Allow-Headers"]
    other = http.options("/v1/chat/completions", headers={"Origin": "https://evil.example", **asked})
    assert (other.status_code, "Access-Control-Allow-Origin" in other.headers) == (400, False)


def test_unknown_calls_get_an_error_in_openais_form(http: httpx.Client, client: openai.OpenAI):
    with pytest.raises(openai.NotFoundError, match="POST /v1/embeddings does not exist here"):
        client.embeddings.create(model="articlebot", input="x")
    wrong = http.get("/v1/chat/completions")
    assert (wrong.status_code, wrong.json()["error"]["type"]) == (405, "invalid_request_error")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PUT", "OPTIONS"])
@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/nope", "/v1/models/", "/v1/chat/completions/", "/v1/models"])
def test_any_call_below_v1_that_does_not_exist_gets_the_form_of_openai(http: httpx.Client, method: str, path: str):
    if (method, path) == ("GET", "/v1/models"):
        return
    reply = http.request(method, path)
    error = reply.json()["error"]
    assert (reply.status_code, error["type"]) == (405 if path == "/v1/models" else 404, "invalid_request_error")
    sentence = f"{method} {path} does not exist here: there are POST /v1/chat/completions and GET /v1/models."
    assert error["message"] == sentence
    assert reply.headers.get("allow") == ("GET" if path == "/v1/models" else None)


@pytest.mark.parametrize("path", ["/api/v1", "/api/v1/", "/api/v1/nope"])
def test_an_unknown_path_of_rest_is_a_problem(http: httpx.Client, path: str):
    reply = http.get(path)
    assert (reply.status_code, reply.headers["content-type"]) == (404, "application/problem+json")
    title = f"GET {path} does not exist here: /api/v1/openapi.json lists what does."
    assert reply.json() == {"title": title, "status": 404}
    wrong = http.get("/api/v1/ask")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    assert wrong.json()["title"].startswith("GET /api/v1/ask does not exist here: ")


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", JSON),
        (b"{question: 1}", JSON),
        (b'{"question": "h\xe9"}', JSON),
        (b'["question"]', JSON),
        (b"null", JSON),
        (b'{"question": "x"}', {}),
        (b'{"question": "x"}', {"Content-Type": "text/plain"}),
        (b"question=x", {"Content-Type": "application/x-www-form-urlencoded"}),
    ],
)
def test_a_body_that_is_no_json_object_is_refused_in_one_sentence(http: httpx.Client, body: bytes, headers: dict):
    sentence = "The body is no JSON object: send one in UTF-8, with the header Content-Type: application/json."
    for path in ("/api/v1/ask", "/api/v1/search", "/api/v1/feedback"):
        reply = http.post(path, content=body, headers=headers)
        assert (reply.status_code, reply.json()) == (400, {"title": sentence, "status": 400})
    reply = http.post("/v1/chat/completions", content=body, headers=headers)
    assert (reply.status_code, reply.json()["error"]["message"]) == (400, sentence)


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/widget.js", "/docs", "/v1/models", "/api/v1/articles", "/nope"]
)
def test_head_gets_what_get_does_without_the_body(http: httpx.Client, path: str):
    head, get = http.head(path), http.get(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    kept = ("content-type", "content-length", "etag", "content-security-policy")
    assert [head.headers.get(name) for name in kept] == [get.headers.get(name) for name in kept]


def test_an_unknown_category_is_refused_with_those_that_exist(http: httpx.Client):
    sentence = "There is no category 'Nope': there are"
    replies = [
        http.post("/api/v1/ask", json={"question": QUESTION, "category": "Nope"}),
        http.post("/api/v1/search", json={"question": QUESTION, "category": "Nope"}),
        http.get("/api/v1/suggest", params={"q": "how", "category": "Nope"}),
        http.get("/api/v1/articles", params={"category": "Nope"}),
    ]
    assert [reply.status_code for reply in replies] == [422] * 4
    assert all(reply.json()["title"].startswith(sentence) for reply in replies)
    assert all(name in replies[0].text for name in ("HR", "Money", "Exams"))
    assert http.post("/api/v1/ask", json={"question": QUESTION, "category": "hr"}).json()["status"] == "answered"


def test_an_unknown_article_is_refused_and_a_known_one_without_an_answer_is_not(http: httpx.Client, index: Path):
    title = "There is no article 'nope': give the id that a hit names as its article."
    for path in ("/api/v1/ask", "/api/v1/search"):
        unknown = http.post(path, json={"question": QUESTION, "article": "nope"})
        assert (unknown.status_code, unknown.json()) == (422, {"title": title, "status": 422})
        assert http.post(path, json={"question": QUESTION, "article": ""}).status_code == 422
        other = http.post(path, json={"question": QUESTION, "article": "admit-card", "since": "2099-01-01"})
        assert (other.status_code, other.json().get("status")) == (200, "no_answer" if "ask" in path else None)
    assert http.post("/api/v1/ask", json={"question": QUESTION, "article": "probation"}).json()["status"] == "answered"
    bot = Bot.open(index)
    for filters in ({"article": "nope"}, {"category": "Nope"}):
        assert (bot.ask(QUESTION, **filters).status, bot.retriever.search(QUESTION, **filters)) == ("no_answer", ())


def test_rest_describes_itself_on_a_page_of_this_host(http: httpx.Client):
    page = http.get("/docs")
    assert (page.status_code, "api/v1/openapi.json" in page.text) == (200, True)
    assert "https://" not in page.text
    assert "SwaggerUIBundle" in http.get("/docs/swagger-ui-bundle.js").text
    assert http.get("/docs/swagger-ui.css").headers["content-type"].startswith("text/css")
    assert http.get("/docs/other.js").status_code == 404


def test_suggestions_for_a_word_begin_with_the_articles_about_it():
    about = {"leave rules": (["How is leave counted?"], "Leave"), "pay": (["Is leave encashed?"], "Salary")}
    about["travel"] = ["Is leave needed for travel?", "Is leave lost on tour?"], "Travel"
    articles = [
        {"id": name, "title": title, "text": "Text.", "faqs": [{"question": each, "answer": "Yes."} for each in asked]}
        for name, (asked, title) in about.items()
    ]
    from bot.encoder import HashingEncoder

    for order in (articles, articles[::-1]):
        suggested = Bot.from_articles(order, encoder=HashingEncoder()).suggestions.complete("leav")
        assert (suggested[0], suggested[2]) == ("How is leave counted?", "Is leave encashed?")
        assert {suggested[1], suggested[3]} == {"Is leave needed for travel?", "Is leave lost on tour?"}


def test_suggestions_for_a_word_come_from_several_articles():
    about = {"show cause": 6, "notice period": 2}
    articles = [
        {
            "id": subject, "title": f"Notice: {subject}", "text": f"What a {subject} is.",
            "faqs": [{"question": f"What is rule {n} of notice for {subject}?", "answer": f"Rule {n} applies."}
                     for n in range(count)],
        }
        for subject, count in about.items()
    ]  # fmt: skip
    from bot.encoder import HashingEncoder

    suggested = Bot.from_articles(articles, encoder=HashingEncoder()).suggestions.complete("notice")
    assert len(suggested) == 5
    assert {subject for subject in about for question in suggested[:2] if subject in question} == set(about)
