"""Personal data is masked in visitors' words before they are stored."""

import hashlib
import hmac
import re
from functools import partial

_UNSEEN = "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]*"
"""Characters without width, which copied text may hold anywhere."""
_DASH = r"\-\u2010-\u2015\u2212\ufe58\ufe63\uff0d"
_GAP = rf"(?:{_UNSEEN}[\s()._/{_DASH}]){{0,3}}{_UNSEEN}"
"""What people write between the digits of one number: spaces, dashes, dots, slashes and brackets of any kind."""
_NAME = r"""[^\s@＠<>()\[\]{}"'“”‘’,;:!?।|/]"""
_MASKS = {
    # in any script: letters are not enough, since vowel signs are none
    rf"{_NAME}{{1,64}}[@＠]{_NAME.replace('^', '^.')}+(?:\.{_NAME.replace('^', '^.')}+)+": "[e-mail]",
    # India's permanent account number
    rf"\b(?:[A-Za-z]{_UNSEEN}){{5}}(?:\d{_UNSEEN}){{4}}[A-Za-z]\b": "[number]",
    # a telephone number with its country code (ITU-T E.164)
    rf"(?<![\w.])\+\d(?:{_GAP}\d){{6,14}}(?!\w)": "[number]",
    # ten or more digits in groups: telephone, card and account numbers
    rf"(?<!\d)(?<!\d\.)\(?\d(?:{_GAP}\d){{9,29}}(?!\w)": "[number]",
    rf"\d(?:{_UNSEEN}\d){{5,}}": "[number]",
}
_PATTERNS = {re.compile(pattern): label for pattern, label in _MASKS.items()}
_DAY = rf"(?:\d{{1,2}}[./{_DASH}]\d{{1,2}}[./{_DASH}])?(?:19|20)\d\d(?:[./{_DASH}]\d{{1,2}}[./{_DASH}]\d{{1,2}})?"
_BETWEEN = rf"(?:{_UNSEEN}[\s()./{_DASH}]){{1,2}}{_UNSEEN}"
_DAYS = re.compile(rf"{_DAY}(?:{_BETWEEN}{_DAY})*(?:\s\d{{1,2}})?")
"""Years and days one after the other, the last perhaps with an hour."""


def mask(text: str) -> str:
    """Replace e-mail addresses, telephone numbers and long runs of digits; years, days and amounts with commas stay."""
    for pattern, label in _PATTERNS.items():
        text = pattern.sub(partial(_masked, label), text)
    return text


def _masked(label: str, found: re.Match[str]) -> str:
    return found[0] if _DAYS.fullmatch(found[0]) else label


def hash_text(text: str, key: bytes) -> str:
    """Return a keyed hash by which equal texts are recognised but not read."""
    return hmac.new(key, " ".join(text.casefold().split()).encode(), hashlib.sha256).hexdigest()
