"""Compare the answers of a new generation with those of the served one before it is published."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.answering.answer import Answer
from bot.answering.answerer import Answerer
from bot.answering.bot import Bot
from bot.errors import BuildRefused
from bot.evaluation.evaluate import ask_all, drops, figures
from bot.evaluation.question_set import Question, unknown_ids, unknown_sentence
from bot.index.generation import Generation
from bot.index.live_index import StaticIndex
from bot.index.manifest import ChangedAnswer, ChangedAnswers
from bot.retrieval.finder import LONGEST_QUESTION
from bot.retrieval.retriever import Retriever
from bot.settings import AnswerSettings

GUARDED = ("hit@1", "ndcg@10", "answered", "refused")
"""Figures that must not drop."""


@dataclass(frozen=True, slots=True)
class RegressionGuard:
    """Questions with known answers that a new generation must answer as well as the old one."""

    name: str
    """The name of the questions in error messages."""
    questions: Sequence[Question]
    max_drop: float
    """Points (hundredths) that a figure may drop."""


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Asks both generations saved questions and refuses a new one that its guard finds worse."""

    questions: Sequence[Question] = ()
    guard: RegressionGuard | None = None
    settings: AnswerSettings = AnswerSettings()
    tell: Callable[[str], None] = lambda _: None
    """Called with a sentence about ids that the guard expects and neither generation has."""

    def __call__(self, before: Generation | None, after: Generation) -> ChangedAnswers:
        if before is None:
            return ChangedAnswers()
        old, new = (Bot(Retriever(StaticIndex(generation)), self.settings) for generation in (before, after))
        if self.guard:
            unknown = [set(unknown_ids(self.guard.questions, each.table)) for each in (before, after)]
            if names := sorted(unknown[0] & unknown[1]):
                self.tell(unknown_sentence(names, self.guard.name))
            were, are = (figures(ask_all(bot, self.guard.questions)) for bot in (old, new))
            dropped = drops(are, were, self.guard.max_drop)
            if lines := [dropped[name] for name in GUARDED if name in dropped]:
                worse = f"The new index answers {self.guard.name} worse ({'; '.join(lines)}) and was not published"
                raise BuildRefused(f"{worse}: fix the articles, or allow more with --max-drop.")
        changed = (_changed(question, old.answerer(), new.answerer()) for question in self.questions)
        return ChangedAnswers(len(self.questions), tuple(change for change in changed if change))


def _changed(question: Question, old: Answerer, new: Answerer) -> ChangedAnswer | None:
    text = question.text[:LONGEST_QUESTION]
    before, now = (each.ask(text, question.history) for each in (old, new))
    same = (before.status, before.text, _passage(before)) == (now.status, now.text, _passage(now))
    return None if same else ChangedAnswer(question.text, _passage(before), _passage(now))


def _passage(answer: Answer) -> str:
    """Return the id of the first quoted passage, or the questions offered instead."""
    return answer.sources[0].passage.id if answer.sources else " | ".join(answer.did_you_mean)
