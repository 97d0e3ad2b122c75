"""The features of a candidate sentence, which the reader's model weighs.

body, both, best, top3_mean, heading  cosines of its passage, as in `bot.retrieval.features`
…_gap                                 the same, minus the greatest among the candidates
ranked, first_hit                     score of its passage below the first hit's, and whether it is the first hit
article_ranked, article_sentence      greatest score, and cosine of a sentence, in its article, below the best of all
in_article, missing_article           share of the question's content words that its article's candidates hold together,
                                      and weight of the rarest one that they lack
sentence, _gap, _lead                 its own cosine; minus the greatest of all, and minus the greatest in its passage
before, after                         cosines of its neighbours in the passage
in_sentence, in_text, in_heading      share of the question's content words there, weighted by idf
in_both, in_both_gap                  the same in text and heading together; minus the greatest of all
with_heading                          the same in sentence and heading together
missing, missing_near                 weight of the rarest content word missing from the passage, from with_heading
faq, item, row, first, place, length, short, lead_in, question, mid_thought
                                      what the sentence is, and where it stands
late, near_late, …                    see `bot.reader.late_interaction`; …_gap: minus the greatest of all
negation                              1 if question and sentence are negated, -1 if only the question is
kind_…                                1 if the sentence holds the kind of answer that the question wants, else -1
opens_yes_no                          1 if a passage that opens with yes or no meets a question for it, else -1
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.index.lexical import content_terms
from bot.languages.registry import combined_pattern, readable
from bot.passages import Passage, context
from bot.reader.candidates import Candidates
from bot.reader.late_interaction import LATE
from bot.reader.question_terms import QuestionTerms, held, is_negated, kinds_of_answer

COSINES = ("body", "both", "best", "top3_mean", "heading")
_SHORT = 4  # number of words below which a sentence is seldom an answer
_ITEM = re.compile(r"(?:[-*+•]|\d+[.)])\s")
_ROW = re.compile(r"\||.*\s\|\s")
_VERDICT, _CHOICE, _CONTINUATION = (
    re.compile(rf"(?:{combined_pattern(name)})\b", re.IGNORECASE) for name in ("verdicts", "choices", "continuations")
)


@cache
def feature_names() -> tuple[str, ...]:
    """Return the names of the features, in the order of their columns."""
    gaps = tuple(f"{name}_gap" for name in COSINES)
    kinds = tuple(f"kind_{kind}" for kind in kinds_of_answer())
    return (
        *COSINES, *gaps, "ranked", "first_hit", "article_ranked", "article_sentence",
        "in_article", "missing_article", "sentence", "sentence_gap", "sentence_lead", "before", "after",
        "in_sentence", "in_text", "in_heading", "in_both", "in_both_gap", "with_heading", "missing", "missing_near",
        "faq", "item", "row", "first", "place", "length", "short", "lead_in", "question", "mid_thought",
        *LATE, *(f"{name}_gap" for name in LATE), "negation", *kinds, "opens_yes_no",
    )  # fmt: skip


class PassageTerms(NamedTuple):
    """What the features need of a passage, whatever the question."""

    heading: frozenset[str]
    places: Mapping[str, Sequence[int]]
    """The places of the sentences with each stem."""
    shape: NDArray[np.float64]
    """What each sentence is, and where it stands; shape (sentences, 10)."""
    held: NDArray[np.bool_]
    """The kinds of answer that each sentence may hold; shape (sentences, kinds)."""
    negated: NDArray[np.bool_]
    opens_yes_no: bool

    @classmethod
    def of(cls, passage: Passage, sentences: Sequence[str]) -> "PassageTerms":
        places: dict[str, list[int]] = {}
        for place, sentence in enumerate(sentences):
            for stem in content_terms(sentence):
                places.setdefault(stem, []).append(place)
        shape = np.array([_shape(passage, sentences, place) for place in range(len(sentences))], float)
        in_english = [readable(sentence) for sentence in sentences]
        kinds, negated = np.array([*map(held, in_english)]), np.array([*map(is_negated, in_english)])
        opens_yes_no = _VERDICT.match(readable(passage.text)) is not None
        return cls(frozenset(content_terms(context(passage))), places, shape, kinds, negated, opens_yes_no)


def _shape(passage: Passage, sentences: Sequence[str], place: int) -> list[float]:
    text, words = sentences[place], len(sentences[place].split())
    return [
        passage.question is not None,
        _ITEM.match(text) is not None,
        _ROW.match(text) is not None,
        place == 0,
        place / len(sentences),
        min(words, 60) / 60,
        words < _SHORT,
        is_lead_in(text),
        text.endswith("?"),
        is_mid_thought(text),
    ]


def is_lead_in(sentence: str) -> bool:
    """Whether a sentence only introduces what follows."""
    return sentence.rstrip("*_ ").endswith(":")


def is_item(sentence: str) -> bool:
    """Whether a sentence is an item of a list or a row of a table."""
    return _ITEM.match(sentence) is not None or _ROW.match(sentence) is not None


def is_ruler(sentence: str) -> bool:
    """Whether a row of a table only divides its header from the rows below."""
    return set(sentence) <= set("|-: ")


def is_mid_thought(sentence: str) -> bool:
    """Whether a sentence is understood only with the one before it."""
    return _CONTINUATION.match(sentence) is not None


def sentence_features(
    question: str, asked: QuestionTerms, candidates: Candidates, terms: Sequence[PassageTerms]
) -> NDArray[np.float64]:
    """Return the features of each sentence of each candidate; shape (sentences, features)."""
    counts = [len(each.shape) for each in terms]
    owner = np.repeat(np.arange(len(counts)), counts)
    cosines = candidates.cosines
    passage = np.concatenate([cosines, cosines - cosines.max(axis=0), candidates.ranked], axis=1)[owner]
    found = _Found.of(asked, terms, counts)
    articles = _of_articles(asked, candidates, found)[owner]
    columns = [passage, articles, _own_cosines(candidates, owner), _shares(asked, found, owner)]
    columns.append(np.concatenate([each.shape for each in terms]))
    late = np.concatenate(candidates.late)
    columns += [late, late - late.max(axis=0)]
    negated = np.concatenate([each.negated for each in terms])
    columns.append((asked.is_negated * (2.0 * negated - 1.0))[:, None])
    columns.append(asked.kinds * (2.0 * np.concatenate([each.held for each in terms]) - 1.0))
    opens = np.array([each.opens_yes_no for each in terms])[owner]
    wants = 1.0 if _CHOICE.match(question) else -1.0
    columns.append((opens * wants)[:, None])
    return np.concatenate(columns, axis=1)


class _Found(NamedTuple):
    """Which content words of the question the sentences, texts and headings of the candidates contain."""

    sentences: NDArray[np.bool_]
    """Shape (sentences, stems)."""
    texts: NDArray[np.bool_]
    """Shape (passages, stems)."""
    headings: NDArray[np.bool_]

    @classmethod
    def of(cls, asked: QuestionTerms, terms: Sequence[PassageTerms], counts: Sequence[int]) -> "_Found":
        """`counts` holds the number of sentences of each passage."""
        starts = np.cumsum([0, *counts])
        sentences = np.zeros((starts[-1], len(asked.stems)), bool)
        for start, each in zip(starts.tolist(), terms, strict=False):
            for column, stem in enumerate(asked.stems):
                for place in each.places.get(stem, ()):
                    sentences[start + place, column] = True
        texts = np.logical_or.reduceat(sentences, starts[:-1])
        return cls(sentences, texts, asked.found([each.heading for each in terms]))


def _of_articles(asked: QuestionTerms, candidates: Candidates, found: _Found) -> NDArray[np.float64]:
    """Return what the candidates of each passage's article say together; shape (passages, 4)."""
    names, place = np.unique([one.article.id for one in candidates.passages], return_inverse=True)
    words = np.zeros((len(names), len(asked.stems)), bool)
    np.logical_or.at(words, place, found.texts | found.headings)
    best = np.full((len(names), 2), -np.inf)
    sentence = [cosines.max() for cosines in candidates.sentence_cosines]
    np.maximum.at(best, place, np.stack([candidates.ranked[:, 0], sentence], axis=1))
    shares = np.stack([asked.shares(words), asked.rarest_missing(words)], axis=1)
    return np.concatenate([best - best.max(axis=0), shares], axis=1)[place]


def _own_cosines(candidates: Candidates, owner: NDArray[np.int64]) -> NDArray[np.float64]:
    each = candidates.sentence_cosines
    own = np.concatenate(each).astype(np.float64)
    best = np.array([cosines.max() for cosines in each], float)[owner]
    before = np.concatenate([np.concatenate([cosines[:1], cosines[:-1]]) for cosines in each])
    after = np.concatenate([np.concatenate([cosines[1:], cosines[-1:]]) for cosines in each])
    return np.stack([own, own - own.max(), own - best, before, after], axis=1)


def _shares(asked: QuestionTerms, found: _Found, owner: NDArray[np.int64]) -> NDArray[np.float64]:
    near = found.sentences | found.headings[owner]
    both = found.texts | found.headings
    in_both = asked.shares(both)
    of_passage = np.stack(
        [asked.shares(found.texts), asked.shares(found.headings), in_both, in_both - in_both.max()], axis=1
    )[owner]
    own = asked.shares(found.sentences)[:, None]
    last = np.stack([asked.shares(near), asked.rarest_missing(both)[owner], asked.rarest_missing(near)], axis=1)
    return np.concatenate([own, of_passage, last], axis=1)
