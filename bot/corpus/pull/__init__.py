"""A live site → files in the corpus folder that the corpus readers read."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from bot.corpus.pull.limits import PullLimits
from bot.corpus.pull.report import PullReport
from bot.errors import MissingExtra

__all__ = ["PullLimits", "PullReport", "pull"]


def _silent(_: str) -> None:
    """Report nothing."""


def pull(
    address: str,
    corpus: Path,
    *,
    since: date | None = None,
    limits: PullLimits = PullLimits(),
    allow_private: bool = False,
    report: Callable[[str], None] = _silent,
) -> PullReport:
    """Bring the articles at `address` into `corpus/pulled/`: from the WordPress REST API where there is one, else the sitemap, else the one page.

    Only what is new or changed is written; `since` asks only for what was modified on that day or later. A pull that was broken off, or that
    reached its limit, goes on where it stopped. `report` is told in one line each what goes on. Raises `PullError` when the site cannot be
    reached, forbids it, or keeps failing; `MissingExtra` when httpx or Protego is not installed.
    """
    try:
        from bot.corpus.pull.site import pull_site
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "httpx", "build") from None
    return pull_site(address, corpus, since, limits, report, allow_private=allow_private)
