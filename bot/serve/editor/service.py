"""`EditorService`: what the editor's page does."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter
from pathlib import Path

from bot.answering.bot import Bot
from bot.corpus.corpus import read_corpus
from bot.corpus.decisions import actions
from bot.corpus.decisions.article_file import Excerpt, open_excerpt
from bot.corpus.decisions.files import WRITTEN, Decisions
from bot.corpus.decisions.history import Decision, in_force, read_history, undo
from bot.errors import CorpusError, QuestionError
from bot.evaluation.lint import lint
from bot.index.generation import passage_by_id, require_passage
from bot.index.store import LocalStore
from bot.languages.normalization import normalize
from bot.passages import Passage
from bot.retrieval.near_duplicates import asks_exactly
from bot.serve.editor.background_build import BackgroundBuild
from bot.serve.editor.question_html import passage_label, question_html
from bot.serve.watch import build_command
from bot.usage.gaps import Gap
from bot.usage.logged_question import LoggedQuestion
from bot.usage.report import Report, make_report
from bot.usage.seen import SeenQuestion, Tally, seen_questions, tally
from bot.usage.store import UsageStore

_DAY = 86_400.0
_CANDIDATES, _MAX_OFFERED, _MAX_FOUND = 50, 8, 12
"""Numbers of passages searched for a question, offered for it unasked, and shown for a search."""
_TALLIED_DAYS = 56
_NO_CATEGORY = "without an answer or a category"
_UNHELPFUL = attrgetter("unhelpful")
_UNLIKELY = 0.1  # probability below which a passage is not offered unasked

Choice = tuple[str, str]
"""A passage as a choice: what is shown, and its id."""


@dataclass(frozen=True, slots=True)
class EditorService:
    """A served bot with its index, its corpus and its question log."""

    bot: Bot
    index: Path
    corpus: Path
    usage: UsageStore
    build: BackgroundBuild

    @classmethod
    def open(cls, bot: Bot, index: Path, corpus: Path, usage: UsageStore, build: Sequence[str] = ()) -> "EditorService":
        """Return the service of an index; `build` is the command of its builds, by default with the index's model."""
        command = [*(build or build_command(corpus, index)), "--tell-progress"]
        return cls(bot, index, corpus, usage, BackgroundBuild(command, LocalStore(index)))

    def report(self, days: float) -> Report:
        """Return the report of the last days. Raises `UsageError` and `MissingExtra` as `make_report` does."""
        until, finder = time.time(), self.bot.retriever.finder()
        decisions = Decisions.read(self.corpus)
        return make_report(self.usage, finder, until - days * _DAY, until, self.bot.settings.threshold, decisions)

    def seen(self, days: float, *, only_unhelpful: bool = False) -> list[SeenQuestion]:
        """Return what visitors asked in the last days, most frequent first, or most voted on. Raises `UsageError`."""
        until = time.time()
        seen = seen_questions(self.usage.question_stats(until - days * _DAY, until))
        return sorted(filter(_UNHELPFUL, seen), key=_UNHELPFUL, reverse=True) if only_unhelpful else seen

    def describe(self, days: float, question: str, gap: Gap | None) -> str:
        """Return as HTML the answers that visitors got to a question, or to those of its gap. Raises `UsageError`."""
        until = time.time()
        since = until - days * _DAY
        names = set(map(normalize, [question, *(gap.examples if gap else ())]))
        stats = [one for one in self.usage.question_stats(since, until) if normalize(one.question) in names]
        if not stats:
            raise CorpusError("This question is no longer in the log: refresh the list.")
        seen = SeenQuestion.of(sorted(stats, key=lambda one: normalize(one.question) != normalize(question)))
        remarks = self.usage.remarks(seen.wordings, since, until)
        return question_html(seen, gap, remarks, self.bot.ask(question), self.bot.generation.table)

    def candidates(self, question: str) -> list[Choice]:
        """Return the passages that may answer a question, most likely first."""
        try:
            hits = self.bot.retriever.finder().find(question, _CANDIDATES).hits
        except QuestionError:
            return []
        likely = [hit.passage for hit in hits if hit.probability >= _UNLIKELY][:_MAX_OFFERED]
        return [(passage_label(passage), passage.id) for passage in likely]

    def search(self, words: str) -> list[Choice]:
        """Return the FAQs and sections nearest to an editor's words. Raises `QuestionError` without words."""
        hits = self.bot.retriever.finder().find(words, _MAX_FOUND).hits
        return [(passage_label(hit.passage), hit.passage.id) for hit in hits]

    def write(self, faq: actions.WrittenFaq, instead_of: str, who: str) -> Decision:
        """Write a FAQ for the next build. Raises `CorpusError` if an article has this question, or as `write_faq`."""
        first = self.bot.retriever.finder().find(faq.question, 1).hits if faq.question.strip() else ()
        own = {normalize(faq.question), normalize(instead_of)}
        for passage in (hit.passage for hit in first):
            is_own = normalize(passage.question or "") in own and passage.article.source == WRITTEN
            if asks_exactly(passage, faq.question) and not is_own:
                place = f"{passage.article.title} ({passage.article.source})"
                raise CorpusError(f"{place} answers exactly this question: correct it there, or ask in other words.")
        return actions.write_faq(self.corpus, faq, instead_of=instead_of, who=who)

    def excerpt(self, ident: str) -> tuple[Passage, Excerpt]:
        """Return a passage with its words as they stand in their file. Raises `CorpusError` as `open_excerpt` does."""
        passage = require_passage(self.bot.generation.table, ident)
        return passage, open_excerpt(self.corpus, passage.article, passage.start, passage.end)

    def undo_last(self, who: str) -> Decision:
        """Undo the last decision of an editor that is in force. Raises `CorpusError` if there is none."""
        history = read_history(self.corpus)
        holds = in_force(history)
        own = [one for one in history if one.who == who and one.action != "undo" and holds[one.id]]
        if not own:
            raise CorpusError("You have made no decision that could be undone.")
        return undo(self.corpus, own[-1].id, who=who)

    @property
    def waits(self) -> bool:
        """Whether something was decided since the served index was built that a build would change."""
        created = self.bot.generation.manifest.created
        changing = (one for one in read_history(self.corpus) if one.changes_index)
        return any(datetime.fromisoformat(one.when) > created for one in changing)

    def tallies(self) -> tuple[dict[str, Tally], dict[str, Tally]]:
        """Return how questions were answered in each of the last weeks, and in each category. Raises `UsageError`."""
        table, categories = self.bot.generation.table, dict[str, str]()

        def category(question: LoggedQuestion) -> str:
            if question.status != "answered" or not question.passages:
                return _NO_CATEGORY
            first = question.passages[0]
            if first not in categories:
                passage = passage_by_id(table, first)
                categories[first] = (passage.article.category if passage else None) or _NO_CATEGORY
            return categories[first]

        asked = list(self.usage.questions(since=time.time() - _TALLIED_DAYS * _DAY))
        by_category = tally(asked, category)
        return tally(asked, _week), dict(sorted(by_category.items(), key=lambda each: -each[1].asked))

    def findings(self) -> Sequence[tuple[str, str, str]]:
        """Return refused files and lint findings as kind, place and sentence. Raises `CorpusError` without a corpus."""
        corpus = read_corpus(self.corpus)
        found = lint(corpus.articles, self.bot.retriever.finder(), date.today())  # noqa: DTZ011 - the editor's own day
        kinds = ["not read" if each.kind == "refused" else each.kind for each in corpus.refused]
        places = [each.file if each.line is None else f"{each.file}, line {each.line}" for each in corpus.refused]
        unread = zip(kinds, places, (each.reason for each in corpus.refused), strict=True)
        return [*unread, *((finding.kind, finding.article, finding.message) for finding in found)]


def _week(question: LoggedQuestion) -> str:
    """Return the Monday of the week of a question, in ISO 8601."""
    day = datetime.fromtimestamp(question.at, UTC)
    return f"{day - timedelta(days=day.weekday()):%Y-%m-%d}"
