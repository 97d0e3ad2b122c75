"""What an editor can decide about a question, and the FAQs that editors write."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bot.corpus.decisions.article_file import Excerpt, changed_since, correction
from bot.corpus.decisions.files import ALTERNATES, DRAFTS, IGNORED, LAYOUTS, REJECTED, WRITTEN
from bot.corpus.decisions.history import Change, Decision, decide
from bot.corpus.decisions.table import Cells, read_rows
from bot.errors import CorpusError
from bot.languages.normalization import normalize


def accept(corpus: Path, question: str, passage: str, *, who: str = "") -> Path:
    """Make a question an alternate of the passage with this id, from the next build on, and return the file.

    Raises `CorpusError` if the file cannot be written.
    """
    row = {"question": question, "passage": passage, "who": who, "when": _today()}
    decide(corpus, "accept", question, [Change(ALTERNATES, row)], who=who, passage=passage)
    return corpus / ALTERNATES


def draft(corpus: Path, question: str, *, who: str = "") -> Path:
    """Add a question to the FAQs to write and return the file. Raises `CorpusError` if it cannot be written."""
    decide(corpus, "draft", question, [Change(DRAFTS, {"question": question, "answer": ""})], who=who)
    return corpus / DRAFTS


def ignore(corpus: Path, question: str, *, who: str = "") -> Path:
    """Leave a question out of reports and return the file. Raises `CorpusError` if it cannot be written."""
    decide(corpus, "ignore", question, [Change(IGNORED, {"question": question})], who=who)
    return corpus / IGNORED


def reject(corpus: Path, question: str, passage: str, *, who: str = "") -> Path:
    """Stop proposing a question as an alternate of a FAQ and return the file. Raises `CorpusError` as `ignore` does."""
    row = {"question": question, "passage": passage}
    decide(corpus, "reject", question, [Change(REJECTED, row)], who=who, passage=passage)
    return corpus / REJECTED


@dataclass(frozen=True, slots=True)
class WrittenFaq:
    """A FAQ that was written on the editor's page."""

    question: str
    answer: str
    category: str = ""
    alternates: tuple[str, ...] = ()

    @classmethod
    def of(cls, cells: Cells) -> "WrittenFaq":
        """Return the FAQ in a row."""
        alternates = tuple(filter(None, map(str.strip, cells.get("alternates", "").split("|"))))
        return cls(cells["question"], cells["answer"], cells.get("category", ""), alternates)

    def to_cells(self) -> Cells:
        """Return the row of the FAQ, published today."""
        alternates = " | ".join(" ".join(each.replace("|", " ").split()) for each in self.alternates)
        return {
            "question": self.question, "answer": self.answer, "alternates": alternates, "category": self.category,
            "date": _today(),
        }  # fmt: skip


def faqs_to_write(corpus: Path) -> list[str]:
    """Return the questions whose answers are still to be written. Raises `CorpusError` if they cannot be read."""
    rows = read_rows(corpus / DRAFTS, LAYOUTS[DRAFTS])
    return [cells["question"] for cells in rows if cells["question"] and not cells["answer"]]


def written_faqs(corpus: Path) -> list[WrittenFaq]:
    """Return the FAQs written on the editor's page, oldest first. Raises `CorpusError` if they cannot be read."""
    rows = read_rows(corpus / WRITTEN, LAYOUTS[WRITTEN])
    return [WrittenFaq.of(cells) for cells in rows if cells["question"] and cells["answer"]]


def write_faq(corpus: Path, faq: WrittenFaq, *, instead_of: str = "", who: str = "") -> Decision:
    """Write a FAQ that the next build publishes; it replaces the one with its question, or `instead_of` if named.

    The question is no longer to be written. Raises `CorpusError` if question or answer is missing, or the file cannot
    be written.
    """
    missing = "question" if not faq.question.strip() else "answer" if not faq.answer.strip() else ""
    if missing:
        raise CorpusError(f"The FAQ has no {missing} yet: write one.")
    names = {normalize(name): name for name in (instead_of, faq.question) if name.strip()}
    old = {normalize(each.question) for each in written_faqs(corpus)} & names.keys()
    changes = [
        *(Change(WRITTEN, {"question": names[each]}, is_added=False) for each in names if each in old),
        Change(WRITTEN, faq.to_cells()),
        *(Change(DRAFTS, {"question": name}, is_added=False) for name in names.values()),
    ]
    return decide(corpus, "change" if old else "write", faq.question, changes, who=who)


def withdraw_faq(corpus: Path, question: str, *, who: str = "") -> Decision:
    """Take a written FAQ out of the corpus. Raises `CorpusError` if there is none, or the file cannot be written."""
    decision = decide(corpus, "withdraw", question, [Change(WRITTEN, {"question": question}, is_added=False)], who=who)
    if not decision.changes:
        raise CorpusError(f"{WRITTEN} has no FAQ {question!r}: nothing was withdrawn.")
    return decision


def correct(corpus: Path, excerpt: Excerpt, words: str, about: str, passage: str, *, who: str = "") -> Decision:
    """Write other words in place of an excerpt's; `about` is what its passage is called in the history.

    Raises `CorpusError` as `correction` and `replace_words` do.
    """
    change = Change(excerpt.file, correction(corpus, excerpt, words))
    decision = decide(corpus, "correct", about, [change], who=who, passage=passage)
    if not decision.changes:
        raise changed_since(excerpt.file)
    return decision


def _today() -> str:
    return date.today().isoformat()
