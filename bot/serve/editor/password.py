"""The editor's password, of which only a slow hash is stored."""

import base64
import hashlib
import hmac
import re
import secrets

MIN_LENGTH = 8
"""Minimum length of a password in characters (NIST SP 800-63B, 5.1.1.1)."""
STORED = re.compile(r"scrypt:(\d{4,7}):(\d{1,2}):(\d{1,2}):([\w+/=]+):([\w+/=]+)")

_COST, _BLOCK, _PARALLEL = 2**15, 8, 3
"""Parameters of scrypt: 32 MB and a tenth of a second or two (OWASP, Password Storage Cheat Sheet)."""


def hash_password(password: str) -> str:
    """Return what is stored of a password: the parameters of scrypt (RFC 7914), a random salt and the hash."""
    salt = secrets.token_bytes(16)
    key = _scrypt(password, salt, _COST, _BLOCK, _PARALLEL)
    stored = (base64.b64encode(part).decode() for part in (salt, key))
    return f"scrypt:{_COST}:{_BLOCK}:{_PARALLEL}:{':'.join(stored)}"


def is_password(password: str, stored: str) -> bool:
    """Whether a password fits a stored hash; False if that is not a hash."""
    match = STORED.fullmatch(stored)
    if match is None:
        return False
    cost, block, parallel = (int(number) for number in match.groups()[:3])
    salt, key = (base64.b64decode(part) for part in match.groups()[3:])
    return hmac.compare_digest(_scrypt(password, salt, cost, block, parallel), key)


def _scrypt(password: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    # Twice what the algorithm needs: OpenSSL counts a little more.
    memory = 2 * 128 * cost * block
    return hashlib.scrypt(password.encode(), salt=salt, n=cost, r=block, p=parallel, maxmem=memory, dklen=32)
