"""What the question log tells an editor: what could not be answered, and what else to look at."""

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
from bot.usage.clusters import clustered
from bot.usage.proposals import Evidence, Proposal, proposed
from bot.usage.question_stats import QuestionStats
from bot.usage.store import UsageStore

_WORD = re.compile(r"\w+")
_ASKING = frozenset([
    "am", "can", "could", "did", "do", "does", "get", "had", "has", "have", "how", "i", "me", "my", "shall", "should", "we", "what", "when", "where",
    "which", "who", "whom", "whose", "why", "would", "you", "your",
])  # fmt: skip
"""Words by which a question is one: that articles lack them tells nothing."""
_SURE = 0.7
"""Answers below this probability are worth a look."""
_EXAMPLES, _NEAREST, _SHOWN = 5, 3, 20
_COMPARED = 20_000
"""Wordings, the most asked ones, that are compared by meaning: encoding them takes half a minute."""
_LOOKED_AT = 500
"""Groups that are told; nobody reads more in a week."""
_TURNED = 3
"""Votes that an answer needs in a span of time to have turned."""


@dataclass(frozen=True, slots=True)
class Near:
    """A passage that nearly answers."""

    passage: str
    about: str
    probability: float


@dataclass(frozen=True, slots=True)
class Gap:
    """Questions that ask alike and were not answered, or not surely, or not well."""

    question: str
    """The one that was asked most."""
    times: int
    before: int
    """In as long a time before."""
    conversations: int
    unanswered: int
    ambiguous: int
    unsure: int
    unhelpful: int
    examples: tuple[str, ...]
    nearest: tuple[Near, ...]
    why: str
    """Why there was no answer, or no sure one."""


@dataclass(frozen=True, slots=True)
class Often:
    """A question and how often it was asked."""

    question: str
    times: int
    before: int
    status: str


@dataclass(frozen=True, slots=True)
class Turned:
    """A passage that used to help, and no longer does."""

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
    """The most asked ones."""
    further_gaps: int
    """How many more there are, asked less."""
    most_asked: tuple[Often, ...]
    turned: tuple[Turned, ...]
    never_found: tuple[str, ...]
    """FAQs that answered nothing."""
    faqs: int
    only_corrected: tuple[str, ...]
    """FAQs that were found by a repaired spelling only: their questions deserve it as an alternate."""
    proposals: tuple[Proposal, ...]

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON."""
        return asdict(self)


@dataclass(slots=True)
class _Group:
    """One wording of a question, in any case and with any mark at its end."""

    question: str
    times: int = 0
    before: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    wordings: set[str] = field(default_factory=set)


def make_report(
    store: UsageStore, finder: Finder, since: float, until: float, threshold: float, decisions: Decisions = Decisions()
) -> Report:
    """What was asked from `since` until `until`, compared with as long a time before, without what an editor has decided about already.

    Raises `UsageError` when the log cannot be read, `MissingExtra` when scipy is not installed.
    """
    now, before = store.tallies(since, until), store.tallies(2 * since - until, since)
    unwanted = set(map(normalize, decisions.settled))
    groups = [group for group in _groups(now, before) if normalize(group.question) not in unwanted]
    clusters = _clusters(groups[:_COMPARED], finder)
    further = len(clusters[_LOOKED_AT:]) + sum(group.times > 0 for group in groups[_COMPARED:])
    gaps = [_gap(cluster, store, finder, since, until, threshold) for cluster in clusters[:_LOOKED_AT]]
    statuses = Counter[str]()
    for tally in now:
        statuses[tally.status] += tally.times
    answered = Counter(passage for tally in now for passage in tally.passages)
    return Report(
        since, until, sum(statuses.values()), dict(statuses), tuple(gap for gap, _ in gaps), further, _most_asked(now, before), _turned(now, before),
        tuple(faq.id for faq in finder.generation.table.all_passages(faqs=True) if faq.id not in answered), finder.generation.table.facts.faqs,
        _only_corrected(now), tuple(_proposals([evidence for _, evidence in gaps], finder, decisions)),
    )  # fmt: skip


def _proposals(evidence: Iterable[Evidence], finder: Finder, decisions: Decisions) -> Iterator[Proposal]:
    rejected = {(normalize(question), passage) for question, passage in decisions.rejected}
    for each in evidence:
        for proposal in proposed(each, finder):
            if (normalize(proposal.question), proposal.passage) not in rejected:
                yield proposal


def _kind(tally: QuestionStats) -> str | None:
    """In what way a question was not answered well; None where it was."""
    if tally.status in ("no_answer", "ambiguous"):
        return tally.status
    if tally.status == "answered" and tally.unhelpful > tally.helpful:
        return "unhelpful"
    return "unsure" if tally.status == "answered" and tally.probability < _SURE else None


def _groups(now: Iterable[QuestionStats], before: Iterable[QuestionStats]) -> list[_Group]:
    """What was not answered well, most asked first; what was asked so only before comes last."""
    groups: dict[str, _Group] = {}
    for tallies, recent in ((now, True), (before, False)):
        for tally in tallies:
            kind = _kind(tally)
            if kind is None:
                continue
            group = groups.setdefault(normalize(tally.question), _Group(tally.question))
            if recent:
                group.times += tally.times
                group.kinds[kind] += tally.times
                group.wordings.add(tally.question)
            else:
                group.before += tally.times
    return sorted(groups.values(), key=lambda group: (-group.times, -group.before, group.question))


def _clusters(groups: Sequence[_Group], finder: Finder) -> list[list[_Group]]:
    """The groups that ask alike, with the most asked first; without those of before alone."""
    if not groups:
        return []
    vectors = finder.generation.encoder.encode_questions([group.question for group in groups])
    joined = [[groups[number] for number in numbers] for numbers in clustered(vectors)]
    recent = [cluster for cluster in joined if any(group.times for group in cluster)]
    return sorted(recent, key=lambda cluster: -sum(group.times for group in cluster))


def _gap(
    cluster: Sequence[_Group], store: UsageStore, finder: Finder, since: float, until: float, threshold: float
) -> tuple[Gap, Evidence]:
    kinds = sum((group.kinds for group in cluster), Counter[str]())
    wordings = [words for group in cluster for words in group.wordings]
    times = sum(group.times for group in cluster)
    # One question tells nothing but itself, and most groups are one question.
    evidence = store.evidence(wordings, since, until) if times > 1 else Evidence(wordings[0], 1, {}, {})
    nearest = _nearest(finder, cluster[0].question)
    gap = Gap(
        cluster[0].question, times, sum(group.before for group in cluster), evidence.conversations,
        kinds["no_answer"], kinds["ambiguous"], kinds["unsure"], kinds["unhelpful"], tuple(group.question for group in cluster if group.times)[:_EXAMPLES], nearest,
        _why(finder, cluster[0].question, nearest, threshold),
    )  # fmt: skip
    return gap, evidence


def _nearest(finder: Finder, question: str) -> tuple[Near, ...]:
    try:
        hits = finder.rank(question, _NEAREST).hits
    except QuestionError:
        return ()
    return tuple(Near(hit.passage.id, context(hit.passage), round(hit.probability, 3)) for hit in hits)


def _why(finder: Finder, question: str, nearest: Sequence[Near], threshold: float) -> str:
    if nearest and nearest[0].probability >= threshold:
        return f"answered today, with {nearest[0].probability:.2f}"
    telling = set(content_terms(question)) - _ASKING
    unknown = [
        word
        for word in _WORD.findall(question)
        if telling.intersection(content_terms(word)) and not finder.generation.lexical.has("words", word)
    ]
    lacking = (
        f"no article has the word {' or '.join(repr(word) for word in dict.fromkeys(unknown[:3]))}; " if unknown else ""
    )
    near = (
        f"the nearest passage reaches {nearest[0].probability:.2f} of the {threshold:g} that an answer needs"
        if nearest
        else "no passage is near"
    )
    return lacking + near


def _most_asked(now: Iterable[QuestionStats], before: Iterable[QuestionStats]) -> tuple[Often, ...]:
    times, earlier, told = Counter[str](), Counter[str](), dict[str, tuple[str, str]]()
    for tally in now:
        times[normalize(tally.question)] += tally.times
        told.setdefault(normalize(tally.question), (tally.question, tally.status))
    for tally in before:
        earlier[normalize(tally.question)] += tally.times
    return tuple(
        Often(told[words][0], count, earlier[words], told[words][1]) for words, count in times.most_common(_SHOWN)
    )


def _turned(now: Iterable[QuestionStats], before: Iterable[QuestionStats]) -> tuple[Turned, ...]:
    votes: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for place, tallies in ((0, now), (2, before)):
        for tally in tallies:
            for passage in tally.passages:
                votes[passage][place] += tally.helpful
                votes[passage][place + 1] += tally.unhelpful
    turned = (Turned(passage, *counts) for passage, counts in votes.items())
    return tuple(
        one
        for one in turned
        if one.helpful_before > one.unhelpful_before and one.unhelpful >= _TURNED and one.unhelpful > one.helpful
    )


def _only_corrected(now: Iterable[QuestionStats]) -> tuple[str, ...]:
    found, repaired = Counter[str](), Counter[str]()
    for tally in now:
        for passage in tally.passages:
            found[passage] += tally.times
            repaired[passage] += tally.corrected
    return tuple(passage for passage, count in found.items() if count == repaired[passage])
