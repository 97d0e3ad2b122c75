"""Quotes: which neighbouring sentences of a passage are shown."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.passages import Passage, Span, sentences_of
from bot.reader.features import is_item, is_lead_in, is_mid_thought, is_ruler

MOST_WORDS = 100  # maximum number of words in a quote
_MOST_LIST_WORDS = 120
"""The same for a whole list or table; of a longer one, `Source.words` shows the header above the rows."""
_PER_WORD = 0.0015
"""Probability that a further word of a quote must add: it keeps the quotes short."""
_FEW_WORDS = 10  # number of words below which one sentence seldom answers
_SHORT = 40
"""Number of words of its last paragraph below which a quote goes on there. Of 90 answers, judged by reading, that made
many better and few worse; the next paragraph, or the sentence before, made more of them worse."""
_HEADING_WORDS = 4  # maximum number of words of a sentence that stands for a heading
_WHOLE_FAQ = 5  # number of sentences up to which the answer of a FAQ is shown whole


class Window(NamedTuple):
    """Neighbouring sentences of a passage."""

    first: int
    last: int
    weight: float
    """The probability that they contain the words that answer."""

    def span(self, passage: Passage) -> Span:
        """Return the span of the passage's text."""
        if len(passage.sentences) < 2:
            return 0, len(passage.text)
        return passage.sentences[self.first][0] - passage.start, passage.sentences[self.last][1] - passage.start


def best_window(
    passage: Passage, sentences: Sequence[str], weights: NDArray[np.float64], most: int = MOST_WORDS
) -> Window:
    """Return the sentences to quote, given the probability of each that it contains the words that answer.

    They have at most `most` words, unless one sentence, or a list, has more.
    """
    words = np.array([len(sentence.split()) for sentence in sentences])
    if passage.kind == "faq" and (len(sentences) <= _WHOLE_FAQ and words.sum() <= most):
        return Window(0, len(sentences) - 1, float(weights.sum()))
    return _completed(sentences, weights, words, _worthiest(weights, words, most))


def going_on(passage: Passage, window: Window) -> Window:
    """Return a window that goes on in its last paragraph if it has few words of it.

    The probability is the one of the window before: what follows seldom answers, but often completes the answer, or
    says where it does not hold.
    """
    sentences = sentences_of(passage)
    words, first, last = [len(sentence.split()) for sentence in sentences], window.last, window.last
    while first > window.first and _goes_on(passage, sentences, first - 1):
        first -= 1
    while sum(words[first : last + 1]) < _SHORT and _goes_on(passage, sentences, last):
        if sum(words[window.first : last + 2]) > MOST_WORDS:
            break
        last += 1
    return window._replace(last=last)


def _worthiest(weights: NDArray[np.float64], words: NDArray[np.int64], most: int) -> Span:
    """Return the first and last sentence of the stretch around the best one that is worth its length most."""
    best = int(np.argmax(weights))
    gain = np.concatenate([[0.0], np.cumsum(weights - _PER_WORD * words)])
    length = np.concatenate([[0], np.cumsum(words)])
    firsts, lasts = np.arange(best + 1)[:, None], np.arange(best, len(words))[None]
    fits = (length[lasts + 1] - length[firsts] <= most) | ((firsts == best) & (lasts == best))
    worth = np.where(fits, gain[lasts + 1] - gain[firsts], -np.inf)
    first, last = np.unravel_index(int(np.argmax(worth)), worth.shape)
    return int(first), best + int(last)


def _completed(
    sentences: Sequence[str], weights: NDArray[np.float64], words: NDArray[np.int64], window: Span
) -> Window:
    """Extend a window that starts in mid-thought or in a list, ends on a lead-in or question, or names its subject."""
    first, last = _start_of_thought(sentences, window[0]), window[1]
    lead = _lead_in_before(sentences, first)
    end = _end_of_list(sentences, last)
    if lead is not None and words[lead : end + 1].sum() <= _MOST_LIST_WORDS:
        first, last = _start_of_thought(sentences, lead), end
    is_head = any(is_ruler(sentence) for sentence in sentences[last : last + 2])  # of a table, or the line below it
    if is_lead_in(sentences[last]) or sentences[last].endswith("?") or is_head:
        end = _end_of_list(sentences, min(last + 1, len(sentences) - 1))
        while last < end and words[first : last + 2].sum() <= _MOST_LIST_WORDS:
            last += 1
    is_short = first == last and words[first] < _FEW_WORDS
    if is_short and last + 1 < len(sentences) and not is_lead_in(sentences[last + 1]):
        last += 1
    return Window(first, last, float(weights[first : last + 1].sum()))


def _goes_on(passage: Passage, sentences: Sequence[str], place: int) -> bool:
    """Whether prose follows a sentence in the same paragraph."""
    following = sentences[place + 1] if place + 1 < len(sentences) else ""
    if not following or is_item(following) or is_lead_in(following) or following.endswith("?"):
        return False
    return "\n" not in passage.article.text[passage.sentences[place][1] : passage.sentences[place + 1][0]]


def _start_of_thought(sentences: Sequence[str], place: int) -> int:
    """Return the place of the sentence from which a sentence is understood."""
    while place > 0 and (
        is_mid_thought(sentences[place]) or is_ruler(sentences[place]) or _is_heading(sentences[place - 1])
    ):
        place -= 1
    return place


def _is_heading(sentence: str) -> bool:
    """Whether a sentence names the subject of the next one, such as "Employer's share." """
    return len(sentence.split()) <= _HEADING_WORDS and sentence.endswith(".") and not is_item(sentence)


def _lead_in_before(sentences: Sequence[str], place: int) -> int | None:
    """Return the place of the sentence that introduces the list of an item."""
    if not is_item(sentences[place]):
        return None
    while place > 0 and is_item(sentences[place]):
        place -= 1
    return place


def _end_of_list(sentences: Sequence[str], place: int) -> int:
    while is_item(sentences[place]) and place + 1 < len(sentences) and is_item(sentences[place + 1]):
        place += 1
    return place
