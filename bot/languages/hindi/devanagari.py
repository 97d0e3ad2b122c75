"""Devanagari: recognizing it, and normalizing its spelling.

Articles keep their spelling, because they are quoted letter for letter; whatever compares words normalizes both sides.
"""

import re
import unicodedata

_LETTER = re.compile("[\u0904-\u0939\u0958-\u0961]")
_MARKS = str.maketrans({"\u093c": None, "\u200c": None, "\u200d": None, "\u0901": "\u0902"})
"""The nukta, which many omit, and zero-width joiners are removed; candrabindu becomes anusvara, which sounds alike."""


def has_devanagari(text: str) -> bool:
    """Whether the text contains a letter of Devanagari."""
    return _LETTER.search(text) is not None


def is_mostly_devanagari(text: str) -> bool:
    """Whether most letters are Devanagari; English names and abbreviations do not make a Hindi article English."""
    return 2 * len(_LETTER.findall(text)) > sum(map(str.isalpha, text))


def normalize(text: str) -> str:
    """Return the text with one spelling for each Hindi word: फर्क for फ़र्क, हां for हाँ, composed letters."""
    return unicodedata.normalize("NFC", text).translate(_MARKS) if has_devanagari(text) else text
