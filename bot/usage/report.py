"""The report to the editor: questions that were not answered well, and what else deserves a look."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bot.corpus.decisions import Decisions
from bot.errors import QuestionError
from bot.index.lexical import content_terms
from bot.languages.normalization import normalize
from bot.passages import context
from bot.retrieval.finder import Finder
from bot.usage.clusters import cluster
from bot.usage.logged_question import QuestionStats
from bot.usage.proposals import Evidence, Proposal, propose
from bot.usage.store import UsageStore

_WORD = re.compile(r"\w+")
_QUESTION_WORD = re.compile(
    r"am|can|could|did|do|does|get|had|has|have|how|i|me|my|shall|should|"
    r"we|what|when|where|which|who|whom|whose|why|would|you|your"
)
"""A word that is never reported as missing from the articles."""
_SURE = 0.7  # answers with a lower probability count as unsure
_EXAMPLES, _NEAREST, _MOST_ASKED = 5, 3, 20
_MAX_GAPS, _MAX_CLUSTERED = 500, 20_000
"""Maximum number of gaps in a report, and of wordings grouped by meaning: encoding them takes half a minute."""
_MIN_UNHELPFUL = 3  # votes against an answer from which on it is reported as no longer helpful


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
    examples: tuple[str, ...]
    nearest: tuple[NearPassage, ...]
    why: str
    """Why there was no answer, or no sure one."""


@dataclass(frozen=True, slots=True)
class FrequentQuestion:
    """A question and how often it was asked."""

    question: str
    times: int
    before: int
    status: str


@dataclass(frozen=True, slots=True)
class DecliningPassage:
    """A passage that used to help and no longer does, with its votes now and before."""

    passage: str
    helpful: int
    unhelpful: int
    helpful_before: int
    unhelpful_before: int


@dataclass(frozen=True, slots=True)
class Report:
    """What was asked in a span of time."""

    since: float
    until: float
    questions: int
    statuses: Mapping[str, int]
    gaps: tuple[Gap, ...]
    """Most asked first."""
    further_gaps: int
    """Number of less frequent gaps that are left out."""
    most_asked: tuple[FrequentQuestion, ...]
    turned: tuple[DecliningPassage, ...]
    never_found: tuple[str, ...]
    """FAQs that answered no question."""
    faqs: int
    only_corrected: tuple[str, ...]
    """FAQs that were found only after spelling correction: the misspelt question may be worth an alternate."""
    proposals: tuple[Proposal, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return asdict(self)


@dataclass(slots=True)
class _Group:
    """Questions that are equal once normalized."""

    question: str
    times: int = 0
    before: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    wordings: set[str] = field(default_factory=set)


def make_report(
    store: UsageStore, finder: Finder, since: float, until: float, threshold: float, decisions: Decisions = Decisions()
) -> Report:
    """Report what was asked from `since` until `until`, compared with the span before, without settled questions.

    Raises `UsageError` if the log cannot be read and `MissingExtra` if scipy is not installed.
    """
    now, before = store.question_stats(since, until), store.question_stats(2 * since - until, since)
    settled = set(map(normalize, decisions.settled))
    groups = [group for group in _groups(now, before) if normalize(group.question) not in settled]
    clusters = _clusters(groups[:_MAX_CLUSTERED], finder)
    gaps = [_gap(each, store, finder, since, until, threshold) for each in clusters[:_MAX_GAPS]]
    statuses = Counter[str]()
    for one in now:
        statuses[one.status] += one.times
    answers, earlier = _answers(now), _answers(before)
    answered = {passage for one in answers for passage in one.passages}
    table = finder.generation.table
    return Report(
        since=since,
        until=until,
        questions=statuses.total(),
        statuses=dict(statuses),
        gaps=tuple(gap for gap, _ in gaps),
        further_gaps=len(clusters[_MAX_GAPS:]) + sum(group.times > 0 for group in groups[_MAX_CLUSTERED:]),
        most_asked=_most_asked(now, before),
        turned=_declining(answers, earlier),
        never_found=tuple(faq.id for faq in table.all_passages(faqs=True) if faq.id not in answered),
        faqs=table.facts.faqs,
        only_corrected=_only_corrected(answers),
        proposals=tuple(_proposals([evidence for _, evidence in gaps], finder, decisions)),
    )


def _proposals(evidence: Iterable[Evidence], finder: Finder, decisions: Decisions) -> Iterator[Proposal]:
    rejected = {(normalize(question), passage) for question, passage in decisions.rejected}
    for each in evidence:
        for proposal in propose(each, finder):
            if (normalize(proposal.question), proposal.passage) not in rejected:
                yield proposal


def _answers(stats: Iterable[QuestionStats]) -> list[QuestionStats]:
    """Return the answered questions: a passage that only came closest has answered none."""
    return [one for one in stats if one.status == "answered"]


def _kind(stats: QuestionStats) -> str | None:
    """Return how a question was not answered well, None if it was."""
    if stats.status in ("no_answer", "closest", "ambiguous"):
        return stats.status
    if stats.status == "answered" and stats.unhelpful > stats.helpful:
        return "unhelpful"
    return "unsure" if stats.status == "answered" and stats.probability < _SURE else None


def _groups(now: Iterable[QuestionStats], before: Iterable[QuestionStats]) -> list[_Group]:
    """Group the questions that were not answered well, most asked first; those asked only before come last."""
    groups: dict[str, _Group] = {}
    for span, is_recent in ((now, True), (before, False)):
        for one in span:
            kind = _kind(one)
            if kind is None:
                continue
            group = groups.setdefault(normalize(one.question), _Group(one.question))
            if is_recent:
                group.times += one.times
                group.kinds[kind] += one.times
                group.wordings.add(one.question)
            else:
                group.before += one.times
    return sorted(groups.values(), key=lambda group: (-group.times, -group.before, group.question))


def _clusters(groups: Sequence[_Group], finder: Finder) -> list[list[_Group]]:
    """Join the groups with one meaning, most asked first; without those that were asked only before."""
    if not groups:
        return []
    vectors = finder.generation.encoder.encode_questions([group.question for group in groups])
    joined = [[groups[number] for number in numbers] for numbers in cluster(vectors)]
    recent = [each for each in joined if any(group.times for group in each)]
    return sorted(recent, key=lambda each: -sum(group.times for group in each))


def _gap(
    groups: Sequence[_Group], store: UsageStore, finder: Finder, since: float, until: float, threshold: float
) -> tuple[Gap, Evidence]:
    question = groups[0].question
    kinds = sum((group.kinds for group in groups), Counter[str]())
    wordings = [wording for group in groups for wording in group.wordings]
    times = sum(group.times for group in groups)
    # Most groups are one question asked once, which shows nothing about its meaning: the query is saved.
    evidence = store.evidence(wordings, since, until) if times > 1 else Evidence(wordings[0], 1, {}, {})
    nearest = _nearest(finder, question)
    before = sum(group.before for group in groups)
    examples = tuple(group.question for group in groups if group.times)[:_EXAMPLES]
    why = _why(finder, question, nearest, threshold)
    gap = Gap(
        question, times, before, evidence.conversations, kinds["no_answer"], kinds["closest"], kinds["ambiguous"],
        kinds["unsure"], kinds["unhelpful"], examples, nearest, why,
    )  # fmt: skip
    return gap, evidence


def _nearest(finder: Finder, question: str) -> tuple[NearPassage, ...]:
    try:
        hits = finder.rank(question, _NEAREST).hits
    except QuestionError:
        return ()
    return tuple(NearPassage(hit.passage.id, context(hit.passage), round(hit.probability, 3)) for hit in hits)


def _why(finder: Finder, question: str, nearest: Sequence[NearPassage], threshold: float) -> str:
    if not nearest:
        return f"{_missing_words(finder, question)}no passage is near"
    best = nearest[0].probability
    if best >= threshold:
        return f"answered today, with {best:.2f}"
    near = f"the nearest passage reaches {best:.2f} of the {threshold:g} that an answer needs"
    return f"{_missing_words(finder, question)}{near}"


def _missing_words(finder: Finder, question: str) -> str:
    terms = {term for term in content_terms(question) if not _QUESTION_WORD.fullmatch(term)}
    words = (word for word in _WORD.findall(question) if terms.intersection(content_terms(word)))
    missing = [word for word in words if not finder.generation.lexical.has("words", word)]
    return f"no article has the word {' or '.join(map(repr, dict.fromkeys(missing[:3])))}; " if missing else ""


def _most_asked(now: Iterable[QuestionStats], before: Iterable[QuestionStats]) -> tuple[FrequentQuestion, ...]:
    times, earlier, first = Counter[str](), Counter[str](), dict[str, QuestionStats]()
    for one in now:
        times[normalize(one.question)] += one.times
        first.setdefault(normalize(one.question), one)
    for one in before:
        earlier[normalize(one.question)] += one.times
    most = times.most_common(_MOST_ASKED)
    return tuple(FrequentQuestion(first[key].question, count, earlier[key], first[key].status) for key, count in most)


def _declining(now: Iterable[QuestionStats], before: Iterable[QuestionStats]) -> tuple[DecliningPassage, ...]:
    votes: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for column, span in ((0, now), (2, before)):
        for one in span:
            for passage in one.passages:
                votes[passage][column] += one.helpful
                votes[passage][column + 1] += one.unhelpful
    return tuple(
        one
        for one in (DecliningPassage(passage, *counts) for passage, counts in votes.items())
        if one.helpful_before > one.unhelpful_before and one.unhelpful >= _MIN_UNHELPFUL and one.unhelpful > one.helpful
    )


def _only_corrected(now: Iterable[QuestionStats]) -> tuple[str, ...]:
    found, corrected = Counter[str](), Counter[str]()
    for one in now:
        for passage in one.passages:
            found[passage] += one.times
            corrected[passage] += one.corrected
    return tuple(passage for passage, count in found.items() if count == corrected[passage])
