"""Fit the reader's model, and report each fold with a model fitted on the others.

usage: python -m benchmarks.quality.fit_reader DATA_FOLDER ENCODERS --work FOLDER [--write]

ENCODERS holds the encoders that `teach_encoder` taught without fold 0, 1 and 2, and in `full` with all: the questions
of a fold are read with the encoder that did not learn from it, questions over articlebot's own articles with one that
learned nothing about these ("untaught"), without the questions that come with the articles, and others, which no
encoder learned from, with the full one and with the questions that come with the articles ("shipped"). The websites of
`websites/`, which no encoder learned from either, are read with the full one, each as a corpus of its own and all of
them together; three articles of them at a time ("hashed") with the encoder that programs test with.
--write stores the model fitted on all folds in bot/reader/reader.json.

Sentences: a network with one hidden layer, trained so that the softmax over all candidate sentences of a question falls
on those that answer (ListNet with top-one probability). Probability: gradient-boosted trees that predict "the quote
holds the words that answer" from signals of the quote; negatives are covered questions whose passages were taken out,
near misses, and questions about another subject or something quite different.
"""

import argparse
import csv
import json
import pickle
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from shutil import copy, copytree, ignore_patterns

import numpy as np
import torch
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from benchmarks.quality.reader_cases import Case, CaseReader
from benchmarks.quality.teach_encoder import FOLDS, SETS, UNLICENSED, is_taught
from benchmarks.shared.question_sets import build_set, read_gains, read_json_lines, read_labelled, read_questions
from bot.build.build import build
from bot.build.score_calibration import calibration_questions
from bot.encoder import HashingEncoder
from bot.index.local_generation import LocalGeneration
from bot.index.store import LocalStore
from bot.languages.normalization import words_only
from bot.passages import Passage
from bot.reader.features import feature_names
from bot.reader.late_interaction import LATE
from bot.reader.model import AnswerModel, SentenceModel
from bot.reader.reader import choose
from bot.settings import BuildSettings

TARGET = Path(__file__).parents[2] / "bot" / "reader" / "reader.json"
SHIPPED = Path(__file__).parents[2] / "corpus"
TAUGHT = Path(__file__).parents[2] / "tests" / "questions" / "words.jsonl"
KEPT = TAUGHT.with_name("reader.jsonl")
"""Questions over the shipped articles that encoders learn from, and the ones kept from them for the reader."""
QUESTION_TABLES = ("alternates.csv", "unanswered.csv")
"""The tables of `SHIPPED` that these questions are in."""
WEBSITES = Path(__file__).with_name("websites")
FAQ_SETS = {"stackfaq": 300, "jhu_covidfaq": 300, "xquad_en": 300}
HIDDEN, EPOCHS, DECAY, RATE = 16, 30, 3e-3, 3e-3
DEPTH, TREES = 5, 120
ANSWER_WEIGHTS = {
    "within": 1.5, "within more": 1.5, "open": 0.5, "open more": 0.5, "near": 0.7, "near more": 0.25,
    "shipped": 2.0, "shipped within": 1.0, "shipped own": 1.5, "removed": 0.1, "removed open": 0.05,
    "shipped near": 0.6, "shipped near within": 0.15, "shipped removed": 0.1, "unrelated": 0.1,
    "shipped unrelated": 0.5, "shipped strange": 0.3, "untaught": 1.0, "untaught within": 0.5, "untaught near": 0.2,
    "untaught removed": 0.05, "website": 2.0, "website within": 1.0, "websites": 1.0, "website near": 0.6,
    "website near within": 0.15, "websites near": 0.3, "website removed": 0.1, "website unrelated": 0.2,
    "hashed": 0.3, "untokened": 0.5,
}  # fmt: skip
"""The weight of each group of questions in the fit of the probability."""
WITHIN = ("within", "within more", "near", "near more", "removed")
"""Groups that are asked of one article; the others named so stand for a corpus of one article."""
RELEVANT = (
    "within", "open", "within more", "open more", "shipped", "shipped within", "near", "shipped near", "website",
    "website within", "website near", "websites",
)  # fmt: skip
STRANGE = (
    "strange", "strange within", "shipped strange", "shipped strange within", "website strange",
    "website strange within",
)  # fmt: skip
RELEVANCE = ("above_midpoint", "ranking", "most_sentence", "most_both", "in_both")
"""The signals of whether the corpus is about a question at all."""
CUTS = (0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
AGAINST = (
    ("within", "near"), ("within", "removed"), ("open", "removed open"), ("within", "unrelated"),
    ("within more", "near more"), ("open", "unrelated"), ("open", "strange"), ("shipped", "shipped near"),
    ("shipped", "shipped removed"), ("shipped", "shipped unrelated"), ("shipped", "shipped strange"),
    ("within", "strange within"), ("shipped own", "shipped strange"),
    ("shipped within", "shipped strange within"), ("shipped within", "shipped near within"),
    ("website", "website near"), ("website", "website removed"), ("website", "website unrelated"),
    ("website", "website strange"), ("websites", "websites near"),
    *((name, f"{name} removed") for name in FAQ_SETS),
)  # fmt: skip
"""Groups of covered and of uncovered questions that the probability should tell apart."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("encoders", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    names = [*(f"fold{fold}" for fold in range(FOLDS)), "full"]
    cases = [case for name in names for case in _saved(arguments, name)]
    cases += [without_tokens(case) for case in cases if case.group == "website"]
    print(len(cases), "cases", flush=True)
    report(cases, arguments)


def _saved(arguments: argparse.Namespace, name: str) -> list[Case]:
    """Return the cases that are read with an encoder, from the work folder if they are there."""
    path = arguments.work / f"{name}.pickle"
    if not path.exists():
        arguments.work.mkdir(parents=True, exist_ok=True)
        made = list(_cases(arguments, name))
        path.write_bytes(pickle.dumps(made))
    return pickle.loads(path.read_bytes())


def _cases(arguments: argparse.Namespace, name: str) -> Iterator[Case]:
    settings = BuildSettings(model=str(arguments.encoders / name / "model"))
    data, work = arguments.data, arguments.work / name
    if name == "full":
        yield from _cases_of_shipped(_index(_without_kept(work), work / "shipped" / "index", settings), data)
        yield from _cases_of_websites(work / "websites", settings, data)
        yield from _cases_of_few(work / "few")
        return
    fold = int(name.removeprefix("fold"))
    yield from _cases_of_words(data / "answer_words", work, settings, fold)
    if fold == 0:
        reader = _index(_without_questions(work), work / "shipped" / "index", settings)
        for row in read_json_lines(TAUGHT):
            yield from filter(None, _cases_of_own_row(reader, row, "untaught", f"shipped-{row['article']}"))
    for place, set_name in enumerate(SETS):
        if set_name in FAQ_SETS and not is_taught(place, fold):
            yield from _cases_of_set(data / set_name, work / set_name, settings)


def _index_of_rows(rows: Sequence[dict], work: Path, settings: BuildSettings) -> CaseReader:
    corpus = work / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    (corpus / "corpus.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return _index(corpus, work / "index", settings)


def _index(corpus: Path, work: Path, settings: BuildSettings) -> CaseReader:
    build(corpus, work, settings)
    return CaseReader(LocalGeneration.open(LocalStore(work).current_folder()))


def _cases_of_words(data: Path, work: Path, settings: BuildSettings, fold: int) -> Iterator[Case]:
    articles = read_json_lines(data / "corpus.jsonl")
    left_out = [row for place, row in enumerate(articles) if not is_taught(place, fold)]
    every, few = (
        _index_of_rows(rows, work / name, settings) for name, rows in (("words", articles), ("few", left_out))
    )
    ids = {row["id"] for row in left_out}
    rows = [row for row in read_labelled(data) if row["article"] in ids]
    for row in rows:
        yield from filter(None, _cases_of_row(row, every, few))
    for row in random.Random(fold).sample(read_json_lines(TAUGHT), 150):
        yield from filter(None, [every.case("unrelated", row, f"unrelated{row['article']}")])
    yield from _strange(every, data.parent, "strange", 200)


def _cases_of_row(row: dict, every: CaseReader, few: CaseReader) -> Iterator[Case | None]:
    """Yield the cases of a question of answer_words, or of ours, among all articles and among the left-out ones."""
    own, words = row["article"], [row["words"]] if row["words"] else []
    more = " more" if "also" in row else ""
    yield every.case(f"within{more}" if words else f"near{more}", row, own, words=words, within=own)
    if words:
        yield every.case(f"open{more}", row, own, words=words)
    if words and not more:
        out = [row["words"], *row["passages"]]
        yield few.case("open few", row, own, words=words)
        yield every.case("removed", row, own, within=own, without=out)
        yield every.case("removed open", row, own, without=out)


def _strange(reader: CaseReader, data: Path, group: str, count: int) -> Iterator[Case]:
    """Yield questions about something quite different: the ones that clinc150_oos calls out of scope."""
    gains = read_gains(data / "clinc150_oos")
    rows = [row for row in read_questions(data / "clinc150_oos") if row["_id"] not in gains]
    chosen = random.Random(0)
    articles = sorted({one.article.id for one in reader.generation.table.sample(500)})
    for row in chosen.sample(rows, count):
        asked, key = {"question": row["text"]}, f"{group}{row['_id']}"
        cases = [reader.case(group, asked, key)]
        # As if the corpus were one article.
        cases += [reader.case(f"{group} within", asked, key, within=chosen.choice(articles))]
        yield from filter(None, cases)


def _cases_of_shipped(reader: CaseReader, data: Path) -> Iterator[Case]:
    """Yield questions over the shipped articles, and others, as the encoder that is shipped reads them."""
    for row in read_json_lines(KEPT):
        yield from filter(None, _cases_of_own_row(reader, row, "shipped", f"shipped-{row['article']}"))
    for row in random.Random(0).sample(read_json_lines(data / "answer_words" / "questions.jsonl"), 300):
        yield from filter(None, [reader.case("shipped unrelated", row, f"shipped-unrelated{row['article']}")])
    yield from _strange(reader, data, "shipped strange", 200)
    yield from _cases_of_own_questions(reader, 400, "shipped own")


def _cases_of_websites(work: Path, settings: BuildSettings, data: Path) -> Iterator[Case]:
    """Yield questions over each website alone, and over all websites together."""
    together, chosen = work / "together", random.Random(0)
    asked = {path.stem: read_json_lines(path) for path in sorted(WEBSITES.glob("*.jsonl"))}
    copytree(WEBSITES, together / "corpus", ignore=ignore_patterns("*.jsonl", "README.md"), dirs_exist_ok=True)
    every = _index(together / "corpus", together / "index", settings)
    for name, rows in asked.items():
        reader = _index(WEBSITES / name, work / name, settings)
        for row in rows:
            yield from filter(None, _cases_of_own_row(reader, row, "website", name))
            group = "websites" if row["words"] else "websites near"
            yield from filter(None, [every.case(group, row, name, words=_words_of(row))])
        others = [row for other, theirs in asked.items() if other != name for row in theirs]
        for row in chosen.sample(others, 30):
            yield from filter(None, [reader.case("website unrelated", row, name)])
        yield from _strange(reader, data, "website strange", 20)


def _cases_of_few(work: Path) -> Iterator[Case]:
    """Yield reworded questions over three articles at a time, read with an encoder that compares words."""
    for website in sorted(path for path in WEBSITES.iterdir() if path.is_dir()):
        paths = sorted(website.glob("*.md"))
        for start in range(0, len(paths), 3):
            corpus, index = (work / f"{website.name}-{start}" / name for name in ("corpus", "index"))
            corpus.mkdir(parents=True, exist_ok=True)
            for path in paths[start : start + 3]:
                copy(path, corpus)
            build(corpus, index, encoder=HashingEncoder())
            folder = LocalStore(index).current_folder()
            reader = CaseReader(LocalGeneration.open(folder, encoder=HashingEncoder()))
            yield from _cases_of_own_questions(reader, 400, "hashed", website.name)


def _cases_of_own_questions(reader: CaseReader, limit: int, group: str, fold_key: str = "") -> Iterator[Case]:
    """Yield questions that the passages themselves suggest, reworded."""
    for each in calibration_questions(reader.generation.table, limit):
        key = fold_key or f"shipped-{each.passage.article.id}"
        yield from filter(None, [reader.case(group, {"question": each.reworded}, key, words=[each.passage.text])])


def _without_questions(work: Path) -> Path:
    """Return a copy of the shipped articles without the questions that come with them, as `TAUGHT` is among these."""
    ignored = ignore_patterns(*QUESTION_TABLES)
    return Path(copytree(SHIPPED, work / "shipped" / "corpus", ignore=ignored, dirs_exist_ok=True))


def _without_kept(work: Path) -> Path:
    """Return a copy of the shipped articles without those of the questions that come with them which are in `KEPT`."""
    corpus, kept = _without_questions(work), {row["question"] for row in read_json_lines(KEPT)}
    for name in QUESTION_TABLES:
        with (SHIPPED / name).open(encoding="utf-8") as before, (corpus / name).open("w", encoding="utf-8") as after:
            csv.writer(after).writerows(row for row in csv.reader(before) if row[0] not in kept)
    return corpus


def _cases_of_own_row(reader: CaseReader, row: dict, group: str, fold_key: str) -> Iterator[Case | None]:
    words = _words_of(row)
    name = group if words else f"{group} near"
    yield reader.case(name, row, fold_key, words=words)
    yield reader.case(f"{name} within", row, fold_key, words=words, within=row["article"])
    if words:
        yield reader.case(f"{group} removed", row, fold_key, without=words)


def _words_of(row: dict) -> list[str]:
    return [row["words"], *row["also"]] if row["words"] else []


def _cases_of_set(data: Path, work: Path, settings: BuildSettings) -> Iterator[Case]:
    reader, gains = CaseReader(build_set(data, work, settings)), read_gains(data)
    rows = [
        row for row in read_questions(data) if row["_id"] in gains and row.get("kind", "standalone") == "standalone"
    ]
    rows = [{**row, "question": row["text"]} for row in rows]
    for row in random.Random(0).sample(rows, min(FAQ_SETS[data.name], len(rows))):
        texts = [one.text for one in reader.generation.table.all_passages() if one.article.id in gains[row["_id"]]]
        cases = [reader.case(data.name, row, data.name, articles=gains[row["_id"]])]
        cases += [reader.case(f"{data.name} removed", row, data.name, without=texts)]
        yield from filter(None, cases)


def without_tokens(case: Case) -> Case:
    """Return a case as an encoder reads it that gives no vectors of tokens."""
    features = case.features.copy()
    features[:, [place for place, name in enumerate(feature_names()) if name.removesuffix("_gap") in LATE]] = 0
    return replace(case, group="untokened", features=features)


def fold_of(case: Case) -> int:
    return sum(case.fold_key.encode()) % FOLDS


def is_licensed(case: Case) -> bool:
    return not case.fold_key.startswith(UNLICENSED)


def fit_sentences(cases: Sequence[Case], seed: int = 0) -> SentenceModel:
    """Train the network on covered questions, with equal weight for each kind of set."""
    torch.manual_seed(seed)
    used = [case for case in cases if case.is_covered and not case.right.all()]
    every = np.concatenate([case.features for case in used[::3]])
    mean, spread = every.mean(axis=0), every.std(axis=0) + 1e-3
    scaled = [torch.tensor(np.clip((case.features - mean) / spread, -4, 4), dtype=torch.float32) for case in used]
    right = [torch.tensor(case.right) for case in used]
    share = torch.tensor([_importance(case.group) for case in used])
    size = every.shape[1]
    hidden = torch.nn.Parameter(torch.randn(size, HIDDEN) / size**0.5)
    bias, output = torch.nn.Parameter(torch.zeros(HIDDEN)), torch.nn.Parameter(torch.randn(HIDDEN) / HIDDEN**0.5)
    direct = torch.nn.Parameter(torch.zeros(size))
    parameters = [hidden, bias, output, direct]
    optimizer = torch.optim.AdamW(parameters, lr=RATE, weight_decay=DECAY)
    batch = 64
    steps = EPOCHS * (len(used) // batch + 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps + 1)
    for _ in range(EPOCHS):
        order = torch.randperm(len(used)).tolist()
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            features = torch.cat([scaled[n] for n in chosen])
            scores = torch.relu(features @ hidden + bias) @ output + features @ direct
            loss = torch.zeros(())
            for n, own in zip(chosen, scores.split([len(scaled[n]) for n in chosen]), strict=True):
                loss = loss + share[n] * (torch.logsumexp(own, 0) - torch.logsumexp(own[right[n]], 0))
            (loss / len(chosen)).backward()
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
    numbers = {"hidden": hidden, "hidden_bias": bias, "output": output, "direct": direct}
    return SentenceModel(mean, spread, **{name: each.detach().numpy().astype(float) for name, each in numbers.items()})


def _importance(group: str) -> float:
    weights = {"within": 1.0, "open": 1.0, "shipped": 2.0, "untaught": 0.6, "shipped own": 1.0}
    weights |= {"website": 1.0, "websites": 1.0, "website within": 0.5}
    weights |= dict.fromkeys(FAQ_SETS, 2.0)
    return weights.get(group.removesuffix(" more"), 0.3)


def quote_of(model: SentenceModel, case: Case) -> tuple[Passage, str, dict[str, float]]:
    choice = choose(model, case.candidates, case.features.astype(float), case.midpoint, case.ranking, case.terms)
    quote = choice.quote
    start, end = quote.window.span(quote.passage)
    return quote.passage, quote.passage.text[start:end], dict(choice.signals)


def is_right(case: Case, passage: Passage, shown: str) -> bool:
    if case.words:
        return any(each in words_only(shown) for each in case.words)
    place = case.candidates.passages.index(passage)
    starts = np.cumsum([0, *(len(each) for each in case.candidates.sentences)])
    return bool(case.right[starts[place] : starts[place + 1]].any())


def report(cases: list[Case], arguments: argparse.Namespace) -> None:
    rows = []
    for fold in range(FOLDS):
        model = fit_sentences([case for case in cases if fold_of(case) != fold and is_licensed(case)])
        for case in cases:
            if fold_of(case) == fold:
                passage, shown, signals = quote_of(model, case)
                rows.append((case, is_right(case, passage, shown), len(shown.split()), signals))
    print_quotes(rows)
    probability = np.zeros(len(rows))
    for fold in range(FOLDS):
        own = np.array([fold_of(row[0]) == fold for row in rows])
        fit = fit_answers([row for row, out in zip(rows, own, strict=True) if not out and is_licensed(row[0])])
        for n in np.flatnonzero(own):
            probability[n] = fit.probability(rows[n][3], is_within=rows[n][0].group in WITHIN)
    print_probabilities(rows, probability)
    sentences = fit_sentences([case for case in cases if is_licensed(case)])
    answers = fit_answers([row for row in rows if is_licensed(row[0])])
    print(answers.relevance)
    if arguments.write:
        fields = {name: np.round(value, 4).tolist() for name, value in asdict(sentences).items()}
        content = {"sentences": fields, "answers": _fields(answers)}
        TARGET.write_text(json.dumps(content) + "\n", encoding="utf-8")


def _fields(answers: AnswerModel) -> dict[str, object]:
    numbers = {name: np.round(getattr(answers, name), 5).tolist() for name in ("inner", "thresholds", "leaves")}
    return {
        "relevance": answers.relevance,
        "signals": list(answers.signals),
        **numbers,
        "constant": round(answers.constant, 5),
    }


def fit_answers(rows: Sequence[tuple]) -> AnswerModel:
    """Fit the probability that a quote answers; each group of questions has its own weight in all."""
    names = tuple(rows[0][3])
    used = [row for row in rows if row[0].group in ANSWER_WEIGHTS]
    signals = np.array([[row[3][name] for name in names] for row in used])
    groups = [row[0].group for row in used]
    sizes = Counter(groups)
    weights = np.array([ANSWER_WEIGHTS[group] / sizes[group] for group in groups])
    trees = HistGradientBoostingClassifier(
        max_depth=DEPTH, max_iter=TREES, learning_rate=0.06, min_samples_leaf=30, l2_regularization=5.0, random_state=0,
        max_leaf_nodes=2**DEPTH,
    ).fit(signals, [row[1] for row in used], sample_weight=1000 * weights)  # fmt: skip
    # scikit-learn has no public access to its trees.
    every = [_complete(tree[0].nodes) for tree in trees._predictors]  # noqa: SLF001
    inner, thresholds, leaves = (np.array([each[n] for each in every]) for n in range(3))
    constant = float(trees._baseline_prediction.ravel()[0])  # noqa: SLF001
    return AnswerModel(_fit_relevance(rows), names, inner, thresholds, leaves, constant)


def _fit_relevance(rows: Sequence[tuple]) -> dict[str, float]:
    used = [row for row in rows if row[0].group in (*RELEVANT, *STRANGE)]
    signals = np.array([[row[3][name] for name in RELEVANCE] for row in used])
    is_relevant = np.array([row[0].group in RELEVANT for row in used])
    model = LogisticRegression(
        C=10, class_weight={True: len(used) / is_relevant.sum(), False: len(used) / (~is_relevant).sum()}
    )
    model.fit(signals, is_relevant)
    weights = dict(zip(RELEVANCE, model.coef_[0].round(4).tolist(), strict=True))
    return {**weights, "constant": round(float(model.intercept_[0]), 4)}


def _complete(nodes: np.ndarray) -> tuple[list[int], list[float], list[float]]:
    """Return a tree as a complete one; below an early leaf all leaves are the same."""
    level, inner, thresholds = [nodes[0]], [], []
    for _ in range(DEPTH):
        below = []
        for node in level:
            is_leaf = bool(node["is_leaf"])
            inner.append(0 if is_leaf else int(node["feature_idx"]))
            thresholds.append(0.0 if is_leaf else float(node["num_threshold"]))
            below += [node, node] if is_leaf else [nodes[node["left"]], nodes[node["right"]]]
        level = below
    return inner, thresholds, [float(node["value"]) for node in level]


def print_quotes(rows: Sequence[tuple]) -> None:
    for group in sorted({row[0].group for row in rows}):
        own = [row for row in rows if row[0].group == group and (row[0].words or group in FAQ_SETS)]
        if own:
            styles = sorted({row[0].style for row in own})
            shares = (f"{style} {_percent([row[1] for row in own if row[0].style == style])}" for style in styles)
            words = np.mean([row[2] for row in own])
            share = _percent([row[1] for row in own])
            print(f"{group:16} {len(own):5} quoted {share} %, {words:.0f} words; {' '.join(shares)}")


def _percent(flags: Sequence[bool] | np.ndarray) -> str:
    return f"{100 * float(np.mean(flags)):.1f}"


def print_probabilities(rows: Sequence[tuple], probability: np.ndarray) -> None:
    groups, right = np.array([row[0].group for row in rows]), np.array([row[1] for row in rows], float)
    for group in sorted(set(groups)):
        own = groups == group
        p = probability[own]
        cuts = " ".join(f"{_percent(p >= cut):>5}" for cut in CUTS)
        claimed = right[own][p >= CUTS[-1]]
        sure = f"{right[own].mean():.2f}, when answered {claimed.mean() if len(claimed) else 0:.2f}"
        print(f"{group:22} {len(p):5} mean {p.mean():.2f}, right {sure}; at {CUTS}: {cuts}")
    cosine = np.array([row[3]["above_midpoint"] for row in rows])
    for covered, negative in AGAINST:
        one, other = groups == covered, groups == negative
        if one.any() and other.any():
            ours, plain_cosine = (_auroc(each[one], each[other]) for each in (probability, cosine))
            print(f"AUROC {covered} / {negative}: {ours:.1f}, cosine {plain_cosine:.1f}")


def _auroc(one: np.ndarray, other: np.ndarray) -> float:
    return 100 * float(np.mean((one[:, None] > other) + 0.5 * (one[:, None] == other)))


if __name__ == "__main__":
    main()
