"""Download the articles of a live site into the corpus folder, as files that the corpus readers understand."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from bot.corpus.pull.crawl_state import Progress, PullReport
from bot.corpus.pull.limits import PullLimits
from bot.errors import requires

__all__ = ["PullLimits", "PullReport", "pull"]


def pull(
    address: str,
    corpus: Path,
    *,
    since: date | None = None,
    types: Sequence[str] = (),
    limits: PullLimits = PullLimits(),
    allow_private: bool = False,
    report: Progress = lambda _: None,
) -> PullReport:
    """Download the articles of a site into `corpus/pulled/`.

    They come from the WordPress REST API if the site has one, else from the pages that its sitemaps list, else from the
    one page at `address`. Only new and changed articles are written; `since` limits the pull to articles modified on
    that day or later, and `types` names further types of posts by their routes in the API, such as "faq". Articles that
    the site has no longer are deleted, unless it is unclear whether its lists are complete. A pull that was interrupted
    or reached its limit continues where it stopped. `report` is called with lines about the progress.

    Raises `PullError` if the site cannot be reached, forbids the pull or keeps failing, and `MissingExtra` if httpx or
    Protego is not installed.
    """
    with requires(None, "build"):
        from bot.corpus.pull.site import pull_site
    return pull_site(address, corpus, since, types, limits, report, allow_private=allow_private)
