"""Checks the ZIP packages of office files (`.docx`, `.xlsx`) before anything is unpacked."""

import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import BadZipFile, LargeZipFile, ZipFile, ZipInfo

from bot.corpus.refused import Unreadable, check_size

MAX_UNPACKED_BYTES = 300 * 2**20
MAX_XML_BYTES = 64 * 2**20
"""Maximum size of the XML parts together; parsed, they take several times as much memory."""
MAX_COMPRESSION_RATIO = 200
"""Maximum ratio of unpacked to packed size; real sheets, which are very repetitive, stay below 50."""
MAX_PARTS = 5_000

_OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""First bytes of the binary formats before 2007, and of the envelope around a file with a password."""
_DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)")
_CHUNK = 2**20

PARSER_ERRORS = (
    BadZipFile, LargeZipFile, zlib.error, struct.error, EOFError, LookupError, ValueError, TypeError, AttributeError,
    SyntaxError, RuntimeError, ArithmeticError, AssertionError, OSError,
)  # fmt: skip
"""Errors that parsing libraries raise on damaged files; XML errors are `SyntaxError`s."""


def check_package(path: Path, kind: str) -> None:
    """Raise `Unreadable` unless the file is a ZIP package that is safe to unpack; `kind` is "docx" or "xlsx"."""
    check_size(path, megabytes=100, remedy="split it or take the pictures out")
    _check_signature(path, kind)
    with refuse_damaged(kind), ZipFile(path) as package:
        _check_sizes(package.infolist())
        for part in package.infolist():
            if part.filename.endswith((".xml", ".rels")):
                _check_part(package, part)


@contextmanager
def refuse_damaged(kind: str, errors: tuple[type[Exception], ...] = PARSER_ERRORS) -> Iterator[None]:
    """Raise `Unreadable` instead of the errors with which a parser fails on a package that is damaged inside."""
    try:
        yield
    except Unreadable:
        raise
    except errors:
        raise Unreadable(f"a damaged .{kind} file: open it in its program and save it again") from None


def _check_signature(path: Path, kind: str) -> None:
    with path.open("rb") as file:
        signature = file.read(8)
        is_ole = signature == _OLE_SIGNATURE
        # The directory of the envelope, which has this name, may be anywhere in the file.
        has_password = is_ole and "EncryptedPackage".encode("utf-16-le") in file.read()
    if not signature:
        raise Unreadable("the file is empty")
    if has_password:
        raise Unreadable("the file is protected by a password: save it without one")
    if is_ole:
        raise Unreadable(f"the file is in the format of before 2007: save it as .{kind}")
    if not signature.startswith(b"PK"):
        raise Unreadable(f"not a .{kind} file, whatever its name says")


def _check_sizes(parts: list[ZipInfo]) -> None:
    unpacked, packed = sum(part.file_size for part in parts), sum(part.compress_size for part in parts)
    xml = sum(part.file_size for part in parts if part.filename.endswith((".xml", ".rels")))
    if len(parts) > MAX_PARTS:
        raise Unreadable(f"{len(parts)} parts inside it, more than {MAX_PARTS}")
    if unpacked > MAX_UNPACKED_BYTES or xml > MAX_XML_BYTES:
        limits = f"{MAX_UNPACKED_BYTES >> 20} and {MAX_XML_BYTES >> 20} MB"
        raise Unreadable(f"{unpacked >> 20} MB when unpacked, {xml >> 20} MB of it text: more than {limits}")
    if unpacked > _CHUNK and unpacked > MAX_COMPRESSION_RATIO * packed:
        raise Unreadable(f"unpacks to {unpacked // max(packed, 1)} times its size, as no real file does")
    if any(part.flag_bits & 1 for part in parts):
        raise Unreadable("the file is protected by a password: save it without one")


def _check_part(package: ZipFile, part: ZipInfo) -> None:
    """Refuse a part that declares entities: office files never do (ECMA-376 part 2, 8.1.4), only malicious ones."""
    with package.open(part) as stream:
        tail = b""
        while piece := stream.read(_CHUNK):
            # In UTF-16 each letter has a zero byte next to it.
            if _DOCTYPE.search((tail + piece).replace(b"\0", b"")):
                raise Unreadable(f"its part {part.filename} declares entities, as no real file does")
            tail = piece[-20:]
