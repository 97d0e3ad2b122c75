"""`Answerer`: a question → an `Answer` with the words of one generation."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

from bot.answering.ambiguity import meanings
from bot.answering.answer import Answer, Source
from bot.answering.newer import newer_hit
from bot.answering.quote import quote
from bot.answering.small_talk import Talk, reply_to, small_talk
from bot.answering.suggestions import Suggestions
from bot.index.filters import Filters
from bot.retrieval.finder import Finder, Found, checked_question
from bot.retrieval.hit import Hit
from bot.retrieval.topic import Turn, earlier_questions
from bot.settings import AnswerSettings

_HITS = 20
"""Hits looked at for one answer: the first is quoted, FAQs among the others are suggested."""


class Answerer:
    """Answers questions with the words of one generation, or says that it does not hold the answer. Safe to call from many threads."""

    def __init__(self, finder: Finder, settings: AnswerSettings) -> None:
        self.finder = finder
        self.suggestions = Suggestions(finder, settings)
        self._settings = settings

    def ask(
        self, question: str, history: Sequence[Turn] = (), filters: Filters = Filters(), *, as_typed: bool = False
    ) -> Answer:
        """As `Bot.ask`."""
        earlier = [turn for turn in earlier_questions(history) if small_talk(turn) is None]
        found = self.finder.find(question, _HITS, filters, earlier, as_typed=as_typed)
        covered = bool(found.hits) and found.probability >= self._settings.threshold
        talk, words = small_talk(question), found.corrected or question
        asked = (words, *earlier)
        if talk and not (covered and _is_about(found.hits[0], talk)):
            return self._replied(question, found, talk)
        if not covered:
            return self._refused(question, found, asked)
        offered = self._offered(words, found)
        if len(offered) > 1:
            return replace(self._blank(question, found), status="ambiguous", did_you_mean=offered)
        return self._quoted(question, found, asked)

    def _offered(self, question: str, found: Found) -> tuple[str, ...]:
        meant = meanings(self.finder.generation, question, found, self._settings.threshold)
        return tuple(hit.passage.question or "" for hit in meant if self.suggestions.answered(hit.passage))

    def _replied(self, question: str, found: Found, talk: Talk) -> Answer:
        reply = reply_to(talk, self._categories(), question)
        return replace(self._blank(question, found), topic=None, reply=reply, talk=talk, suggestions=self._examples())

    def _refused(self, question: str, found: Found, asked: Sequence[str]) -> Answer:
        blank, near = self._blank(question, found), self.suggestions.near(found.hits, asked)
        return (
            replace(blank, suggestions=near)
            if near
            else replace(blank, suggestions=self._examples(), categories=self._categories())
        )

    def _quoted(self, question: str, found: Found, asked: Sequence[str]) -> Answer:
        hit, generation = found.hits[0], self.finder.generation
        quoted = quote(generation, found, hit.passage)
        source = Source(hit.passage, hit.probability, hit.score, hit.signals, quoted.span, quoted.matched)
        return replace(
            self._blank(question, found), status="answered", text=source.words, sources=(source,), suggestions=self.suggestions.after(hit.passage, asked),
            newer=newer_hit(generation, hit, found.hits[1:], self._settings.threshold),
        )  # fmt: skip

    def _blank(self, question: str, found: Found) -> Answer:
        """No answer, yet."""
        generation = self.finder.generation.name
        words = checked_question(question)
        return Answer(
            uuid4().hex, "no_answer", words, "", found.probability, (), (), generation, found.corrected, found.topic, language=found.language
        )  # fmt: skip

    def _examples(self) -> tuple[str, ...]:
        return self.suggestions.examples()[: self._settings.suggestions]

    def _categories(self) -> tuple[str, ...]:
        return tuple(self.finder.generation.table.facts.categories)


def _is_about(hit: Hit, talk: Talk) -> bool:
    """Whether a FAQ of the corpus's own asks what the small talk does."""
    return any(small_talk(question) == talk for question in (hit.passage.question or "", *hit.passage.alternates))
