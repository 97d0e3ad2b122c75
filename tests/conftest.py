"""Indexes and models that several tests share; everything real, nothing from the network."""

import os
import signal
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"
if "PYTEST_XDIST_WORKER" in os.environ:
    # There are more processes than cores: more threads in each wait for one another in busy loops.
    os.environ["OMP_NUM_THREADS"] = "1"

import asyncio
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest
from articles import CARD, GRATUITY, HOSTILE, NOTICE, PROBATION
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from postgres import PostgresServer, programs
from pulled_site import Site, served_site
from quick_build import build, copy_folder, made_once, reuse_vectors, share
from serving import FLAGS, chromium, fresh_page, served
from tiny_model import make_tiny_model

from bot import Bot
from bot.settings import BuildSettings, ChatSettings, Limits
from bot.usage.store import UsageStore

# A shell starts background jobs with SIGINT ignored, and builds that tests interrupt would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parents[1]


FIGURES = pytest.StashKey[list[str]]()
INTERNAL_ERRORS: list[str] = []


@pytest.fixture
def figures(pytestconfig: pytest.Config) -> list[str]:
    """Measurements to print after all tests, even if they pass."""
    return pytestconfig.stash.setdefault(FIGURES, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(FIGURES, []):
        terminalreporter.write_line(line)


def pytest_internalerror(excrepr: object) -> None:
    INTERNAL_ERRORS.append(str(excrepr))


def pytest_unconfigure() -> None:
    """Print the cause of all internal errors last: xdist reports what follows from the error of a process, too."""
    if INTERNAL_ERRORS:
        sys.stderr.write("\n".join(["The first internal error:", *INTERNAL_ERRORS[0].splitlines()[-30:], ""]))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out files that are marked as a whole when the mark is deselected: their imports alone take seconds."""
    conditions = config.option.markexpr.split(" and ")
    deselected = [mark for mark in ("slow", "server") if f"not {mark}" in conditions]
    if collection_path.suffix != ".py" or not deselected:
        return None
    text = collection_path.read_text(encoding="utf-8")
    return any(f"pytestmark = pytest.mark.{mark}\n" in text for mark in deselected) or None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they need, and order their files.

    Long files come first, so that no process works alone at the end, and one process builds the index of the shipped
    corpus before the others need it. From its first page on, Playwright's event loop runs in the thread of the tests,
    where no other loop can: tests with a browser come last in their file and process, the most of them first.
    """
    for item in items:
        for mark in needs(item):
            item.add_marker(mark)
    files = by_file(items)
    order = {path: (rank(files[path]), number) for number, path in enumerate(files)}
    items.sort(key=lambda item: (order[item.path], "browser" in needs(item)))


def needs(item: pytest.Item) -> set[str]:
    """Return what a test needs besides this process, and "slow" if it needs the index of the shipped corpus.

    That is "browser", and "server" for PostgreSQL, Milvus or Ray.
    """
    fixtures = set(getattr(item, "fixturenames", ()))
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    on_server = (
        item.get_closest_marker("server") or "postgres" in fixtures or parameters.get("database") == "postgresql"
    )
    found = {"browser": "browser" in fixtures, "server": on_server, "slow": "shipped_index" in fixtures}
    return {mark for mark, is_needed in found.items() if is_needed}


def rank(tests: list[pytest.Item]) -> tuple[int, int]:
    """Return the rank of a file in a run: with a server, slow, with the shipped corpus, quick, with a browser."""
    needed = [needs(test) for test in tests]
    browsers = sum("browser" in each for each in needed)
    if browsers:
        return 4, -browsers
    if any("server" in each for each in needed):
        return 0, 0
    if any("slow" in each for each in needed):
        return 2, 0
    return (1 if any(test.get_closest_marker("slow") for test in tests) else 3), 0


def by_file(items: list[pytest.Item]) -> dict[Path, list[pytest.Item]]:
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    return files


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run an async test, such as one of LangChain's own test suite, in a new event loop."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in inspect.signature(pyfuncitem.obj).parameters}
    asyncio.run(pyfuncitem.obj(**arguments))
    return True


@pytest.fixture(scope="session", autouse=True)
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of a test run share."""
    own = tmp_path_factory.getbasetemp()
    folder = own.parent if own.name.startswith("popen-") else own  # a process of xdist
    share(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_model() -> str:
    return str(made_once("tiny-model", make_tiny_model) / "model")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A corpus of two small articles."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "notice.md").write_text(NOTICE, encoding="utf-8")
    (folder / "gratuity.md").write_text(GRATUITY, encoding="utf-8")
    return folder


@pytest.fixture
def site() -> Iterator[Site]:
    """A web server to pull from, without pages."""
    yield from served_site()


@pytest.fixture
def tiny_settings(tiny_model: str) -> BuildSettings:
    return BuildSettings(model=tiny_model)


@pytest.fixture(scope="session")
def shipped_index() -> Path:
    """The index of the shipped corpus with the packaged model; after `make run`, its vectors are not encoded again."""

    def make(folder: Path) -> None:
        reuse_vectors(ROOT / "index", folder)
        build(ROOT / "corpus", folder)

    return made_once("shipped", make)


@pytest.fixture(scope="session")
def shipped(shipped_index: Path) -> Bot:
    return Bot.open(shipped_index)


@pytest.fixture(scope="session")
def bot() -> Bot:
    """A bot over a few small articles, with the packaged model."""

    def make(folder: Path) -> None:
        (folder / "corpus").mkdir(parents=True)
        for name, text in {"notice": NOTICE, "gratuity": GRATUITY, "probation": PROBATION, "hostile": HOSTILE}.items():
            (folder / "corpus" / f"{name}.md").write_text(text, encoding="utf-8")
        (folder / "corpus" / "alternates.csv").write_text(
            'question,passage\n"jldi chhod sakte hain kya",notice-period#faq-can-a-notice-period-be-bought-out\n'
        )
        build(folder / "corpus", folder / "index")

    return Bot.open(made_once("answers", make) / "index")


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a corpus of four articles and its index."""

    def make(folder: Path) -> None:
        (folder / "corpus").mkdir(parents=True)
        for name, text in {"notice": NOTICE, "gratuity": GRATUITY, "probation": PROBATION, "card": CARD}.items():
            (folder / "corpus" / f"{name}.md").write_text(text, encoding="utf-8")
        build(folder / "corpus", folder / "index")

    return copy_folder(made_once("four-articles", make), tmp_path_factory.mktemp("place"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server for these tests."""
    folder = programs()
    if folder is None:
        if os.environ.get("CI"):
            pytest.fail("in CI the log is tested on PostgreSQL, too: install postgresql")
        pytest.skip("no PostgreSQL server on this machine: install postgresql")
    server = PostgresServer(folder)
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """The address of the question log in the settings: a file, then a PostgreSQL database."""
    return "" if request.param == "sqlite" else request.getfixturevalue("postgres").new_database()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("in CI the browser tests must run: install chromium")
        pytest.skip("no chromium on this machine")
    # A page takes less than a second; several processes on few cores share that second.
    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def address(bot: Bot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The chat over a few small articles."""
    yield from served(
        bot, ChatSettings(limits=Limits(questions_per_minute=10_000)), UsageStore(tmp_path_factory.mktemp("usage"))
    )


@pytest.fixture(scope="session")
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    """A browser whose cache keeps Gradio's scripts: compiling them takes longer than most tests."""
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    yield context
    context.close()


@pytest.fixture
def page(visitor: BrowserContext, address: str) -> Iterator[Page]:
    """The opened page; checks at the end that it sent no request to other hosts and wrote nothing to the console."""
    page = fresh_page(visitor, address)
    outside: list[str] = []
    complaints: list[str] = []
    page.on(
        "request",
        lambda request: (
            outside.append(request.url) if not request.url.startswith((address, "data:", "blob:")) else None
        ),
    )
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    page.locator("#chat .greeting").wait_for()
    yield page
    page.close()
    assert (outside, complaints) == ([], [])
