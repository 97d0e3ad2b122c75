"""Editors' decisions about questions: tables in the corpus folder that people read, edit and keep in git.

Only this package reads and writes them. Deleting a row undoes its decision.
"""

from bot.corpus.decisions.actions import (
    WrittenFaq,
    accept,
    draft,
    faqs_to_write,
    ignore,
    reject,
    withdraw_faq,
    write_faq,
    written_faqs,
)
from bot.corpus.decisions.files import (
    ALTERNATES,
    DRAFTS,
    HISTORY,
    IGNORED,
    NOT_ARTICLES,
    REJECTED,
    SYNONYMS,
    WRITTEN,
    Decisions,
    read_alternates,
    read_synonyms,
)
from bot.corpus.decisions.history import Action, Decision, in_force, read_history, undo

__all__ = [
    "ALTERNATES",
    "DRAFTS",
    "HISTORY",
    "IGNORED",
    "NOT_ARTICLES",
    "REJECTED",
    "SYNONYMS",
    "WRITTEN",
    "Action",
    "Decision",
    "Decisions",
    "WrittenFaq",
    "accept",
    "draft",
    "faqs_to_write",
    "ignore",
    "in_force",
    "read_alternates",
    "read_history",
    "read_synonyms",
    "reject",
    "undo",
    "withdraw_faq",
    "write_faq",
    "written_faqs",
]
