"""How long does a build take when nothing, or one article in a hundred, has changed?

usage: python -m benchmarks.speed.rebuilding [CORPUS]

Builds a copy of a corpus (by default the shipped one) from nothing, then again unchanged, with a sentence added to
every hundredth article, and with every hundredth article rewritten. Each build is a fresh process; its time is printed
relative to the first. "saved, until answered from" adds a small article while `articlebot serve --watch` runs. The last
row is `SentenceTransformer.encode` of every passage below its headings, once.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.shared.chat_server import ChatServer, wait_until
from benchmarks.shared.timing import Row, machine, seconds, table
from bot.corpus import read_corpus
from bot.encoder import SentenceEncoder
from bot.passages import context_and_text, split_articles
from bot.settings import BuildSettings

ROOT = Path(__file__).parents[2]
_FIRST_BUILD = 10  # seconds in which the server's first build finds that nothing has changed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, nargs="?", default=ROOT / "corpus")
    print(f"{machine()}\n\n{table(measure(parser.parse_args().corpus))}")


def measure(corpus: Path) -> list[Row]:
    changes: dict[str, Callable[[str], str] | None] = {
        "from nothing": None,
        "nothing changed": None,
        "a sentence added to every hundredth article": _add_sentence,
        "every hundredth article rewritten": _rewrite,
    }
    with TemporaryDirectory() as folder:
        copy, index = Path(folder, "corpus"), Path(folder, "index")
        shutil.copytree(corpus, copy)
        files = sorted(path for path in copy.rglob("*") if path.suffix in (".md", ".jsonl", ".txt"))[50::100]
        rows: list[Row] = []
        for name, change in changes.items():
            for path in files if change else []:
                path.write_text(_changed(path, change), encoding="utf-8")
            rows.append(_build(name, copy, index))
        rows.append({**rows[-1], "build": "saved, until answered from", "seconds": _watch(copy, index)})
    rows.append(_encode(corpus))
    return [{**row, "relative to the first": row["seconds"] / rows[0]["seconds"]} for row in rows]


def _build(name: str, corpus: Path, index: Path) -> Row:
    out = index.with_suffix(".json")
    command = [sys.executable, "-m", "bot", "build", "--corpus", str(corpus), "--index", str(index), "--json"]
    with out.open("w", encoding="utf-8") as file:
        took = seconds(lambda: subprocess.run(command, check=True, stdout=file, stderr=subprocess.DEVNULL, cwd=ROOT))
    facts = json.loads(out.read_text(encoding="utf-8"))
    return {"build": name, "passages": facts["passages"], "texts encoded": facts["encoded"], "seconds": took}


def _watch(corpus: Path, index: Path) -> float:
    """Return the seconds from saving an article until a server that watches the corpus answers from it."""
    with ChatServer(corpus.parent, "--watch", "--corpus", str(corpus), "--index", str(index)) as server:
        time.sleep(_FIRST_BUILD)
        before, current, started = server.health()["generation"], index / "CURRENT", time.perf_counter()
        (corpus / "watched.md").write_text("# Watched\n\nThe watched office opens at nine.\n", encoding="utf-8")
        wait_until(lambda: current.read_text(encoding="utf-8").strip() != before)  # takes the build no processor time
        wait_until(lambda: server.health().get("generation") != before)
        return time.perf_counter() - started


def _encode(corpus: Path) -> Row:
    encoder = SentenceEncoder()
    passages = split_articles(read_corpus(corpus).articles, encoder.token_starts, BuildSettings().passage_tokens)
    texts = [context_and_text(passage) for passage in passages]
    encoder.model.encode(texts[:64])
    took = seconds(lambda: encoder.model.encode(texts, batch_size=32, show_progress_bar=False))
    name = "SentenceTransformer.encode of the passages, float32"
    return {"build": name, "passages": len(texts), "texts encoded": len(texts), "seconds": took}


def _add_sentence(text: str) -> str:
    return re.sub(r"(?<=[.!?]) (?=[A-Z])", " One more remark was added here. ", text, count=1)


def _rewrite(text: str) -> str:
    return re.sub(r"\b(the|a|to|of)\b", r"\1 very", text)


def _changed(path: Path, change: Callable[[str], str]) -> str:
    """Return the content of a file with its texts changed."""
    content = path.read_text(encoding="utf-8")
    if path.suffix != ".jsonl":
        return change(content)
    rows = [json.loads(line) for line in content.split("\n") if line]
    changed = ({**row, **{name: change(row[name]) for name in ("text", "answer") if row.get(name)}} for row in rows)
    return "\n".join(json.dumps(row) for row in changed)


if __name__ == "__main__":
    main()
