"""The holdout: questions of FAQs that are kept out of training, and a corpus that does not contain them."""

import random
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from bot.corpus.article import Article
from bot.evaluation.question_set import Question
from bot.index.generation import all_articles
from bot.index.passage_table import PassageTable

_HELD_OUT = 0.2


class Holdout(NamedTuple):
    """A corpus, and the questions about it that it does not contain."""

    articles: Sequence[Article]
    questions: Sequence[Question]


def choose_held_out(table: PassageTable) -> frozenset[str]:
    """Return the ids of a fifth of the articles with FAQs, with and without alternates alike; always the same."""
    with_alternates, without = list[str](), list[str]()
    for article in all_articles(table):
        if article.faqs:
            (with_alternates if any(faq.alternates for faq in article.faqs) else without).append(article.id)
    chance = random.Random(0)
    groups = (with_alternates, without)
    return frozenset(ident for idents in groups for ident in chance.sample(idents, round(_HELD_OUT * len(idents))))


def make_holdout(table: PassageTable, held_out: Collection[str]) -> Holdout:
    """Remove the alternates, or else the questions, of some articles' FAQs from the corpus, and ask them."""
    articles, questions = [], list[Question]()
    for article in all_articles(table):
        own = list(_questions(article)) if article.id in held_out else []
        articles.append(_without(article, {question.text for question in own}) if own else article)
        questions += own
    return Holdout(articles, questions)


def _questions(article: Article) -> Iterator[Question]:
    for faq in article.faqs:
        group = "alternates" if faq.alternates else "own questions"
        for asked in faq.alternates or (faq.question,):
            yield Question(f"{article.id} {asked}", asked, {article.id: 1}, group=group)


def _without(article: Article, asked: Collection[str]) -> Article:
    """Return the article without alternates; a FAQ whose own question is asked becomes its bare answer."""
    removed = [faq for faq in article.faqs if faq.question in asked]
    faqs = [replace(faq, alternates=()) for faq in article.faqs if faq.question not in asked]
    title = article.category or "FAQ" if article.title in asked else article.title
    # From the end backwards, so that earlier positions stay valid.
    for faq in sorted(removed, key=lambda faq: -faq.start):
        heading = max(0, article.text.rfind(faq.question, 0, faq.start))
        start = article.text.rfind("\n", 0, heading) + 1 if faq.start else 0
        cut = faq.start - start
        article = replace(article, text=article.text[:start] + article.text[faq.start :])
        faqs = [replace(f, start=f.start - cut, end=f.end - cut) if f.start > faq.start else f for f in faqs]
    return replace(article, title=title, faqs=tuple(faqs))
