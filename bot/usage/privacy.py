"""What is taken out of visitors' words before they are stored."""

import hashlib
import hmac
import re

_MASKS = {
    re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"): "[e-mail]",
    re.compile(r"\b[A-Za-z]{5}\d{4}[A-Za-z]\b"): "[number]",  # India's permanent account number
    re.compile(
        r"(?<![\w.])\+\d(?:[ ().-]{0,2}\d){6,14}(?!\w)"
    ): "[number]",  # a telephone number with its country (ITU-T E.164)
    re.compile(
        r"(?<![\w.])\(?\d(?:[ ().-]{0,2}\d){9,17}(?!\w)"
    ): "[number]",  # ten digits or more in groups, as telephones, cards and accounts have
    re.compile(r"\d{6,}"): "[number]",
}


def masked(words: str) -> str:
    """Words without e-mail addresses, telephone numbers and long runs of digits; years, days and amounts of money stay."""
    for pattern, mask in _MASKS.items():
        words = pattern.sub(mask, words)
    return words


def hashed(words: str, key: bytes) -> str:
    """What tells that two questions are the same, and not what they say, to whoever lacks the key."""
    return hmac.new(key, " ".join(words.casefold().split()).encode(), hashlib.sha256).hexdigest()
