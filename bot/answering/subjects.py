"""Subjects: questions that only name what an article is about: "gratuity", "what is BGV", "how to withdraw PF".

The article whose title names the subject answers them; a subject of several titles is ambiguous.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, NamedTuple

from bot.corpus.article import Article
from bot.index.lexical import content_terms
from bot.languages.normalization import normalize
from bot.languages.registry import ENGLISH, combined_pattern
from bot.retrieval.hit import Hit
from bot.retrieval.topic import FACT_FRAME

Wanted = Literal["comparison", "definition", "formula", "steps", "sample"]
_MOST_TERMS = {"comparison": 6, "definition": 5, "formula": 4, "steps": 5, "sample": 5, None: 3}
"""Maximum number of content words of a subject, by what is wanted of it; longer questions have a point of their own."""
_IN_PASSAGES = ("formula", "steps", "sample")
"""If several titles contain the subject and none is the subject alone, these are looked for in all passages."""
_SHARED = 3  # number of titles from which a subject alone may mean any of them
MOST_TITLES = 5  # maximum number of titles that are offered
_PARTS = re.compile(r"\s*(?:[:,;?!|/–—]|\s-\s)\s*")
_IN_PARENTHESES = re.compile(r"\(([^()]*)\)")
_KINDS: tuple[Wanted, ...] = ("sample", "comparison", "formula", "steps", "definition")
_FRAMES = {
    kind: re.compile(rf"(?<!\w)(?:{combined_pattern(f'{kind}_frames')})(?!\w)", re.IGNORECASE) for kind in _KINDS
}
_GENERAL = frozenset(content_terms(" ".join((*ENGLISH.patterns.function_words, *ENGLISH.patterns.general_words))))


class Subject(NamedTuple):
    """What a question names."""

    terms: frozenset[str]
    """The stems of its content words."""
    wanted: Wanted | None
    """What is asked of it; None for a subject alone."""


class Named(NamedTuple):
    """The articles whose titles contain all words of a subject, nearest to the question first, superseded ones last."""

    subject: Subject
    article: Article | None
    """The article that is about just this subject; None if the question may mean any of them."""
    titles: tuple[str, ...]
    is_exact: bool
    """Whether one part of a title contains the whole subject; no if its words are spread over two parts."""


def titled_article(question: str, hits: Iterable[Hit]) -> Named | None:
    """Return the article among the hits whose title a question is; None if there is none, or several."""
    articles = {hit.passage.article.id: hit.passage.article for hit in hits}
    titled = [each for each in articles.values() if normalize(each.title) == normalize(question)]
    if len(titled) != 1:
        return None
    first = _PARTS.split(titled[0].title)[0]
    return Named(Subject(terms_of(first), wanted_of(first)), titled[0], (titled[0].title,), is_exact=True)


def named_articles(question: str, hits: Iterable[Hit]) -> Named | None:
    """Return the articles among the hits that a question names; None if there are none, or if it asks for more."""
    articles = {hit.passage.article.id: hit.passage.article for hit in hits}
    subject = subject_of(question)
    if subject is None:
        return None
    sharing = [each for each in articles.values() if subject.terms <= terms_of(each.title)]
    sharing = sorted(sharing, key=lambda each: sum(each.id in newer.supersedes for newer in sharing))  # superseded last
    own = [each for each in sharing if subject.terms in subjects_of(each.title)]
    if len(sharing) > 1 and not own and subject.wanted in _IN_PASSAGES:
        return None  # the passages tell which of them has what is wanted
    is_exact = bool(own) or any(subject.terms <= part for each in sharing for part in _parts_of(each.title))
    own = own or sharing[: len(sharing) == 1]
    titles = dict.fromkeys(each.title for each in (*own, *sharing))
    is_shared = len(sharing) >= _SHARED and subject.wanted is None
    article = None if is_shared or not own else own[0]
    return Named(subject, article, tuple(titles)[:MOST_TITLES], is_exact) if sharing else None


def article_of_fact(question: str, hits: Iterable[Hit]) -> Article | None:
    """Return the article whose subject a question asks a single fact of, as "how many days is the notice period" does.

    None if the question names something else beside it, or if several articles have the subject.
    """
    terms = terms_of(FACT_FRAME.sub(" ", question))
    if not terms or terms == terms_of(question):
        return None
    articles = {hit.passage.article.id: hit.passage.article for hit in hits}
    own = [each for each in articles.values() if terms in subjects_of(each.title)]
    return own[0] if len(own) == 1 else None


def subject_of(question: str) -> Subject | None:
    """Return what a question names; None if it asks for more than what that is, how it is done or how it looks."""
    wanted, terms = wanted_of(question), terms_of(question)
    if (wanted == "formula" and any(map(str.isdigit, question))) or terms <= _GENERAL:
        return None  # asks for the result, or names nothing
    return Subject(terms, wanted) if 0 < len(terms) <= _MOST_TERMS[wanted] else None


def phrase_of(question: str) -> str:
    """Return the words of a question that name its subject, in lower case."""
    words = re.findall(r"[^\W_]+", _without_frames(question).lower())
    return " ".join(words[words[:1] in (["a"], ["an"], ["the"]) :])


def wanted_of(question: str) -> Wanted | None:
    """Return what a question wants of its subject, if its words say so."""
    return next((kind for kind, frame in _FRAMES.items() if frame.search(question)), None)


def subjects_of(title: str) -> set[frozenset[str]]:
    """Return the subjects of a title: all of it, its parts, and abbreviations in parentheses."""
    plain = _IN_PARENTHESES.sub(" ", title)
    return {*map(terms_of, (plain, *_PARTS.split(plain))), *_parts_of(title)} - {frozenset()}


def _parts_of(title: str) -> set[frozenset[str]]:
    """Return the smallest parts of a title: its first one is split at conjunctions, too."""
    first, *others = _PARTS.split(_IN_PARENTHESES.sub(" ", title))
    joined = re.split(rf"\s(?:{combined_pattern('conjunctions')})\s", first)
    return {*map(terms_of, (*joined, *others, *_IN_PARENTHESES.findall(title)))}


@lru_cache(maxsize=4096)
def terms_of(text: str) -> frozenset[str]:
    """Return the stems of the content words of a text, without words that only say what is wanted."""
    return frozenset(content_terms(_without_frames(text)))


def _without_frames(text: str) -> str:
    for frame in _FRAMES.values():
        text = frame.sub(" ", text)
    return text
