"""The words of an index: the one door to tantivy.

Scores are BM25 (Robertson and Zaragoza 2009) over English stems of a passage's context and text.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import tantivy

from bot.errors import IndexCorrupt
from bot.index.filters import Filters, last_change
from bot.passages import Passage, context

_SATURATION = 2.2
"""BM25's k1 + 1 with tantivy's k1 of 1.2: what a word counts at most, in units of its rarity."""
_NUMBER, _WORDS, _CATEGORY, _ARTICLE, _DAY = "number", "words", "category", "article", "day"


def _analyzer(*filters: tantivy.Filter) -> tantivy.TextAnalyzer:
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple()).filter(tantivy.Filter.lowercase())
    for each in filters:
        builder = builder.filter(each)
    return builder.filter(tantivy.Filter.stemmer("english")).build()


# Both give the stems of tantivy's own "en_stem", with which passages are indexed. Its list of stop words is short on purpose: "how", "when" and
# "who" tell what kind of answer is wanted, and leaving them out as well costs 0.6 points of nDCG@10 on average (benchmarks/fit_ranking.py).
_TELLING, _ALL = _analyzer(tantivy.Filter.stopword("english")), _analyzer()


def write_lexical(folder: Path, passages: Sequence[Passage]) -> None:
    """Index the words of passages; passage i is number i. The folder is made."""
    folder.mkdir()
    index = tantivy.Index(_schema(), path=str(folder))
    writer = index.writer(num_threads=1)
    for number, passage in enumerate(passages):
        day = last_change(passage.article)
        document = tantivy.Document()
        document.add_integer(_NUMBER, number)
        document.add_text(_WORDS, "\n".join((context(passage), *passage.alternates, passage.text)))
        document.add_text(_CATEGORY, (passage.article.category or "").casefold())
        document.add_text(_ARTICLE, passage.article.id)
        document.add_integer(_DAY, day.toordinal() if day else 0)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()


class Lexical:
    """An index of words on disk. Raises `IndexCorrupt` when the folder does not hold one."""

    def __init__(self, folder: Path) -> None:
        try:
            self._index = tantivy.Index.open(str(folder))
            self._searcher = self._index.searcher()
        except (ValueError, OSError) as error:
            raise IndexCorrupt(f"{folder} cannot be read as a tantivy index: build the index again.") from error

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def search(self, words: str, k: int, filters: Filters = Filters()) -> list[tuple[int, float, float]]:
        """The at most `k` passages that share the most telling words with `words`, best first.

        Of each its number, its BM25 score, and what share that is of the score of a passage full of all these words: 0 to 1, whatever the corpus.
        """
        terms = self._terms(words)
        if not terms or k < 1:
            return []
        schema = self._index.schema
        matching = tantivy.Query.boolean_query([(tantivy.Occur.Should, tantivy.Query.term_query(schema, _WORDS, term)) for term in terms])
        found = self._searcher.search(self._filtered(matching, filters), k).hits
        full = sum(self._rarity(term) for term in terms) * _SATURATION
        return [(int(self._searcher.doc(address)[_NUMBER][0]), float(score), float(score) / full) for score, address in found]

    def _terms(self, words: str) -> list[str]:
        """The stems of the telling words; of all words, when none is telling."""
        return list(dict.fromkeys(_TELLING.analyze(words) or _ALL.analyze(words)))

    def _rarity(self, term: str) -> float:
        """BM25's inverse document frequency, as tantivy computes it."""
        holding = self._searcher.doc_freq(_WORDS, term)
        return math.log(1 + (len(self) - holding + 0.5) / (holding + 0.5))

    def _filtered(self, matching: tantivy.Query, filters: Filters) -> tantivy.Query:
        schema, must = self._index.schema, tantivy.Occur.Must
        clauses = []
        if filters.category is not None:
            clauses.append(tantivy.Query.term_query(schema, _CATEGORY, filters.category.casefold()))
        if filters.article is not None:
            clauses.append(tantivy.Query.term_query(schema, _ARTICLE, filters.article))
        if filters.since is not None:
            clauses.append(tantivy.Query.range_query(schema, _DAY, tantivy.FieldType.Integer, filters.since.toordinal(), 4_000_000))
        # A filter decides who takes part, not how well: its own score counts nothing.
        clauses = [tantivy.Query.const_score_query(clause, 0.0) for clause in clauses]
        return tantivy.Query.boolean_query([(must, matching), *((must, clause) for clause in clauses)]) if clauses else matching


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field(_NUMBER, stored=True)
    builder.add_text_field(_WORDS, tokenizer_name="en_stem", index_option="freq")
    builder.add_text_field(_CATEGORY, tokenizer_name="raw", index_option="basic")
    builder.add_text_field(_ARTICLE, tokenizer_name="raw", index_option="basic")
    builder.add_integer_field(_DAY, indexed=True)
    return builder.build()
