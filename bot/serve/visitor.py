"""`Visitor`: who asks, and through which door."""

from dataclasses import dataclass
from typing import Literal

from starlette.requests import HTTPConnection

from bot.serve.api.keys import key_name

Channel = Literal["chat", "rest", "openai", "mcp"]


@dataclass(frozen=True, slots=True)
class Visitor:
    """An address, the door it came through, the name of its API key and the id of its conversation, if it has them."""

    address: str
    channel: Channel
    key: str | None = None
    conversation: str | None = None

    @classmethod
    def of(cls, request: HTTPConnection, channel: Channel) -> "Visitor":
        """Who makes a request; the server that stands before the application tells the address."""
        return cls(request.client.host if request.client else "", channel, key_name(request.scope))
