"""What a new generation answers otherwise than the one that is served, looked at before it takes its place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.answering.answer import Answer
from bot.answering.answerer import Answerer
from bot.answering.bot import Bot
from bot.errors import BuildRefused
from bot.evaluation.evaluate import Figures, ask_all, figures
from bot.evaluation.question_set import Question
from bot.index.generation import Generation
from bot.index.live_index import StaticIndex
from bot.index.manifest import ChangedAnswer, ChangedAnswers
from bot.retrieval.finder import LONGEST_QUESTION
from bot.retrieval.retriever import Retriever
from bot.settings import AnswerSettings

GUARDED = ("hit@1", "ndcg@10", "answered", "refused")
"""Figures that must not drop: whether the right article comes first, comes at all, what is answered and what is rightly not."""


@dataclass(frozen=True, slots=True)
class RegressionGuard:
    """Questions with known answers, which a new generation must answer as well as the old one."""

    name: str
    """What a refusal calls them."""
    questions: Sequence[Question]
    most: float
    """Points (hundredths) that a figure may drop."""


@dataclass(frozen=True, slots=True)
class Reviewer:
    """A `bot.build.build.Review`: asks saved questions of both generations, and refuses a new one that its guard finds worse."""

    questions: Sequence[Question] = ()
    guard: RegressionGuard | None = None
    settings: AnswerSettings = AnswerSettings()

    def __call__(self, before: Generation | None, after: Generation) -> ChangedAnswers:
        if before is None:
            return ChangedAnswers()
        old, new = (Bot(Retriever(StaticIndex(generation)), self.settings) for generation in (before, after))
        if self.guard:
            _check(self.guard, *(figures(ask_all(bot, self.guard.questions)) for bot in (old, new)))
        changed = (_changed(question, old.answerer(), new.answerer()) for question in self.questions)
        return ChangedAnswers(len(self.questions), tuple(change for change in changed if change))


def _check(guard: RegressionGuard, before: Figures, now: Figures) -> None:
    """Raises `BuildRefused` when a figure has dropped too far."""
    if lost := [line for name in GUARDED if (line := _dropped(name, before, now, guard.most))]:
        told = "; ".join(lost)
        raise BuildRefused(
            f"The new index answers {guard.name} worse ({told}) and was not published: mend the articles, or allow more with --max-drop."
        )


def _dropped(name: str, before: Mapping[str, float | None], now: Mapping[str, float | None], most: float) -> str | None:
    earlier, value = before.get(name), now.get(name)
    if earlier is None or value is None or 100 * (earlier - value) <= most:
        return None
    return f"{name} {100 * value:.1f}, was {100 * earlier:.1f}"


def _changed(question: Question, old: Answerer, new: Answerer) -> ChangedAnswer | None:
    text = question.text[:LONGEST_QUESTION]
    before, now = (each.ask(text, question.history) for each in (old, new))
    same = (before.status, before.text, _passage(before)) == (now.status, now.text, _passage(now))
    return None if same else ChangedAnswer(question.text, _passage(before), _passage(now))


def _passage(answer: Answer) -> str:
    """What answers: a passage, the first of several questions that may be meant, or nothing."""
    return answer.sources[0].passage.id if answer.sources else " | ".join(answer.did_you_mean)
