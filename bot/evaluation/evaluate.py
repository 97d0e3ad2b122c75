"""Ask a bot questions with known answers and compute figures."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bot.answering.bot import Bot
from bot.answering.schema import Status
from bot.evaluation.metrics import auroc, calibration_error, ranking_metrics, share
from bot.evaluation.question_set import Question
from bot.languages.normalization import words_only
from bot.passages import Passage
from bot.retrieval.finder import LONGEST_QUESTION

Figures = Mapping[str, float | None]
"""Figures by name: fractions of 1, counts of questions, milliseconds (`_ms`); None if there was nothing to measure."""

LOWER_IS_BETTER = ("calibration_error",)
NOT_QUALITY = ("questions", "uncovered", "ambiguous", "closest", "words_shown", "p50_ms", "p95_ms")
_DEPTH = 50  # maximum number of passages searched for ten different articles
_RANKED = 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one question."""

    question: Question
    ranking: tuple[str, ...]
    """The articles found, best first, each once and under the name that the question expects."""
    first: str
    """The id of the first passage; "" if nothing was found."""
    status: Status
    probability: float
    seconds: float
    text: str
    """The words shown."""
    quoted: str
    """The whole passage that they come from; "" if nothing is shown."""

    @property
    def quotes_words(self) -> bool:
        """Whether the words shown hold the words that answer, whatever their case and punctuation."""
        return holds_one(self.text, self.question.words)

    @property
    def right_passage(self) -> bool:
        """Whether the quoted passage holds the words that answer."""
        return holds_one(self.quoted, self.question.words)

    @property
    def right(self) -> bool:
        """Whether the first article is an expected one."""
        return bool(self.ranking) and self.ranking[0] in self.question.expected

    @property
    def is_right(self) -> bool:
        """Whether it holds the words that answer; if these are not known, whether the first article is expected."""
        return self.quotes_words if self.question.words else self.right

    @property
    def rank(self) -> int | None:
        """The rank of the first expected article, from 1; None if it is not among the first ten."""
        return next((rank for rank, label in enumerate(self.ranking, 1) if label in self.question.expected), None)


def ask_all(bot: Bot, questions: Iterable[Question]) -> list[Outcome]:
    """Ask all questions with their histories; overlong questions are truncated."""
    return [_ask(bot, question) for question in questions]


def _ask(bot: Bot, question: Question) -> Outcome:
    text = question.text[:LONGEST_QUESTION]
    answerer = bot.answerer()
    started = time.perf_counter()
    answer = answerer.ask(text, question.history)
    seconds = time.perf_counter() - started
    hits = answerer.finder.find(text, _DEPTH, history=question.history).hits
    ranking = tuple(dict.fromkeys(_label(hit.passage, question.expected) for hit in hits))[:_RANKED]
    first, quoted = hits[0].passage.id if hits else "", "".join(source.passage.text for source in answer.sources)
    return Outcome(question, ranking, first, answer.status, answer.probability, seconds, answer.text, quoted)


def _label(passage: Passage, expected: Mapping[str, int]) -> str:
    names = (passage.id, passage.article.id, passage.article.url or "")
    return next((name for name in names if name in expected), passage.article.id)


def holds_one(text: str, words: Sequence[str]) -> bool:
    """Whether a text holds one of some words, whatever their case and punctuation."""
    return any(words_only(each) in words_only(text) for each in words)


def figures(outcomes: Sequence[Outcome]) -> Figures:
    """Compute all figures; an ambiguous answer counts as answered."""
    covered = [outcome for outcome in outcomes if outcome.question.expected]
    uncovered = [outcome for outcome in outcomes if not outcome.question.expected]
    probabilities = np.array([o.probability for o in outcomes])
    right = np.array([o.is_right for o in outcomes])
    seconds = np.array([outcome.seconds for outcome in outcomes])
    return {
        "questions": len(outcomes),
        "uncovered": len(uncovered),
        **ranking_metrics([outcome.ranking for outcome in covered], [outcome.question.expected for outcome in covered]),
        **_words_figures(outcomes),
        "answered": share([outcome.status in ("answered", "ambiguous") for outcome in covered]),
        "closest": share([outcome.status == "closest" for outcome in covered]),
        "ambiguous": share([outcome.status == "ambiguous" for outcome in outcomes]),
        "refused": share([outcome.status == "no_answer" for outcome in uncovered]),
        "not_claimed": share([outcome.status in ("no_answer", "closest") for outcome in uncovered]),
        "auroc": auroc(np.array([o.probability for o in covered]), np.array([o.probability for o in uncovered])),
        "calibration_error": calibration_error(probabilities, right),
        "p50_ms": float(np.percentile(seconds, 50)) * 1000,
        "p95_ms": float(np.percentile(seconds, 95)) * 1000,
    }


def _words_figures(outcomes: Sequence[Outcome]) -> Figures:
    """Compute the figures of questions with words that answer; none if there are no such questions."""
    labelled = [outcome for outcome in outcomes if outcome.question.words]
    if not labelled:
        return {}
    shown = [len(outcome.text.split()) for outcome in outcomes if outcome.text]
    return {
        "words_quoted": share([outcome.quotes_words for outcome in labelled]),
        "right_passage": share([outcome.right_passage for outcome in labelled]),
        "words_shown": float(np.mean(shown)) if shown else None,
    }


def figures_by_group(outcomes: Sequence[Outcome]) -> dict[str, Figures]:
    """Compute the figures of all questions, under "all", and of each group if there are several."""
    groups = sorted({outcome.question.group for outcome in outcomes})
    members = {group: [o for o in outcomes if o.question.group == group] for group in groups if len(groups) > 1}
    return {"all": figures(outcomes), **{group or "-": figures(own) for group, own in members.items()}}


def regressions(now: Mapping[str, Figures], before: Mapping[str, Figures], margin: float) -> list[str]:
    """Return a line for each figure of quality that dropped by more than `margin` points (hundredths)."""
    groups = now.keys() & before.keys()
    return sorted(f"{group}: {line}" for group in groups for line in drops(now[group], before[group], margin).values())


def drops(now: Figures, before: Figures, margin: float) -> dict[str, str]:
    """Return a line, by name, for each figure of quality that dropped by more than `margin` points (hundredths)."""
    lines = {}
    for name, value in now.items():
        earlier = before.get(name)
        if name not in NOT_QUALITY and value is not None and earlier is not None:
            loss = 100 * (value - earlier if name in LOWER_IS_BETTER else earlier - value)
            if loss > margin:
                lines[name] = f"{name} {100 * value:.1f}, was {100 * earlier:.1f}"
    return lines
