"""What the doors for programs reply, from what they are sent: the same through REST and MCP."""

from dataclasses import replace
from datetime import date
from typing import Any

from bot.answering.answer import hit_to_dict
from bot.corpus.article import Article
from bot.serve.api import schemas
from bot.serve.chat_service import ChatService
from bot.serve.visitor import Visitor


def answer_to(desk: ChatService, asked: schemas.Question, visitor: Visitor) -> schemas.Answer:
    """The answer to a question. Raises what `ChatService.ask` does."""
    answer = desk.ask(
        asked.question, asked.history, replace(visitor, conversation=asked.conversation), category=asked.category, article=asked.article,
        since=asked.since, as_typed=asked.as_typed,
    )  # fmt: skip
    return schemas.Answer.model_validate(answer.to_dict())


def hits_for(desk: ChatService, asked: schemas.Search, visitor: Visitor) -> schemas.Hits:
    """The passages that most likely answer a question. Raises what `ChatService.search` does."""
    found = desk.search(
        asked.question,
        asked.k,
        asked.history,
        visitor,
        category=asked.category,
        article=asked.article,
        since=asked.since,
        as_typed=asked.as_typed,
    )
    hits = [schemas.Hit.model_validate(hit_to_dict(hit)) for hit in found.hits]
    return schemas.Hits(hits=hits, corrected=found.corrected, generation=desk.bot.generation.name)


def line_of(article: Article) -> schemas.ArticleLine:
    """An article in a list."""
    return schemas.ArticleLine(**_facts(article))


def whole_of(article: Article) -> schemas.Article:
    """An article with its text and FAQs."""
    faqs = [
        schemas.Faq(question=faq.question, answer=article.text[faq.start : faq.end], alternates=list(faq.alternates))
        for faq in article.faqs
    ]
    return schemas.Article(
        **_facts(article),
        text=article.text,
        tags=list(article.tags),
        language=article.language,
        faqs=faqs,
        related=list(article.related),
    )


def _facts(article: Article) -> dict[str, Any]:
    return {"id": article.id, "title": article.title, "url": article.url, "category": article.category,
            "published": _day(article.published), "updated": _day(article.updated)}  # fmt: skip


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
