"""articlebot: answers from a publisher's own articles and FAQs, word for word, or an honest "not in the articles"."""

from bot.answering.answer import Answer
from bot.answering.bot import Bot
from bot.corpus.article import Article
from bot.passages import Passage
from bot.retrieval.hit import Hit
from bot.retrieval.retriever import Retriever
from bot.version import __version__

__all__ = ["Answer", "Article", "Bot", "Hit", "Passage", "Retriever", "__version__"]
