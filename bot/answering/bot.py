"""`Bot`: a question → an `Answer`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import uuid4

from bot.answering.ambiguity import meanings
from bot.answering.answer import Answer, Source
from bot.answering.newer import newer_hit
from bot.answering.quote import quote
from bot.answering.small_talk import Talk, reply_to, small_talk
from bot.answering.suggestions import Suggestions
from bot.index.filters import Filters
from bot.retrieval.hit import Hit
from bot.retrieval.reranker import CrossEncoderReranker
from bot.retrieval.retriever import Found, Retriever, checked_question
from bot.retrieval.topic import Turn, earlier_questions
from bot.settings import AnswerSettings

_HITS = 20
"""Hits looked at for one answer: the first is quoted, FAQs among the others are suggested."""


class Bot:
    """Answers questions with the words of an index, or says that it does not hold the answer. Safe to call from many threads."""

    def __init__(self, retriever: Retriever, settings: AnswerSettings = AnswerSettings()) -> None:
        self.retriever = retriever
        self.settings = settings
        self.suggestions = Suggestions(retriever, settings)

    @classmethod
    def open(cls, index: Path | str, settings: AnswerSettings = AnswerSettings()) -> "Bot":
        """The bot of an index folder; loads neither torch, unless a reranker is set, nor a user interface.

        Raises `IndexMissing` when there is no index, `IndexCorrupt` when it is not what its manifest says.
        """
        return cls(Retriever.open(index, CrossEncoderReranker(settings.reranker) if settings.reranker else None), settings)

    def ask(
        self, question: str, history: Sequence[Turn] = (), *, category: str | None = None, article: str | None = None, since: date | None = None
    ) -> Answer:
        """The answer to a question: the whole answer of a FAQ, or the best one to three sentences of a section.

        `history` holds the visitor's earlier questions, oldest first; a turn may also be a message {"role", "content"}. The filters are those of
        `Retriever.search`. Raises `QuestionError` when the question is empty or too long.
        """
        earlier = [turn for turn in earlier_questions(history) if small_talk(turn) is None]
        found = self.retriever.find(question, _HITS, Filters(category, article, since), earlier)
        covered = bool(found.hits) and found.probability >= self.settings.threshold
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
        meant = meanings(self.retriever.generation, question, found, self.settings.threshold)
        return tuple(hit.passage.question or "" for hit in meant if self.suggestions.answered(hit.passage))

    def _replied(self, question: str, found: Found, talk: Talk) -> Answer:
        return replace(self._blank(question, found), topic=None, reply=reply_to(talk, self._categories()), suggestions=self._examples())

    def _refused(self, question: str, found: Found, asked: Sequence[str]) -> Answer:
        blank, near = self._blank(question, found), self.suggestions.near(found.hits, asked)
        return replace(blank, suggestions=near) if near else replace(blank, suggestions=self._examples(), categories=self._categories())

    def _quoted(self, question: str, found: Found, asked: Sequence[str]) -> Answer:
        hit, generation = found.hits[0], self.retriever.generation
        span = quote(generation, found.meaning(question), found.vector, hit.passage)
        source = Source(hit.passage, hit.probability, hit.score, hit.signals, span)
        return replace(
            self._blank(question, found), status="answered", text=source.words, sources=(source,), suggestions=self.suggestions.after(hit.passage, asked),
            newer=newer_hit(generation, hit, found.hits[1:], self.settings.threshold),
        )  # fmt: skip

    def _blank(self, question: str, found: Found) -> Answer:
        """No answer, yet."""
        generation = self.retriever.generation.name
        return Answer(uuid4().hex, "no_answer", checked_question(question), "", found.probability, (), (), generation, found.corrected, found.topic)

    def _examples(self) -> tuple[str, ...]:
        return self.suggestions.examples()[: self.settings.suggestions]

    def _categories(self) -> tuple[str, ...]:
        return tuple(self.retriever.generation.table.categories)


def _is_about(hit: Hit, talk: Talk) -> bool:
    """Whether a FAQ of the corpus's own asks what the small talk does."""
    return any(small_talk(question) == talk for question in (hit.passage.question or "", *hit.passage.alternates))
