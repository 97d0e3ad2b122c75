"""`PullLimits`: how much a pull requests from a site, and how long it waits."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PullLimits:
    """Limits of one pull; times are in seconds."""

    articles: int = 10_000
    """Maximum number of articles in one pull; the next pull continues from there."""
    delay: float = 1.0
    """Time between two requests; a longer Crawl-delay in robots.txt takes precedence."""
    max_delay: float = 60.0
    """Maximum delay that robots.txt may ask for; beyond it the site is not pulled."""
    request_time: float = 60.0
    """Maximum time of one response, from the first byte sent to the last received."""
    silence: float = 20.0
    """Maximum time to connect, and between two pieces of a response."""
    response_bytes: int = 20_000_000
    """Maximum size of a response, compressed and decompressed; the HTML reader has the same limit."""
    retries: int = 3
    """Number of further attempts if a site answers 429 or 5xx, or does not answer."""
    backoff: float = 2.0
    """Time before the first retry, doubled for each further one; a longer Retry-After takes precedence."""
    max_wait: float = 120.0
    """Maximum Retry-After; a longer one counts as a failure."""
