"""What REST and MCP share: a request → its response."""

from dataclasses import replace
from typing import Any

from bot.answering import schema
from bot.answering.answer import hit_to_schema
from bot.corpus.article import Article
from bot.errors import ArticleMissing
from bot.index.filters import Filters
from bot.retrieval.finder import checked_text, require_known
from bot.serve.api import schemas
from bot.serve.chat_service import ChatService
from bot.serve.visitor import Visitor


def ask(service: ChatService, body: schemas.Question, visitor: Visitor) -> schema.Answer:
    """Return the answer to a question. Raises what `ChatService.ask` and `check` raise."""
    check(service, body.category, body.article)
    visitor = replace(visitor, conversation=body.conversation)
    return service.ask(body.question, visitor=visitor, **_options(body)).to_schema()


def search(service: ChatService, body: schemas.Search, visitor: Visitor) -> schemas.Hits:
    """Return the passages that most likely answer a question. Raises as `ask`."""
    check(service, body.category, body.article)
    found = service.search(body.question, body.k, visitor=visitor, **_options(body))
    hits = [hit_to_schema(hit) for hit in found.hits]
    return schemas.Hits(hits=hits, corrected=found.corrected, generation=service.bot.generation.name)


def categories(service: ChatService) -> list[schemas.Category]:
    """Return the categories, largest first."""
    counts = service.bot.generation.table.facts.categories
    return [schemas.Category(name=name, articles=count) for name, count in counts.items()]


def check(service: ChatService, category: str | None, article: str | None = None) -> None:
    """Raise what `require_known` raises."""
    require_known(service.bot.generation.table, Filters(category, article))


def get_article(service: ChatService, ident: str) -> Article:
    """Return the article with this id. Raises `ArticleMissing` if there is none."""
    article = service.bot.generation.table.article(checked_text(ident))
    if article is None:
        raise ArticleMissing(ident)
    return article


def whole_article(article: Article) -> schemas.Article:
    """Return an article with its text and FAQs."""
    facts = {name: getattr(article, name) for name in schemas.Article.model_fields}
    faqs = [
        schemas.Faq(question=faq.question, answer=article.text[faq.start : faq.end], alternates=list(faq.alternates))
        for faq in article.faqs
    ]
    return schemas.Article.model_validate(facts | {"faqs": faqs})


def _options(body: schemas.Question) -> dict[str, Any]:
    return body.model_dump(include={"history", "category", "article", "since", "as_typed"})
