"""`CrawlState`: the downloaded files in `corpus/pulled/`, and what is known about their addresses in `corpus/.pull/`.

The state is a file of JSON lines. A line is appended for each finished address, so that an interrupted pull continues
where it stopped at a cost that does not grow with the site. The end of a pull rewrites it, one line an address.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from bot.errors import PullError

NEW, CHANGED, UNCHANGED, REFUSED, REMOVED = "new", "changed", "unchanged", "refused", "removed"
Progress = Callable[[str], None]
"""Called with lines about the progress of a pull."""
_RESUME_WITHIN = timedelta(days=1)  # an older interrupted pull starts over: the site may have changed since


@dataclass(frozen=True, slots=True)
class PageState:
    """What is known about an address: of an article, or of a page of a list from the site's API."""

    url: str
    outcome: str
    reason: str = ""
    file: str = ""
    """File of an article, relative to the corpus."""
    etag: str = ""
    last_modified: str = ""
    articles: tuple[str, ...] = ()
    """Addresses of the articles on a page of a list."""
    pages: int = 0
    """Number of pages of a list."""


@dataclass(frozen=True, slots=True)
class PullReport:
    """The number of new, changed and unchanged articles, and the addresses that were refused."""

    new: int
    changed: int
    unchanged: int
    refused: tuple[tuple[str, str], ...]
    """Address and reason of each."""
    more: bool
    """Whether the limit of articles was reached before the end of the site; the next pull continues from there."""
    folder: str
    """The folder of the articles, relative to the corpus."""
    removed: int = 0
    """The number of articles that the site has no longer, and whose files were deleted."""


class CrawlState(AbstractContextManager["CrawlState"]):
    """The state of one site. Use as a context manager; call `finish` at the end of the site."""

    def __init__(self, corpus: Path, site: str, pull: str, types: Sequence[str] = ()) -> None:
        """Load the state. `pull` identifies the request: only an equal one resumes an interrupted pull.

        Without `types`, those of the last complete pull are read again: their articles would else count as deleted.
        """
        self.folder = f"pulled/{site}"
        self.finished: dict[str, PageState] = {}
        """Addresses of this pull, including the part before an interruption."""
        self.completed: date | None = None
        """The day on which the last complete pull of this kind began."""
        self.types = tuple(types)
        """The further types of posts that are read."""
        self._pull, self._started = pull, datetime.now(UTC)
        self._corpus = corpus
        self._known: dict[str, PageState] = {}
        self._failed: dict[str, str] = {}
        self._path = corpus / ".pull" / f"{site}.jsonl"
        resumed = self._load(pull)
        with _translate_write_errors(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("a", encoding="utf-8")
            # An incomplete last line must not swallow the next one.
            self._file.write("\n")
            if not resumed:
                self._append({"pull": pull, "started": self._started.isoformat()})

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def find(self, url: str) -> PageState | None:
        """Return what an earlier pull found at an address; None if a file of it is missing."""
        page = self._known.get(url)
        if page is None:
            return None
        articles = [self._known[one].file if one in self._known else "" for one in page.articles]
        files = [page.file] if page.file else articles
        return page if all(file and (self._corpus / file).is_file() for file in files) else None

    def save(self, page: PageState, name: str, content: bytes) -> str:
        """Write an article's file if its content is new, record its address and return the outcome."""
        path = self._corpus / self.folder / name
        with _translate_write_errors(path):
            before = path.read_bytes() if path.is_file() else None
            if before != content:
                _write(path, content)
        outcome = NEW if before is None else UNCHANGED if before == content else CHANGED
        self.record(replace(page, outcome=outcome, file=f"{self.folder}/{name}"))
        return outcome

    def record(self, page: PageState) -> None:
        """Record the outcome of an address; if it was refused, what is known from earlier pulls stays."""
        self._remember(page)
        self._failed.pop(page.url, None)
        self._append(asdict(page))

    def remove(self, url: str) -> None:
        """Delete the file of an article that the site has no longer."""
        file = self._known[url].file
        # Addresses that differ in scheme or final slash only have one file.
        if all(page.file != file for other, page in self._known.items() if other != url):
            path = self._corpus / file
            with _translate_write_errors(path):
                path.unlink(missing_ok=True)
        self.record(PageState(url, REMOVED))

    def articles(self) -> list[str]:
        """Return the addresses of all articles that this pull or an earlier one has saved."""
        return [url for url, page in self._known.items() if page.file]

    def fail(self, url: str, reason: str) -> None:
        """Report an address as refused in this pull; a resumed pull tries it again."""
        self._failed[url] = reason

    def finish(self) -> None:
        """Rewrite the state, so that the next pull starts at the beginning. Nothing can be recorded afterwards."""
        self._file.close()
        # Lists of earlier pulls are dropped: each value of `since` has its own.
        current = (page for page in self._known.values() if not page.pages or page.url in self.finished)
        with _translate_write_errors(self._path):
            last = {"completed": self._pull, "started": self._started.isoformat(), "types": self.types}
            records = [*map(asdict, current), last]
            _write(self._path, "".join(f"{json.dumps(record)}\n" for record in records).encode())

    def report(self, more: bool) -> PullReport:
        """Report the outcome of this pull, including the part before an interruption."""
        articles = [page for page in self.finished.values() if not page.articles]
        counts = Counter(page.outcome for page in articles if page.file)
        refused = [(page.url, page.reason) for page in articles if page.outcome == REFUSED]
        refused += self._failed.items()
        removed = sum(page.outcome == REMOVED for page in articles)
        return PullReport(counts[NEW], counts[CHANGED], counts[UNCHANGED], tuple(refused), more, self.folder, removed)

    def _remember(self, page: PageState) -> None:
        self.finished[page.url] = page
        if page.outcome == REMOVED:
            self._known.pop(page.url, None)
        elif page.outcome != REFUSED:
            self._known[page.url] = page

    def _append(self, record: Mapping[str, object]) -> None:
        with _translate_write_errors(self._path):
            self._file.write(json.dumps(record) + "\n")
            self._file.flush()

    def _load(self, pull: str) -> bool:
        """Read the state, except lines that cannot be parsed; return whether this pull resumes an interrupted one."""
        resumed, text = False, ""
        with _translate_write_errors(self._path), suppress(FileNotFoundError):
            text = self._path.read_text(encoding="utf-8", errors="replace")
        for line in text.split("\n"):
            record = _record(line)
            if "pull" in record:
                self.finished.clear()
                started = _moment(record.get("started"))
                is_recent = started is not None and datetime.now(UTC) - started < _RESUME_WITHIN
                resumed = record["pull"] == pull and is_recent
                self._started = started if resumed and started else self._started
            elif "completed" in record:
                completed = _moment(record.get("started")) if record["completed"] == pull else None
                self.completed = completed.date() if completed else None
                before = record.get("types")
                self.types = self.types or tuple(map(str, before if isinstance(before, list) else ()))
            elif (page := _page(record)) is not None:
                self._remember(page)
        if not resumed:
            self.finished.clear()
        return resumed


def _record(line: str) -> dict[str, object]:
    with suppress(ValueError, RecursionError):
        record = json.loads(line)
        return record if isinstance(record, dict) else {}
    return {}


def _page(record: dict[str, object]) -> PageState | None:
    texts = {name: record.get(name, "") for name in ("url", "outcome", "reason", "file", "etag", "last_modified")}
    articles, pages = record.get("articles", []), record.get("pages", 0)
    if not record.get("url") or not all(isinstance(text, str) for text in texts.values()):
        return None
    if not isinstance(articles, list) or not isinstance(pages, int):
        return None
    strings = {name: str(text) for name, text in texts.items()}
    return PageState(**strings, articles=tuple(map(str, articles)), pages=pages)


def _moment(text: object) -> datetime | None:
    with suppress(ValueError):
        moment = datetime.fromisoformat(str(text))
        return moment if moment.tzinfo else None
    return None


def _write(path: Path, content: bytes) -> None:
    """Write a file atomically, under a name that the corpus readers skip until it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pending = path.with_name(f".{path.name}.part")
    with pending.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    pending.replace(path)


@contextmanager
def _translate_write_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        problem = f"{path} cannot be written ({error.strerror})"
        raise PullError(f"{problem}: check the corpus folder's permissions and space.") from error
