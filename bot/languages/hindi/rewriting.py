"""Hindi questions in the words of English articles: "pf kaise nikale" and पीएफ कैसे निकालें read "pf how withdraw".

Most words of such a question are the articles' own ("PF", "notice period", नोटिस पीरियड); the others are few and common. `hindi.toml` has them with the English
they mean; they are found in whatever spelling sounds alike: "kese", "nhi", "nikaalne". The order of words stays that of Hindi, which search does not mind.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import cache, cached_property
from importlib.resources import files
from typing import Literal, NamedTuple

from bot.index.vocabulary import Vocabulary
from bot.languages.hindi.devanagari import has_devanagari
from bot.languages.hindi.scripts import NAMED_LETTERS, consonants, in_devanagari, romanised, sound, spelt_out

Language = Literal["en", "hi", "hinglish"]

_WORD = re.compile(r"[\u0900-\u0963\u200c\u200d]+|[^\W\d_\u0900-\u0963]+(?:['’][^\W\d_]+)*")
_LATIN = re.compile("[a-z]+")
_ENDING = re.compile(
    r"(?:v?a)?(?:n[aei]|t[aei]|[aeiou]|y[aei]|[eu]n|o?k?ar|ke|k[ae]r|i?e(?:ga)?|[aeiu]?ega|[aeu]?eg[ei]|[ae]?oge|[ue]n?g[aei]|do|d[ei]|l[eo])?"
    r"(?:d[eo]|l[eo]|s[ak]?t[aei])?"
)
"""What follows the stem of a verb, as it sounds: "nikal" is in "nikalna", "nikale", "nikalvaega", "nikaldo"."""
_FEW_VOWELS = 0.25
"""The share of vowels up to which a word may be SMS spelling: "krna", "nhi"."""
_ALIKE = {2: 0.75}
"""By how many consonants a borrowed word has: how alike its spelling must be to that of the articles' word."""
_RATHER_ALIKE = 0.5
"""The same for words with more of them."""
_BORROWED = 10_000
"""Words of the articles, the most frequent ones, among which a borrowed word is looked for."""
_AS_ALIKE = 0.2
"""Of words that are less than this apart the most frequent one is meant."""


class EnglishWords:
    """The words that stay as they are typed, and those that Hindi borrows. Safe to call from many threads."""

    def __init__(self, is_word: Callable[[str], bool], of_articles: Callable[[], Iterable[str]]) -> None:
        """`is_word` tells whether English or the articles have a word in small letters; `of_articles` gives their words, the most frequent first."""
        self._is_word, self._of_articles = is_word, of_articles

    @classmethod
    def of(cls, vocabulary: Vocabulary) -> "EnglishWords":
        """Those of an index."""
        return cls(lambda word: vocabulary.passages_with(word) is not None, lambda: vocabulary.most_frequent(_BORROWED))

    def __contains__(self, word: str) -> bool:
        return self._is_word(word)

    def borrowed(self, word: str) -> str | None:
        """The articles' word that a word of Devanagari sounds like: नोटिस is "notice"."""
        if letters := spelt_out(word):
            return letters if self._is_word(letters.lower()) else None
        kept, heard = consonants(word), sound(romanised(word))
        alike = {
            other: SequenceMatcher(None, heard, sound(other)).ratio() for other in self._by_consonants.get(kept, ())
        }
        best = max(alike.values(), default=0.0)
        if len(kept) < 2 or best < _ALIKE.get(len(kept), _RATHER_ALIKE):
            return None
        return next(other for other, ratio in alike.items() if ratio >= best - _AS_ALIKE)

    @cached_property
    def _by_consonants(self) -> Mapping[str, Sequence[str]]:
        # Made at the first question in Devanagari: for ten thousand words it takes a fifth of a second.
        found: dict[str, list[str]] = {}
        for word in self._of_articles():
            found.setdefault(consonants(word), []).append(word)
        return found


class _Table(NamedTuple):
    """Hindi words → English: by spelling, by sound, by sound without inner vowels; of verbs the stems, by sound."""

    spelt: Mapping[str, str]
    sounds: Mapping[str, str]
    stems: Mapping[str, str]
    skeletons: Mapping[str, str]
    telling: frozenset[str]
    """Words by which Hindi is told: those of its grammar that are not English as well."""
    rare: frozenset[str]
    """Words of its grammar that are rare in English."""
    english: frozenset[str]
    """Words of its grammar that are English as well."""


def language(question: str, words: EnglishWords) -> Language:
    """What a question is written in.

    Devanagari is Hindi. In Latin letters one small word such as "kya", "hai" and "kaise" tells Hinglish from English, and so do two words that are Hindi
    and hardly English, unless the articles have them.
    """
    if has_devanagari(question):
        return "hi"
    table, typed = _table(), [match[0] for match in _WORD.finditer(question)]
    if any(word.lower() in table.telling for word in typed):
        return "hinglish"
    return "hinglish" if sum(_is_rather_hindi(word, words) for word in typed) > 1 else "en"


def _is_rather_hindi(word: str, words: EnglishWords) -> bool:
    """Whether a word is Hindi and rare in English; of those with a capital, which may be names, only the grammar's."""
    table = _table()
    if word.lower() in table.rare:
        return True
    # The quickest to tell first: most words of most questions are English.
    may_be = len(word) > 2 and word.islower() and word not in table.english
    return may_be and (word in table.spelt or sound(word) in table.sounds) and word not in words


def glossed(question: str, words: EnglishWords) -> str:
    """A Hindi or Hinglish question with its Hindi words in English, and without those that English leaves out; what is not known stays."""
    joined = NAMED_LETTERS.sub(lambda names: words.borrowed(names[0]) or names[0], question)
    return " ".join("".join(_replaced(joined, lambda word: _english(word, words))).split())


def transliterated(question: str, words: EnglishWords) -> str:
    """A Hinglish question with its Hindi words in Devanagari, for a model that has learnt Hindi in its own script."""
    return "".join(_replaced(question, lambda word: in_devanagari(word) if _is_hindi(word, words) else None))


def in_own_script(question: str, words: EnglishWords) -> str:
    """The telling words of a Hindi or Hinglish question as Hindi articles have them: in Devanagari, English words as they are typed."""
    telling = _replaced(
        question,
        lambda word: "" if _english(word, words) == "" else in_devanagari(word) if _is_hindi(word, words) else None,
    )
    return " ".join("".join(telling).split())


def _is_hindi(word: str, words: EnglishWords) -> bool:
    return word.isascii() and (_english(word, words) is not None or (word.islower() and word not in words))


def _replaced(question: str, instead: Callable[[str], str | None]) -> Iterator[str]:
    at = 0
    for word in _WORD.finditer(question):
        new = instead(word[0])
        yield question[at : word.start()]
        yield word[0] if new is None else new
        at = word.end()
    yield question[at:].replace("।", ".")


def _english(word: str, words: EnglishWords) -> str | None:
    """What a Hindi word means, or is in Latin letters; None of a word that is not known, or is none."""
    if not has_devanagari(word):
        return _meaning(word.lower(), words)
    if letters := spelt_out(word):
        return words.borrowed(word) or letters
    latin = romanised(word)
    meant = _meaning(latin, None)
    return meant if meant is not None else words.borrowed(word) or latin


def _meaning(word: str, words: EnglishWords | None) -> str | None:
    """What a Hindi word in Latin letters means, unless English has it."""
    table = _table()
    if word in table.spelt:
        return table.spelt[word]
    if len(word) < 3 or (words is not None and word in words) or not _LATIN.fullmatch(word):
        return None
    heard = sound(word)
    # Of Devanagari the sound is sure, also that of short words.
    if heard in table.sounds or (words is None and heard in table.spelt):
        return table.sounds.get(heard, table.spelt.get(heard))
    # A vowel spoken through the nose may have an "n" to show it.
    if len(heard) > 3 and heard.endswith("n") and heard[:-1] in table.sounds:
        return table.sounds[heard[:-1]]
    return _of_verb(heard) or _without_vowels(word, heard)


def _of_verb(heard: str) -> str | None:
    stems = _table().stems
    known = (at for at in range(len(heard), 1, -1) if heard[:at] in stems and _ENDING.fullmatch(heard, at))
    return next((stems[heard[:at]] for at in known), None)


def _without_vowels(word: str, heard: str) -> str | None:
    few = sum(letter in "aeiou" for letter in word) <= _FEW_VOWELS * len(word)
    return _table().skeletons.get(_skeleton(heard)) if few else None


def _skeleton(heard: str) -> str:
    return heard[0] + re.sub("[aeiou]", "", heard[1:-1]) + heard[-1]


@cache
def _table() -> _Table:
    fields = tomllib.loads(files(__package__).joinpath("hindi.toml").read_text(encoding="utf-8"))
    grammar, others, verbs = (_by_word(fields[name]) for name in ("grammar", "words", "verbs"))
    # Of words that sound alike the first one counts.
    spelt = others | grammar
    sounds = {sound(word): english for word, english in reversed((grammar | others).items()) if len(word) > 2}
    stems = {sound(stem): english for stem, english in reversed(verbs.items())}
    forms = {
        f"{stem}{ending}": english
        for stem, english in stems.items()
        for ending in ("na", "ne", "ni", "e", "o", "a", "i", "ta", "te", "ti", "ega")
    }
    skeletons = {_skeleton(heard): english for heard, english in reversed((sounds | forms).items())}
    rare, english = (frozenset(fields[name].split()) for name in ("rare_in_english", "also_english"))
    return _Table(spelt, sounds, stems, skeletons, frozenset(grammar) - rare - english, rare, english)


def _by_word(lines: Mapping[str, str]) -> dict[str, str]:
    return {word: english for english, words in lines.items() for word in words.split()}
