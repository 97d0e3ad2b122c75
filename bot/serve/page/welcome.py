"""What the page shows before the first question: header, categories, example questions and newest articles."""

import html
from collections.abc import Mapping
from typing import Any

from bot.corpus.article import Article
from bot.index.generation import NEWEST, newest_articles
from bot.serve.chat_service import ChatService
from bot.serve.page.messages import is_web
from bot.serve.texts import PageTexts
from bot.settings import Publisher

ALL_CATEGORIES = ""
"""The choice of no category."""
_NEWEST = 3  # number of newest articles shown
_NAMED = 2  # number of categories named in the empty box; two fit on one line of a phone


def header(service: ChatService, texts: PageTexts, languages: Mapping[str, PageTexts]) -> str:
    """Return the header as HTML: publisher, title and links to the page in other languages."""
    publisher = service.settings.publisher
    names = {code: html.escape(other["language"]) for code, other in languages.items() if code != texts.code}
    links = " ".join(f'<a class="language" href="?lang={code}">{name}</a>' for code, name in names.items())
    links = f'<span class="languages">{links}</span>' if links else ""
    title, lead = f"<h1>{html.escape(texts['title'])}</h1>", f"<p>{html.escape(texts['lead'])}</p>"
    if publisher.name or publisher.logo:
        return f'<div class="top">{_publisher(publisher, texts)}{links}</div>{title}{lead}'
    return f'<div class="top">{title}{links}</div>{lead}'


def _publisher(publisher: Publisher, texts: PageTexts) -> str:
    name = html.escape(publisher.name)
    # Beside the name, screen readers need no text for the logo.
    alt = "" if name else html.escape(texts["title"])
    logo = f'<img class="logo" src="logo" alt="{alt}">' if publisher.logo else ""
    if publisher.site:
        return f'<a class="publisher" href="{html.escape(publisher.site)}">{logo}{name}</a>'
    return f'<span class="publisher">{logo}{name}</span>'


def empty_chat(service: ChatService, texts: PageTexts) -> dict[str, Any]:
    """Return the arguments of `gr.Chatbot` for an empty chat: greeting, newest articles and example questions."""
    questions, are_frequent = service.starters.offer(texts.code)
    greeting = f"<p>{html.escape(texts['greeting'] if questions else texts['greeting_bare'])}</p>"
    label = _label(texts["most_asked"]) if are_frequent else ""
    articles = newest_articles(service.bot.generation.table, NEWEST)
    own = [each for each in articles if each.language == texts.code] or articles
    newest = [_newest(article, texts) for article in own[:_NEWEST]]
    new = f'<div class="newest">{_label(texts["newest"])}<ul>{"".join(newest)}</ul></div>' if newest else ""
    examples = [{"text": question} for question in questions]
    return {"placeholder": f'<div class="greeting">{greeting}{label}</div>{new}', "examples": examples}


def _label(words: str) -> str:
    return f'<p class="label">{html.escape(words)}</p>'


def _newest(article: Article, texts: PageTexts) -> str:
    day = html.escape(texts.day(article.published))
    title = html.escape(article.title)
    if is_web(article.url):
        title = f'<a href="{html.escape(article.url or "")}">{title}</a>'
    return f'<li><span>{title}</span> <span class="day">{day}</span></li>'


def categories(service: ChatService, texts: PageTexts) -> dict[str, Any]:
    """Return the arguments of `gr.Radio` for the choice of a category, with the number of articles of each."""
    table = service.bot.generation.table
    counts = table.facts.categories
    everything = (f"{texts['all_articles']}\u00a0{table.facts.articles}", ALL_CATEGORIES)
    choices = [everything, *((f"{texts.category(name)}\u00a0{count}", name) for name, count in counts.items())]
    return {"choices": choices, "visible": len(counts) > 1}


def placeholder(service: ChatService, texts: PageTexts) -> str:
    """Return the words in the empty box."""
    names = [texts.category(name) for name in list(service.bot.generation.table.facts.categories)[:_NAMED]]
    return texts["placeholder"].format(topics=", ".join(names)) if names else texts["placeholder_bare"]
