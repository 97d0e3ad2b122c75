"""`Starters`: the questions that an empty chat offers."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from bot.answering.bot import Bot
from bot.corpus.decisions.starters import StarterChoices
from bot.errors import CorpusError
from bot.index.generation import passage_by_id
from bot.languages.registry import ENGLISH, detect_language
from bot.usage.store import UsageStore

_log = logging.getLogger(__name__)
_SEVERAL, _SURELY = 3, 0.8
"""Minimum number of conversations, and mean probability of the answer, of a question that is offered as asked often."""
_MAX_FREQUENT = 6


class Offered(NamedTuple):
    """Questions to start with."""

    questions: tuple[str, ...]
    are_frequent: bool
    """Whether the first ones are asked often."""


@dataclass(frozen=True, slots=True)
class Starters:
    """Where the questions to start with come from."""

    bot: Bot
    usage: UsageStore | None
    corpus: Path | None
    """The folder in which editors chose some of them."""

    def offer(self, language: str = ENGLISH.code) -> Offered:
        """Return pinned questions, frequent ones, and examples from the articles, in this order.

        A question is asked often if its answer was sure in several conversations, and nobody voted against it. Only
        questions in the language of the page are offered, unless there are none.
        """
        choices, often, examples = self._choices(), self._often_asked(), self.bot.suggestions.examples(language)
        most = max(len(choices.pinned), len(often), len(examples))
        found = choices.order(dict.fromkeys([*often, *examples]))
        questions = (tuple(each for each in found if detect_language(each) == language) or found)[:most]
        return Offered(questions, bool(questions) and questions[0] in often)

    def _often_asked(self) -> list[str]:
        idents = self.usage.often_asked(_SEVERAL, _SURELY, _MAX_FREQUENT) if self.usage else []
        passages = (passage_by_id(self.bot.generation.table, ident) for ident in idents)
        return [passage.question for passage in passages if passage and passage.question]

    def _choices(self) -> StarterChoices:
        try:
            return StarterChoices.read(self.corpus) if self.corpus else StarterChoices()
        except CorpusError as error:
            _log.warning("%s", error)
            return StarterChoices()
