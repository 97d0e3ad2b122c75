"""The editor's password: only a slow hash of it is stored."""

import base64
import hashlib
import hmac
import re
import secrets

SHORTEST = 8
"""Characters of a password (NIST SP 800-63B, 5.1.1.1)."""
STORED = re.compile(r"scrypt:(\d{4,7}):(\d{1,2}):(\d{1,2}):([\w+/=]+):([\w+/=]+)")

_COST, _BLOCK, _LANES = 2**15, 8, 3
"""32 MB and a tenth of a second or two (OWASP, Password Storage Cheat Sheet)."""


def hashed_password(password: str) -> str:
    """What is stored of a password: the parameters of scrypt (RFC 7914), a salt of its own, and the hash."""
    salt = secrets.token_bytes(16)
    return (
        f"scrypt:{_COST}:{_BLOCK}:{_LANES}:{_encoded(salt)}:{_encoded(_scrypt(password, salt, _COST, _BLOCK, _LANES))}"
    )


def is_password(password: str, stored: str) -> bool:
    """Whether a password is the one that a hash is of; also False for what is no hash."""
    match = STORED.fullmatch(stored)
    if match is None:
        return False
    cost, block, lanes = (int(number) for number in match.groups()[:3])
    salt, expected = (base64.b64decode(part) for part in match.groups()[3:])
    return hmac.compare_digest(_scrypt(password, salt, cost, block, lanes), expected)


def _scrypt(password: str, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
    # Twice what the algorithm needs: OpenSSL counts a little more.
    return hashlib.scrypt(
        password.encode(), salt=salt, n=cost, r=block, p=lanes, maxmem=2 * 128 * cost * block, dklen=32
    )


def _encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
