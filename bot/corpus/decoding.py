"""Bytes → text, in the encodings that publishers' files come in."""

import codecs
import re

from bot.corpus.refused import Unreadable

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CONTROL = re.compile("[\0-\x08\x0b\x0e-\x1f\x7f-\x9f]")


def decode(content: bytes) -> str:
    """The text of a file, its lines ended by "\\n": UTF-8, UTF-16 with its mark, or else Windows-1252.

    Raises `Unreadable` when it is none of these, or holds control characters as no text does.
    """
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    try:
        text = content.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        if encoding is not None:
            raise Unreadable(f"not {encoding.upper()} text, as its first bytes say: save it as UTF-8", line) from None
        text = _windows_1252(content, line)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if (control := _CONTROL.search(text)) is not None:
        raise Unreadable(
            f"not a text file: it holds the control character {control[0]!r}", text.count("\n", 0, control.start()) + 1
        )
    return text


def _windows_1252(content: bytes, line: int) -> str:
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:
        raise Unreadable("neither UTF-8 nor Windows-1252 text: save it as UTF-8", line) from None
