"""`Answerer`: answers questions from one generation."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

from bot.answering.ambiguity import meanings
from bot.answering.answer import Answer, Source
from bot.answering.introductions import Words, definition, introduction, sample, whole_list
from bot.answering.question_parts import point_of, split_questions
from bot.answering.quote import quote
from bot.answering.subjects import MOST_TITLES, Named, Subject, named_articles, subject_of, terms_of
from bot.answering.suggestions import Suggestions
from bot.corpus.article import Article
from bot.index.filters import Filters
from bot.index.lexical import content_terms
from bot.languages.language import Talk
from bot.languages.registry import ENGLISH, SmallTalk, language_of, reply, small_talk
from bot.passages import Passage
from bot.reader.model import ReaderModel
from bot.reader.reader import Reader, Reading
from bot.retrieval.abbreviations import spelled_out
from bot.retrieval.diversity import newer_hit
from bot.retrieval.finder import Finder, checked_question
from bot.retrieval.hit import Hit
from bot.retrieval.near_duplicates import asks_exactly
from bot.retrieval.search_result import SearchResult
from bot.retrieval.topic import Exchange, History, exchanges
from bot.settings import AnswerSettings

_NAMED = 0.9  # probability of the words that introduce the subject which a question names
_TWO = 2  # number of questions of one message that are answered one by one
_OF_SUBJECT = 2  # number of further questions that are suggested after a subject alone
_HITS = 20  # number of hits searched for an answer: the first is quoted, FAQs among the others are suggested
_RELEVANT, _RARE, _OWN_TERMS, _ELSEWHERE = 0.4, 0.9, 4, 0.6
"""A follow-up is less likely answered below this probability that the corpus is about it, and `_ELSEWHERE` times as
likely if its rarest word, of at least `_OWN_TERMS`, is missing: it names something else. Fitted like the limits of
`bot.retrieval.topic`, and on uncovered questions after covered ones."""


class Answerer:
    """Quotes one generation, or says that it has no answer. Safe to call from many threads."""

    def __init__(self, finder: Finder, settings: AnswerSettings) -> None:
        self.finder = finder
        self.suggestions = Suggestions(finder, settings)
        self._settings = settings
        self._reader = Reader(finder.generation, ReaderModel.shipped())

    def ask(
        self, question: str, history: History = (), filters: Filters = Filters(), *, as_typed: bool = False
    ) -> Answer:
        """Answer a question; see `Bot.ask`."""
        answer = self._answer(question, history, filters, as_typed=as_typed)
        return replace(answer, unknown=self.finder.unknown_names(question)) if answer.sources else answer

    def _answer(self, question: str, history: History, filters: Filters, *, as_typed: bool) -> Answer:
        """Answer a question, both questions of a message, or the one that a story ends in."""
        answer = self._ask(question, history, filters, as_typed=as_typed)
        if answer.talk or any(asks_exactly(source.passage, question) for source in answer.sources):
            return answer
        questions, point = split_questions(question), point_of(question)
        if len(questions) == _TWO:
            return self._ask_both(answer.question, questions, history, filters, as_typed=as_typed) or answer
        if point == question:
            return answer
        pointed = self._ask(point, history, filters, as_typed=as_typed)
        is_surer = bool(pointed.sources) and pointed.probability > answer.probability
        return replace(pointed, question=answer.question) if is_surer else answer

    def _ask_both(
        self, question: str, questions: Sequence[str], history: History, filters: Filters, *, as_typed: bool
    ) -> Answer | None:
        """Answer two questions of one message; None if either has no answer, or both have the same one."""
        first = self._ask(questions[0], history, filters, as_typed=as_typed)
        said = [{"role": "user", "content": questions[0]}, {"role": "assistant", "content": first.text}]
        second = self._ask(questions[1], [*history, *said], filters, as_typed=as_typed)
        are_answered = first.status == "answered" and second.status in ("answered", "closest")
        if not are_answered or first.text in second.text or second.text in first.text:
            return None
        shown = {source.passage.question for source in second.sources}
        suggestions = tuple(each for each in first.suggestions if each not in shown)
        further = replace(second, asked=questions[1], topic=None)
        return replace(first, question=question, asked=questions[0], suggestions=suggestions, answers=(further,))

    def _ask(self, question: str, history: History, filters: Filters, *, as_typed: bool) -> Answer:
        """Answer one question."""
        turns, talk = exchanges(history), small_talk(question)
        result, reading = self._found(question, turns, filters, as_typed=as_typed)
        asked = (result.corrected or question, *(turn.question for turn in turns))
        named = None if talk else self._named(asked[0], result, reading)
        if named is None:
            result, reading = self._surer(result, reading, filters)
        if named is not None and named.article is None:
            blank = self._blank(question, result, reading)
            return replace(blank, status="ambiguous", did_you_mean=named.titles)
        if named is not None and named.article is not None:
            reading = self._introduction(asked[0], named.subject, named.article, result, filters) or reading
        elif reading is not None:
            reading = self._completed(result, reading, filters)
        is_covered = reading is not None and reading.probability >= self._settings.threshold
        if talk and not (is_covered and reading and _is_about(reading.passage, talk.kind)):
            return self._reply(question, result, talk)
        if reading is None or reading.probability < self._least:
            return self._no_answer(question, result, reading, asked)
        if not is_covered:
            return self._closest(question, result, reading, asked)
        did_you_mean = () if named else self._did_you_mean(asked[0], result)
        if len(did_you_mean) > 1:
            blank = self._blank(question, result, reading)
            return replace(blank, status="ambiguous", did_you_mean=did_you_mean)
        return self._answered(question, result, reading, asked, _OF_SUBJECT if named else 0)

    def _surer(
        self, result: SearchResult, reading: Reading | None, filters: Filters
    ) -> tuple[SearchResult, Reading | None]:
        """Return the result, or the one of the question with its abbreviations spelled out if that is surer."""
        spelled = None if result.within else spelled_out(result.query, (hit.passage for hit in result.hits))
        if spelled is None:
            return result, reading
        other = self.finder.find(spelled, _HITS, filters, as_typed=True)
        other_reading = self._read(spelled, other, filters)
        if other_reading is None or (reading and reading.probability >= other_reading.probability):
            return result, reading
        return replace(other, language=result.language, corrected=result.corrected), other_reading

    def _found(
        self, question: str, turns: Sequence[Exchange], filters: Filters, *, as_typed: bool
    ) -> tuple[SearchResult, Reading | None]:
        """Return what is found in the article of the conversation's topic, else in all articles, and what answers."""
        result = self.finder.find_in_conversation(question, _HITS, filters, turns, as_typed=as_typed)
        earlier = [turn.question for turn in turns]
        if result.within and self._names_another(result.corrected or question, result, filters):
            result, earlier = self.finder.find(question, _HITS, filters, as_typed=as_typed), []
        reading = self._read(result.corrected or question, result, filters)
        if result.within and (reading is None or reading.probability < self._least):
            result = self.finder.find(question, _HITS, filters, earlier, as_typed=as_typed)
            reading = self._read(result.corrected or question, result, filters)
        return result, reading

    def _names_another(self, question: str, result: SearchResult, filters: Filters) -> bool:
        """Whether a follow-up only names a subject of other articles that the article of the topic does not mention."""
        if result.within is None or subject_of(result.query) is None:
            return False
        named = named_articles(result.query, self.finder.find_again(question, _HITS, filters).hits)
        return named is not None and not named.subject.terms <= terms_of(result.within.passage.article.text)

    def _named(self, question: str, result: SearchResult, reading: Reading | None) -> Named | None:
        """Return the articles that a question names, if it continues no topic and no FAQ has this question."""
        if result.within is not None or result.topic is not None or not result.hits:
            return None
        asked = reading.passage.question if reading else None
        if "reranker" in result.hits[0].signals or any(asks_exactly(hit.passage, question) for hit in result.hits):
            return None
        named = named_articles(result.query, result.hits) or self._articles_of_category(question)
        is_answered = reading is not None and reading.probability >= self._settings.threshold
        if named is None or (is_answered and (not named.is_exact or (asked and subject_of(asked) == named.subject))):
            return None
        return named

    def _articles_of_category(self, question: str) -> Named | None:
        """Return articles of the category that a question consists of, such as one that was offered."""
        category = next((each for each in self._categories() if each.casefold() == question.casefold()), None)
        articles = self.finder.generation.table.listed(category, 0, MOST_TITLES) if category else []
        subject = Subject(frozenset(), None)
        return Named(subject, None, tuple(dict.fromkeys(each.title for each in articles)), True) if articles else None

    def _introduction(
        self, question: str, subject: Subject, article: Article, result: SearchResult, filters: Filters
    ) -> Reading | None:
        """Return the words of an article that introduce its subject, else those of it that the reader prefers."""
        inside = self.finder.find(question, _HITS, replace(filters, article=article.id))
        passages = [hit.passage for hit in inside.hits]
        words = introduction(subject, article, passages, self.finder.generation.table)
        if words is not None:
            return Reading(words.passage, words.span, words.matched, max(_NAMED, result.probability))
        return self._reader.read(inside, is_within=True)

    def _completed(self, result: SearchResult, reading: Reading, filters: Filters) -> Reading:
        """Return the definition, the whole list, or the sample in the same article, if the question asks for one."""
        subject = subject_of(result.query)
        words = self._form_of(subject, result, reading, filters) if subject else None
        if subject is None or words is None:
            return reading
        headings = " ".join((words.passage.article.title, *words.passage.section))
        is_sure = subject.wanted == "definition" or subject.terms <= terms_of(headings)
        return Reading(*words, max(reading.probability, _NAMED if is_sure else 0.0))

    def _form_of(self, subject: Subject, result: SearchResult, reading: Reading, filters: Filters) -> Words | None:
        if subject.wanted == "definition":
            return definition(subject, (hit.passage for hit in result.hits))
        if subject.wanted == "steps":
            return whole_list(reading.passage, reading.matched)
        if subject.wanted is None:
            return None
        article = replace(filters, article=reading.passage.article.id)
        return sample(hit.passage for hit in self.finder.find(result.query, _HITS, article).hits)

    def _read(self, question: str, result: SearchResult, filters: Filters) -> Reading | None:
        """Return the words to show, if any come close.

        Those of the first hit, if it is likely to answer, where the reader has nothing to choose: a FAQ with exactly
        this question answers it, an order by a reranker stays, and the reader reads no foreign script. Nor can it tell
        whether an article is about a question in another language.
        """
        if not result.hits:
            return None
        first, is_likely = result.hits[0], result.probability >= self._settings.threshold
        is_foreign = language_of(first.passage.article.language).has_own_script
        if is_foreign or "reranker" in first.signals or asks_exactly(first.passage, question):
            quoted = quote(self.finder.generation, result, first.passage)
            return Reading(first.passage, quoted.span, quoted.matched, result.probability) if is_likely else None
        is_within = filters.article is not None or result.within is not None
        shown = result.within.shown if result.within and result.within.passage.kind == "faq" else ""
        reading = self._reader.read(result, is_within=is_within, shown=shown)
        if reading is not None and result.within is not None:
            return replace(reading, probability=_share_of_follow_up(result.query, reading) * reading.probability)
        if reading is not None and not is_within and language_of(result.language) is not ENGLISH:
            return replace(reading, probability=result.probability) if is_likely else None
        return reading

    @property
    def _least(self) -> float:
        """The minimum probability of words that are shown."""
        return min(self._settings.closest_threshold, self._settings.threshold)

    def _did_you_mean(self, question: str, result: SearchResult) -> tuple[str, ...]:
        hits = meanings(self.finder.generation, question, result, self._settings.threshold)
        return tuple(hit.passage.question or "" for hit in hits if self.suggestions.is_answered(hit.passage))

    def _reply(self, question: str, result: SearchResult, talk: SmallTalk) -> Answer:
        blank = replace(self._blank(question, result), topic=None, suggestions=self._examples())
        return replace(blank, reply=reply(talk, self._categories(), self._settings.contact), talk=talk.kind)

    def _no_answer(self, question: str, result: SearchResult, reading: Reading | None, asked: Sequence[str]) -> Answer:
        blank, near = self._blank(question, result, reading), self.suggestions.near(result.hits, asked)
        if near:
            return replace(blank, suggestions=near)
        return replace(blank, categories=self._categories())

    def _closest(self, question: str, result: SearchResult, reading: Reading, asked: Sequence[str]) -> Answer:
        """Show the words that come closest, and suggest the questions nearest to the visitor's."""
        source, blank = _source(result, reading), self._blank(question, result, reading)
        near = self.suggestions.near(result.hits, asked)
        return replace(blank, status="closest", text=source.words, sources=(source,), suggestions=near)

    def _answered(
        self, question: str, result: SearchResult, reading: Reading, asked: Sequence[str], further: int
    ) -> Answer:
        source = _source(result, reading)
        newer = newer_hit(self.finder.generation, source, result.hits[1:], self._settings.threshold)
        suggestions = self.suggestions.after(reading.passage, asked, further)
        blank = replace(self._blank(question, result, reading), suggestions=suggestions, newer=newer)
        return replace(blank, status="answered", text=source.words, sources=(source,))

    def _blank(self, question: str, result: SearchResult, reading: Reading | None = None) -> Answer:
        """Return an answer without content."""
        return Answer(
            id=uuid4().hex,
            status="no_answer",
            question=checked_question(question),
            text="",
            probability=reading.probability if reading else result.probability,
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


def _is_about(passage: Passage, kind: Talk) -> bool:
    """Whether a FAQ asks the same as some small talk, and so answers it."""
    talks = map(small_talk, (passage.question or "", *passage.alternates))
    return any(talk is not None and talk.kind == kind for talk in talks)


def _share_of_follow_up(question: str, reading: Reading) -> float:
    """Return the factor by which a follow-up is less likely answered than a question asked of one article."""
    names_something_else = reading.missing >= _RARE and len(content_terms(question)) >= _OWN_TERMS
    return min(1.0, reading.relevance / _RELEVANT) * (_ELSEWHERE if names_something_else else 1.0)


def _source(result: SearchResult, reading: Reading) -> Source:
    """Return the passage that was read as a source."""
    last = result.hits[-1]
    unranked = Hit(reading.passage, reading.probability, last.score, {})
    hit = next((hit for hit in result.hits if hit.passage.id == reading.passage.id), unranked)
    return Source(reading.passage, reading.probability, hit.score, hit.signals, reading.span, reading.matched)
