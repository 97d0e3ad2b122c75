"""Indexes and models that several tests share; everything real, nothing from the network."""

import os
import signal

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

from pathlib import Path

import pytest
from articles import GRATUITY, HOSTILE, NOTICE, PROBATION
from tiny_model import make_tiny_model

from bot import Bot
from bot.index.build import build
from bot.settings import BuildSettings

# A shell starts what runs in the background deaf to Ctrl-C, and so would be the builds that tests stop by it.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parents[1]


FIGURES = pytest.StashKey[list[str]]()


@pytest.fixture
def figures(pytestconfig: pytest.Config) -> list[str]:
    """Lines of figures to print when all tests are done, also when they pass."""
    return pytestconfig.stash.setdefault(FIGURES, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(FIGURES, []):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_tiny_model(tmp_path_factory.mktemp("tiny-model")))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A corpus of two small articles."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "notice.md").write_text(NOTICE, encoding="utf-8")
    (folder / "gratuity.md").write_text(GRATUITY, encoding="utf-8")
    return folder


@pytest.fixture
def tiny_settings(tiny_model: str) -> BuildSettings:
    return BuildSettings(model=tiny_model)


@pytest.fixture(scope="session")
def shipped_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of the shipped corpus, with the packaged model."""
    index = tmp_path_factory.mktemp("shipped") / "index"
    build(ROOT / "corpus", index)
    return index


@pytest.fixture(scope="session")
def shipped(shipped_index: Path) -> Bot:
    return Bot.open(shipped_index)


@pytest.fixture(scope="session")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Bot:
    """The bot of a few small articles, with the packaged model."""
    folder = tmp_path_factory.mktemp("answers")
    (folder / "corpus").mkdir()
    for name, text in {"notice": NOTICE, "gratuity": GRATUITY, "probation": PROBATION, "hostile": HOSTILE}.items():
        (folder / "corpus" / f"{name}.md").write_text(text, encoding="utf-8")
    (folder / "corpus" / "alternates.csv").write_text(
        'question,passage\n"jldi chhod sakte hain kya",notice-period#faq-can-a-notice-period-be-bought-out\n'
    )
    build(folder / "corpus", folder / "index")
    return Bot.open(folder / "index")
