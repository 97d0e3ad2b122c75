"""Decodes the text files of publishers; a damaged byte costs a character, not the file."""

import codecs
import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from bot.corpus.refused import Refused, Unreadable

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), *((mark, "utf-16") for mark in _UTF_16))
_MAX_CONTROLS, _MAX_SHARE = 5, 0.02
"""Control characters, plus a share of all, above which a file is not text; compressed data has 11 %."""
_SHOWN_LINES = 5  # maximum number of lines named in a note

_CONTROLS = "\0-\x08\x0b\x0e-\x1f\x7f"
_CONTROL = re.compile(f"[{_CONTROLS}]")
_DAMAGE = re.compile(f"[{_CONTROLS}\x80-\x9f\ud800-\udfff\ufffe\uffff]")
_DECLARATION = re.compile(rb"<\?xml[^>]*\sencoding\s*=\s*[\"'](?!utf-?8[\"'])", re.IGNORECASE)
_BYTES = {bytes([n]).decode("cp1252", "ignore") or chr(n): n for n in range(0x80, 0x100)}
_BYTES |= {chr(n): n for n in range(0x80, 0xA0)}
"""The characters that Windows-1252 and Latin-1 give to the bytes above ASCII."""
_REFERENCE = re.compile(
    r"&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01]|12[7-9]|1[345]\d|6553[45])|x0*(?:[0-8bcef]|[189][\da-f]|7f|fff[ef]))(?![\da-f]);?",
    re.IGNORECASE,
)
_WESTERN = "\0-\u024f\u2000-\u2bff"  # Latin letters, punctuation and symbols
_DAMAGED_RUN = re.compile(
    f"(?P<lone>(?<![^{_WESTERN}])[\udc80-\udcff]+(?![^{_WESTERN}]))|(?P<lost>[\ud800-\udfff\ufffe\uffff]+)|(?P<control>[{_CONTROLS}])"
    f"|[{''.join(_BYTES)}]+"
)
_SIGNS = "…‘’“”–—™‹›«»®\xa0\xad".encode("cp1252")  # signs after words
_CUT = re.compile(rb"[\xe0-\xf4][\x80-\xbf]+")
"""The first bytes of a character in UTF-8 that is cut; or a letter of Windows-1252 and signs."""
_BY_ACCIDENT = re.compile(
    rb"(?<=[A-Z\xc0-\xde])[\xc3-\xde][%b](?![a-zA-Z])|\xdf[%b]|[\xe0-\xef][%b]{2}" % (_SIGNS, _SIGNS, _SIGNS)
)
"""The last letter of a word and signs in Windows-1252 that are a character in UTF-8, too, as in "Spaß“"."""
_MOSTLY = 100  # letters in Windows-1252 to one character in UTF-8 above which this one is an accident, too


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a file, and the lines in which characters were damaged."""

    text: str
    damaged_lines: tuple[int, ...] = ()
    """The line of each damaged character, counted from 1."""

    def notes(self, source: str) -> Iterator[Refused]:
        """Yield a note on the damaged characters, if there are any."""
        yield from damage_notes(source, self.damaged_lines)


class RepairingReader:
    """Reads an XML file with its damaged characters repaired: a parser would stop at the first one.

    Only UTF-8 is repaired.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.damaged_lines: list[int] = []
        self._file, self._line = file, 1
        self._decoder: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")("surrogateescape")

    def read(self, size: int = -1, /) -> bytes:
        while True:
            content = self._file.read(size)
            if self._line == 1 and (content.startswith(_UTF_16) or _DECLARATION.match(content)):
                self._decoder = None
            if self._decoder is None:
                return content
            text = self._decoder.decode(content, not content).replace("\f", " ")  # no character of XML
            self.damaged_lines += _damaged_lines(text, self._line)
            clean = repair(text).encode()
            self._line += content.count(b"\n")
            if clean or not content:  # an empty piece would be the end of the file
                return clean


def damage_notes(source: str, damaged_lines: Sequence[int]) -> Iterator[Refused]:
    """Yield a note on damaged characters in these lines of a file, if there are any."""
    if lines := list(dict.fromkeys(damaged_lines)):
        shown = ", ".join(map(str, lines[:_SHOWN_LINES])) + (", …" if len(lines) > _SHOWN_LINES else "")
        number = len(damaged_lines)
        characters = f"{number} damaged characters" if number > 1 else "a damaged character"
        place = f"in line{'s' if len(lines) > 1 else ''} {shown}"
        yield Refused(source, lines[0], f"{characters} {place}: compare with the original", "cleaned")


def decode(content: bytes, declared: str = "") -> Decoded:
    """Decode a file as UTF-8, UTF-16 with a byte order mark, as `declared`, or else as Windows-1252.

    A file that declares nothing is UTF-8 if it has characters in it, however many of its bytes are damaged. The only
    line ending is "\\n". Damaged bytes and control characters are repaired as `repair` does. Raises `Unreadable` if the
    file is not text, or its declared encoding is unknown.
    """
    text = _decoded(content, declared).replace("\r\n", "\n").replace("\r", "\n")
    controls = list(_CONTROL.finditer(text))
    if len(controls) > min(_MAX_CONTROLS + _MAX_SHARE * len(text), len(text) / 3):
        line = text.count("\n", 0, controls[0].start()) + 1
        raise Unreadable(f"not a text file: it contains the control character {controls[0][0]!r}", line)
    return Decoded(repair(text), tuple(_damaged_lines(text)))


def _damaged_lines(text: str, line: int = 1) -> Iterator[int]:
    """Yield the line of each damaged character, counted from the number of the first line."""
    at = 0
    for damage in _DAMAGE.finditer(text):
        line, at = line + text.count("\n", at, damage.start()), damage.start()
        yield line


def repair(text: str) -> str:
    """Return a text without control characters and lone surrogates.

    Control characters above ASCII are letters of Windows-1252, or of UTF-8 read as Windows-1252, and become those; a
    byte that fits into no encoding (a lone surrogate) becomes "\\ufffd"; other control characters are removed.
    """
    return _DAMAGED_RUN.sub(_repair_run, text) if _DAMAGE.search(text) else text


def repair_markup(markup: str) -> str:
    """Return HTML without control characters; numeric references to them are letters of Windows-1252, as in browsers.

    https://html.spec.whatwg.org/multipage/parsing.html#numeric-character-reference-end-state
    """
    return _REFERENCE.sub(lambda match: html.unescape(match[0]), repair(markup)).replace("\f", " ")


def _decoded(content: bytes, declared: str) -> str:
    """Return the text, with a lone surrogate for each byte that fits into no encoding."""
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if content.startswith(mark)), "utf-8")
    if encoding == "utf-16":
        return _replaced(content, encoding)
    text = content.decode(encoding, "surrogateescape")
    damaged = re.findall("[\udc80-\udcff]", text)
    if not damaged or encoding == "utf-8-sig":
        return text
    intact = len(re.findall("[^\0-\x7f\udc80-\udcff]", text)) - len(_BY_ACCIDENT.findall(content))
    if not declared:
        letters = sum(byte >= "\udcc0" for byte in damaged)
        return text if intact > 0 and letters <= _MOSTLY * intact else content.decode("cp1252", "surrogateescape")
    if len(damaged) <= intact:
        return text
    try:
        return _replaced(content, declared)
    except (LookupError, UnicodeError):
        raise Unreadable(f"its encoding {declared!r} is unknown: save it as UTF-8") from None


def _replaced(content: bytes, encoding: str) -> str:
    return content.decode(encoding, "replace").replace("\ufffd", "\udfff")


def _repair_run(match: re.Match[str]) -> str:
    run = match[0]
    if match["lone"]:  # between Latin letters: pasted from a text in Windows-1252
        content = run.encode("ascii", "surrogateescape")
        kept = _CUT.sub(lambda cut: cut[0] if cut[0][1:].strip(_SIGNS) == b"" else b"\x81", content)
        return kept.decode("cp1252", "replace")
    if match["lost"]:
        return "\ufffd"
    if match["control"]:
        return " " if run == "\v" else ""
    return _repair_letters(run) if _DAMAGE.search(run) else run


def _repair_letters(run: str) -> str:
    """Return the letters that a run of characters between U+0080 and U+00FF stands for."""
    content = bytes(_BYTES[letter] for letter in run)
    try:
        return repair(content.decode())
    except UnicodeDecodeError:
        return "".join(bytes([_BYTES[c]]).decode("cp1252", "ignore") if "\x80" <= c <= "\x9f" else c for c in run)
