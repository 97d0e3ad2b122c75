"""Files of a folder → articles, and what was refused of them."""

from bot.corpus.article import Article, Faq, Section
from bot.corpus.corpus import Corpus, CorpusReading, corpus_digest, read_corpus
from bot.corpus.reading import Alternate, Reading
from bot.corpus.refused import Refused

__all__ = ["Alternate", "Article", "Corpus", "CorpusReading", "Faq", "Reading", "Refused", "Section", "corpus_digest", "read_corpus"]
