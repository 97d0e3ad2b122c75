"""The report to the editor: questions that were not answered well, and what else deserves a look."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.corpus.decisions.files import Decisions
from bot.languages.normalization import normalize
from bot.retrieval.finder import Finder
from bot.usage.gaps import Gap, Group, joined_by_meaning, make_gap, unanswered_groups
from bot.usage.logged_question import QuestionStats
from bot.usage.proposals import Evidence, Proposal, propose
from bot.usage.store import UsageStore

_MOST_ASKED = 20
_MAX_GAPS, _MAX_CLUSTERED = 500, 20_000
"""Maximum number of gaps in a report, and of wordings grouped by meaning: encoding them takes half a minute."""
_MIN_UNHELPFUL = 3  # votes against an answer from which on it is reported as no longer helpful


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


def make_report(
    store: UsageStore, finder: Finder, since: float, until: float, threshold: float, decisions: Decisions = Decisions()
) -> Report:
    """Report what was asked from `since` until `until`, compared with the span before, without settled questions.

    Raises `UsageError` if the log cannot be read and `MissingExtra` if scipy is not installed.
    """
    now, before = store.question_stats(since, until), store.question_stats(2 * since - until, since)
    groups = unanswered_groups(now, before, decisions, finder)
    clusters = joined_by_meaning(groups[:_MAX_CLUSTERED], finder)
    evidence = [_evidence(each, store, since, until) for each in clusters[:_MAX_GAPS]]
    gaps = [make_gap(each, one.conversations, finder, threshold) for each, one in zip(clusters, evidence, strict=False)]
    statuses = Counter[str]()
    for one in now:
        statuses[one.status] += one.times
    answers, earlier = _answers(now), _answers(before)
    answered = {passage for one in answers for passage in one.passages}
    table, rejected = finder.generation.table, {(normalize(question), ident) for question, ident in decisions.rejected}
    proposed = (proposal for each in evidence for proposal in propose(each, finder))
    return Report(
        since=since, until=until, questions=statuses.total(), statuses=dict(statuses), gaps=tuple(gaps),
        further_gaps=len(clusters[_MAX_GAPS:]) + sum(group.times > 0 for group in groups[_MAX_CLUSTERED:]),
        most_asked=_most_asked(now, before), turned=_declining(answers, earlier),
        never_found=tuple(faq.id for faq in table.all_passages(faqs=True) if faq.id not in answered),
        faqs=table.facts.faqs, only_corrected=_only_corrected(answers),
        proposals=tuple(one for one in proposed if (normalize(one.question), one.passage) not in rejected),
    )  # fmt: skip


def _answers(stats: Iterable[QuestionStats]) -> list[QuestionStats]:
    """Return the answered questions: a passage that only came closest has answered none."""
    return [one for one in stats if one.status == "answered"]


def _evidence(groups: Sequence[Group], store: UsageStore, since: float, until: float) -> Evidence:
    """Return what visitors did next who asked the questions of a group."""
    wordings = [wording for group in groups for wording in group.wordings]
    # Most groups are one question asked once, which shows nothing about its meaning: the query is saved.
    is_single = sum(group.times for group in groups) == 1
    return Evidence(wordings[0], 1, {}, {}) if is_single else store.evidence(wordings, since, until)


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
    found = [DecliningPassage(passage, *counts) for passage, counts in votes.items()]
    helped = (one for one in found if one.helpful_before > one.unhelpful_before)
    return tuple(one for one in helped if one.unhelpful >= _MIN_UNHELPFUL and one.unhelpful > one.helpful)


def _only_corrected(now: Iterable[QuestionStats]) -> tuple[str, ...]:
    found, corrected = Counter[str](), Counter[str]()
    for one in now:
        for passage in one.passages:
            found[passage] += one.times
            corrected[passage] += one.corrected
    return tuple(passage for passage, count in found.items() if count == corrected[passage])
