"""What does tuning the model to a corpus gain on held-out FAQs, and how long does it take?

usage: python -m benchmarks.quality.tune DATA_FOLDER --work FOLDER [--rounds N] [--sets NAME ...]

stackfaq and rasa_sara: each set's questions are alternates of the FAQs in their labels; tuning holds out a fifth of the
FAQs and asks their alternates. myscheme_dev: the first 1,000 FAQs of its official FAQ bank, one article per scheme;
tuning holds out a fifth of the schemes and asks their FAQs' questions of articles that contain only the answers.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree

from benchmarks.shared.question_sets import read_gains, read_json_lines, read_questions
from benchmarks.shared.timing import Row, machine, table
from bot.build.build import build
from bot.tuning.tune import tune

BANK = "myscheme_dev"
BANK_FAQS = 1000
"""Number of FAQs of the bank that are used."""
SETS = ("stackfaq", BANK, "rasa_sara")
FIGURES = ("ndcg@10", "hit@1", "hit@5", "answered")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--sets", nargs="*", default=SETS)
    arguments = parser.parse_args()
    print(machine(), flush=True)
    for name in arguments.sets:
        articles = list(read_bank(arguments.data / BANK) if name == BANK else read_faqs(arguments.data / name))
        print(f"\n{table(measure(name, articles, arguments.work / name, arguments.rounds))}", flush=True)


def read_faqs(folder: Path) -> Iterator[dict[str, object]]:
    """Yield the FAQs of a set, with its questions as their alternates."""
    questions: dict[str, list[str]] = {}
    gains = read_gains(folder)
    for question in read_questions(folder):
        for label in gains.get(question["_id"], ()):
            questions.setdefault(label, []).append(question["text"])
    for faq in read_json_lines(folder / "corpus.jsonl"):
        title, answer = faq["title"], faq["text"] or faq["title"]
        alternates = dict.fromkeys(text for text in questions.get(faq["_id"], ()) if text != title)
        yield {"id": faq["_id"], "question": title, "answer": answer, "alternates": list(alternates)}


def read_bank(folder: Path) -> Iterator[dict[str, object]]:
    """Yield an article for each scheme in the first FAQs of a bank."""
    schemes: dict[tuple[str, str], list[dict[str, str]]] = {}
    for faq in read_json_lines(folder / "faq_bank.jsonl")[:BANK_FAQS]:
        scheme = schemes.setdefault((faq["scheme"], faq["scheme_title"]), [])
        scheme.append({"question": faq["title"], "answer": faq["text"]})
    for (ident, title), faqs in schemes.items():
        yield {"id": ident, "title": title, "text": "", "faqs": faqs}


def measure(name: str, articles: list[dict[str, object]], work: Path, rounds: int) -> list[Row]:
    build(articles, work / "index")
    rmtree(work / "tuned", ignore_errors=True)
    start = time.perf_counter()
    outcome = tune(work / "index", work / "tuned", rounds)
    minutes = (time.perf_counter() - start) / 60
    is_saved = "yes" if outcome.kept else "no"
    return [
        {
            "set": name, "training pairs": outcome.lessons, "held-out questions": outcome.questions, "saved": is_saved,
            "model": model, **{each: f"{100 * (figures[each] or 0):.1f}" for each in FIGURES}, "minutes": minutes,
        }
        for model, figures in (("original", outcome.before), ("tuned", outcome.after))
    ]  # fmt: skip


if __name__ == "__main__":
    main()
