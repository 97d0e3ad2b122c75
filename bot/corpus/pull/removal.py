"""Removes the articles that a site no longer has."""

from collections.abc import Collection

import httpx

from bot.corpus.pull.addresses import UrlFailed, UrlRefused
from bot.corpus.pull.crawl_state import CrawlState, Progress
from bot.corpus.pull.http_client import PAGES, HttpClient
from bot.corpus.pull.sitemap import is_below

GONE = (404, 410)
"""The status of an address that is gone."""
_MAX_MISSING = 0.5
"""Share of the known articles that may be missing from the lists or gone; if more are, the site is not believed."""
_FEW = 10  # number of missing articles that are always looked up
_MAX_FAILURES = 5  # number of failures after which no further article is looked up


def remove_deleted(
    client: HttpClient, state: CrawlState, start: httpx.URL, gone: Collection[str], report: Progress
) -> None:
    """Remove the articles that the site lists no longer, if their addresses say that they are gone or have moved.

    `gone` holds addresses that are listed, and answered that they are gone. Nothing is removed if more articles are
    missing than a site would delete, or no article is left. The lists must be complete.
    """
    known = [url for url in state.articles() if is_below(url, start)]
    missing = [url for url in known if url not in state.finished]
    is_empty = not any(page.file for page in state.finished.values())
    if missing and (is_empty or len(missing) > max(_MAX_MISSING * len(known), _FEW)):
        wanted = f"pull again, or delete the folder {state.folder} if the site really has them no longer"
        report(f"{len(missing)} of {len(known)} articles are gone or no longer listed, and stay: {wanted}.")
        return
    failures: list[str] = []
    kept = [url for url in missing if url not in gone and not _is_deleted(client, state, url, failures)]
    for url in set(missing).difference(kept):
        state.remove(url)
    if kept:
        is_one, what = len(kept) == 1, "no longer listed but still there, and"
        some = f"1 article is {what} stays" if is_one else f"{len(kept)} articles are {what} stay"
        report(f"{some}: {kept[0]}{'' if is_one else ', …'}")


def _is_deleted(client: HttpClient, state: CrawlState, url: str, failures: list[str]) -> bool:
    """Whether the address of an article answers that it is gone, or leads to one that was listed."""
    if len(failures) >= _MAX_FAILURES:
        return False
    try:
        found = str(client.get(url, PAGES).url)
    except UrlRefused as refusal:
        if isinstance(refusal, UrlFailed):
            failures.append(url)
        return refusal.status in GONE
    return found != url and found in state.finished
