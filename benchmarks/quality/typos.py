"""What do typing errors cost, what does spelling repair win back, and which correct words does it change?

usage: python -m benchmarks.quality.typos DATA_FOLDER --work FOLDER [--limit N] [--show]

The folders are as for fit_ranking.py. Prints:

1. hit@1 of questions as they are, and with a random slip (a letter inserted, left out, replaced by a neighbouring key,
   or swapped with the next) in every second word of four letters or more, with and without repair;
2. the number of questions without added slips that the repair changes, asked of their own corpus and of the shipped
   one, which is about other subjects;
3. for real misspellings with their corrections (dl_typo), how many repairs are right and how many misspellings are
   repaired, with a vocabulary of the corrected queries alone, and of these and mtrag_govt;
4. the milliseconds that a misspelled word takes with a vocabulary of 200,000 words.

--show prints every change of the second table.
"""

import argparse
import csv
import random
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import starmap
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.shared.question_sets import build_set, read_gains, read_questions
from bot import Article, Passage
from bot.build.build import build
from bot.build.vocabulary_writer import VocabularyWriter
from bot.index.filters import Filters
from bot.index.generation import Generation, all_articles
from bot.index.lexical import LexicalIndex, LexicalWriter
from bot.index.local_generation import LocalGeneration
from bot.index.store import LocalStore
from bot.index.vocabulary import Vocabulary
from bot.languages.registry import QuestionLanguages
from bot.retrieval.features import find_candidates
from bot.retrieval.finder import Finder
from bot.retrieval.query_rewriting import QueryVariant
from bot.retrieval.ranking import RankingModel
from bot.retrieval.spelling import Speller

ROOT = Path(__file__).parents[2]
WITH_SLIPS = ("stackfaq", "jhu_covidfaq", "rasa_sara", "xquad_en")
WITHOUT_SLIPS = (*WITH_SLIPS, "clinc150_oos", "mtrag_govt")
ONLY_SHIPPED = ("hinglish_top",)
"""Sets that are only asked of the shipped corpus."""
VOCABULARY = 200_000
KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
POSITIONS = {key: complex(column + row / 2, row) for row, keys in enumerate(KEYS) for column, key in enumerate(keys)}
"""The position of each key on the keyboard."""
WORD = re.compile(r"[A-Za-z]{4,}")
COLUMNS = (
    "questions", "as they are", "with slips", "with slips and repair", "lost without repair", "lost with it",
    "as they are, repair on",
)  # fmt: skip

Labelled = Sequence[tuple[str, set[str]]]
"""Questions, and the articles that answer each."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=600, help="questions per set")
    parser.add_argument("--show", action="store_true")
    arguments = parser.parse_args()
    data, work = arguments.data, arguments.work
    build(ROOT / "corpus", work / "shipped" / "index")
    shipped = LocalGeneration.open(LocalStore(work / "shipped" / "index").current_folder())
    _print_slips(data, work, shipped, arguments.limit)
    _print_changes(data, work, shipped, show=arguments.show)
    others = list(build_set(data / "mtrag_govt", work / "mtrag_govt").table.all_passages())
    print("\n| corpus | words | misspellings | repaired right | repaired wrong |\n| --- | --- | --- | --- | --- |")
    _print_misspellings("the corrected queries", data / "dl_typo", [])
    _print_misspellings("the corrected queries and mtrag_govt", data / "dl_typo", others)
    _print_speed(others)


def _print_slips(data: Path, work: Path, shipped: Generation, limit: int) -> None:
    print(f"| {' | '.join(COLUMNS)} |\n{'| --- ' * len(COLUMNS)}|")
    for name in WITH_SLIPS:
        _print_hits(name, build_set(data / name, work / name), _labelled_questions(data / name, limit))
    own_faqs = [(faq.question, {article.id}) for article in all_articles(shipped.table) for faq in article.faqs]
    _print_hits("the shipped FAQs", shipped, own_faqs)
    with (ROOT / "tests" / "questions" / "visitors.csv").open(encoding="utf-8", newline="") as file:
        visitors = [(row["question"], {row["expected"]}) for row in csv.DictReader(file) if row["expected"]]
    _print_hits("visitors.csv", shipped, visitors)


def _labelled_questions(data: Path, limit: int) -> Labelled:
    """Return up to `limit` questions, spread evenly."""
    gains = read_gains(data)
    questions = [(row["text"], set(gains[row["_id"]])) for row in read_questions(data) if row["_id"] in gains]
    return [questions[place] for place in np.unique(np.linspace(0, len(questions) - 1, limit).astype(int))]


def _print_hits(name: str, generation: Generation, questions: Labelled) -> None:
    chance, finder, ranking = random.Random(1), Finder(generation), RankingModel.shipped()
    slipped = [(with_slips(question, chance), answers) for question, answers in questions]

    def without_repair(question: str) -> str:
        found = find_candidates(generation, [QueryVariant(question)], 1, Filters())
        best = int(np.argmax(ranking.scores(found.features[0], generation.manifest.score_calibration)))
        return generation.table.passages(found.passages[[best]])[0].article.id

    def with_repair(question: str) -> str:
        return finder.find(question, 1).hits[0].passage.article.id

    clean, typed = _hit_at_1(questions, without_repair), _hit_at_1(slipped, without_repair)
    repaired = _hit_at_1(slipped, with_repair)
    figures = (clean, typed, repaired, clean - typed, clean - repaired, _hit_at_1(questions, with_repair))
    print(f"| {name} ({len(questions)}) | " + " | ".join(f"{figure:.1f}" for figure in figures) + " |", flush=True)


def _hit_at_1(questions: Labelled, first_article: Callable[[str], str]) -> float:
    return 100 * float(np.mean([first_article(question) in answers for question, answers in questions]))


def with_slips(question: str, chance: random.Random) -> str:
    """Return a question with a slip in the first word of four letters or more, the third, and so on."""
    for place, match in reversed(list(enumerate(WORD.finditer(question)))):
        if place % 2 == 0:
            question = question[: match.start()] + _misspell(match[0], chance) + question[match.end() :]
    return question


def _misspell(word: str, chance: random.Random) -> str:
    """Insert, leave out or swap a letter, or replace it by its neighbour on the keyboard."""
    at, slip = chance.randrange(len(word) - 1), chance.randrange(4)
    neighbours = [key for key, place in POSITIONS.items() if 0 < abs(place - POSITIONS[word[at].lower()]) < 1.2]
    changed = (chance.choice(list(POSITIONS)) + word[at], "", chance.choice(neighbours), word[at + 1] + word[at])[slip]
    misspelled = word[:at] + changed + word[at + (2 if slip == 3 else 1) :]
    return misspelled if misspelled.lower() != word.lower() else _misspell(word, chance)


def _print_changes(data: Path, work: Path, shipped: Generation, *, show: bool) -> None:
    print("\n| questions | changed, asked of their own corpus | changed, asked of the shipped corpus |")
    print("| --- | --- | --- |")
    for name in (*WITHOUT_SLIPS, *ONLY_SHIPPED):
        questions = [row["text"][:1000] for row in read_questions(data / name)]
        of_shipped, of_own = _changes(Finder(shipped), questions), []
        cells = ["", _share(of_shipped, questions)]
        if name not in ONLY_SHIPPED:
            of_own = _changes(Finder(build_set(data / name, work / name)), questions)
            cells[0] = _share(of_own, questions)
        print(f"| {name} ({len(questions)}) | {' | '.join(cells)} |", flush=True)
        if show:
            print("    " + "; ".join(starmap(_difference, [*of_own, *of_shipped])))


def _share(changes: Sequence[object], questions: Sequence[str]) -> str:
    return f"{len(changes)} ({100 * len(changes) / len(questions):.1f} %)"


def _changes(finder: Finder, questions: Iterable[str]) -> list[tuple[str, str]]:
    """Return the questions that are repaired, before and after."""
    results = ((question, finder.find(question, 1).corrected) for question in questions if question.strip())
    return [(question, corrected) for question, corrected in results if corrected]


def _difference(typed: str, repaired: str) -> str:
    before, after = typed.split(), repaired.split()
    old, new = (word for word in before if word not in after), (word for word in after if word not in before)
    return ", ".join([*old, "→", *new])


def _print_misspellings(name: str, data: Path, others: Sequence[Passage]) -> None:
    pairs = [(row["text"], row["corrected"]) for row in read_questions(data)]
    passages = [*map(_passage, (right for _, right in pairs)), *others]
    with _speller(passages) as speller:
        repairs = [(speller.repair(typed) or typed, typed, right) for typed, right in pairs]
    changed = [repaired == right for repaired, typed, right in repairs if repaired != typed]
    counts = (len(_words(passages)), len(pairs), sum(changed), len(changed) - sum(changed))
    print(f"| {name} | {' | '.join(map(str, counts))} |", flush=True)


def _print_speed(passages: Sequence[Passage]) -> None:
    """Measure with the words of passages and of English, and words made from their halves, up to `VOCABULARY`."""
    chance, slips = random.Random(1), random.Random(2)
    words = sorted(_words(passages, with_english=True))
    made = {word for word in words if len(word) > 3}
    while len(made) < VOCABULARY:
        one, other = chance.choice(words), chance.choice(words)
        made.add(one[: len(one) // 2 + 1] + other[len(other) // 2 :])
    sample = slips.sample([word for word in words if WORD.fullmatch(word) and word.isascii()], 500)
    with _speller([*passages, _passage(" ".join(made))]) as speller:
        times = list(_times(speller, [_misspell(word, slips) for word in sample]))
    p50, p95 = np.percentile(times[20:], [50, 95])
    print(f"\n{len(made)} words: first misspelled word {times[0]:.1f} ms, later ones {p50:.2f} (p50), {p95:.2f} (p95)")


def _times(speller: Speller, words: Iterable[str]) -> Iterator[float]:
    for word in words:
        start = time.perf_counter()
        speller.repair(word)
        yield 1000 * (time.perf_counter() - start)


@contextmanager
def _speller(passages: Sequence[Passage]) -> Iterator[Speller]:
    with TemporaryDirectory() as folder:
        lexical = LexicalWriter(Path(folder, "lexical"))
        for passage in passages:
            lexical.add(passage)
        lexical.close()
        vocabulary = _vocabulary(passages, Path(folder))
        yield Speller(vocabulary, LexicalIndex(Path(folder, "lexical")), QuestionLanguages(vocabulary))


def _vocabulary(passages: Iterable[Passage], folder: Path) -> Vocabulary:
    writer = VocabularyWriter(folder)
    for passage in passages:
        writer.add(passage)
    writer.close()
    return Vocabulary(folder)


def _words(passages: Iterable[Passage], *, with_english: bool = False) -> list[str]:
    """Return the words of passages; optionally all other English words too."""
    with TemporaryDirectory() as folder:
        vocabulary = _vocabulary(passages, Path(folder))
        lengths = [vocabulary.words(length) for length in range(1, 40)]
    counts = [pair for each in lengths for pair in zip(each.words.tolist(), each.passages.tolist(), strict=True)]
    return [word for word, count in counts if with_english or count]


def _passage(text: str) -> Passage:
    article = Article(text[:60], "made", text[:60], text)
    return Passage(f"{article.id}#made", "section", article, (), text, 0, len(text))


if __name__ == "__main__":
    main()
