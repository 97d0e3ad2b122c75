"""What was pulled of a site: its files in `corpus/pulled/`, and what is remembered of its addresses in `corpus/.pull/`.

The memory is a file of JSON lines: one is added as soon as an address is settled, so that a pull that is broken off goes on where it stopped
and the cost of a line does not grow with the site. At the end of a pull it is written anew, one line an address.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from bot.corpus.pull.report import PullReport
from bot.errors import PullError

NEW, CHANGED, UNCHANGED, REFUSED = "new", "changed", "unchanged", "refused"
_LONGEST_PAUSE = timedelta(days=1)
"""A pull broken off longer ago is begun anew: what it had found may have changed since."""


@dataclass(frozen=True, slots=True)
class PageState:
    """What is known of an address: an article, or a list of articles that the site's API gave."""

    url: str
    outcome: str
    reason: str = ""
    file: str = ""
    """Of an article, relative to the corpus."""
    etag: str = ""
    last_modified: str = ""
    articles: tuple[str, ...] = ()
    """Of a list."""
    pages: int = 0
    """Of a list: how many there are."""


class CrawlState:
    """The memory of one site. Use as a context manager; call `finish` when the site has been seen to its end."""

    def __init__(self, corpus: Path, site: str, pull: str) -> None:
        """`pull` says what is asked for: only a pull that asks for the same goes on where one stopped."""
        self.folder = f"pulled/{site}"
        self.settled: dict[str, PageState] = {}
        """Of this pull, also of the part before it was broken off."""
        self._corpus = corpus
        self._known: dict[str, PageState] = {}
        self._failed: dict[str, str] = {}
        self._path = corpus / ".pull" / f"{site}.jsonl"
        resumed = self._load(pull)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("a", encoding="utf-8")
            # A line that was cut off must not swallow the next one.
            self._file.write("\n")
            if not resumed:
                self._add({"pull": pull, "started": datetime.now(UTC).isoformat()})
        except OSError as error:
            raise _unwritable(self._path, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def entry(self, url: str) -> PageState | None:
        """What an earlier pull found at an address, unless a file of it is gone."""
        entry = self._known.get(url)
        if entry is None:
            return None
        files = (
            [entry.file]
            if entry.file
            else [self._known[one].file if one in self._known else "" for one in entry.articles]
        )
        return entry if all(file and (self._corpus / file).is_file() for file in files) else None

    def keep(self, entry: PageState, name: str, content: bytes) -> str:
        """Write an article's file unless it holds the same already, and settle its address; returns the outcome."""
        path = self._corpus / self.folder / name
        try:
            before = path.read_bytes() if path.is_file() else None
            if before != content:
                _write(path, content)
        except OSError as error:
            raise _unwritable(path, error) from error
        outcome = NEW if before is None else UNCHANGED if before == content else CHANGED
        self.settle(replace(entry, outcome=outcome, file=f"{self.folder}/{name}"))
        return outcome

    def settle(self, entry: PageState) -> None:
        """Remember what became of an address."""
        self._take(entry)
        self._failed.pop(entry.url, None)
        self._add(asdict(entry))

    def refuse(self, url: str, reason: str) -> None:
        """Remember that an address was refused; what is known of it from earlier stays."""
        self.settle(PageState(url, REFUSED, reason))

    def fail(self, url: str, reason: str) -> None:
        """Count an address as refused in this pull; when it is broken off, the next one tries it again."""
        self._failed[url] = reason

    def finish(self) -> None:
        """Write the memory anew: the next pull starts at the beginning. Nothing can be settled after it."""
        self._file.close()
        # Lists of earlier pulls go: each day asked for with `since` has its own.
        lines = [
            json.dumps(asdict(entry)) for entry in self._known.values() if not entry.pages or entry.url in self.settled
        ]
        try:
            _write(self._path, "".join(f"{line}\n" for line in lines).encode())
        except OSError as error:
            raise _unwritable(self._path, error) from error

    def report(self, more: bool) -> PullReport:
        """What this pull did, with the part before it was broken off."""
        articles = [entry for entry in self.settled.values() if not entry.articles]
        count = {
            outcome: sum(entry.outcome == outcome and entry.file != "" for entry in articles)
            for outcome in (NEW, CHANGED, UNCHANGED)
        }
        refused = [(entry.url, entry.reason) for entry in articles if entry.outcome == REFUSED]
        return PullReport(
            count[NEW], count[CHANGED], count[UNCHANGED], (*refused, *self._failed.items()), more, self.folder
        )

    def _take(self, entry: PageState) -> None:
        self.settled[entry.url] = entry
        if entry.outcome != REFUSED:
            self._known[entry.url] = entry

    def _add(self, record: Mapping[str, object]) -> None:
        try:
            self._file.write(json.dumps(record) + "\n")
            self._file.flush()
        except OSError as error:
            raise _unwritable(self._path, error) from error

    def _load(self, pull: str) -> bool:
        """Read the memory; returns whether the last pull was this one, broken off. Lines that cannot be read are passed over: all can be had again."""
        resumed = False
        try:
            lines = self._path.read_text(encoding="utf-8", errors="replace").split("\n")
        except FileNotFoundError:
            return False
        except OSError as error:
            raise _unwritable(self._path, error) from error
        for line in lines:
            record = _record(line)
            if "pull" in record:
                self.settled.clear()
                resumed = record["pull"] == pull and _is_recent(record.get("started"))
            elif (entry := _entry(record)) is not None:
                self._take(entry)
        if not resumed:
            self.settled.clear()
        return resumed


def _record(line: str) -> dict[str, object]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def _entry(record: dict[str, object]) -> PageState | None:
    texts = {name: record.get(name, "") for name in ("url", "outcome", "reason", "file", "etag", "last_modified")}
    articles, pages = record.get("articles", []), record.get("pages", 0)
    if not record.get("url") or not all(isinstance(text, str) for text in texts.values()):
        return None
    if not isinstance(articles, list) or not isinstance(pages, int):
        return None
    return PageState(
        **{name: str(text) for name, text in texts.items()}, articles=tuple(map(str, articles)), pages=pages
    )


def _is_recent(started: object) -> bool:
    try:
        return datetime.now(UTC) - datetime.fromisoformat(str(started)) < _LONGEST_PAUSE
    except (ValueError, TypeError):
        return False


def _write(path: Path, content: bytes) -> None:
    """Write a whole file or none; the name until then is hidden from the corpus readers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pending = path.with_name(f".{path.name}.part")
    with pending.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    pending.replace(path)


def _unwritable(path: Path, error: OSError) -> PullError:
    return PullError(f"{path} cannot be written ({error.strerror}): check the corpus folder's permissions and space.")
