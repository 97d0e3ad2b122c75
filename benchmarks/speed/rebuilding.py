"""How long does a build take when nothing, or one article in a hundred, has changed?

usage: python -m benchmarks.speed.rebuilding [CORPUS]

Builds a copy of a corpus (the shipped one unless another is named) from nothing, then again unchanged, with a sentence added to every hundredth article,
and with every hundredth article written anew, each in a fresh process, and prints the times as parts of the first.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.shared.timing import Row, machine, seconds, table

ROOT = Path(__file__).parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, nargs="?", default=ROOT / "corpus")
    print(f"{machine()}\n\n{table(measure(parser.parse_args().corpus))}")


def measure(corpus: Path) -> list[Row]:
    with TemporaryDirectory() as folder:
        copy, index = Path(folder, "corpus"), Path(folder, "index")
        shutil.copytree(corpus, copy)
        files = sorted(path for path in copy.rglob("*") if path.suffix in (".md", ".jsonl", ".txt"))[::100]
        changes: dict[str, Callable[[Path], str] | None] = {
            "from nothing": None,
            "nothing changed": None,
            "a sentence more in every hundredth article": _one_more_sentence,
            "every hundredth article written anew": _written_anew,
        }
        rows: list[Row] = []
        for name, change in changes.items():
            for path in files if change else []:
                path.write_text(change(path), encoding="utf-8")
            rows.append(_build(name, copy, index))
        return [{**row, "part of the first": row["seconds"] / rows[0]["seconds"]} for row in rows]


def _build(name: str, corpus: Path, index: Path) -> Row:
    out = index.with_suffix(".json")
    command = [sys.executable, "-m", "bot", "build", "--corpus", str(corpus), "--index", str(index), "--json"]
    with out.open("w", encoding="utf-8") as file:
        took = seconds(lambda: subprocess.run(command, check=True, stdout=file, stderr=subprocess.DEVNULL, cwd=ROOT))
    facts = json.loads(out.read_text(encoding="utf-8"))
    return {"build": name, "passages": facts["passages"], "texts encoded": facts["encoded"], "seconds": took}


def _one_more_sentence(path: Path) -> str:
    return _with_words(
        path, lambda words: re.sub(r"(?<=[.!?]) (?=[A-Z])", " One more remark was added here. ", words, count=1)
    )


def _written_anew(path: Path) -> str:
    return _with_words(path, lambda words: re.sub(r"\b(the|a|to|of)\b", r"\1 very", words))


def _with_words(path: Path, change: Callable[[str], str]) -> str:
    content = path.read_text(encoding="utf-8")
    if path.suffix != ".jsonl":
        return change(content)
    rows = [json.loads(line) for line in content.split("\n") if line]
    changed = ({**row, **{name: change(row[name]) for name in ("text", "answer") if row.get(name)}} for row in rows)
    return "\n".join(json.dumps(row) for row in changed)


if __name__ == "__main__":
    main()
