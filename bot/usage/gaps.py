"""The gaps of a report: groups of questions with one meaning that were not answered well, and why."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from bot.answering.answer import SURE
from bot.corpus.decisions.files import Decisions
from bot.errors import QuestionError
from bot.index.lexical import content_terms
from bot.languages.normalization import normalize
from bot.passages import context
from bot.retrieval.finder import Finder
from bot.usage.clusters import group_by_meaning, mean_any
from bot.usage.logged_question import QuestionStats

_WORD = re.compile(r"\w+")
_QUESTION_WORD = re.compile(
    r"am|can|could|did|do|does|get|had|has|have|how|i|me|my|shall|should|"
    r"we|what|when|where|which|who|whom|whose|why|would|you|your"
)
"""A word that is never reported as missing from the articles."""
_EXAMPLES, _NEAREST = 5, 3
_UNLIKELY = 0.1  # a passage below this probability does not answer


@dataclass(frozen=True, slots=True)
class NearPassage:
    """A passage near a question."""

    passage: str
    about: str
    probability: float


@dataclass(frozen=True, slots=True)
class Gap:
    """Questions with one meaning that were not answered, not surely, or not well."""

    question: str
    """The most frequent wording."""
    times: int
    before: int
    """Number of times in the span before, of equal length."""
    conversations: int
    unanswered: int
    closest: int
    """Number of times that only the closest passage was shown."""
    ambiguous: int
    unsure: int
    unhelpful: int
    """Number of votes against the answers."""
    examples: tuple[str, ...]
    nearest: tuple[NearPassage, ...]
    why: str
    """Why there was no answer, or no sure one."""
    language: str = "en"
    """Variant of the language of the question: "en", "hi" or "hinglish"."""


@dataclass(slots=True)
class Group:
    """Questions that are equal once normalized."""

    question: str
    times: int = 0
    before: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    wordings: set[str] = field(default_factory=set)


def kinds_of(stats: QuestionStats) -> Counter[str]:
    """Count how equal questions were not answered well, and the votes against their answers; empty if they were."""
    kinds = Counter[str]()
    if stats.status in ("no_answer", "closest", "ambiguous"):
        kinds[stats.status] = stats.times
    elif stats.status == "answered" and stats.probability < SURE:
        kinds["unsure"] = stats.times
    if stats.status != "small_talk" and stats.unhelpful > stats.helpful:
        kinds["unhelpful"] = stats.unhelpful
    return kinds


def unanswered_groups(
    now: Iterable[QuestionStats], before: Iterable[QuestionStats], decisions: Decisions, finder: Finder
) -> list[Group]:
    """Group the questions that were not answered well, most asked first, without those that editors have settled."""
    settled = set(map(normalize, decisions.accepted))
    groups = [group for group in _equal(now, before) if normalize(group.question) not in settled]
    if not decisions.set_aside:
        return groups
    are_settled = mean_any([group.question for group in groups], decisions.set_aside, finder.generation)
    return [group for group, is_settled in zip(groups, are_settled, strict=True) if not is_settled]


def _equal(now: Iterable[QuestionStats], before: Iterable[QuestionStats]) -> list[Group]:
    """Group equal questions; those asked only before come last."""
    groups: dict[str, Group] = {}
    for span, is_recent in ((now, True), (before, False)):
        for one in span:
            if not (kinds := kinds_of(one)):
                continue
            group = groups.setdefault(normalize(one.question), Group(one.question))
            if is_recent:
                group.times += one.times
                group.kinds += kinds
                group.wordings.add(one.question)
            else:
                group.before += one.times
    return sorted(groups.values(), key=lambda group: (-group.times, -group.before, group.question))


def joined_by_meaning(groups: Sequence[Group], finder: Finder) -> list[list[Group]]:
    """Join the groups with one meaning, most asked first; without those that were asked only before."""
    numbers = group_by_meaning([group.question for group in groups], finder.generation)
    joined = [[groups[number] for number in each] for each in numbers]
    recent = [each for each in joined if any(group.times for group in each)]
    return sorted(recent, key=lambda each: -sum(group.times for group in each))


def make_gap(groups: Sequence[Group], conversations: int, finder: Finder, threshold: float) -> Gap:
    """Describe the questions with one meaning."""
    question = groups[0].question
    kinds = sum((group.kinds for group in groups), Counter[str]())
    nearest, language = _nearest(finder, question)
    return Gap(
        question, sum(group.times for group in groups), sum(group.before for group in groups), conversations,
        kinds["no_answer"], kinds["closest"], kinds["ambiguous"], kinds["unsure"], kinds["unhelpful"],
        examples=tuple(group.question for group in groups if group.times)[:_EXAMPLES], nearest=nearest,
        why="; ".join([*_missing_words(finder, question), _about_nearest(nearest, threshold)]), language=language,
    )  # fmt: skip


def _nearest(finder: Finder, question: str) -> tuple[tuple[NearPassage, ...], str]:
    """Return the passages nearest to a question, and the variant of its language."""
    try:
        result = finder.rank(question, _NEAREST)
    except QuestionError:
        return (), "en"
    near = (NearPassage(hit.passage.id, context(hit.passage), round(hit.probability, 3)) for hit in result.hits)
    return tuple(near), result.language


def _about_nearest(nearest: Sequence[NearPassage], threshold: float) -> str:
    best = nearest[0].probability if nearest else 0.0
    if best < _UNLIKELY:
        return "no passage is on this subject"
    if best >= threshold:
        return "today a passage seems to answer it: see whether it does"
    return f"the nearest passage answers it with a chance of {best:.0%}, and {threshold:.0%} are needed"


def _missing_words(finder: Finder, question: str) -> Iterator[str]:
    terms = {term for term in content_terms(question) if not _QUESTION_WORD.fullmatch(term)}
    words = (word for word in _WORD.findall(question) if terms.intersection(content_terms(word)))
    missing = [word for word in words if not finder.generation.lexical.has("words", word)]
    if missing:
        yield f"no article has the word {' or '.join(map(repr, dict.fromkeys(missing[:3])))}"
