"""What visitors saw: the answers that each question got, and what visitors said of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bot.answering.answer import SURE
from bot.languages.normalization import normalize
from bot.usage.logged_question import LoggedQuestion, QuestionStats, Reason


@dataclass(frozen=True, slots=True)
class Remark:
    """A visitor's vote on an answer."""

    status: str
    passages: tuple[str, ...]
    helpful: bool
    reason: Reason | None
    comment: str | None
    at: float
    """Unix time."""


@dataclass(frozen=True, slots=True)
class SeenAnswer:
    """An answer that a question got, and how often."""

    status: str
    passages: tuple[str, ...]
    times: int
    probability: float
    """Mean probability."""
    helpful: int
    unhelpful: int

    @property
    def certainty(self) -> str:
        return certainty(self.status, self.probability)


@dataclass(frozen=True, slots=True)
class SeenQuestion:
    """Questions that are equal once normalized, with all answers that they got, most frequent first."""

    question: str
    wordings: tuple[str, ...]
    answers: tuple[SeenAnswer, ...]
    times: int
    helpful: int
    unhelpful: int

    @classmethod
    def of(cls, stats: Sequence[QuestionStats]) -> "SeenQuestion":
        """Return the question of which these are the wordings and answers, the most frequent first."""
        answers: dict[tuple[str, tuple[str, ...]], list[QuestionStats]] = {}
        for one in stats:
            answers.setdefault((one.status, one.passages), []).append(one)
        seen = sorted(map(_answer, answers.values()), key=lambda answer: -answer.times)
        counts = map(sum, zip(*((one.times, one.helpful, one.unhelpful) for one in stats), strict=True))
        return cls(stats[0].question, tuple(dict.fromkeys(one.question for one in stats)), tuple(seen), *counts)


@dataclass(slots=True)
class Tally:
    """How the questions of a week, or of a category, were answered, and how visitors voted."""

    asked: int = 0
    answered: int = 0
    closest: int = 0
    """Number of questions for which only the closest passage was shown."""
    refused: int = 0
    helpful: int = 0
    unhelpful: int = 0

    def add(self, question: LoggedQuestion) -> None:
        self.asked += 1
        self.answered += question.status == "answered"
        self.closest += question.status == "closest"
        self.refused += question.status in ("no_answer", "ambiguous")
        self.helpful += question.helpful is True
        self.unhelpful += question.helpful is False


def tally(questions: Iterable[LoggedQuestion], name: Callable[[LoggedQuestion], str]) -> dict[str, Tally]:
    """Count the questions under the name that each has, such as its week, without small talk."""
    found: dict[str, Tally] = {}
    for question in questions:
        if question.status != "small_talk":
            found.setdefault(name(question), Tally()).add(question)
    return found


def certainty(status: str, probability: float) -> str:
    """Return in words how sure an answer is."""
    words = {
        "closest": "closest passage only", "ambiguous": "asked what is meant", "no_answer": "not answered",
        "small_talk": "small talk",
    }  # fmt: skip
    return words.get(status) or ("sure" if probability >= SURE else "unsure")


def seen_questions(stats: Iterable[QuestionStats]) -> list[SeenQuestion]:
    """Return the questions that were asked, most frequent first, without small talk."""
    groups: dict[str, list[QuestionStats]] = {}
    for one in stats:
        if one.status != "small_talk":
            groups.setdefault(normalize(one.question), []).append(one)
    return sorted(map(SeenQuestion.of, groups.values()), key=lambda each: (-each.times, each.question))


def _answer(equal: list[QuestionStats]) -> SeenAnswer:
    times = sum(one.times for one in equal)
    probability = sum(one.times * one.probability for one in equal) / times
    votes = sum(one.helpful for one in equal), sum(one.unhelpful for one in equal)
    return SeenAnswer(equal[0].status, equal[0].passages, times, probability, *votes)
