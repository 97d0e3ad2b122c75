"""`Finder`: finds the passages of one generation that answer a question."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bot.errors import QuestionError
from bot.index.filters import Filters
from bot.index.generation import Generation, Passages
from bot.languages.registry import QuestionLanguages
from bot.retrieval import topic as follow_ups
from bot.retrieval.conversation import Topic, TopicTracker
from bot.retrieval.diversity import diverse, exact_matches_first
from bot.retrieval.features import MULTILINGUAL_FEATURES
from bot.retrieval.hit import Hit
from bot.retrieval.near_duplicates import asks_exactly
from bot.retrieval.query_rewriting import QueryRewriter, RewrittenQuery, prepend_questions
from bot.retrieval.ranking import RankingModel, Scores
from bot.retrieval.reranker import RERANKED, Reranker, reranked
from bot.retrieval.scoring import ScoredCandidates, Scorer
from bot.retrieval.search_result import SearchResult
from bot.retrieval.spelling import Speller
from bot.retrieval.topic import Exchange, History, continues_topic, exchanges, refers_back

LONGEST_QUESTION = 1000
"""Maximum number of characters in a question."""
_INVISIBLE = re.compile("[\0-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
"""Control characters, soft hyphens and marks of direction; Hindi and emoji need the joiners \\u200c and \\u200d."""
_EARLIER, _LONGEST_EARLIER = 2, 300
"""Maximum number of earlier questions read with a question, and of their characters: an encoder truncates its input."""
_MIN_HITS = 10  # minimum number of hits among which a FAQ with exactly the question is looked for
_TOPIC_WEIGHT = 0.25  # weight from which the earlier question counts as the topic


class Finder:
    """Finds the passages of one generation that answer a question. Safe to call from many threads."""

    def __init__(
        self, generation: Generation, ranking: RankingModel | None = None, reranker: Reranker | None = None
    ) -> None:
        self.generation = generation
        self._reranker = reranker
        self.scorer = Scorer(generation, ranking)
        languages = QuestionLanguages(generation.vocabulary)
        self._rewriter = QueryRewriter(languages, self.scorer.multilingual, generation.synonyms)
        self.speller = Speller(generation.vocabulary, generation.lexical, languages)
        self._topics = TopicTracker(generation, self.scorer, partial(_rewrite_earlier, self._rewriter, self.speller))

    def find(
        self, question: str, k: int, filters: Filters = Filters(), history: History = (), *, as_typed: bool = False
    ) -> SearchResult:
        """Return up to `k` hits, most likely to answer the question first, and how the question was understood.

        `history` holds the visitor's earlier questions, oldest first. The reranker, if there is one, orders the first
        hits. `as_typed` turns spelling repair off. Raises `QuestionError` if the question is empty or longer than
        `LONGEST_QUESTION`.
        """
        return self._reranked(self.rank(question, self._depth(k), filters, history, as_typed=as_typed), k)

    def rank(
        self, question: str, k: int, filters: Filters = Filters(), history: History = (), *, as_typed: bool = False
    ) -> SearchResult:
        """Return what `find` does, in the order of the ranking model.

        The last question is read with this one if this one is vague by itself and gains by it (`bot.retrieval.topic`),
        or refers back and is about the same article. Misspellings are repaired if that finds something better.
        """
        checked_filters(filters)
        original = self._rewriter.rewrite(checked_question(question))
        query = original if as_typed else self._repaired(original, filters)
        earlier = [checked_text(turn.question[:_LONGEST_EARLIER]) for turn in exchanges(history)[-_EARLIER:]]
        topics = [self._rewriter.rewrite_like(self.speller.repair(one) or one, query) for one in earlier]
        result = self._rank(query, k, filters, topics)
        return replace(result, corrected=query.question if query.question != original.question else None)

    def find_in_conversation(
        self, question: str, k: int, filters: Filters, history: Sequence[Exchange], *, as_typed: bool = False
    ) -> SearchResult:
        """Return what `find` does for an answer: hits of the last answer's article only, if the question continues it.

        The result names the topic `within` which it was found. Raises `QuestionError` as `find` does.
        """
        checked_filters(filters)
        for turn in history:
            checked_text(f"{turn.question}{turn.answer}")
        original = self._rewriter.rewrite(checked_question(question))
        query = original if as_typed else self._repaired(original, filters)
        alone = self.scorer.score([query], self._depth(k), filters)
        self._topics.remember(query.question, filters, alone)
        topic = self._topic(query, alone, filters, history) if history else None
        known = alone
        if topic is not None and topic.article not in alone.articles:
            known = alone.joined(self.scorer.score([query], k, replace(filters, article=topic.passage.article.id)))
        if topic is not None and continues_topic(query.english, known.scores[0], known.articles, topic.article):
            result = self._within(query, known, topic, k)
        else:
            result = self._reranked(self._standalone(query, alone, self._depth(k)), k)
        return replace(result, corrected=query.question if query.question != original.question else None)

    def find_again(self, question: str, k: int, filters: Filters) -> SearchResult:
        """Return what `find` does for a question just asked in a conversation, by itself and in its final spelling."""
        query = self._rewriter.rewrite(question)
        return self._standalone(query, self._topics.recall(query, filters), k)

    def _topic(
        self, query: RewrittenQuery, alone: ScoredCandidates, filters: Filters, history: Sequence[Exchange]
    ) -> Topic | None:
        """Return the topic of the conversation if a question could continue any."""
        if not continues_topic(query.english, alone.scores[0], alone.articles, None):
            return None
        first = self.generation.table.passages(alone.passages[[alone.scores[0].argmax()]].tolist())
        if any(asks_exactly(passage, query.question) for passage in first):
            return None  # such as a suggestion that was clicked
        return self._topics.last_topic(history, filters)

    def _within(self, query: RewrittenQuery, alone: ScoredCandidates, topic: Topic, k: int) -> SearchResult:
        """Keep the hits in the topic's article; the vector stands for the question alone and after the earlier one.

        The reader also reads what is near that vector in the article.
        """
        own = np.flatnonzero(alone.articles == topic.article)
        features, scores = alone.features[:, own], alone.scores[:, own]
        found = ScoredCandidates(alone.passages[own], alone.articles[own], features, scores, alone.vectors)
        earlier = self._rewriter.rewrite_like(topic.question.question, query)
        longer = prepend_questions([earlier], query).variants[0].text
        vector = alone.vectors[0] + self.generation.encoder.encode_questions([longer])[0]
        result = SearchResult.of(self._hits(query, found, k), query, vector / np.linalg.norm(vector), topic.question)
        return replace(result, within=topic)

    def _depth(self, k: int) -> int:
        """Return the number of hits to rank for `k` hits."""
        return k if self._reranker is None else max(k, RERANKED)

    def _reranked(self, result: SearchResult, k: int) -> SearchResult:
        if self._reranker is None:
            return result
        return replace(result, hits=reranked(result.query, result.hits, self._reranker)[: max(k, 0)])

    def _repaired(self, query: RewrittenQuery, filters: Filters) -> RewrittenQuery:
        """Return the question with misspellings repaired if that finds something better."""
        english = query.variants[0]
        text = self.speller.repair(english.text)
        if text is None or not self.scorer.is_better(text, english.text, filters):
            return query
        if query.is_english:
            has_synonyms = english.text != query.question
            return self._rewriter.in_english((has_synonyms and self.speller.repair(query.question)) or text)
        return query._replace(variants=(english._replace(text=text), *query.variants[1:]))

    def _rank(self, query: RewrittenQuery, k: int, filters: Filters, earlier: Sequence[RewrittenQuery]) -> SearchResult:
        alone = self.scorer.score([query], k, filters)
        is_follow_up = earlier and follow_ups.may_need_context(query.question, alone.scores[0], alone.articles)
        result = self._follow_up(query, earlier, k, filters) if is_follow_up else self._standalone(query, alone, k)
        if result.topic is None and earlier and refers_back(query.question):
            before = self._rank(earlier[-1], 1, filters, ())
            if result.first_article == before.first_article:
                longer = prepend_questions(earlier[-1:], query)
                vector = self.generation.encoder.encode_questions([longer.variants[0].text])[0]
                return SearchResult.of(result.hits, longer, vector, earlier[-1])
        return result

    def _standalone(self, query: RewrittenQuery, alone: ScoredCandidates, k: int) -> SearchResult:
        hits = self._hits(query, alone, max(k, _MIN_HITS))
        return SearchResult.of(tuple(exact_matches_first(query.question, hits))[: max(k, 0)], query, alone.vectors[0])

    def _follow_up(
        self, query: RewrittenQuery, earlier: Sequence[RewrittenQuery], k: int, filters: Filters
    ) -> SearchResult:
        """Blend the scores of a question by itself and read with the last one and the last two before it."""
        longer = [prepend_questions(earlier[-count:], query) for count in range(1, len(earlier) + 1)]
        found = self.scorer.score([query, *longer], k, filters)
        alone, with_earlier = found.scores[0], found.scores[1:].mean(axis=0)
        weight = follow_ups.topic_weight(query.question, alone, with_earlier, found.articles)
        evidence_weight = weight * follow_ups.coverage(alone)
        scores, evidence = _blend(found.scores, weight), _blend(found.scores, evidence_weight)
        blended = found._replace(features=_blend(found.features, weight)[None], scores=scores[None])
        hits = self._hits(query, blended, k, evidence)
        changes_first = evidence_weight > 0 and scores.argmax() != alone.argmax()
        if evidence_weight >= _TOPIC_WEIGHT or changes_first:
            return SearchResult.of(hits, longer[0], found.vectors[1], earlier[-1])
        return SearchResult.of(hits, query, found.vectors[0])

    def _hits(
        self, query: RewrittenQuery, found: ScoredCandidates, k: int, evidence: Scores | None = None
    ) -> tuple[Hit, ...]:
        """Return up to `k` hits of one question; scores of `evidence`, by default its own, give the probabilities."""
        scores = self.scorer.prefer_own_language(query, found.passages, found.scores[0])
        best = np.array(diverse(self.generation, found.passages, found.articles, scores, k), np.int64)
        shown = (found.scores[0] if evidence is None else evidence)[best]
        probabilities = self.scorer.ranking_of(query).probabilities(shown).tolist()
        signals = [dict(zip(MULTILINGUAL_FEATURES, row, strict=False)) for row in found.features[0][best].tolist()]
        passages = self.generation.table.passages(found.passages[best])
        hits = zip(passages, probabilities, scores[best].tolist(), signals, strict=True)
        return tuple(Hit(*hit) for hit in hits)


def _rewrite_earlier(rewriter: QueryRewriter, speller: Speller, question: str) -> RewrittenQuery:
    """Return an earlier question with its spelling repaired.

    No method of the finder: a reference back to it would keep an old generation in memory.
    """
    text = checked_text(question[:_LONGEST_EARLIER])
    return rewriter.rewrite(speller.repair(text) or text)


def _blend(values: NDArray[np.float64], weight: float) -> NDArray[np.float64]:
    """Blend the first row with the mean of the others, which has this weight."""
    return np.asarray((1 - weight) * values[0] + weight * values[1:].mean(axis=0), np.float64)


def checked_question(question: str) -> str:
    """Return the question on one line. Raises `QuestionError` if it is empty, too long or holds half a character."""
    text = " ".join(checked_text(question).split())
    if not text:
        raise QuestionError("The question is empty: type a few words.")
    if len(text) > LONGEST_QUESTION:
        reason = f"The question has {len(text)} characters; the limit is {LONGEST_QUESTION}"
        raise QuestionError(f"{reason}: ask it in fewer words.")
    return text


def checked_filters(filters: Filters) -> None:
    """Raise `QuestionError` if a filter holds half a character."""
    checked_text(f"{filters.category}{filters.article}")


def require_known(table: Passages, filters: Filters) -> None:
    """Raise `QuestionError` if no article has the category, in capitals or not, or the id that the filters name."""
    checked_filters(filters)
    known, category, article = table.facts.categories, filters.category, filters.article
    if category is not None and category.casefold() not in (name.casefold() for name in known):
        there = f"there are {', '.join(known)}" if known else "the articles have none"
        raise QuestionError(f"There is no category {category!r}: {there}.")
    if article is not None and table.article(article) is None:
        raise QuestionError(f"There is no article {article!r}: give the id that a hit names as its article.")


def checked_text(text: str) -> str:
    """Return the text without control characters and others that nobody sees; white space, such as tabs, stays.

    Raises `QuestionError` if it holds half a character, such as one half of an emoji.
    """
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise QuestionError("The text holds half a character: send whole ones, in UTF-8.")
    return _INVISIBLE.sub("", text)
