"""The address of an index on a Milvus server."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from bot.errors import SettingsError

_PORT = 19530
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_FORM = "it has the form milvus://host:port/name, or milvus+tls://… if the server requires TLS"
_CACHE, _KIND = "~/.cache/articlebot", "HNSW"
_OPTIONS = {"cache", "ca", "index"}

KINDS = {
    "HNSW": ({"M": 32, "efConstruction": 360}, {"ef": 512}),
    "IVF_SQ8": ({"nlist": 1024}, {"nprobe": 64}),
    "DISKANN": ({}, {"search_list": 400}),
}
"""Kinds of vector index, with the parameters to build and to search each: a graph in memory, lists, a graph on disk."""


@dataclass(frozen=True, slots=True)
class MilvusAddress:
    """The location of an index, and the credentials to read it."""

    host: str
    port: int
    name: str
    """The index's name: letters, digits and underscores."""
    secure: bool = False
    ca: str | None = None
    """A file with the certificate of the authority that signed the server's one, if the system does not know it."""
    user: str = ""
    secret: str = field(default="", repr=False)
    """The user's password, or a token if there is no user."""
    cache: Path = Path(_CACHE)
    """The folder for this machine's copies of the small files."""
    kind: str = _KIND
    """The kind of vector index that Milvus builds."""

    @classmethod
    def parse(cls, text: str) -> "MilvusAddress":
        """Parse an address. Raises `SettingsError`, without repeating secrets, if the text is not one."""
        try:
            parts = urlsplit(text)
            port = parts.port or _PORT
            query = parse_qs(parts.query, strict_parsing=bool(parts.query))
        except ValueError as error:
            raise SettingsError(f"This is not the address of an index on Milvus ({error}): {_FORM}.") from None
        options = {name: values[-1] for name, values in query.items()}
        unknown, known = (", ".join(sorted(names)) for names in (options.keys() - _OPTIONS, _OPTIONS))
        if unknown:
            raise SettingsError(f"The address of an index on Milvus has no option {unknown}: there are {known}.")
        cache, kind = Path(options.get("cache", _CACHE)).expanduser(), options.get("index", _KIND).upper()
        if kind not in KINDS:
            raise SettingsError(f"Vectors cannot be indexed as {kind!r}: choose one of {', '.join(KINDS)}.")
        name = parts.path.strip("/")
        if not parts.hostname or not _NAME.fullmatch(name):
            rule = "ends with its name, of letters, digits and underscores"
            raise SettingsError(f"The address of an index on Milvus {rule}, and not with {name!r}: {_FORM}.")
        user, secret = unquote(parts.username or ""), unquote(parts.password or "")
        secure = parts.scheme == "milvus+tls"
        return cls(parts.hostname, port, name, secure, options.get("ca"), user, secret, cache, kind)

    @property
    def server(self) -> str:
        """The server's name in messages."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def place(self) -> str:
        """The index and its server in messages."""
        return f"{self.name!r} on Milvus at {self.server}"
