"""A downloaded page as a file that can be read without its HTTP headers."""

import re
from contextlib import suppress
from html import escape

from bot.corpus.pull.http_client import Fetched

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_CANONICAL = re.compile(rb"<link\b[^<>]*\brel\s*=\s*[\"']?canonical", re.IGNORECASE)
_START_TAGS = [re.compile(rb"<" + tag + rb"(?:\s[^<>]*)?>", re.IGNORECASE) for tag in (b"head", b"html", b"!doctype")]
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def to_standalone_html(fetched: Fetched) -> bytes:
    """Return a page so that it can be read without its HTTP headers.

    It is converted to UTF-8 if only the headers name its encoding, and its address is added as the canonical link.
    """
    content = fetched.content
    if content.startswith(_UTF16_MARKS):
        return content
    content = _to_utf8(content, fetched.headers.get("Content-Type", ""))
    if _CANONICAL.search(content):
        return content
    link = f'<link rel="canonical" href="{escape(str(fetched.url))}">'.encode()
    found = next((match for tag in _START_TAGS if (match := tag.search(content))), None)
    at = found.end() if found else 0
    return content[:at] + link + content[at:]


def _to_utf8(content: bytes, content_type: str) -> bytes:
    for encoding in ("utf-8", *_CHARSET.findall(content_type)[:1]):
        with suppress(LookupError, ValueError):
            return content.decode(encoding).encode()
    return content
