"""What does tuning the model to a corpus gain on questions of FAQs that it was not taught, and what does it cost?

usage: python -m benchmarks.quality.tune DATA --work FOLDER [--rounds N] [--sets NAME ...]

stackfaq, rasa_sara: each set's questions are the alternates of the FAQs that they are labelled with; tuning holds out a fifth of the FAQs and asks their
alternates. myscheme_dev: the first 1,000 official FAQs of its FAQ bank, one article a scheme; tuning holds out a fifth of the schemes and asks their FAQs'
questions of articles in which only the answers stand.
"""

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree

from benchmarks.shared.question_sets import read_gains, read_questions
from benchmarks.shared.timing import Row, machine, table
from bot.build.build import build
from bot.tuning import tune

BANK, FAQS = "myscheme_dev", 1000
SETS = ("stackfaq", BANK, "rasa_sara")
SHOWN = ("ndcg@10", "hit@1", "hit@5", "answered")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--sets", nargs="*", default=SETS)
    arguments = parser.parse_args()
    print(machine(), flush=True)
    for name in arguments.sets:
        articles = list(bank(arguments.data / BANK) if name == BANK else labelled(arguments.data / name))
        print(f"\n{table(tuned(name, articles, arguments.work / name, arguments.rounds))}", flush=True)


def labelled(folder: Path) -> Iterator[dict[str, object]]:
    """The FAQs of a set, with its questions as their alternates."""
    asked: dict[str, list[str]] = {}
    gains = read_gains(folder)
    for question in read_questions(folder):
        for label in gains.get(question["_id"], ()):
            asked.setdefault(label, []).append(question["text"])
    for line in (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines():
        faq = json.loads(line)
        others = dict.fromkeys(question for question in asked.get(faq["_id"], ()) if question != faq["title"])
        yield {
            "id": faq["_id"],
            "question": faq["title"],
            "answer": faq["text"] or faq["title"],
            "alternates": list(others),
        }


def bank(folder: Path) -> Iterator[dict[str, object]]:
    """The first FAQs of a bank, one article a scheme."""
    schemes: dict[tuple[str, str], list[dict[str, str]]] = {}
    for line in (folder / "faq_bank.jsonl").read_text(encoding="utf-8").splitlines()[:FAQS]:
        faq = json.loads(line)
        schemes.setdefault((faq["scheme"], faq["scheme_title"]), []).append(
            {"question": faq["title"], "answer": faq["text"]}
        )
    for (ident, title), faqs in schemes.items():
        yield {"id": ident, "title": title, "text": "", "faqs": faqs}


def tuned(name: str, articles: list[dict[str, object]], work: Path, rounds: int) -> list[Row]:
    build(articles, work / "index")
    rmtree(work / "tuned", ignore_errors=True)
    started = time.perf_counter()
    done = tune(work / "index", work / "tuned", rounds)
    minutes = (time.perf_counter() - started) / 60
    facts = {"set": name, "lessons": done.lessons, "questions": done.questions, "kept": "yes" if done.kept else "no"}
    return [
        {
            **facts,
            "model": model,
            **{each: f"{100 * (figures[each] or 0):.1f}" for each in SHOWN},
            "minutes in all": minutes,
        }
        for model, figures in (("as it is", done.before), ("tuned", done.after))
    ]


if __name__ == "__main__":
    main()
