"""What do typing errors cost, how much of it does the spelling repair win back, and what does it change that was not wrong?

usage: python -m benchmarks.quality.typos DATA_FOLDER --work FOLDER [--most 600] [--show]

The folders are those of fit_ranking.py. Prints

1. hit@1 of questions as they are, and with one random slip (a letter put in, left out, taken from a neighbouring key, or two swapped) in every second word of
   four letters or more, read as typed and with repair;
2. how many questions, without added slips, the repair changes: asked of their own corpus and of the shipped one, which is about something else;
3. for real misspellings with their corrections (dl_typo): how many repairs are right and how many misspellings are repaired, by the vocabulary of the right
   queries alone and with that of mtrag_govt as well;
4. what a misspelt word costs in milliseconds with a vocabulary of 200,000 words, the first and later ones.

--show prints every change of the second table.
"""

import argparse
import csv
import random
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.shared.question_sets import build_set, read_gains, read_questions
from bot import Article, Passage
from bot.build.build import build
from bot.build.vocabulary_writer import VocabularyWriter
from bot.index.filters import Filters
from bot.index.generation import Generation, all_articles
from bot.index.lexical import Lexical, LexicalWriter
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
FOUND = ("stackfaq", "jhu_covidfaq", "rasa_sara", "xquad_en")
CLEAN = ("stackfaq", "jhu_covidfaq", "rasa_sara", "xquad_en", "clinc150_oos", "mtrag_govt")
ELSEWHERE = ("hinglish_top",)
"""Sets that are asked of the shipped corpus alone."""
KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
PLACES = {key: complex(column + row / 2, row) for row, keys in enumerate(KEYS) for column, key in enumerate(keys)}
WORD = re.compile(r"[A-Za-z]{4,}")

Asked = Sequence[tuple[str, set[str]]]
"""Questions, and the articles that answer each."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--most", type=int, default=600, help="questions of each set")
    parser.add_argument("--show", action="store_true")
    arguments = parser.parse_args()
    data, work, most = arguments.data, arguments.work, arguments.most
    build(ROOT / "corpus", work / "shipped" / "index")
    shipped = LocalGeneration.open(LocalStore(work / "shipped" / "index").current_folder())
    print(
        "| questions | as they are | with slips | with slips and repair | lost without repair | lost with it | as they are, repair on |\n"
        + "| --- " * 7
        + "|"
    )
    for name in FOUND:
        _print_found(name, build_set(data / name, work / name), _spread(_asked(data / name), most))
    _print_found("the shipped FAQs", shipped, _own_faqs(shipped))
    _print_found("visitors.csv", shipped, _visitors())
    print(
        "\n| questions | changed, asked of their own corpus | changed, asked of the shipped corpus |\n| --- | --- | --- |"
    )
    for name in CLEAN:
        _print_changed(name, _texts(data / name), [build_set(data / name, work / name), shipped], show=arguments.show)
    for name in ELSEWHERE:
        _print_changed(name, _texts(data / name), [shipped], show=arguments.show)
    print("\n| corpus | words | misspellings | repaired right | repaired wrong |\n| --- | --- | --- | --- | --- |")
    _print_real(data / "dl_typo", [])
    _print_real(data / "dl_typo", _passages(build_set(data / "mtrag_govt", work / "mtrag_govt")))
    _print_speed(_passages(build_set(data / "mtrag_govt", work / "mtrag_govt")))


def _texts(data: Path) -> list[str]:
    return [row["text"][:1000] for row in read_questions(data)]


def _asked(data: Path) -> Asked:
    gains = read_gains(data)
    return [(row["text"], set(gains[row["_id"]])) for row in read_questions(data) if row["_id"] in gains]


def _spread(asked: Asked, most: int) -> Asked:
    return [asked[place] for place in np.unique(np.linspace(0, len(asked) - 1, most).astype(int))]


def _own_faqs(generation: Generation) -> Asked:
    return [(faq.question, {article.id}) for article in all_articles(generation.table) for faq in article.faqs]


def _visitors() -> Asked:
    with (ROOT / "tests" / "questions" / "visitors.csv").open(encoding="utf-8", newline="") as file:
        return [(row["question"], {row["expected"]}) for row in csv.DictReader(file) if row["expected"]]


def _print_found(name: str, generation: Generation, asked: Asked) -> None:
    chance, finder, ranking = random.Random(1), Finder(generation), RankingModel.shipped()
    slipped = [(with_slips(question, chance), answers) for question, answers in asked]

    def as_typed(question: str) -> str:
        found = find_candidates(generation, [QueryVariant(question)], 1, Filters())
        best = int(np.argmax(ranking.scores(found.features[0], generation.manifest.score_calibration)))
        return generation.table.passages(found.passages[[best]])[0].article.id

    def repaired(question: str) -> str:
        return finder.find(question, 1).hits[0].passage.article.id

    def hits(asked: Asked, first: Callable[[str], str]) -> float:
        return 100 * float(np.mean([first(question) in answers for question, answers in asked]))

    clean, typed, mended = hits(asked, as_typed), hits(slipped, as_typed), hits(slipped, repaired)
    figures = (clean, typed, mended, clean - typed, clean - mended, hits(asked, repaired))
    print(f"| {name} ({len(asked)}) | " + " | ".join(f"{figure:.1f}" for figure in figures) + " |", flush=True)


def with_slips(question: str, chance: random.Random) -> str:
    """The question with a slip in the first word of four letters or more, the third, and so on."""
    for place, match in reversed(list(enumerate(WORD.finditer(question)))):
        if place % 2 == 0:
            question = question[: match.start()] + _slipped(match[0], chance) + question[match.end() :]
    return question


def _slipped(word: str, chance: random.Random) -> str:
    """The word with another letter put in, left out, taken for its neighbour on the keyboard, or swapped with the next."""
    at, slip = chance.randrange(len(word) - 1), chance.randrange(4)
    beside = [key for key, place in PLACES.items() if 0 < abs(place - PLACES[word[at].lower()]) < 1.2]
    changed = {0: chance.choice(list(PLACES)) + word[at], 1: "", 2: chance.choice(beside), 3: word[at + 1] + word[at]}[
        slip
    ]
    slipped = word[:at] + changed + word[at + (2 if slip == 3 else 1) :]
    return slipped if slipped.lower() != word.lower() else _slipped(word, chance)


def _print_changed(name: str, questions: Sequence[str], generations: Sequence[Generation], *, show: bool) -> None:
    changes = [_changes(Finder(generation), questions) for generation in generations]
    cells = [f"{len(each)} ({100 * len(each) / len(questions):.1f} %)" for each in changes]
    print(f"| {name} ({len(questions)}) | " + " | ".join(([""] if len(cells) == 1 else []) + cells) + " |", flush=True)
    for each in changes if show else ():
        print("    " + "; ".join(_shown(typed, repaired) for typed, repaired in each))


def _changes(finder: Finder, questions: Iterable[str]) -> list[tuple[str, str]]:
    read = ((question, finder.find(question, 1).corrected) for question in questions if question.strip())
    return [(question, corrected) for question, corrected in read if corrected]


def _shown(typed: str, repaired: str) -> str:
    before, after = typed.split(), repaired.split()
    return ", ".join(
        [*(word for word in before if word not in after), "→", *(word for word in after if word not in before)]
    )


def _print_real(data: Path, others: Sequence[Passage]) -> None:
    pairs = [(row["text"], row["corrected"]) for row in read_questions(data)]
    passages = [*map(_passage, (right for _, right in pairs)), *others]
    words = len(_held(passages, english=False))
    with TemporaryDirectory() as folder:
        speller = _speller(passages, Path(folder))
        outcomes = [(speller.repair(typed) or typed, typed, right) for typed, right in pairs]
    changed = [(repaired, right) for repaired, typed, right in outcomes if repaired != typed]
    good = sum(repaired == right for repaired, right in changed)
    print(
        f"| {'the right queries' + (' and mtrag_govt' if others else '')} | {words} | {len(pairs)} | {good} | {len(changed) - good} |",
        flush=True,
    )


def _print_speed(passages: Sequence[Passage]) -> None:
    """Times with the words of passages, and made ones of their halves, up to 200,000."""
    chance, typed = random.Random(1), random.Random(2)
    held = sorted(_held(passages, english=True))
    made = {word for word in held if len(word) > 3}
    while len(made) < 200_000:
        one, other = chance.choice(held), chance.choice(held)
        made.add(one[: len(one) // 2 + 1] + other[len(other) // 2 :])
    with TemporaryDirectory() as folder:
        speller = _speller([*passages, _passage(" ".join(made))], Path(folder))
        words = [
            _slipped(word, typed)
            for word in typed.sample([word for word in held if WORD.fullmatch(word) and word.isascii()], 500)
        ]
        times = list(_times(speller, words))
    print(
        f"\n{len(made)} words: the first misspelt word {times[0]:.1f} ms, later ones {np.median(times[20:]):.2f} ms (p50), {np.percentile(times[20:], 95):.2f} ms (p95)"
    )


def _times(speller: Speller, words: Iterable[str]) -> Iterator[float]:
    for word in words:
        start = time.perf_counter()
        speller.repair(word)
        yield 1000 * (time.perf_counter() - start)


def _speller(passages: Sequence[Passage], folder: Path) -> Speller:
    lexical = LexicalWriter(folder / "lexical")
    for passage in passages:
        lexical.add(passage)
    lexical.close()
    vocabulary = _vocabulary(passages, folder)
    return Speller(vocabulary, Lexical(folder / "lexical"), QuestionLanguages(vocabulary))


def _vocabulary(passages: Iterable[Passage], folder: Path) -> Vocabulary:
    writer = VocabularyWriter(folder)
    for passage in passages:
        writer.add(passage)
    writer.close()
    return Vocabulary(folder)


def _held(passages: Iterable[Passage], *, english: bool) -> list[str]:
    """The words of passages, or these and all other English ones."""
    with TemporaryDirectory() as folder:
        known = _vocabulary(passages, Path(folder))
        pairs = (
            pair for length in range(1, 40) for pair in zip(*map(np.ndarray.tolist, known.words(length)), strict=True)
        )
        return [word for word, passages_with in pairs if english or passages_with]


def _passages(generation: Generation) -> list[Passage]:
    return generation.table.passages(range(generation.table.facts.passages))


def _passage(text: str) -> Passage:
    article = Article(text[:60], "made", text[:60], text)
    return Passage(f"{article.id}#made", "section", article, (), text, 0, len(text))


if __name__ == "__main__":
    main()
