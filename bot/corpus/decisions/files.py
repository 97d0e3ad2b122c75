"""The files that hold the decisions, and what builds and reports read of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.corpus.columns import FAQ_COLUMNS, Names
from bot.corpus.decisions.table import Layout, Row, Table, read_rows
from bot.corpus.decoding import decode
from bot.corpus.refused import Refused, Unreadable, check_size
from bot.corpus.source import Alternate, Unanswered
from bot.corpus.synonyms import Synonym

ALTERNATES = "alternates.csv"
"""Further ways to ask FAQs and sections that exist."""
SYNONYMS = "synonyms.csv"
"""Terms of the articles, each with other words for it."""
UNANSWERED = "unanswered.csv"
"""Questions that no article answers, so that others like them are not answered with the nearest passage."""
IGNORED = "ignored-questions.csv"
"""Questions that reports leave out."""
REJECTED = "rejected-alternates.csv"
"""Questions that were proposed as alternates of a FAQ but do not mean it."""
DRAFTS = "faqs-to-write.csv"
"""A FAQ table whose answers are still empty: each build lists the rows that nobody has written yet."""
WRITTEN = "written-faqs.csv"
"""A FAQ table: the FAQs that were written on the editor's page."""
PINNED = "starters.csv"
"""Questions that an empty chat offers first, in this order."""
UNWANTED = "hidden-starters.csv"
"""Questions that an empty chat does not offer."""
HISTORY = "decisions.jsonl"
"""What was decided, by whom and when, one decision a line, oldest first."""
NOT_ARTICLES = (ALTERNATES, SYNONYMS, UNANSWERED, IGNORED, REJECTED, PINNED, UNWANTED, HISTORY)
"""Files of a corpus folder that hold no articles."""

_NAMES: Names = {
    "question": FAQ_COLUMNS["question"],
    "passage": "passage passages passage-id faq faqs faq-id id",
    "who": "who by editor",
    "when": "when date",
}
_PAIR = ("question", "passage")
_QUESTION = Layout(_NAMES, ("question",))
_FAQ = Layout(FAQ_COLUMNS, ("question", "answer"))
_SYNONYM = Layout({"term": "term terms", "synonym": "also synonym synonyms"}, ("term", "synonym"))
LAYOUTS: Mapping[str, Layout] = {
    ALTERNATES: Layout(_NAMES, _PAIR), REJECTED: Layout(_NAMES, _PAIR), IGNORED: _QUESTION, PINNED: _QUESTION,
    UNWANTED: _QUESTION, DRAFTS: _FAQ, WRITTEN: _FAQ,
}  # fmt: skip
"""The layout of each file that decisions change."""


@dataclass(frozen=True, slots=True)
class Decisions:
    """What editors have decided so far."""

    accepted: Sequence[str] = ()
    """Questions that were accepted as alternates: equal ones are settled."""
    set_aside: Sequence[str] = ()
    """Questions that are to be written, or ignored: what means the same is settled, too."""
    rejected: Sequence[tuple[str, str]] = ()
    """Questions, each with the id of a FAQ that it does not mean."""

    @classmethod
    def read(cls, corpus: Path) -> "Decisions":
        """Read the decisions in a corpus folder. Raises `CorpusError` if one of the files cannot be read."""
        rejected = [(cells["question"], cells["passage"]) for cells in read_rows(corpus / REJECTED, LAYOUTS[REJECTED])]
        accepted, drafts, ignored = (questions_in(corpus, name) for name in (ALTERNATES, DRAFTS, IGNORED))
        return cls(accepted, [*drafts, *ignored], rejected)


def questions_in(corpus: Path, name: str) -> list[str]:
    """Return the questions in one of these files, in its order. Raises `CorpusError` if it cannot be read."""
    return [question for cells in read_rows(corpus / name, LAYOUTS[name]) if (question := cells["question"])]


def read_alternates(path: Path) -> Iterator[Alternate | Refused]:
    """Read a table of alternates: its usable rows, and the fault of every other row."""
    for row in _read_usable(path, LAYOUTS[ALTERNATES]):
        yield row if isinstance(row, Refused) else Alternate(row.cells["question"], row.cells["passage"], row.line)


def read_unanswered(path: Path) -> Iterator[Unanswered | Refused]:
    """Read a table of questions that no article answers: its usable rows, and the fault of every other row."""
    for row in _read_usable(path, _QUESTION):
        yield row if isinstance(row, Refused) else Unanswered(row.cells["question"])


def read_synonyms(path: Path) -> Iterator[Synonym | Refused]:
    """Read a table of synonyms, several to a term separated by a bar: the usable ones, and the fault of all others."""
    terms = dict[str, str]()
    for row in _read_usable(path, _SYNONYM):
        if isinstance(row, Refused):
            yield row
            continue
        term, line = row.cells["term"], row.line
        for word in filter(None, map(str.strip, row.cells["synonym"].split("|"))):
            other = terms.setdefault(word.lower(), term)
            yield Synonym(word, term) if other == term else Refused(path.name, line, f"{word!r} also means {other!r}")


def _read_usable(path: Path, layout: Layout) -> Iterator[Row | Refused]:
    """Yield each usable row, and the fault of every other row."""
    try:
        check_size(path, megabytes=50)
        decoded = decode(path.read_bytes())
        yield from decoded.notes(path.name)
        table = Table.parse(decoded.text, layout)
        for row in table.rows:
            missing = next((name for name in layout.needed if not row.cells[name].strip("| ")), None)
            yield Refused(path.name, row.line, f"a row without a {missing}") if missing else row
        if table.flaw:
            yield Refused(path.name, table.flaw.line, str(table.flaw))
    except Unreadable as error:
        yield Refused(path.name, error.line, str(error))
    except OSError as error:
        yield Refused(path.name, None, f"cannot be opened ({error.strerror})")


TABLES = {ALTERNATES: read_alternates, SYNONYMS: read_synonyms, UNANSWERED: read_unanswered}
"""The tables that bear upon a build, each with the function that reads it."""
