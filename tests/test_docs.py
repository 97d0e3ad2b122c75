"""The documentation: every block of code runs, and the site has no dead links and loads nothing from other hosts."""

import json
import os
import pkgutil
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx
import pytest
from command_line import Completed, articlebot
from quick_build import build, copy_folder, link_encoder, reuse_vectors
from serving import served, server_process

from bot import Bot
from bot.corpus import read_corpus
from bot.corpus.article import slug
from bot.serve.settings_file import read_settings

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))
ADDRESS = "http://127.0.0.1:7860"
"""Address of the server in the documentation."""


PROMISED = {
    "python": [
        "how long is a probation period\n", "The employer.\n", "The question is empty: type a few words.\n",
        "There is no index in no-such-folder: run articlebot build",
    ],
    "rest": ["three to six months"], "mcp": ["three to six months"],
}  # fmt: skip
"""Lines that the code of a page prints."""


def blocks(page: Path, *languages: str) -> list[tuple[str, str]]:
    """Return the language and code of a page's fenced blocks."""
    found = re.findall(r"^```(\w+)\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [(language, code) for language, code in found if language in languages]


ARTICLES = ("probation-letter", "notice-period", "gratuity", "offer-letter", "confirmation-letter", "pf-withdrawal")
"""Articles that the documentation asks about; checking and drawing the whole corpus would take minutes."""


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory, shipped_index: Path) -> Path:
    """A folder with articles, their index and questions, as in the documentation."""
    folder = tmp_path_factory.mktemp("docs")
    reuse_vectors(shipped_index, folder / "index")
    for path in sorted((ROOT / "corpus").rglob("*.md")):
        if path.stem in ARTICLES:
            (folder / "corpus").mkdir(exist_ok=True)
            shutil.copy(path, folder / "corpus")
    with (ROOT / "tests" / "questions" / "visitors.csv").open(encoding="utf-8") as visitors:
        asked = [line for line in visitors if line.startswith("question,") or line.strip().endswith(ARTICLES)]
    (folder / "eval.csv").write_text("".join(asked), encoding="utf-8")
    build(folder / "corpus", folder / "index")
    probation = next(one for one in read_corpus(folder / "corpus").articles if one.id == "probation-letter")
    (folder / "corpus" / "alternates.csv").write_text(
        f"question,passage\nis there a trial,probation-letter#faq-{slug(probation.faqs[0].question)}\n",
        encoding="utf-8",
    )
    return folder


@pytest.fixture(scope="module")
def server(pristine: Path) -> Iterator[str]:
    yield from served(Bot.open(pristine / "index"), ui=False)


@pytest.fixture
def reader(pristine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the reader's folder."""
    copy_folder(pristine, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=lambda page: page.stem)
def test_the_python_of_a_page_runs_from_top_to_bottom(page: Path, reader: Path, server: str):
    code = "\n".join(code for _, code in blocks(page, "python")).replace(ADDRESS, server)
    (reader / "page.py").write_text(code, encoding="utf-8")
    done = run([sys.executable, "page.py"], reader)
    assert done.returncode == 0, done.stderr
    for line in PROMISED.get(page.stem, []):
        assert line in done.stdout


def commands(page: Path) -> list[str]:
    """Return the commands of a page without comments, each on one line."""
    lines = "".join(code for _, code in blocks(page, "sh")).replace("\\\n", " ").splitlines()
    # The tests serve on a free port.
    return [line for line in (re.sub(r"\s+#.*$| --port 7860", "", line).strip() for line in lines) if line]


OWN = ROOT / "docs" / "own-articles.md"
"""The page whose commands build on one another."""


def test_own_articles_get_from_nothing_to_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (article,), (answer,) = ([code for _, code in blocks(OWN, language)] for language in ("markdown", "text"))
    make, write, build_it, ask, serve = commands(OWN)
    for command in (make, write):
        subprocess.run(command, shell=True, check=True, cwd=tmp_path)
    link_encoder(tmp_path / "articles-index")
    assert run(shlex.split(build_it), tmp_path).stdout.startswith("built ")
    assert "15 days during probation" in run(shlex.split(ask), tmp_path).stdout
    (tmp_path / "articles" / "notes.txt").unlink()
    (tmp_path / "articles" / "notice-period.md").write_text(article, encoding="utf-8")
    assert run(shlex.split(build_it), tmp_path).stdout.startswith("built ")
    assert run(shlex.split(ask), tmp_path).stdout == answer
    serves(shlex.split(serve)[2:], tmp_path)


@pytest.mark.parametrize("command", sorted({line for page in PAGES if page != OWN for line in commands(page)}))
def test_each_command_of_a_page_works(command: str, reader: Path, server: str, tiny_model: str):
    words = shlex.split(command.replace(ADDRESS, server))
    match words:
        case ["pip", "install", package]:
            extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
                "optional-dependencies"
            ]
            assert set(package.removeprefix("articlebot").strip("[]").split(",")) <= set(extras)
        case ["articlebot", "serve", *options]:
            serves(options, reader)
        case ["articlebot", "mcp", *options]:
            done = run([str(Path(sys.executable).with_name("articlebot")), "mcp", *options], reader)
            assert (done.returncode, done.stdout) == (0, "")
        case ["articlebot", "pull", _, *options]:
            # The server has no article at this address, so pull fails with one sentence.
            done = run(["articlebot", "pull", server, *options, "--allow-private", "--delay", "0"], reader)
            assert done.returncode == 1
            assert done.stderr.endswith("cannot be pulled: answers 404 Not Found.\n")
        case ["articlebot", "rollback"]:
            (reader / "corpus" / "new.md").write_text("# New\n\nWords.\n", encoding="utf-8")
            assert run(["articlebot", "build"], reader).returncode == 0
            assert run(words, reader).stdout.startswith("serving ")
        case ["articlebot", "password"]:
            done = articlebot("password", cwd=reader, stdin="long enough\n" * 2)
            assert re.search(r'^\[editor\]\npassword = "scrypt:\S+"$', done.stdout, re.MULTILINE)
        case ["articlebot", "tune", *options]:
            # Tuning on the shipped FAQs takes minutes; too few FAQs are refused at once.
            (reader / "few").mkdir()
            (reader / "few" / "faqs.csv").write_text("question,answer\nWho pays?,The office pays.\n", encoding="utf-8")
            assert run(["articlebot", "build", "--corpus", "few", "--index", "few-index"], reader).returncode == 0
            done = run(["articlebot", "tune", *options, "--index", "few-index"], reader)
            assert "20 are needed to measure whether tuning helps" in done.stderr
        case ["articlebot", "build", "--model", "tuned-model"]:
            # Any model that is not the one of the index: the packaged one would take long to export again.
            shutil.copytree(tiny_model, reader / "tuned-model")
            assert run(words, reader).returncode == 0
        case ["articlebot", "eval", *_] if "--compare" in words:
            assert run(["articlebot", "eval", "eval.csv", "--save", "figures.json"], reader).returncode == 0
            assert run(words, reader).returncode == 0
        case _:
            done = run(words, reader)
            assert done.returncode == 0, done.stderr
            assert done.stdout.strip()


def run(words: list[str], folder: Path) -> "Completed | subprocess.CompletedProcess[str]":
    """Run a command: articlebot in this process, others in a new one."""
    if words[0] == "articlebot":
        return articlebot(*words[1:], cwd=folder)
    own = {"PYTHONPATH": str(ROOT), "NO_PROXY": "127.0.0.1", "HAYSTACK_TELEMETRY_ENABLED": "False"}
    return subprocess.run(
        words,
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **own},
    )


def serves(options: list[str], folder: Path) -> None:
    """Start the server on a free port, check its health and stop it."""
    given = [word for word in options if word not in ("--port", "7860")]
    with server_process("-m", "bot", "serve", *given, "--port", "0", cwd=folder) as (address, _):
        assert httpx.get(f"{address}/healthz", trust_env=False, timeout=30).json()["status"] == "ok"


@pytest.mark.parametrize(
    ("language", "code"),
    [
        pytest.param(*block, id=f"{page.stem}-{n}")
        for page in PAGES
        for n, block in enumerate(blocks(page, "toml", "json"))
    ],
)
def test_settings_and_json_blocks_are_valid(language: str, code: str, tmp_path: Path):
    if language == "json":
        assert json.loads(code)
    else:
        (tmp_path / "articlebot.toml").write_text(code, encoding="utf-8")
        assert read_settings(tmp_path / "articlebot.toml")


class Links(HTMLParser):
    """The addresses that a page loads, those that it links to, and its anchors."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.loaded: set[str] = set()
        self.linked: set[str] = set()
        self.places: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        self.places.add(found.get("id", ""))
        if tag == "a":
            self.linked.add(found.get("href", ""))
        elif tag == "link" and found.get("rel") in ("stylesheet", "icon", "preload", "modulepreload"):
            self.loaded.add(found.get("href", ""))
        elif tag in ("script", "img", "iframe"):
            self.loaded.add(found.get("src", ""))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built from a copy because zensical writes beside its settings."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "docs", folder / "docs")
    shutil.copy(ROOT / "zensical.toml", folder)
    (folder / "bot").symlink_to(ROOT / "bot")
    done = subprocess.run(
        [Path(sys.executable).with_name("zensical"), "build", "--strict"],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "site"


def test_the_site_has_every_page_and_loads_nothing_from_other_hosts(site: Path):
    pages = {
        page.stem: Links(page.read_text(encoding="utf-8"))
        for page in site.glob("*.html")
        if page.stem not in ("404", "widget")
    }
    assert set(pages) == {page.stem for page in PAGES}
    for name, page in pages.items():
        assert [address for address in page.loaded if urlsplit(address).netloc] == [], name


def test_the_links_of_the_site_work(site: Path):
    pages = {page.name: Links(page.read_text(encoding="utf-8")) for page in site.glob("*.html") if page.stem != "404"}
    for name, page in pages.items():
        for address in page.linked:
            parts = urlsplit(address)
            if parts.scheme or not address:
                continue
            target = unquote(parts.path) or name
            assert (site / target).exists(), f"{name} leads to {address}"
            assert not parts.fragment or parts.fragment in pages[Path(target).name].places, f"{name} leads to {address}"


def test_the_reference_has_every_public_name(site: Path):
    import bot

    words = (site / "reference.html").read_text(encoding="utf-8")
    missing = [name for name in bot.__all__ if not name.startswith("_") and f'id="bot.{name}"' not in words]
    assert missing == []
    assert 'id="bot.Bot.aask"' in words
    assert "Run <code>ask</code> in a thread" in words


def test_the_page_of_commands_lists_every_verb_with_its_help():
    from typer.main import get_command

    from bot.cli import cli

    verbs = dict(get_command(cli).commands)  # type: ignore[attr-defined]
    verbs |= {f"questions {name}": verb for name, verb in verbs["questions"].commands.items()}
    listed = re.findall(
        r"^\| `([a-z ]+)` \| (.+) \|$", (ROOT / "docs" / "cli.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sorted(listed) == sorted((name, verb.help) for name, verb in verbs.items())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_names_of_the_package_on_a_page_exist(page: Path):
    names = set(re.findall(r"\bbot(?:\.(?!py\b)\w+)+", page.read_text(encoding="utf-8")))
    names |= {
        f"{module}.{name.strip()}"
        for module, listed in re.findall(
            r"^from (bot[\w.]*) import ([\w, ]+)", page.read_text(encoding="utf-8"), re.MULTILINE
        )
        for name in listed.split(",")
    }
    assert [name for name in sorted(names) if not exists(name)] == []


def exists(name: str) -> bool:
    """Whether a dotted name leads to a module, or to an attribute of one."""
    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True
