"""What a conversation is about: the last question that was answered, and the passage that answered it."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import NamedTuple

from bot.index.filters import Filters
from bot.index.generation import Generation, numbers_of
from bot.languages.normalization import words_only
from bot.lru_cache import LruCache
from bot.passages import Passage, sentences_of
from bot.retrieval.query_rewriting import RewrittenQuery
from bot.retrieval.scoring import ScoredCandidates, Scorer
from bot.retrieval.topic import Exchange, continues_topic

_LIKELY = 0.3
"""Minimum probability of the best passage for an earlier question; below it, the question was probably refused."""
_TURNS = 2  # maximum number of earlier questions that are searched again if their answers are not known
_LONGEST_ANSWER, _FOUND = 600, 5
"""Numbers of characters of an answer that are searched for, and of passages that may hold them."""
_REMEMBERED = 512  # number of last questions whose candidates are kept: 20 kB each
_FEW_WORDS = 3  # number of words below which a sentence may stand in many passages


class Topic(NamedTuple):
    """The last question that was answered."""

    question: RewrittenQuery
    passage: Passage
    """The passage that answered it."""
    article: int
    """The number of the passage's article."""
    shown: str
    """The words that were shown as the answer."""


class TopicTracker:
    """Finds the topic of conversations about one generation. Safe to call from many threads."""

    def __init__(self, generation: Generation, scorer: Scorer, rewrite: Callable[[str], RewrittenQuery]) -> None:
        self._generation, self._scorer, self._rewrite = generation, scorer, rewrite
        self._searched = LruCache[tuple[str, Filters], ScoredCandidates](_REMEMBERED)

    def last_topic(self, turns: Sequence[Exchange], filters: Filters) -> Topic | None:
        """Return the topic of the last of these exchanges that was answered; None if none was.

        An answer is recognized by its words, without a session; a question without one is searched for again.
        """
        searched = 0
        for place in range(len(turns) - 1, -1, -1):
            question, answer = turns[place]
            passage = self._quoted(answer) if answer else None
            if passage is not None:
                vectors = self._generation.vectors_of(numbers_of(self._generation.table, [passage]))
                return Topic(self._rewrite(question), passage, int(vectors.articles[0]), answer or "")
            if answer == "":
                continue
            if searched == _TURNS:
                return None
            searched += 1
            topic = self._of_question(question, turns[max(0, place - 1) : place], filters)
            if topic is not None:
                return topic
        return None

    def remember(self, question: str, filters: Filters, found: ScoredCandidates) -> None:
        """Keep what was found for a question: the next one of its conversation may follow soon."""
        self._searched.put((question, filters), found)

    def recall(self, query: RewrittenQuery, filters: Filters) -> ScoredCandidates:
        """Return what was found for a question, searched for again if it is not remembered."""
        known = self._searched.get((query.question, filters))
        return known or self._scorer.score([query], 1, filters)

    def _of_question(self, question: str, before: Sequence[Exchange], filters: Filters) -> Topic | None:
        """Return the topic after a question whose answer is not known; None if it is probably not answered."""
        query = self._rewrite(question)
        found = self.recall(query, filters)
        scores = found.scores[0]
        if before and continues_topic(question, scores, found.articles, None):
            earlier = self.last_topic(before, filters)
            if earlier and continues_topic(question, scores, found.articles, earlier.article):
                return earlier._replace(question=query, shown="")
        if not len(scores):
            return None
        best = int(self._scorer.prefer_own_language(query, found.passages, scores).argmax())
        if self._scorer.ranking_of(query).probabilities(scores[[best]])[0] < _LIKELY:
            return None
        # Of an index that is changed in place, the passage may have been removed meanwhile.
        for passage in self._generation.table.passages([int(found.passages[best])]):
            return Topic(query, passage, int(found.articles[best]), passage.text if passage.kind == "faq" else "")
        return None

    def _quoted(self, answer: str) -> Passage | None:
        matches = self._generation.lexical.search("words", answer[:_LONGEST_ANSWER], _FOUND)
        passages, shown = self._generation.table.passages(matches.numbers.tolist()), words_only(answer)
        quoted = ((_quoted_length(passage, shown), passage) for passage in passages)
        length, best = max(quoted, key=itemgetter(0), default=(0, None))
        return best if length else None


def _quoted_length(passage: Passage, shown: str) -> int:
    """Return how many characters of the sentences of a passage are among the words shown."""
    sentences = map(words_only, sentences_of(passage))
    return sum(len(each) for each in sentences if len(each.split()) >= _FEW_WORDS and each in shown)
