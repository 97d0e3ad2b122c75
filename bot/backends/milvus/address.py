"""The address of an index on a Milvus server."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from bot.errors import SettingsError

_PORT = 19530
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_FORM = "it has the form milvus://host:port/name, or milvus+tls://… where the server asks for TLS"
_CACHE, _KIND = "~/.cache/articlebot", "HNSW"
_OPTIONS = {"cache", "ca", "index"}


@dataclass(frozen=True, slots=True)
class MilvusAddress:
    """Where an index is, and as whom to ask for it."""

    host: str
    port: int
    name: str
    """That of the index: letters, digits and underscores."""
    secure: bool = False
    ca: str | None = None
    """A file with the certificate of the authority that the server's one is from, where the system does not know it."""
    user: str = ""
    secret: str = field(default="", repr=False)
    """The user's password; without a user, a token."""
    cache: Path = Path(_CACHE)
    """Where this machine keeps its copy of the small files."""
    kind: str = _KIND
    """Of the index that Milvus makes of the vectors."""

    @classmethod
    def parse(cls, text: str) -> "MilvusAddress":
        """Raises `SettingsError` when the text is not the address of an index; secrets in it are not repeated."""
        parts = urlsplit(text)
        try:
            port, options = (
                parts.port or _PORT,
                {name: values[-1] for name, values in parse_qs(parts.query, strict_parsing=bool(parts.query)).items()},
            )
        except ValueError as error:
            raise SettingsError(f"This is not the address of an index on Milvus ({error}): {_FORM}.") from None
        name = parts.path.strip("/")
        if not parts.hostname or not _NAME.fullmatch(name):
            raise SettingsError(
                f"The address of an index on Milvus ends with its name, of letters, digits and underscores, and not with {name!r}: {_FORM}."
            )
        if unknown := set(options) - _OPTIONS:
            raise SettingsError(
                f"The address of an index on Milvus has no option {', '.join(sorted(unknown))}: there are {', '.join(sorted(_OPTIONS))}."
            )
        kind = options.get("index", _KIND).upper()
        if kind not in KINDS:
            raise SettingsError(f"Vectors are not indexed as {kind!r} here: choose one of {', '.join(KINDS)}.")
        return cls(
            parts.hostname, port, name, parts.scheme == "milvus+tls", options.get("ca"), unquote(parts.username or ""), unquote(parts.password or ""),
            Path(options.get("cache", _CACHE)).expanduser(), kind,
        )  # fmt: skip

    @property
    def server(self) -> str:
        """The server, as it is told to people."""
        return f"{self.host}:{self.port}"


KINDS = {
    "HNSW": ({"M": 32, "efConstruction": 360}, {"ef": 512}),
    "IVF_SQ8": ({"nlist": 1024}, {"nprobe": 64}),
    "DISKANN": ({}, {"search_list": 400}),
}
"""How Milvus may index the vectors, with how each is built and searched: a graph in memory, lists of 8-bit numbers, a graph on disk."""
