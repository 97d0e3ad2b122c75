"""Questions of FAQs that a model is not taught, and a corpus in which they do not stand."""

import random
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from bot.corpus.article import Article, Faq
from bot.evaluation.question_set import Question
from bot.index.generation import all_articles
from bot.index.passage_table import PassageTable

_SHARE = 0.2
"""Of the articles that have FAQs, those that are held out."""


@dataclass(frozen=True, slots=True)
class Holdout:
    """Articles without the questions that are asked of them."""

    articles: Sequence[Article]
    questions: Sequence[Question]


def held_out(table: PassageTable) -> frozenset[str]:
    """The ids of a fifth of the articles that have FAQs, always the same: those with alternates among them in the same share as among all."""
    rich, plain = list[str](), list[str]()
    for article in all_articles(table):
        if article.faqs:
            (rich if any(faq.alternates for faq in article.faqs) else plain).append(article.id)
    chance = random.Random(0)
    return frozenset(ident for idents in (rich, plain) for ident in chance.sample(idents, round(_SHARE * len(idents))))


def make_holdout(table: PassageTable, held: Collection[str]) -> Holdout:
    """The corpus, and of each FAQ of an article in `held` its alternates, asked but not in the corpus; where it has none, its question, likewise."""
    articles, questions = [], list[Question]()
    for article in all_articles(table):
        own = list(_questions(article)) if article.id in held else []
        articles.append(_without(article, {question.text for question in own}) if own else article)
        questions += own
    return Holdout(articles, questions)


def _questions(article: Article) -> Iterator[Question]:
    for faq in article.faqs:
        for asked in faq.alternates or (faq.question,):
            yield Question(
                f"{article.id} {asked}",
                asked,
                {article.id: 1},
                group="alternates" if faq.alternates else "own questions",
            )


def _without(article: Article, asked: Collection[str]) -> Article:
    """The article without alternates, and with the answer alone of each FAQ whose own question is asked."""
    hidden = [faq for faq in article.faqs if faq.question in asked]
    kept = [replace(faq, alternates=()) for faq in article.faqs if faq.question not in asked]
    title = article.category or "FAQ" if article.title in asked else article.title
    # From the end on, so that what stands before keeps its place.
    for faq in sorted(hidden, key=lambda faq: -faq.start):
        start = (
            article.text.rfind("\n", 0, max(0, article.text.rfind(faq.question, 0, faq.start))) + 1 if faq.start else 0
        )
        cut = faq.start - start
        article = replace(article, text=article.text[:start] + article.text[faq.start :])
        kept = [_moved(each, -cut) if each.start > faq.start else each for each in kept]
    return replace(article, title=title, faqs=tuple(kept))


def _moved(faq: Faq, by: int) -> Faq:
    return replace(faq, start=faq.start + by, end=faq.end + by)
