"""Files of a folder → articles, and what was refused of them."""

from bot.corpus.article import Article, Faq, Section
from bot.corpus.corpus import Alternate, Corpus, CorpusReading, corpus_digest, read_corpus
from bot.corpus.refused import Refused

__all__ = ["Alternate", "Article", "Corpus", "CorpusReading", "Faq", "Refused", "Section", "corpus_digest", "read_corpus"]
