"""How much a pull asks of a site, and how long it waits."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PullLimits:
    """Limits of one pull; times are in seconds."""

    articles: int = 10_000
    """The most articles looked at in one pull; the next one goes on from there."""
    delay: float = 1.0
    """Between two requests; a longer Crawl-delay of robots.txt is heeded instead."""
    longest_delay: float = 60.0
    """A site whose robots.txt asks for more is not pulled."""
    request_time: float = 60.0
    """For one response, from the first byte sent to the last received."""
    silence: float = 20.0
    """For a connection, and between two pieces of a response."""
    response_bytes: int = 20_000_000
    """Of one response, packed and unpacked; the HTML reader takes no larger pages either."""
    retries: int = 3
    """After the first try, when a site answers 429 or 5xx, or not at all."""
    back_off: float = 2.0
    """Before the first retry; doubled for each one after it. A longer Retry-After is heeded instead."""
    longest_wait: float = 120.0
    """A Retry-After above it counts as a failure."""
