"""Query variants: a question as it was asked, and in the articles' English words."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from bot.languages.registry import ENGLISH, QuestionLanguages, language_of

Form = Literal["original", "english"]
"""As it was asked, or in the articles' English words."""


class QueryVariant(NamedTuple):
    """A question in words that articles may contain."""

    text: str
    form: Form = "original"
    language: str = ENGLISH.code
    """Code of the language of the question."""
    multilingual: str | None = None
    """The question for a multilingual model; None if there is none."""


class RewrittenQuery(NamedTuple):
    """A question and its variants, which correspond one to one between questions that are rewritten alike."""

    question: str
    variants: tuple[QueryVariant, ...]
    """The variant in the articles' English words first."""
    language: str = ENGLISH.code
    """Variant of the language that the question is in: "en", "hi" or "hinglish"."""

    @property
    def english(self) -> str:
        """The question in English words."""
        return self.variants[0].text

    @property
    def is_english(self) -> bool:
        return language_of(self.language) is ENGLISH


class QueryRewriter:
    """Rewrites questions for one generation. Safe to call from many threads."""

    def __init__(
        self, languages: QuestionLanguages, multilingual: Sequence[str], synonyms: Mapping[str, str] | None = None
    ) -> None:
        """`multilingual` lists the codes of the languages that have a multilingual index."""
        self._languages, self._multilingual = languages, multilingual
        self._synonyms, self._synonym = synonyms or {}, _any_of(synonyms or {})

    def rewrite(self, question: str) -> RewrittenQuery:
        """Return the variants of a question: `in_english` if it is in English, else its translation.

        A question in Latin letters also stays as it is, as an editor may have added it as an alternate.
        """
        language = self._languages.detect(question)
        rewriter = self._languages.rewriter(language)
        if rewriter is None:
            return self.in_english(question)
        return self._rewritten(question, 1 if language_of(language).uses_script(question) else 2, language)

    def in_english(self, question: str) -> RewrittenQuery:
        """Return an English question as it is, preceded by a variant in the articles' terms if it has synonyms."""

        def in_terms(found: re.Match[str]) -> str:
            term = self._synonyms.get(found[0].lower(), found[0])
            # "Is a CV the same as a resume?" stays as it is.
            return found[0] if _any_of([term]).search(question) else term

        typed, text = QueryVariant(question), self._synonym.sub(in_terms, question)
        return RewrittenQuery(question, (typed,) if text == question else (QueryVariant(text, "english"), typed))

    def rewrite_like(self, question: str, other: RewrittenQuery) -> RewrittenQuery:
        """Return a question in the forms of another one; an earlier question may be in another language."""
        if other.is_english:
            variants = self.in_english(question).variants
            return RewrittenQuery(question, (variants[0], variants[-1])[: len(other.variants)])
        return self._rewritten(question, len(other.variants), other.language)

    def _rewritten(self, question: str, count: int, language: str) -> RewrittenQuery:
        """Return a question translated and, if the number of variants is two, as it is."""
        rewriter, code = self._languages.rewriter(language), language_of(language).code
        english = (rewriter.to_english(question) if rewriter else "") or question
        multilingual = rewriter.transliterate(question) if rewriter and code in self._multilingual else None
        translated = QueryVariant(english, "english", code, multilingual)
        typed = translated._replace(text=question, form="original")
        return RewrittenQuery(question, (translated, typed)[:count], language)


def _any_of(phrases: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern for any of some phrases as whole words, the longest that fits; for none, one without a match."""
    longest_first = "|".join(map(re.escape, sorted(phrases, key=len, reverse=True)))
    return re.compile(rf"(?<!\w)(?:{longest_first})(?!\w)" if longest_first else "(?!)", re.IGNORECASE)


def prepend_questions(earlier: Sequence[RewrittenQuery], last: RewrittenQuery) -> RewrittenQuery:
    """Return a question preceded by earlier ones, variant by variant."""
    queries, variants = (*earlier, last), list[QueryVariant]()
    for same in zip(*(query.variants for query in queries), strict=True):
        multilingual = [variant.multilingual for variant in same if variant.multilingual is not None]
        text = " ".join(variant.text for variant in same)
        variants.append(same[0]._replace(text=text, multilingual=" ".join(multilingual) if multilingual else None))
    return RewrittenQuery(" ".join(query.question for query in queries), tuple(variants), last.language)
