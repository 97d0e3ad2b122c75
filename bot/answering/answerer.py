"""`Answerer`: answers questions from one generation."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from hashlib import sha256
from uuid import uuid4

from bot.answering.ambiguity import meanings
from bot.answering.answer import Answer, Source
from bot.answering.demands import split_demands
from bot.answering.question_parts import point_of, split_questions
from bot.answering.schema import Status
from bot.answering.subjects import terms_of
from bot.answering.suggestions import Suggestions
from bot.answering.superseding import hit_of
from bot.answering.word_chooser import WordChooser
from bot.index.filters import Filters
from bot.languages.language import Talk
from bot.languages.registry import SmallTalk, reply, small_talk
from bot.lru_cache import LruCache
from bot.passages import Passage
from bot.reader.reader import Reading
from bot.retrieval.finder import Finder, checked_question, checked_text
from bot.retrieval.hit import Hit
from bot.retrieval.near_duplicates import asks_exactly
from bot.retrieval.search_result import SearchResult
from bot.retrieval.topic import History, exchanges
from bot.settings import AnswerSettings

_CACHED = 512  # number of answers that are kept: 20 kB each
_OF_SUBJECT = 2  # number of further questions that are suggested after a subject alone


class Answerer:
    """Quotes one generation, or says that it has no answer. Safe to call from many threads."""

    def __init__(self, finder: Finder, settings: AnswerSettings, today: Callable[[], date] = date.today) -> None:
        self.finder, self._today = finder, today
        self.suggestions = Suggestions(finder, settings)
        self._settings = settings
        self._chooser = WordChooser(finder, settings)
        self._answers = LruCache[tuple[str, bytes, Filters, bool, date], Answer](_CACHED)

    def ask(
        self, question: str, history: History = (), filters: Filters = Filters(), *, as_typed: bool = False
    ) -> Answer:
        """Answer a question; see `Bot.ask`.

        The answer to a question after the same turns is kept for the day, unless the articles may change meanwhile:
        many visitors ask, or click on, the same question.
        """
        question = checked_text(question)
        # Conversations may be long, and nobody's words need to stay in memory.
        turns = sha256(repr(exchanges(history)).encode()).digest()
        key = question, turns, filters, as_typed, self._today()
        if answer := self._answers.get(key):
            return replace(answer, id=uuid4().hex)
        answer = self._answer(question, history, filters, as_typed=as_typed)
        if answer.sources:
            answer = replace(answer, unknown=self.finder.speller.unknown_names(question))
        if self.finder.generation.is_fixed:
            self._answers.put(key, answer)
        return answer

    def _answer(self, question: str, history: History, filters: Filters, *, as_typed: bool) -> Answer:
        """Answer a question, both questions of a message, both demands of a question, or what a story ends in."""
        answer = self._ask(question, history, filters, as_typed=as_typed)
        if answer.talk or any(asks_exactly(source.passage, question) for source in answer.sources):
            return answer
        question = answer.question
        questions, point = split_questions(question), point_of(question)
        if len(questions) == 2:
            return self._ask_both(question, questions, history, filters, as_typed=as_typed) or answer
        if point == question:
            return self._ask_demands(answer, history, filters, as_typed=as_typed) or answer
        pointed = self._ask(point, history, filters, as_typed=as_typed)
        is_surer = bool(pointed.sources) and pointed.probability > answer.probability
        return replace(pointed, question=question) if is_surer else answer

    def _ask_both(
        self, question: str, questions: Sequence[str], history: History, filters: Filters, *, as_typed: bool
    ) -> Answer | None:
        """Answer two questions of one message; None if either has no likely answer, or both have the same one."""
        first = self._surest(self._ask(questions[0], history, filters, as_typed=as_typed))
        said = [{"role": "user", "content": questions[0]}, {"role": "assistant", "content": first.text}]
        second = self._surest(self._ask(questions[1], [*history, *said], filters, as_typed=as_typed))
        if first.sources and second.sources and _keeps_subject(first, second):
            own = replace(filters, article=first.sources[0].passage.article.id)
            second = self._surest(self._ask(questions[1], [*history, *said], own, as_typed=as_typed))
        is_likely = second.probability >= (self._settings.least + self._settings.threshold) / 2
        are_answered = first.status == "answered" and second.sources and is_likely
        if not are_answered or first.text in second.text or second.text in first.text:
            return None
        shown = {source.passage.question for source in second.sources}
        suggestions = tuple(each for each in first.suggestions if each not in shown)
        further = replace(second, asked=questions[1], topic=None)
        return replace(first, question=question, asked=questions[0], suggestions=suggestions, answers=(further,))

    def _ask_demands(self, whole: Answer, history: History, filters: Filters, *, as_typed: bool) -> Answer | None:
        """Answer two demands of one question; None unless one article answers both, and any answer there was is one."""
        demands = split_demands(whole.question)
        both = self._ask_both(whole.question, demands, history, filters, as_typed=as_typed) if demands[1:] else None
        if both is None or both.answers[0].status != "answered":
            return None
        found = [source.passage for answer in (both, *both.answers) for source in answer.sources]
        is_kept = whole.status != "answered" or whole.sources[0].passage in found
        return both if is_kept and len({passage.article.id for passage in found}) == 1 else None

    def _ask(self, question: str, history: History, filters: Filters, *, as_typed: bool) -> Answer:
        turns, talk = exchanges(history), small_talk(question)
        result, reading, named, newer = self._chooser.choose(question, turns, filters, as_typed=as_typed)
        asked = (result.corrected or question, *(turn.question for turn in turns))
        if named is not None and named.article is None and not talk:
            blank = self._blank(question, result, reading)
            return replace(blank, status="ambiguous", did_you_mean=named.titles)
        is_covered = reading is not None and reading.probability >= self._settings.threshold
        if talk and not (is_covered and reading and _is_about(reading.passage, talk.kind)):
            return self._reply(question, result, talk)
        if reading is None or reading.probability < self._settings.least:
            return self._no_answer(question, result, reading, asked)
        did_you_mean = self._did_you_mean(asked[0], result) if is_covered and not named else ()
        if len(did_you_mean) > 1:
            blank = self._blank(question, result, reading)
            return replace(blank, status="ambiguous", did_you_mean=did_you_mean)
        status: Status = "answered" if is_covered else "closest"
        return self._dated(self._shown(status, question, result, reading, asked, _OF_SUBJECT if named else 0), newer)

    def _surest(self, answer: Answer) -> Answer:
        """Return an answer without the words that may answer instead."""
        sources = answer.sources[:1]
        return self._dated(replace(answer, text=_text(sources), sources=sources), answer.newer)

    def _dated(self, answer: Answer, newer: Hit | None) -> Answer:
        """Add what has changed since its words were written."""
        today, is_superseded = self._today(), newer is not None
        days = {day for source in answer.sources for day in source.passed(today, is_superseded=is_superseded)}
        return replace(answer, newer=newer, passed=tuple(sorted(days)))

    def _did_you_mean(self, question: str, result: SearchResult) -> tuple[str, ...]:
        hits = meanings(self.finder.generation, question, result, self._settings.threshold)
        return tuple(hit.passage.question or "" for hit in hits if self.suggestions.is_answered(hit.passage))

    def _reply(self, question: str, result: SearchResult, talk: SmallTalk) -> Answer:
        examples = self.suggestions.examples(result.language)[: self._settings.suggestions]
        blank = replace(self._blank(question, result), topic=None, suggestions=examples)
        return replace(blank, reply=reply(talk, self._categories(), self._settings.contact), talk=talk.kind)

    def _no_answer(self, question: str, result: SearchResult, reading: Reading | None, asked: Sequence[str]) -> Answer:
        blank, near = self._blank(question, result, reading), self.suggestions.near(result.hits, asked, result.language)
        return replace(blank, suggestions=near) if near else replace(blank, categories=self._categories())

    def _shown(
        self, status: Status, question: str, result: SearchResult, reading: Reading, asked: Sequence[str], further: int
    ) -> Answer:
        """Return an answer with the words read, and with questions to ask next, or similar ones if it is closest."""
        sources, blank = _sources(result, reading), self._blank(question, result, reading)
        quoted = [source.passage for source in sources]
        if status == "answered":
            suggestions = self.suggestions.after(quoted, asked, result.language, further)
        else:
            suggestions = self.suggestions.near(result.hits, asked, result.language, quoted)
        return replace(blank, status=status, text=_text(sources), sources=sources, suggestions=suggestions)

    def _blank(self, question: str, result: SearchResult, reading: Reading | None = None) -> Answer:
        return Answer(
            id=uuid4().hex, status="no_answer", question=checked_question(question), text="",
            probability=reading.probability if reading else result.probability, sources=(), suggestions=(),
            generation=self.finder.generation.name, corrected=result.corrected, topic=result.topic,
            language=result.language,
        )  # fmt: skip

    def _categories(self) -> tuple[str, ...]:
        return tuple(self.finder.generation.table.facts.categories)


def _is_about(passage: Passage, kind: Talk) -> bool:
    """Whether a FAQ asks the same as some small talk, and so answers it."""
    talks = map(small_talk, (passage.question or "", *passage.alternates))
    return any(talk is not None and talk.kind == kind for talk in talks)


def _sources(result: SearchResult, reading: Reading) -> tuple[Source, ...]:
    """Return the passage that was read as a source, and the one that may answer instead."""
    hit = hit_of(result, reading)
    source = Source(reading.passage, reading.probability, hit.score, hit.signals, reading.span, reading.matched)
    return (source, *_sources(result, reading.other)) if reading.other else (source,)


def _keeps_subject(first: Answer, second: Answer) -> bool:
    """Whether a second question names nothing of the article that answers it, while the first one names its own."""
    own, other = (answer.sources[0].passage.article for answer in (first, second))
    names_own = not terms_of(first.question).isdisjoint(terms_of(own.title))
    return names_own and own.id != other.id and terms_of(second.question).isdisjoint(terms_of(other.title))


def _text(sources: Sequence[Source]) -> str:
    return "\n\n".join(source.words for source in sources)
