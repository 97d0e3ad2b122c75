"""Reads a folder of files into articles, and reports the files and rows that it refuses."""

from bot.corpus.article import Article, Faq, Section
from bot.corpus.corpus import Corpus, FolderSource, corpus_digest, read_corpus
from bot.corpus.refused import Refused
from bot.corpus.source import Alternate, ArticleSource

__all__ = [
    "Alternate",
    "Article",
    "ArticleSource",
    "Corpus",
    "Faq",
    "FolderSource",
    "Refused",
    "Section",
    "corpus_digest",
    "read_corpus",
]
