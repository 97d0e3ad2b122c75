"""`Bot`: a question → an `Answer`."""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from uuid import uuid4

from bot.answering.answer import Answer, Source
from bot.answering.quote import Quoter
from bot.index.filters import Filters
from bot.passages import Passage
from bot.retrieval.hit import Hit
from bot.retrieval.retriever import Found, Retriever, checked_question
from bot.retrieval.topic import Turn, earlier_questions
from bot.settings import AnswerSettings

_HITS = 20
"""Hits looked at for one answer: the first is quoted, FAQs among the others are suggested."""


class Bot:
    """Answers questions with the words of an index, or says that it does not hold the answer. Safe to call from many threads."""

    def __init__(self, retriever: Retriever, settings: AnswerSettings = AnswerSettings()) -> None:
        self.retriever = retriever
        self._quoter = Quoter(retriever.generation.encoder)
        self.settings = settings

    @classmethod
    def open(cls, index: Path | str, settings: AnswerSettings = AnswerSettings()) -> "Bot":
        """The bot of an index folder; loads neither torch nor a user interface.

        Raises `IndexMissing` when there is no index, `IndexCorrupt` when it is not what its manifest says.
        """
        return cls(Retriever.open(index), settings)

    def ask(
        self, question: str, history: Sequence[Turn] = (), *, category: str | None = None, article: str | None = None, since: date | None = None
    ) -> Answer:
        """The answer to a question: the whole answer of a FAQ, or the best one to three sentences of a section.

        `history` holds the visitor's earlier questions, oldest first; a turn may also be a message {"role", "content"}. The filters are those of
        `Retriever.search`. Raises `QuestionError` when the question is empty or too long.
        """
        found = self.retriever.find(question, _HITS, Filters(category, article, since), history)
        asked = {_key(earlier) for earlier in (found.corrected or question, *earlier_questions(history))}
        best = found.hits[0] if found.hits else None
        if best is None or best.probability < self.settings.threshold:
            return self._answer(question, found, (), self._suggested(found.hits, (), asked))
        return self._answer(question, found, (self._source(question, found, best),), self._suggested((), self._further(best.passage), asked))

    def _source(self, question: str, found: Found, hit: Hit) -> Source:
        meant = f"{found.topic or ''} {found.corrected or question}".strip()
        return Source(hit.passage, hit.probability, hit.score, hit.signals, self._quoter.quote(meant, hit.passage))

    def _answer(self, question: str, found: Found, sources: tuple[Source, ...], suggestions: tuple[str, ...]) -> Answer:
        return Answer(
            id=uuid4().hex,
            status="answered" if sources else "no_answer",
            question=checked_question(question),
            text="\n\n".join(source.words for source in sources),
            probability=found.hits[0].probability if found.hits else 0.0,
            sources=sources,
            suggestions=suggestions,
            generation=self.retriever.generation.name,
            corrected=found.corrected,
            topic=found.topic,
        )

    def _further(self, quoted: Passage) -> Iterable[str]:
        """Questions of the article quoted, then of those it names as related, its own first."""
        table = self.retriever.generation.table
        yield from (faq.question for faq in quoted.article.faqs if faq.question != quoted.question)
        for ident in quoted.article.related:
            related = table.article(ident)
            yield from (faq.question for faq in related.faqs) if related else ()

    def _suggested(self, near: Iterable[Hit], further: Iterable[str], asked: set[str]) -> tuple[str, ...]:
        questions = [*(hit.passage.question for hit in near if hit.passage.question), *further]
        fresh = {_key(question): question for question in reversed(questions) if _key(question) not in asked}
        return tuple(reversed(fresh.values()))[: self.settings.suggestions]


def _key(question: str) -> str:
    return " ".join(question.casefold().split()).rstrip("?.! ")
