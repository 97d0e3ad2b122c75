"""The bot in other people's processes: forked, pickled, in another folder, behind gunicorn and uvicorn's workers."""

import copy
import os
import pickle
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest

from bot import Bot, Retriever
from bot.settings import AnswerSettings
from bot.testing import QUESTIONS, tiny_bot, tiny_index

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
QUESTION, ANSWER = QUESTIONS["answered"], "It is often three to six months."
WAIT = 240  # seconds after which a process counts as hung
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_index(tmp_path_factory.mktemp("hosts") / "index")


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def run(code: str, *arguments: object) -> str:
    """Run a program and return what it prints; a hang is an error."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(
        command, env=environment(), capture_output=True, text=True, timeout=WAIT, check=False, start_new_session=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


FORK = """
import os, sys
def in_child(work):
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            print(work(), flush=True)
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
"""


@forks
def test_a_forked_process_asks_a_bot_that_its_parent_has_asked(index: Path):
    code = f"""{FORK}
from bot import Bot
bot, question = Bot.open(sys.argv[1]), sys.argv[2]
print(bot.ask(question).text)
in_child(lambda: bot.ask(question).text)
in_child(lambda: in_child(lambda: bot.ask(question).text))
print(bot.ask(question).text)
"""
    assert run(code, index, QUESTION).splitlines() == [ANSWER, ANSWER, ANSWER, "None", ANSWER]


@forks
def test_a_forked_process_asks_and_builds_after_its_parent_has_built():
    code = f"""{FORK}
import numpy as np
from bot.testing import tiny_bot
bot, question = tiny_bot(), sys.argv[1]
vectors, many = bot.generation.vectors, np.eye(bot.generation.encoder.dimension, dtype=np.float32)[:40]
vectors.search_all(many, 3)  # by several threads of OpenMP
in_child(lambda: (len(vectors.search_all(many, 3)[0]), bot.ask(question).text, tiny_bot().ask(question).text))
child = os.fork()
if child == 0:
    sys.exit(0)  # with all exit handlers: they must leave the parent's temporary index alone
os.waitpid(child, 0)
in_child(lambda: bot.ask(question).text)
"""
    assert run(code, QUESTION).splitlines() == [str((40, ANSWER, ANSWER)), ANSWER]


@forks
def test_a_forked_process_encodes_with_torch_as_its_parent_did(tiny_model: str):
    code = f"""{FORK}
from bot.encoder import SentenceEncoder
encoder, texts = SentenceEncoder(sys.argv[1]), ["how long is a probation period " * 20] * 64
expected = encoder.encode_passages(texts)
in_child(lambda: abs(encoder.encode_passages(texts) - expected).max() < 1e-3)
in_child(lambda: encoder.encode_questions(texts).shape == expected.shape)
"""
    assert run(code, tiny_model).splitlines() == ["True", "True"]


@forks
def test_a_forked_process_writes_the_question_log(index: Path, tmp_path: Path):
    code = f"""{FORK}
from bot import Bot
from bot.serve.chat_service import ChatService
from bot.serve.visitor import Visitor
from bot.settings import ChatSettings
from bot.usage.store import UsageStore
store = UsageStore(sys.argv[2])
service = ChatService(Bot.open(sys.argv[1]), ChatSettings(), store)
def ask(question):
    service.ask(question, (), Visitor("", "rest"))
    store.flush()
    return len(list(store.questions()))
print(ask("how long is probation"))
in_child(lambda: ask("who pays gratuity"))
print(ask("can probation be extended"))
"""
    assert run(code, index, tmp_path).splitlines() == ["1", "2", "3"]


@forks
@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_a_pool_of_processes_asks_one_bot(index: Path, start: str):
    code = """
import multiprocessing, sys
from bot import Bot
if __name__ == "__main__":
    bot = Bot.open(sys.argv[1])
    bot.ask(sys.argv[2])
    with multiprocessing.get_context(sys.argv[3]).Pool(2) as pool:
        print(*(answer.text for answer in pool.map(bot.ask, [sys.argv[2]] * 4)), sep="\\n")
"""
    assert run(code, index, QUESTION, start).splitlines() == [ANSWER] * 4


@contextmanager
def serving(*command: str, cwd: Path) -> Iterator[str]:
    """Run a server with `PORT` in its command until the body ends; yield its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [sys.executable, "-m", *(word.replace("PORT", str(port)) for word in command)]
    with subprocess.Popen(words, cwd=cwd, env=environment(), start_new_session=True) as process:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(WAIT)


def get(address: str, path: str = "/", **parameters: str) -> httpx.Response:
    """Return a response, from when the server listens."""
    end = time.monotonic() + WAIT
    while True:
        try:
            return httpx.get(f"{address}{path}", params=parameters, timeout=WAIT, trust_env=False)
        except httpx.ConnectError:
            assert time.monotonic() < end, "the server does not listen"
            time.sleep(0.1)


WSGI = """
import os
from urllib.parse import parse_qs
from bot import Bot
bot = Bot.open({index!r})
bot.ask({question!r})  # before gunicorn forks its workers
def application(environ, start_response):
    text = bot.ask(parse_qs(environ["QUERY_STRING"])["q"][0]).text
    start_response("200 OK", [("Content-Type", "text/plain"), ("Process", str(os.getpid()))])
    return [text.encode()]
"""


CHAT = """
from bot import Bot
from bot.serve.application import create_app
app = create_app(Bot.open({index!r}), ui=False)
"""


@forks
@pytest.mark.parametrize("workers", ["sync", "gthread"])
def test_gunicorn_loads_a_bot_once_for_its_workers(index: Path, tmp_path: Path, workers: str):
    (tmp_path / "site_app.py").write_text(WSGI.format(index=str(index), question=QUESTION))
    options = ["--preload", "--workers", "2", "--threads", "2", "--worker-class", workers, "--log-level", "error"]
    with serving("gunicorn", *options, "--bind", "127.0.0.1:PORT", "site_app", cwd=tmp_path) as address:
        responses = [get(address, q=QUESTION) for _ in range(4)]
    assert [response.text for response in responses] == [ANSWER] * 4


def test_uvicorn_serves_the_chat_by_several_workers(index: Path, tmp_path: Path):
    (tmp_path / "chat_app.py").write_text(CHAT.format(index=str(index)))
    command = ["uvicorn", "--workers", "2", "--port", "PORT", "--log-level", "error", "chat_app:app"]
    with serving(*command, cwd=tmp_path) as address:
        assert get(address, "/healthz").json()["status"] == "ok"
        answers = [
            httpx.post(f"{address}/api/v1/ask", json={"question": QUESTION}, timeout=WAIT, trust_env=False).json()
            for _ in range(4)
        ]
    assert [answer["text"] for answer in answers] == [ANSWER] * 4


def test_a_bot_goes_on_following_builds_in_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    tiny_index(tmp_path / "index")
    monkeypatch.chdir(tmp_path)
    opened = Bot.open("index")
    before = opened.generation.name
    monkeypatch.chdir("/")
    from bot.build.build import build
    from bot.encoder import HashingEncoder

    build([{"question": "Is tea free?", "answer": "Tea is free."}], tmp_path / "index", encoder=HashingEncoder())
    end = time.monotonic() + WAIT
    while opened.generation.name == before and time.monotonic() < end:
        time.sleep(0.05)
    assert opened.ask("is tea free").text == "Tea is free."


def test_a_pickled_or_copied_bot_opens_its_index_anew(index: Path):
    settings = AnswerSettings(threshold=0.4)
    opened = Bot.open(index, settings=settings)
    for other in (pickle.loads(pickle.dumps(opened)), copy.deepcopy(opened)):
        assert (other.ask(QUESTION).text, other.settings) == (ANSWER, settings)
        assert other.generation is not opened.generation
    assert copy.copy(opened).ask(QUESTION).text == ANSWER
    retriever = pickle.loads(pickle.dumps(Retriever.open(index)))
    assert retriever.search(QUESTION)[0].passage.text == ANSWER


def test_a_bot_of_a_list_of_articles_cannot_be_pickled():
    with pytest.raises(TypeError, match=r"lives in one process: build it into a folder to share it\."):
        pickle.dumps(tiny_bot())


def test_a_bot_answers_from_a_zip_archive_and_the_chat_is_refused_in_one_sentence(index: Path, tmp_path: Path):
    archive = tmp_path / "bot.zip"
    with ZipFile(archive, "w") as packed:
        for path in (ROOT / "bot").rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                packed.write(path, path.relative_to(ROOT))
    code = """
import sys
sys.path.insert(0, sys.argv[3])
from bot import Bot
bot = Bot.open(sys.argv[1])
print(bot.ask(sys.argv[2]).text)
from bot.serve.application import create_app
try:
    create_app(bot, ui=False)
except Exception as error:
    print(type(error).__name__, error)
"""
    command = [sys.executable, "-c", code, str(index), QUESTION, str(archive)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=WAIT, check=True)
    answer, refusal = done.stdout.splitlines()
    assert answer == ANSWER
    assert refusal.startswith("ServeError articlebot is imported from a zip archive")
    assert refusal.endswith(": install it with pip, or unpack the archive.")


PAGES = {
    "flask_app": (["gunicorn", "--preload", "--workers", "2", "--threads", "2"], "flask_app:app", "/ask"),
    "django_app": (["gunicorn", "--preload", "--workers", "2", "--threads", "2"], "django_app:application", "/ask"),
    "fastapi_app": (["uvicorn", "--workers", "2"], "fastapi_app:app", "/ask"),
    "mounted_app": (["uvicorn"], "mounted_app:app", "/chat/api/v1/suggest"),
}
"""Programs of docs/web-app.md: server, name of the application, and a path that takes `q`."""


@forks
@pytest.mark.parametrize("name", PAGES)
def test_the_programs_of_the_documentation_answer(name: str, index: Path, tmp_path: Path):
    pytest.importorskip(name.partition("_")[0].replace("mounted", "gradio"))
    text = (ROOT / "docs" / "web-app.md").read_text(encoding="utf-8")
    (code,) = re.findall(rf"`{name}\.py`.*?```py\n(.*?)```", text, re.DOTALL)
    (tmp_path / f"{name}.py").write_text(code)
    (tmp_path / "index").symlink_to(index)
    (server, *options), application, path = PAGES[name]
    bind = ["--bind", "127.0.0.1:PORT"] if server == "gunicorn" else ["--port", "PORT"]
    with serving(server, *options, *bind, "--log-level", "error", application, cwd=tmp_path) as address:
        found = [get(address, path, q=QUESTION) for _ in range(3)]
        empty = get(address, path, q="")
    assert [response.status_code for response in found] == [200] * 3
    assert all(ANSWER in response.text or "probation period" in response.text for response in found)
    assert (empty.status_code, "question is empty" in empty.text) == ((422, True) if path == "/ask" else (200, False))
