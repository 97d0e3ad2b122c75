"""`Answerer`: answers questions from one generation."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

from bot.answering.ambiguity import meanings
from bot.answering.answer import Answer, Source
from bot.answering.quote import quote
from bot.answering.suggestions import Suggestions
from bot.index.filters import Filters
from bot.languages.language import Talk
from bot.languages.registry import SmallTalk, reply, small_talk
from bot.retrieval.diversity import newer_hit
from bot.retrieval.finder import Finder, checked_question
from bot.retrieval.hit import Hit
from bot.retrieval.search_result import SearchResult
from bot.retrieval.topic import History, earlier_questions
from bot.settings import AnswerSettings

_HITS = 20  # number of hits searched for an answer: the first is quoted, FAQs among the others are suggested


class Answerer:
    """Quotes one generation, or says that it has no answer. Safe to call from many threads."""

    def __init__(self, finder: Finder, settings: AnswerSettings) -> None:
        self.finder = finder
        self.suggestions = Suggestions(finder, settings)
        self._settings = settings

    def ask(
        self, question: str, history: History = (), filters: Filters = Filters(), *, as_typed: bool = False
    ) -> Answer:
        """Answer a question; see `Bot.ask`."""
        earlier = [turn for turn in earlier_questions(history) if small_talk(turn) is None]
        result = self.finder.find(question, _HITS, filters, earlier, as_typed=as_typed)
        is_covered = bool(result.hits) and result.probability >= self._settings.threshold
        asked = (result.corrected or question, *earlier)
        talk = small_talk(question)
        if talk and not (is_covered and _is_about(result.hits[0], talk.kind)):
            return self._reply(question, result, talk)
        if not is_covered:
            return self._no_answer(question, result, asked)
        did_you_mean = self._did_you_mean(asked[0], result)
        if len(did_you_mean) > 1:
            return replace(self._blank(question, result), status="ambiguous", did_you_mean=did_you_mean)
        return self._quote(question, result, asked)

    def _did_you_mean(self, question: str, result: SearchResult) -> tuple[str, ...]:
        hits = meanings(self.finder.generation, question, result, self._settings.threshold)
        return tuple(hit.passage.question or "" for hit in hits if self.suggestions.is_answered(hit.passage))

    def _reply(self, question: str, result: SearchResult, talk: SmallTalk) -> Answer:
        blank = replace(self._blank(question, result), topic=None, suggestions=self._examples())
        return replace(blank, reply=reply(talk, self._categories()), talk=talk.kind)

    def _no_answer(self, question: str, result: SearchResult, asked: Sequence[str]) -> Answer:
        blank, near = self._blank(question, result), self.suggestions.near(result.hits, asked)
        if near:
            return replace(blank, suggestions=near)
        return replace(blank, suggestions=self._examples(), categories=self._categories())

    def _quote(self, question: str, result: SearchResult, asked: Sequence[str]) -> Answer:
        hit, generation = result.hits[0], self.finder.generation
        quoted = quote(generation, result, hit.passage)
        source = Source(hit.passage, hit.probability, hit.score, hit.signals, quoted.span, quoted.matched)
        newer = newer_hit(generation, hit, result.hits[1:], self._settings.threshold)
        suggestions = self.suggestions.after(hit.passage, asked)
        blank = replace(self._blank(question, result), suggestions=suggestions, newer=newer)
        return replace(blank, status="answered", text=source.words, sources=(source,))

    def _blank(self, question: str, result: SearchResult) -> Answer:
        """Return an answer without content."""
        return Answer(
            id=uuid4().hex,
            status="no_answer",
            question=checked_question(question),
            text="",
            probability=result.probability,
            sources=(),
            suggestions=(),
            generation=self.finder.generation.name,
            corrected=result.corrected,
            topic=result.topic,
            language=result.language,
        )

    def _examples(self) -> tuple[str, ...]:
        return self.suggestions.examples()[: self._settings.suggestions]

    def _categories(self) -> tuple[str, ...]:
        return tuple(self.finder.generation.table.facts.categories)


def _is_about(hit: Hit, kind: Talk) -> bool:
    """Whether a FAQ asks the same as some small talk, and so answers it."""
    talks = map(small_talk, (hit.passage.question or "", *hit.passage.alternates))
    return any(talk is not None and talk.kind == kind for talk in talks)
