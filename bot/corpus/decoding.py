"""Decodes the text files of publishers."""

import codecs
import re

from bot.corpus.refused import Unreadable

_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CONTROL = re.compile("[\0-\x08\x0b\x0e-\x1f\x7f-\x9f]")


def decode(content: bytes) -> str:
    """Decode a file as UTF-8, UTF-16 with a byte order mark, or else Windows-1252, with "\\n" as the only line ending.

    Raises `Unreadable` if none of them fits, or if there are control characters, which text files do not have.
    """
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if content.startswith(mark)), None)
    try:
        text = content.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        if encoding is not None:
            raise Unreadable(f"not {encoding.upper()} text, as its first bytes say: save it as UTF-8", line) from None
        text = _windows_1252(content, line)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if (control := _CONTROL.search(text)) is not None:
        line = text.count("\n", 0, control.start()) + 1
        raise Unreadable(f"not a text file: it contains the control character {control[0]!r}", line)
    return text


def _windows_1252(content: bytes, line: int) -> str:
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:
        raise Unreadable("neither UTF-8 nor Windows-1252 text: save it as UTF-8", line) from None
