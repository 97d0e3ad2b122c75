"""Reads a folder of files into articles, and reports the files and rows that it refuses."""

from bot.corpus.article import Article
from bot.corpus.corpus import FolderSource, corpus_digest, read_corpus
from bot.corpus.refused import Refused
from bot.corpus.source import Alternate, ArticleSource

__all__ = ["Alternate", "Article", "ArticleSource", "FolderSource", "Refused", "corpus_digest", "read_corpus"]
