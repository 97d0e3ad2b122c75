"""Hindi questions in English words: "pf kaise nikale" and पीएफ कैसे निकालें become "how pf withdraw".

Most words of such a question are the articles' own ("PF", "notice period", नोटिस पीरियड); `vocabulary.toml` and
`loanwords.toml` list the others. Their order stays, except that the question word comes first.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from bot.languages.hindi.devanagari import has_devanagari, normalize
from bot.languages.hindi.loanwords import EnglishLexicon
from bot.languages.hindi.transliteration import SPACED_ACRONYM, acronym, phonetic_key, romanize, to_devanagari
from bot.languages.hindi.vocabulary import load_glossary
from bot.languages.hindi.word_order import in_english_order, split_choice
from bot.languages.language import WordLookup

_LETTERS = r"[\u0900-\u0963\u200c\u200d]+"
_WORD = re.compile(rf"{_LETTERS}|[^\W\d_\u0900-\u0963]+(?:['’][^\W\d_]+)*")
_RUN = re.compile(rf"(?:{_WORD.pattern})(?:[ -]+(?:{_WORD.pattern}))*")
_LATIN = re.compile("[a-z]+")
_DEVANAGARI = re.compile(rf"{_LETTERS}(?:[ -]+{_LETTERS})*")
_MOST_WORDS = 15  # maximum number of words for each Hindi one in a Hinglish question


class HindiRewriter:
    """The `QuestionRewriter` of Hindi and Hinglish. Safe to call from many threads."""

    def __init__(self, words: WordLookup) -> None:
        self._lexicon = EnglishLexicon(words)

    def detect(self, question: str) -> str | None:
        """Return "hi" for Devanagari, "hinglish" for Hindi in Latin letters, else None.

        One function word such as "kya", "hai" or "kaise" shows Hinglish, and so do two words that are Hindi and hardly
        English, unless the articles contain them; in a long question more of its words have to be Hindi.
        """
        if has_devanagari(question):
            return "hi"
        words = _WORD.findall(question)
        lower = [word for word in words if word.islower()]
        # A capitalized word may be a name, except the first one.
        shown = sum(word.lower() in load_glossary().markers for word in (words[:1] + lower if lower else words))
        hindi = shown + sum(map(self._is_probably_hindi, words))
        is_hinglish = (shown or hindi > 1 or 2 * hindi >= len(words) > 1) and _MOST_WORDS * hindi >= len(words)
        return "hinglish" if is_hinglish else None

    def to_english(self, question: str) -> str:
        """Replace Hindi words with English ones, or drop what English leaves out; unknown words stay."""
        joined = SPACED_ACRONYM.sub(lambda letters: self._lexicon.loanword(letters[0]) or letters[0], question)
        english = _RUN.sub(lambda run: self._in_english(_WORD.findall(run[0])), joined)
        return in_english_order(" ".join(english.replace("।", ".").split()))

    def transliterate(self, question: str) -> str:
        """Write Hindi words of Latin letters in Devanagari, and each Hindi full stop as a dot."""
        written = _WORD.sub(lambda word: to_devanagari(word[0]) if self._is_romanized(word[0]) else word[0], question)
        return written.replace("।", ".")

    def _in_english(self, words: Sequence[str]) -> str:
        opening, others = split_choice(words)
        english = [opening]
        for some, phrase in load_glossary().split(others):
            meaning = self._english(some[0]) if phrase is None else phrase
            english.append(some[0] if meaning is None else meaning)
        return " ".join(filter(None, english))

    def _is_probably_hindi(self, word: str) -> bool:
        """Whether a word is Hindi and rare in English; a capitalized one may be a name unless it is a function word."""
        known = load_glossary()
        if word.lower() in known.rare_in_english:
            return True
        # The cheapest test first: most words of most questions are English.
        is_candidate = len(word) > 2 and word.islower() and word not in known.also_english
        if not is_candidate or word in known.respelled or word in self._lexicon:
            return False
        return word in known.spellings or phonetic_key(word) in known.sounds

    def _is_romanized(self, word: str) -> bool:
        is_unknown = word.islower() and word not in self._lexicon
        return word.isascii() and (self._english(word) is not None or is_unknown)

    def _english(self, word: str) -> str | None:
        """Return what a word means in English, or its Latin spelling; None if it is unknown or not Hindi."""
        if not has_devanagari(word):
            return self._meaning_of_latin(word.lower())
        latin, meaning = romanize(word), load_glossary().spellings.get(normalize(word))
        if meaning is None and (letters := acronym(word)):
            return self._lexicon.loanword(word) or letters
        meaning = _meaning_of_devanagari(latin) if meaning is None else meaning
        return meaning if meaning is not None else self._lexicon.loanword(word) or latin

    def _meaning_of_latin(self, word: str) -> str | None:
        """Return what a word in Latin letters means as Hindi, unless it is an English word."""
        known = load_glossary()
        spelled = known.spellings.get(word, known.respelled.get(word))
        if spelled is not None or len(word) < 3 or word in self._lexicon or not _LATIN.fullmatch(word):
            return spelled
        return known.meaning(word)


class _NoWords:
    """The `WordLookup` of an article: it is translated before the index has a vocabulary."""

    def passages_with(self, _word: str) -> int | None:
        return None

    def most_frequent(self, _most: int) -> Sequence[str]:
        return ()


_OF_ARTICLES = HindiRewriter(_NoWords())


def article_in_english(text: str) -> str:
    """Replace the words in Devanagari of a text with English ones, line by line; what is in Latin letters stays."""
    lines = text.replace("।", ".").split("\n")
    return "\n".join(_DEVANAGARI.sub(lambda run: _OF_ARTICLES.to_english(run[0]), line) for line in lines)


@lru_cache(maxsize=16_384)
def _meaning_of_devanagari(latin: str) -> str | None:
    known = load_glossary()
    if latin in known.spellings:
        return known.spellings[latin]
    if len(latin) < 3 or not _LATIN.fullmatch(latin):
        return None
    sound = phonetic_key(latin)
    # Devanagari shows the sound reliably, so short spellings count as well.
    if sound not in known.sounds and sound in known.spellings:
        return known.spellings[sound]
    return known.meaning(latin)
