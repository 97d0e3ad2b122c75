"""Superseding: of two articles that answer a question about equally well, the newer one is quoted."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date

from bot.index.filters import Filters, last_change
from bot.reader.question_terms import asked, held
from bot.reader.reader import Reader, Reading
from bot.retrieval.diversity import newer_hit
from bot.retrieval.finder import Finder
from bot.retrieval.hit import Hit
from bot.retrieval.search_result import SearchResult

_HITS = 20  # number of hits among which newer articles are looked for
_AS_LIKELY = 0.7  # below the threshold, the minimum ratio of the newer words' probability to the older words'


class Superseding:
    """Finds the words of newer articles in one generation. Safe to call from many threads."""

    def __init__(self, finder: Finder, reader: Reader, threshold: float) -> None:
        self._finder, self._reader, self._threshold = finder, reader, threshold
        self._table = finder.generation.table

    def words(self, result: SearchResult, reading: Reading, filters: Filters, earlier: Sequence[str]) -> Reading:
        """Return the words of a newer article that answers about as well as the words read do; else those.

        Newer are the articles that supersede the one that was read; without any, one that answers the same question.
        `earlier` are the earlier questions of the conversation.
        """
        if self._table.facts.newer_than(reading.passage.article.id):
            found = result
            if result.within:  # so far, only one article was searched
                asked_for = result.corrected or result.query
                found = self._finder.find(asked_for, _HITS, filters, earlier, as_typed=True)
            again = self._in_superseding(replace(found, language=result.language), reading.passage.article.id)
        else:
            again = self._in_same(result, reading)
        if again is None or again.probability < min(self._threshold, _AS_LIKELY * reading.probability):
            return reading
        return again if _holds_as_much(result.query, again, reading) else reading

    def _in_superseding(self, result: SearchResult, own: str) -> Reading | None:
        """Read an article together with its superseding ones; None if its own words remain the best."""
        newer = self._table.facts.newer_than
        articles = {own} | {hit.passage.article.id for hit in _hits_in(result, newer(own))}
        ages = {each: len(articles.intersection(newer(each))) for each in articles}
        hits = _hits_in(result, articles)
        again = self._reader.read(replace(result, hits=hits), newer=ages) if len(articles) > 1 else None
        return again if again and again.passage.article.id != own else None

    def _in_same(self, result: SearchResult, reading: Reading) -> Reading | None:
        """Return the words of the passage of a later date that answers the same question, if there is one."""
        same = newer_hit(self._finder.generation, hit_of(result, reading), result.hits, self._threshold)
        if same is None:
            return None
        again = self._reader.read(replace(result, hits=_hits_in(result, [same.passage.article.id])))
        return again if again and again.passage.id == same.passage.id else None

    def newest(self, result: SearchResult, reading: Reading) -> Hit | None:
        """Return the nearest passage of the newest article that supersedes the one read, or answers the same."""
        ids = self._table.facts.newer_than(reading.passage.article.id)
        newer = [article for article in map(self._table.article, ids) if article]
        if not newer:
            return newer_hit(self._finder.generation, hit_of(result, reading), result.hits, self._threshold)
        newest = max(newer, key=lambda article: last_change(article) or date.min)
        hits = self._finder.find(result.corrected or result.query, 1, Filters(article=newest.id), as_typed=True).hits
        return hits[0] if hits else None


def hit_of(result: SearchResult, reading: Reading) -> Hit:
    """Return the hit of the passage that was read; of one that is no hit, with the score of the last."""
    unranked = Hit(reading.passage, reading.probability, result.hits[-1].score, {})
    return next((hit for hit in result.hits if hit.passage.id == reading.passage.id), unranked)


def _hits_in(result: SearchResult, articles: Collection[str]) -> tuple[Hit, ...]:
    return tuple(hit for hit in result.hits if hit.passage.article.id in articles)


def _holds_as_much(question: str, new: Reading, old: Reading) -> bool:
    """Whether the sentence that answers in new words holds each kind of answer that the question wants and old ones do.

    A notice that says "the fee is as announced" names no amount.
    """
    new_kinds, old_kinds = (held(each.passage.text[slice(*each.matched)]) for each in (new, old))
    return not bool((asked(question) & old_kinds & ~new_kinds).any())
