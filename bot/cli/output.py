"""How verbs print: facts on stdout as text or JSON, messages and progress on stderr."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from time import monotonic
from typing import Any, NoReturn

from bot.corpus.refused import Refused, by_kind
from bot.errors import requires

Progress = Callable[[str, int, int], None]
"""Called with the step, the number of items done and the total."""
_STEPS = {
    "model": "opening the model",
    "files": "reading",
    "texts": "encoding",
    "passages": "writing to Milvus",
    "before": "encoding with the current model",
    "training": "training",
    "after": "encoding with the tuned model",
}
_UNITS = {"before": "texts", "training": "steps", "after": "texts"}
_LINE_INTERVAL = 2.0  # seconds between two lines of progress
_SHOWN_REFUSALS = 20  # maximum number of lines of a kind that are printed one by one


def print_facts(facts: object, as_json: bool, text: Callable[[], str]) -> None:
    """Print facts as JSON, or as the text that `text` returns."""
    sys.stdout.write((json.dumps(facts, ensure_ascii=False, indent=2) if as_json else text()) + "\n")


def say(line: str) -> None:
    """Print one line on stderr."""
    sys.stderr.write(" ".join(line.split()) + "\n")


def say_refusals(refusals: Sequence[Refused], full_list: str = "") -> None:
    """Print what was refused, left out, merged or cleaned: the first of each kind, and where the full list is."""
    for kind, group in by_kind(refusals).items():
        for refusal in group[:_SHOWN_REFUSALS]:
            say(f"{kind}: {refusal}")
        if len(group) > _SHOWN_REFUSALS:
            say(f"{kind}: {len(group) - _SHOWN_REFUSALS} more")
    if refusals and full_list:
        say(f"full list: {full_list}")


def count_kinds(refusals: Sequence[Refused]) -> str:
    """Return how many of a list are of each kind: "2 refused, 1 merged"; "0 refused" of an empty one."""
    return ", ".join(f"{len(group)} {kind}" for kind, group in by_kind(refusals).items()) or "0 refused"


def count(number: int, noun: str) -> str:
    """Return a number with its noun: "1 article", "2 articles"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def format_value(value: object) -> str:
    """Return a value as a person reads it: yes, no, or - for None."""
    if value is None:
        return "-"
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


@contextmanager
def show_progress(in_lines: bool = False) -> Iterator[Progress]:
    """Show the progress of each step on stderr, as lines or as bars. Raises `MissingExtra` if bars need tqdm."""
    if in_lines:
        yield _progress_lines()
        return
    with requires("tqdm", "build"):
        from tqdm import tqdm
    bars: dict[str, tqdm[NoReturn]] = {}
    style: dict[str, Any] = {"dynamic_ncols": True, "disable": None, "file": sys.stderr, "leave": False}
    with ExitStack() as open_bars:

        def progress(step: str, done: int, total: int) -> None:
            if step not in bars:
                unit = f" {_UNITS.get(step, step)}"
                bars[step] = open_bars.enter_context(tqdm(desc=_STEPS[step], total=total, unit=unit, **style))
            bars[step].update(done - bars[step].n)

        yield progress


def _progress_lines() -> Progress:
    printed: dict[str, float] = {}

    def progress(step: str, done: int, total: int) -> None:
        now = monotonic()
        if now - printed.setdefault(step, now) >= _LINE_INTERVAL:
            printed[step] = now
            say(f"{_STEPS[step]}: {done} of {total} {_UNITS.get(step, step)}")

    return progress
