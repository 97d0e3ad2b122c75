"""`WordChooser`: chooses the words of one generation that are shown for a question."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from bot.answering import introductions, subjects
from bot.answering.abbreviations import spelled_out
from bot.answering.answer import SURE
from bot.answering.introductions import Words
from bot.answering.subjects import MOST_TITLES, Named, Subject, phrase_of, subject_of, terms_of
from bot.answering.superseding import Superseding
from bot.index.filters import Filters
from bot.languages.registry import ENGLISH, language_of
from bot.passages import Passage
from bot.reader.model import ReaderModel
from bot.reader.probability import of_translation, share_of_follow_up
from bot.reader.reader import Reader, Reading
from bot.retrieval.conversation import Topic
from bot.retrieval.finder import Finder
from bot.retrieval.hit import Hit
from bot.retrieval.near_duplicates import asks_exactly
from bot.retrieval.search_result import SearchResult
from bot.retrieval.topic import Exchange, asks_of_another_kind, names_no_subject, refers_back
from bot.settings import AnswerSettings

_DEFINITION = "what is {}"  # how the encoder knows the question that a subject alone, or its full form, asks
_ASKS_DATE = re.compile(ENGLISH.patterns.asks["date"], re.IGNORECASE)
_NAMED = 0.9  # probability of the words that introduce the subject which a question names
_HITS = 20  # number of hits searched for an answer: the first is quoted, FAQs among the others are suggested
_TERMS_WITH_VERB = 2  # with more content words, one of them, the verb, may be missing in the headings of steps
_UNRELATED = 0.1
"""The relevance below which a question is about nothing in the corpus."""


class Choice(NamedTuple):
    """What was found for a question, the words to show, if any come close, and the articles that it names."""

    result: SearchResult
    reading: Reading | None
    named: Named | None
    newer: Hit | None = None
    """The passage of the newest article that supersedes the one of the words shown."""


class WordChooser:
    """Chooses the words of one generation. Safe to call from many threads."""

    def __init__(self, finder: Finder, settings: AnswerSettings) -> None:
        self._finder, self._settings = finder, settings
        self._reader = Reader(finder.generation, ReaderModel.shipped())
        self._superseding = Superseding(finder, self._reader, settings.threshold)

    def choose(self, question: str, turns: Sequence[Exchange], filters: Filters, *, as_typed: bool) -> Choice:
        """Choose the words that answer a question after the turns of a conversation, in the newest article with any.

        A question that names a subject gets the introduction of the article on it; if it names several articles, they
        are returned without words of their own.
        """
        choice = self._choose(question, turns, filters, as_typed=as_typed)
        result, reading, _, _ = choice
        if reading is None:
            return choice
        if not choice.named:
            reading = self._superseding.words(result, reading, filters, [turn.question for turn in turns])
        newer = self._superseding.newest(result, reading)
        return choice._replace(reading=self._with_other(result, reading), newer=newer)

    def _with_other(self, result: SearchResult, reading: Reading) -> Reading:
        """Return words that are only likely with the others that may answer instead, unless these are outdated."""
        if reading.other is None:
            return reading
        shown, others = (each.passage.text[slice(*each.span)] for each in (reading, reading.other))
        is_new = reading.probability < SURE and others not in shown
        is_kept = is_new and self._superseding.newest(result, reading.other) is None
        return reading if is_kept else replace(reading, other=None)

    def _choose(self, question: str, turns: Sequence[Exchange], filters: Filters, *, as_typed: bool) -> Choice:
        result, reading = self._found(question, turns, filters, as_typed=as_typed)
        asked = result.corrected or question
        named = self._named(asked, result, reading)
        if named is not None:
            return Choice(result, self._introduction(asked, named, result, filters) or reading, named)
        if reading is not None and asks_exactly(reading.passage, asked):
            return Choice(result, reading, None)
        subject = subject_of(result.query)
        for reworded, least in self._reworded(subject, result, reading):
            result, reading = self._surer(reworded, least, result, reading, filters)
        reading = self._in_article_of_fact(asked, result, reading, filters)
        reading = self._completed(subject, result, reading, filters) if reading else None
        words = introductions.unbroken_list(reading.passage, reading.span, reading.matched) if reading else None
        if reading and words:
            reading = replace(reading, passage=words.passage, span=words.span, matched=words.matched)
        return Choice(result, reading, None)

    def _found(
        self, question: str, turns: Sequence[Exchange], filters: Filters, *, as_typed: bool
    ) -> tuple[SearchResult, Reading | None]:
        """Return what is found in the article of the conversation's topic, else in all articles, and what answers."""
        result = self._finder.find_in_conversation(question, _HITS, filters, turns, as_typed=as_typed)
        if result.within and self._names_another(result.corrected or question, result, filters):
            result = self._finder.find(question, _HITS, filters, as_typed=as_typed)
        reading = self._read(result.corrected or question, result, filters)
        if result.within and self._is_refused(reading) and names_no_subject(result.query):
            result, reading = self._with_earlier_question(question, result, result.within, filters)
        if result.within and self._is_refused(reading):
            earlier = [turn.question for turn in turns]
            result = self._finder.find(question, _HITS, filters, earlier, as_typed=as_typed)
            reading = self._read(result.corrected or question, result, filters)
        elif result.within and self._is_out_of_topic(result, reading, filters):
            result, reading = self._finder.find(question, _HITS, filters, as_typed=as_typed), None
        return result, reading

    def _is_out_of_topic(self, result: SearchResult, reading: Reading | None, filters: Filters) -> bool:
        """Whether words that only come close belong to a question which, by itself, is about nothing in the corpus."""
        asked, is_sure = result.query, reading is None or reading.probability >= self._settings.threshold
        if is_sure or names_no_subject(asked) or refers_back(asked) or asks_of_another_kind(asked):
            return False
        alone = self._read(asked, self._finder.find(asked, _HITS, filters, as_typed=True), filters)
        return alone is None or alone.relevance < _UNRELATED

    def _is_refused(self, reading: Reading | None) -> bool:
        return reading is None or reading.probability < self._settings.least

    def _with_earlier_question(
        self, question: str, result: SearchResult, topic: Topic, filters: Filters
    ) -> tuple[SearchResult, Reading | None]:
        """Read a question such as "where is it?" together with the one before it, in the article of the topic."""
        article = replace(filters, article=topic.passage.article.id)
        found = self._finder.find(f"{topic.question.question} {question}", _HITS, article, as_typed=True)
        reading = self._reader.read(found, is_within=True, shown=topic.shown) if _is_readable(found) else None
        return replace(found, topic=result.topic, within=topic, language=result.language), reading

    def _names_another(self, question: str, result: SearchResult, filters: Filters) -> bool:
        """Whether a follow-up only names a subject of other articles that the article of the topic does not mention."""
        if result.within is None or subject_of(result.query) is None or asks_of_another_kind(question):
            return False
        named = subjects.named_articles(result.query, self._finder.find_again(question, _HITS, filters).hits)
        if named is None:
            return False
        mentioned = named.subject.terms & terms_of(result.within.passage.article.text)
        return not mentioned if refers_back(question) else mentioned != named.subject.terms

    def _read(self, question: str, result: SearchResult, filters: Filters) -> Reading | None:
        """Return the words to show, if any come close.

        Those of the first hit, if it is likely to answer, where the reader has nothing to choose: a FAQ with exactly
        this question answers it, and an order by a reranker stays.
        """
        if not result.hits:
            return None
        first, is_likely = result.hits[0], result.probability >= self._settings.threshold
        if not _is_readable(result) or asks_exactly(first.passage, question):
            return self._words_of(first.passage, result) if is_likely else None
        is_within = filters.article is not None or result.within is not None
        shown = result.within.shown if result.within and result.within.passage.kind == "faq" else ""
        reading = self._reader.read(result, is_within=is_within, shown=shown)
        if reading is not None and result.within is not None:
            return replace(reading, probability=share_of_follow_up(result.query, reading) * reading.probability)
        if reading is not None and not is_within and language_of(result.language) is not ENGLISH:
            return of_translation(reading, result.probability)
        return reading

    def _words_of(self, passage: Passage, result: SearchResult) -> Reading | None:
        """Return the whole answer of a FAQ, or the words of a section that the reader chooses."""
        whole = 0, len(passage.text)
        if passage.kind == "faq":
            return Reading(passage, whole, whole, result.probability)
        reading = self._reader.read(result, only=passage)
        return replace(reading, probability=result.probability) if reading else None

    def _reworded(
        self, subject: Subject | None, result: SearchResult, reading: Reading | None
    ) -> Iterator[tuple[str, float]]:
        """Yield the question in other words, and the probability from which these count.

        Its abbreviations are spelled out; "X full form", or X alone, becomes "what is X".
        """
        if result.within:
            return
        spelled = spelled_out(result.query, (hit.passage for hit in result.hits))
        if spelled is not None:
            yield spelled, 0.0
        is_sure = reading is not None and reading.probability >= self._settings.threshold
        if subject is not None and subject.wanted in ("definition", None) and not is_sure:
            yield _DEFINITION.format(phrase_of(result.query)), self._settings.threshold

    def _surer(
        self, reworded: str, least: float, result: SearchResult, reading: Reading | None, filters: Filters
    ) -> tuple[SearchResult, Reading | None]:
        """Return the result, or the one of the reworded question if that is surer and reaches `least`."""
        found = self._finder.find(reworded, _HITS, filters, as_typed=True)
        other = replace(found, language=result.language, corrected=result.corrected)
        other_reading = self._read(reworded, other, filters)
        least = max(least, reading.probability if reading else 0.0)
        is_surer = other_reading is not None and other_reading.probability > least
        return (other, other_reading) if is_surer else (result, reading)

    def _in_article_of_fact(
        self, question: str, result: SearchResult, reading: Reading | None, filters: Filters
    ) -> Reading | None:
        """Return the words of the article on the subject that a question asks a fact of, instead of another's."""
        if result.within is not None or not _is_readable(result):
            return reading
        article = subjects.article_of_fact(result.query, result.hits)
        if article is None or (reading and reading.passage.article.id == article.id):
            return reading
        inside = self._finder.find(question, _HITS, replace(filters, article=article.id), as_typed=True)
        fact = self._reader.read(inside, is_within=True) if _is_readable(inside) else None
        return fact if fact and fact.probability >= self._settings.least else reading

    def _named(self, question: str, result: SearchResult, reading: Reading | None) -> Named | None:
        """Return the articles that a question names, if it continues no topic and no FAQ has this question."""
        if result.within is not None or result.topic is not None or not result.hits:
            return None
        if "reranker" in result.hits[0].signals or any(asks_exactly(hit.passage, question) for hit in result.hits):
            return None
        titled = subjects.titled_article(question, result.hits)
        named = titled or subjects.named_articles(result.query, result.hits) or self._articles_of_category(question)
        if named is None or reading is None or reading.probability < self._settings.threshold:
            return named
        # The words that were read give the date that one of these articles has, or are a FAQ about this subject alone.
        is_one = bool(named.subject.terms) and named.subject.terms <= terms_of(reading.passage.article.title)
        gives_date = named.article is None and is_one and _ASKS_DATE.search(result.query)
        is_own = subject_of(reading.passage.question or "") == named.subject
        return None if gives_date or is_own or not named.is_exact else named

    def _articles_of_category(self, question: str) -> Named | None:
        """Return articles of the category that a question consists of, such as one that was offered."""
        table = self._finder.generation.table
        is_category = question.casefold() in map(str.casefold, table.facts.categories)
        articles = table.listed(question, 0, MOST_TITLES) if is_category else []
        titles = tuple(dict.fromkeys(each.title for each in articles))
        return Named(Subject(frozenset(), None), None, titles, is_exact=True) if titles else None

    def _introduction(self, question: str, named: Named, result: SearchResult, filters: Filters) -> Reading | None:
        """Return the introduction of the named article, or what the reader chooses in it if there is none."""
        article = named.article
        if article is None:
            return None
        inside = self._finder.find(question, _HITS, replace(filters, article=article.id), as_typed=True)
        passages = [hit.passage for hit in inside.hits]
        words = introductions.introduction(named.subject, article, passages, self._finder.generation.table)
        if words is not None:
            return Reading(words.passage, words.span, words.matched, max(_NAMED, result.probability))
        return self._reader.read(inside, is_within=True) if _is_readable(inside) else None

    def _completed(self, subject: Subject | None, result: SearchResult, reading: Reading, filters: Filters) -> Reading:
        """Return what the question wants of its subject, such as the whole list, if the same article has it."""
        if subject is None or not _is_readable(result):
            return reading
        if subject.wanted == "definition":
            words = introductions.definition(subject, (hit.passage for hit in result.hits))
            if words is not None:
                return Reading(*words, max(reading.probability, _NAMED))
        words = self._form_of(subject, result, reading, filters)
        if words is None:
            return reading
        # "how to check the city slip": the verb need not stand in the title.
        verb = 1 if subject.wanted == "steps" and len(subject.terms) > _TERMS_WITH_VERB else 0
        is_sure = len(subject.terms - terms_of(words.headings)) <= verb
        return Reading(*words, max(reading.probability, _NAMED if is_sure else 0.0))

    def _form_of(self, subject: Subject, result: SearchResult, reading: Reading, filters: Filters) -> Words | None:
        if subject.wanted == "definition":
            near = (hit.passage for hit in result.hits)
            return introductions.unsaid_mention(subject, phrase_of(result.query), reading.passage, near)
        if subject.wanted is None:
            return None
        if subject.wanted == "steps" and (words := introductions.whole_list(reading.passage, reading.matched)):
            return words
        article = replace(filters, article=reading.passage.article.id)
        passages = [hit.passage for hit in self._finder.find(result.query, _HITS, article, as_typed=True).hits]
        if subject.wanted == "steps":
            untitled = subject.terms - terms_of(reading.passage.article.title)
            words = introductions.steps(passages) if len(untitled) <= 1 < len(subject.terms) else None
            is_said = words is not None and untitled & terms_of(reading.passage.text) <= terms_of(words.passage.text)
            return words if is_said and reading.passage.question is None else None
        if subject.wanted == "sample":
            return introductions.sample(subject, passages)
        if subject.wanted == "comparison":
            return introductions.comparison(subject, passages)
        if reading.passage.question and subjects.wanted_of(reading.passage.question) == subject.wanted:
            return None  # a FAQ that asks the same says more than a bare formula
        words = introductions.formula(passages)
        named = f"{words.headings} {words.passage.text[slice(*words.span)]}" if words else ""
        return words if subject.terms & terms_of(named) else None


def _is_readable(result: SearchResult) -> bool:
    """Whether the reader chooses the words: there are hits, and no reranker has put the first one there."""
    return bool(result.hits) and "reranker" not in result.hits[0].signals
