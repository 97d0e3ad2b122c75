"""`Editorial`: what the editor's page is about."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bot.answering.bot import Bot
from bot.backends.location import store_at
from bot.corpus.corpus import read_corpus
from bot.corpus.decisions import Decisions
from bot.evaluation.lint import lint
from bot.serve.editor.rebuilding import Rebuilding
from bot.serve.watch import build_command
from bot.settings import AnswerSettings
from bot.usage.report import Report, make_report
from bot.usage.store import UsageStore

_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Editorial:
    """A bot, the index that it answers from, the corpus that this was built from, and what was asked."""

    bot: Bot
    index: Path
    corpus: Path
    usage: UsageStore
    rebuilding: Rebuilding

    @classmethod
    def of(cls, bot: Bot, index: Path, corpus: Path, usage: UsageStore) -> "Editorial":
        """That of an index folder; builds use the model that it was built with."""
        return cls(
            bot,
            index,
            corpus,
            usage,
            Rebuilding([*build_command(corpus, index, bot.generation.manifest.settings), "--tell-progress"]),
        )

    def report(self, days: float) -> Report:
        """What was asked in the last days. Raises `UsageError` and `MissingExtra` as `make_report` does."""
        until = time.time()
        decisions = Decisions.read(self.corpus)
        return make_report(
            self.usage, self.bot.retriever.finder(), until - days * _DAY, until, AnswerSettings().threshold, decisions
        )

    def roll_back(self) -> str:
        """Serve the generation before; returns its name. Raises `IndexMissing` when there is none, `IndexBusy` while a build is writing."""
        return store_at(self.index).roll_back()

    def findings(self) -> Sequence[tuple[str, str, str]]:
        """What could not be read, and what the lint says: kind, file or article, sentence. Raises `CorpusError` when there is no corpus."""
        corpus = read_corpus(self.corpus)
        found = lint(corpus.articles, self.bot.retriever.finder(), date.today())  # noqa: DTZ011 - the editor's own day
        return [
            *(
                (
                    "not read",
                    refused.file if refused.line is None else f"{refused.file}, line {refused.line}",
                    refused.reason,
                )
                for refused in corpus.refused
            ),
            *((finding.kind, finding.article, finding.message) for finding in found),
        ]
