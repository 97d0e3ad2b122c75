"""Editors' decisions about questions: tables in the corpus folder that people read, edit and keep in git.

Only this package reads and writes them. Deleting a row undoes its decision.
"""

from bot.corpus.decisions.actions import (
    WrittenFaq,
    accept,
    correct,
    draft,
    faqs_to_write,
    ignore,
    reject,
    withdraw_faq,
    write_faq,
    written_faqs,
)
from bot.corpus.decisions.article_file import Excerpt, open_excerpt
from bot.corpus.decisions.files import (
    ALTERNATES,
    DRAFTS,
    HISTORY,
    IGNORED,
    REJECTED,
    SYNONYMS,
    UNANSWERED,
    WRITTEN,
    Decisions,
    read_alternates,
    read_synonyms,
    read_unanswered,
)
from bot.corpus.decisions.history import Action, Decision, in_force, read_history, undo
from bot.corpus.decisions.starters import StarterChoices, hide_starter, pin_starter, show_starter, unpin_starter

__all__ = [
    "ALTERNATES", "DRAFTS", "HISTORY", "IGNORED", "REJECTED", "SYNONYMS", "UNANSWERED", "WRITTEN",
    "Action", "Decision", "Decisions", "Excerpt", "StarterChoices", "WrittenFaq", "accept", "correct", "draft",
    "faqs_to_write", "hide_starter", "ignore", "in_force", "open_excerpt", "pin_starter", "read_alternates",
    "read_history", "read_synonyms", "read_unanswered", "reject", "show_starter", "undo", "unpin_starter",
    "withdraw_faq", "write_faq", "written_faqs",
]  # fmt: skip
