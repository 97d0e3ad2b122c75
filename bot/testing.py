"""Test support for programs that use articlebot: a tiny index, built in a second without torch, with stable answers.

Its encoder compares words, not meanings, so it says nothing about the quality of answers. Needs
`pip install 'articlebot[testing]'`.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType

from bot.answering.bot import Bot
from bot.answering.schema import Status
from bot.build.build import build
from bot.build.vocabulary_writer import check_packages
from bot.corpus.in_memory import ArticleInput
from bot.encoder import HashingEncoder

ARTICLES: tuple[ArticleInput, ...] = (
    {
        "id": "probation", "title": "Probation", "category": "HR", "published": date(2025, 10, 10),
        "url": "https://example.com/probation/",
        "text": "A probation period is a trial of a new employee.\n\n"
                "## Confirmation\n\nAfter the trial the manager signs a confirmation letter.",
        "faqs": [
            {"question": "How long is a probation period?", "answer": "It is often three to six months."},
            {"question": "Can a probation period be extended?", "answer": "Yes, in writing and before it ends."},
        ],
    },
    {
        "id": "gratuity", "title": "Gratuity", "category": "Money", "published": date(2025, 12, 1),
        "url": "https://example.com/gratuity/", "text": "Gratuity is a lump sum for long service.",
        "faqs": [
            {"question": "Who pays gratuity?", "answer": "The employer pays it, not the provident fund.",
             "alternates": ["Is gratuity paid by the employer?"]},
        ],
    },
    {
        "id": "admit-card", "title": "Admit card", "category": "Exams", "published": date(2026, 1, 5),
        "updated": date(2026, 2, 1), "url": "https://example.com/admit-card/",
        "text": "An admit card lets a candidate into the examination hall.",
        "faqs": [
            {"question": "How do I correct my name on the admit card?",
             "answer": "Send the board a birth certificate."},
            {"question": "How do I correct my photo on the admit card?", "answer": "Upload a new picture in March."},
            {"question": "How do I correct my signature on the admit card?",
             "answer": "Sign again before the invigilator."},
        ],
    },
)  # fmt: skip
"""The articles of the tiny index."""

QUESTIONS: Mapping[Status, str] = MappingProxyType({
    "answered": "How long is probation?",
    "ambiguous": "How do I correct the admit card?",
    "no_answer": "What is the capital of France?",
})  # fmt: skip
"""A question for each status of an answer except closest."""


def tiny_index(folder: Path | str) -> Path:
    """Build the index of `ARTICLES` in a folder, for `Bot.open`, `Retriever.open` or `articlebot serve`.

    Raises `MissingExtra` if the packages that build an index are not installed.
    """
    check_packages("testing")
    build(ARTICLES, folder, encoder=HashingEncoder())
    return Path(folder)


def tiny_bot() -> Bot:
    """Return the bot of `ARTICLES`, in a temporary folder. Raises the exceptions of `tiny_index`."""
    check_packages("testing")
    return Bot.from_articles(ARTICLES, encoder=HashingEncoder())
