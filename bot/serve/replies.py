"""What the doors for programs reply, from what they are sent: the same through REST and MCP."""

from dataclasses import replace
from datetime import date
from typing import Any

from bot.answering.answer import hit_to_dict
from bot.corpus.article import Article
from bot.serve import bodies
from bot.serve.desk import Desk
from bot.serve.visitor import Visitor


def answer_to(desk: Desk, asked: bodies.Question, visitor: Visitor) -> bodies.Answer:
    """The answer to a question. Raises what `Desk.ask` does."""
    answer = desk.ask(
        asked.question, asked.history, replace(visitor, conversation=asked.conversation), category=asked.category, article=asked.article,
        since=asked.since, as_typed=asked.as_typed,
    )  # fmt: skip
    return bodies.Answer.model_validate(answer.to_dict())


def hits_for(desk: Desk, asked: bodies.Search, visitor: Visitor) -> bodies.Hits:
    """The passages that most likely answer a question. Raises what `Desk.search` does."""
    found = desk.search(
        asked.question, asked.k, asked.history, visitor, category=asked.category, article=asked.article, since=asked.since, as_typed=asked.as_typed
    )
    hits = [bodies.Hit.model_validate(hit_to_dict(hit)) for hit in found.hits]
    return bodies.Hits(hits=hits, corrected=found.corrected, generation=desk.bot.generation.name)


def line_of(article: Article) -> bodies.ArticleLine:
    """An article in a list."""
    return bodies.ArticleLine(**_facts(article))


def whole_of(article: Article) -> bodies.Article:
    """An article with its text and FAQs."""
    faqs = [bodies.Faq(question=faq.question, answer=article.text[faq.start : faq.end], alternates=list(faq.alternates)) for faq in article.faqs]
    return bodies.Article(
        **_facts(article), text=article.text, tags=list(article.tags), language=article.language, faqs=faqs, related=list(article.related)
    )


def _facts(article: Article) -> dict[str, Any]:
    return {"id": article.id, "title": article.title, "url": article.url, "category": article.category,
            "published": _day(article.published), "updated": _day(article.updated)}  # fmt: skip


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
