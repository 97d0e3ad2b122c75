"""`EditorService`: what the editor's page does."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bot.answering.bot import Bot
from bot.corpus.corpus import read_corpus
from bot.corpus.decisions import Decisions, accept
from bot.evaluation.lint import lint
from bot.index.generation import require_passage
from bot.serve.editor.background_build import BackgroundBuild
from bot.serve.watch import build_command
from bot.usage.report import Report, make_report
from bot.usage.store import UsageStore

_DAY = 86_400.0


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
        return cls(bot, index, corpus, usage, BackgroundBuild(command))

    def report(self, days: float) -> Report:
        """Return the report of the last days. Raises `UsageError` and `MissingExtra` as `make_report` does."""
        until, finder = time.time(), self.bot.retriever.finder()
        decisions = Decisions.read(self.corpus)
        return make_report(self.usage, finder, until - days * _DAY, until, self.bot.settings.threshold, decisions)

    def accept(self, question: str, passage: str) -> Path:
        """Make a question an alternate of a FAQ and return the file. Raises `CorpusError` if there is no such FAQ."""
        return accept(self.corpus, question, require_passage(self.bot.generation.table, passage), who="editor")

    def findings(self) -> Sequence[tuple[str, str, str]]:
        """Return refused files and lint findings as kind, place and sentence. Raises `CorpusError` without a corpus."""
        corpus = read_corpus(self.corpus)
        found = lint(corpus.articles, self.bot.retriever.finder(), date.today())  # noqa: DTZ011 - the editor's own day
        unread = [
            (
                "not read" if each.kind == "refused" else each.kind,
                each.file if each.line is None else f"{each.file}, line {each.line}",
                each.reason,
            )
            for each in corpus.refused
        ]
        return [*unread, *((finding.kind, finding.article, finding.message) for finding in found)]
