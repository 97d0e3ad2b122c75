"""`Visitor`: who asks, and through which channel."""

from dataclasses import dataclass
from typing import Literal

from starlette.requests import HTTPConnection

from bot.serve.api.keys import key_name

Channel = Literal["chat", "rest", "openai", "mcp"]


@dataclass(frozen=True, slots=True)
class Visitor:
    """A visitor's address and channel, with the name of the API key and the id of the conversation, if any."""

    address: str
    channel: Channel
    key: str | None = None
    conversation: str | None = None

    @classmethod
    def of(cls, request: HTTPConnection, channel: Channel) -> "Visitor":
        """Return the visitor who makes a request; the server determines the address."""
        return cls(request.client.host if request.client else "", channel, key_name(request.scope))
