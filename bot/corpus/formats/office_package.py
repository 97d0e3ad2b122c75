"""The ZIP packages that office files are: checked before anything is unpacked."""

import re
import struct
import zlib
from pathlib import Path
from zipfile import BadZipFile, LargeZipFile, ZipFile, ZipInfo

from bot.corpus.refused import Unreadable

MAX_BYTES = 100 * 2**20
"""Of the file itself, most of which may be pictures."""
MAX_UNPACKED_BYTES = 300 * 2**20
MAX_XML_BYTES = 64 * 2**20
"""Of the XML parts together: as a tree they take several times as much memory."""
MAX_COMPRESSION_RATIO = 200
"""Unpacked to packed; real sheets, which repeat themselves much, stay below 50."""
MAX_PARTS = 5_000

_OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How the binary formats before 2007 begin, and the envelope around a file with a password."""
_DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)")
_CHUNK = 2**20

PARSER_ERRORS = (
    BadZipFile, LargeZipFile, zlib.error, struct.error, EOFError, LookupError, ValueError, TypeError, AttributeError, SyntaxError, RuntimeError,
    ArithmeticError, AssertionError, OSError,
)  # fmt: skip
"""What the libraries raise on a package whose parts are missing or not what they should be; XML errors are `SyntaxError`s."""


def check_package(path: Path, kind: str) -> None:
    """Raises `Unreadable` unless the file is a ZIP package that is safe to unpack; `kind` is its ending, such as "docx"."""
    if path.stat().st_size > MAX_BYTES:
        raise Unreadable(f"larger than {MAX_BYTES >> 20} MB: split it or take the pictures out")
    _check_signature(path, kind)
    try:
        with ZipFile(path) as package:
            _check_sizes(package.infolist())
            for part in package.infolist():
                if part.filename.endswith((".xml", ".rels")):
                    _check_part(package, part)
    except Unreadable:
        raise
    except PARSER_ERRORS:
        raise damaged_file(kind) from None


def damaged_file(kind: str) -> Unreadable:
    """The refusal of a package that opens, but does not hold what such a file should."""
    return Unreadable(f"a damaged .{kind} file: open it in its program and save it again")


def _check_signature(path: Path, kind: str) -> None:
    with path.open("rb") as file:
        begins = file.read(8)
        old = begins == _OLE_SIGNATURE
        # The envelope's directory, where the name stands, may be anywhere in the file.
        locked = old and "EncryptedPackage".encode("utf-16-le") in file.read()
    if not begins:
        raise Unreadable("the file is empty")
    if old:
        kept = (
            "protected by a password: save it without one"
            if locked
            else f"in the format of before 2007: save it as .{kind}"
        )
        raise Unreadable(f"the file is {kept}")
    if not begins.startswith(b"PK"):
        raise Unreadable(f"not a .{kind} file, whatever its name says")


def _check_sizes(parts: list[ZipInfo]) -> None:
    unpacked, packed = sum(part.file_size for part in parts), sum(part.compress_size for part in parts)
    xml = sum(part.file_size for part in parts if part.filename.endswith((".xml", ".rels")))
    if len(parts) > MAX_PARTS:
        raise Unreadable(f"{len(parts)} parts inside it, more than {MAX_PARTS}")
    if unpacked > MAX_UNPACKED_BYTES or xml > MAX_XML_BYTES:
        raise Unreadable(
            f"{max(unpacked, xml) >> 20} MB when unpacked, {xml >> 20} MB of it text: more than {MAX_UNPACKED_BYTES >> 20} and {MAX_XML_BYTES >> 20} MB"
        )
    if unpacked > _CHUNK and unpacked > MAX_COMPRESSION_RATIO * packed:
        raise Unreadable(f"unpacks to {unpacked // max(packed, 1)} times its size, as no real file does")
    if any(part.flag_bits & 1 for part in parts):
        raise Unreadable("the file is protected by a password: save it without one")


def _check_part(package: ZipFile, part: ZipInfo) -> None:
    """No part of an office file declares entities (ECMA-376 part 2, 8.1.4): one that does is made to harm."""
    with package.open(part) as stream:
        tail = b""
        while piece := stream.read(_CHUNK):
            # UTF-16 has a zero byte beside each letter.
            if _DOCTYPE.search((tail + piece).replace(b"\0", b"")):
                raise Unreadable(f"its part {part.filename} declares entities, as no real file does")
            tail = piece[-20:]
