"""Devanagari, the script of Hindi: told from others, and folded to one spelling where words are compared.

Articles keep their own spelling, because they are quoted letter for letter: what compares words folds both sides.
"""

import re
import unicodedata

_LETTER = re.compile("[\u0904-\u0939\u0958-\u0961]")
_MARKS = str.maketrans({"\u093c": None, "\u200c": None, "\u200d": None, "\u0901": "\u0902"})
"""The dot below (nukta), which many leave out, and what joins or parts letters without a sound of its own; the moon-dot sounds as the dot."""


def has_devanagari(text: str) -> bool:
    """Whether a letter of the text is one of Devanagari's."""
    return _LETTER.search(text) is not None


def is_hindi(text: str) -> bool:
    """Whether most letters of the text are Devanagari's: English names and abbreviations do not make a Hindi article English."""
    letters = sum(map(str.isalpha, text))
    return 2 * len(_LETTER.findall(text)) > letters


def folded(text: str) -> str:
    """The text with one spelling for what Hindi spells in several ways: फ़र्क and फर्क, हाँ and हां, a letter in one piece or two."""
    return unicodedata.normalize("NFC", text).translate(_MARKS) if has_devanagari(text) else text
