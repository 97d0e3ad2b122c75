"""Personal data is masked in visitors' words before they are stored."""

import hashlib
import hmac
import re

_MASKS = {
    r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+": "[e-mail]",
    # India's permanent account number
    r"\b[A-Za-z]{5}\d{4}[A-Za-z]\b": "[number]",
    # a telephone number with its country code (ITU-T E.164)
    r"(?<![\w.])\+\d(?:[ ().-]{0,2}\d){6,14}(?!\w)": "[number]",
    # ten or more digits in groups: telephone, card and account numbers
    r"(?<![\w.])\(?\d(?:[ ().-]{0,2}\d){9,17}(?!\w)": "[number]",
    r"\d{6,}": "[number]",
}
_PATTERNS = {re.compile(pattern): label for pattern, label in _MASKS.items()}


def mask(text: str) -> str:
    """Replace e-mail addresses, telephone numbers and long runs of digits; years, days and amounts of money stay."""
    for pattern, label in _PATTERNS.items():
        text = pattern.sub(label, text)
    return text


def hash_text(text: str, key: bytes) -> str:
    """Return a keyed hash by which equal texts are recognised but not read."""
    return hmac.new(key, " ".join(text.casefold().split()).encode(), hashlib.sha256).hexdigest()
