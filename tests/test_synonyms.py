"""Synonyms that an editor keeps: their table, what a build stores, and the questions that they find."""

import json
from pathlib import Path

import pytest

from bot import Retriever
from bot.build.build import BuildReport, build
from bot.corpus import read_corpus
from bot.corpus.corpus import FolderSource, corpus_digest
from bot.corpus.decisions.files import SYNONYMS, read_synonyms
from bot.corpus.refused import Refused
from bot.corpus.synonyms import STORED_SYNONYMS, Synonym
from bot.encoder import HashingEncoder
from bot.errors import IndexCorrupt
from bot.index.store import LocalStore
from bot.languages.registry import QuestionLanguages
from bot.retrieval.query_rewriting import QueryRewriter, QueryVariant, prepend_questions

SHIPPED = Path(__file__).parents[1] / "corpus"
FAQS = {
    "Where do I report a lost admit card?": "At the office of the board.",
    "Who signs a relieving letter?": "The manager does.",
    "What is printed on a payslip?": "The wages of a month.",
    "When does the canteen open?": "At nine.",
    "How is a salary slip scanned?": "With the lid closed.",
}
TABLE = 'term,also\nlost,misplaced\npayslip,"salary slip | slip"\nrelieving letter,release paper\n'


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    rows = (json.dumps({"id": f"faq-{n}", "question": faq, "answer": FAQS[faq]}) for n, faq in enumerate(FAQS))
    (folder / "faqs.jsonl").write_text("\n".join(rows), encoding="utf-8")
    (folder / SYNONYMS).write_text(TABLE, encoding="utf-8")
    return folder


def built(corpus: Path) -> BuildReport:
    return build(corpus, corpus.parent / "index", encoder=HashingEncoder())


@pytest.fixture
def retriever(corpus: Path) -> Retriever:
    built(corpus)
    return Retriever.open(corpus.parent / "index", encoder=HashingEncoder())


@pytest.fixture
def rewriter(retriever: Retriever) -> QueryRewriter:
    generation = retriever.generation
    return QueryRewriter(QuestionLanguages(generation.vocabulary), (), generation.synonyms)


def texts(rewriter: QueryRewriter, question: str) -> list[str]:
    return [variant.text for variant in rewriter.rewrite(question).variants]


# --- the table


def test_a_row_has_a_term_and_the_other_words_for_it(tmp_path: Path):
    path = tmp_path / SYNONYMS
    path.write_text("Synonyms;Term;note\nsalary  slip| |wage slip;payslip;x\nCV;resume;\n", encoding="utf-8")
    assert list(read_synonyms(path)) == [
        Synonym("salary slip", "payslip"),
        Synonym("wage slip", "payslip"),
        Synonym("CV", "resume"),
    ]


def test_unusable_synonyms_are_refused_and_the_others_are_read(corpus: Path):
    (corpus / SYNONYMS).write_text('term,also\nlost,misplaced\n,CV\nresume, |\nmissing,mislaid|Misplaced\n"open,x\n')
    refused = tuple(
        Refused(SYNONYMS, line, reason)
        for line, reason in [
            (3, "a row without a term"),
            (4, "a row without a synonym"),
            (5, "'Misplaced' also means 'lost'"),
            (6, "from here on nothing is read (unexpected end of data): check the quotation marks"),
        ]
    )
    assert FolderSource(corpus).synonyms == (Synonym("misplaced", "lost"), Synonym("mislaid", "missing"))
    assert read_corpus(corpus).refused == refused
    assert built(corpus).refused == refused


def test_a_table_without_its_columns_is_refused_as_a_whole(tmp_path: Path):
    path = tmp_path / SYNONYMS
    path.write_text("lost,misplaced\n", encoding="utf-8")
    assert [str(row) for row in read_synonyms(path)] == [
        "synonyms.csv:1: the first line should name the columns term and synonym"
    ]


def test_the_terms_of_the_shipped_synonyms_are_words_of_its_articles_and_the_other_words_are_not_terms():
    rows = list(read_synonyms(SHIPPED / SYNONYMS))
    articles = " ".join(" ".join(path.read_text(encoding="utf-8") for path in SHIPPED.rglob("*.md")).lower().split())
    assert [row for row in rows if isinstance(row, Refused) or row.term.lower() not in articles] == []
    terms = {row.term.lower() for row in rows}
    assert terms.isdisjoint(row.also.lower() for row in rows)


# --- the build


def test_a_build_stores_the_usable_rows_and_a_changed_table_is_a_changed_corpus(corpus: Path):
    (corpus / SYNONYMS).write_text(f"{TABLE},CV\n", encoding="utf-8")
    report, digest = built(corpus), corpus_digest(corpus)
    folder = LocalStore(corpus.parent / "index").current_folder()
    stored = {"misplaced": "lost", "salary slip": "payslip", "slip": "payslip", "release paper": "relieving letter"}
    assert json.loads((folder / STORED_SYNONYMS).read_text(encoding="utf-8")) == stored
    assert STORED_SYNONYMS in report.manifest.files
    assert report.refused == (Refused(SYNONYMS, 5, "a row without a term"),)
    assert not built(corpus).built
    (corpus / SYNONYMS).write_text("term,also\n", encoding="utf-8")
    assert corpus_digest(corpus) != digest
    emptied = built(corpus)
    assert (emptied.built, STORED_SYNONYMS in emptied.manifest.files, emptied.refused) == (True, False, ())


@pytest.mark.parametrize("content", [b"", b"[1]", b'{"misplaced": "found"}'], ids=["empty", "a list", "changed"])
def test_a_damaged_file_of_synonyms_is_detected(corpus: Path, content: bytes):
    index = corpus.parent / "index"
    built(corpus)
    (LocalStore(index).current_folder() / STORED_SYNONYMS).write_bytes(content)
    with pytest.raises(IndexCorrupt):
        Retriever.open(index, encoder=HashingEncoder())


# --- the question


@pytest.mark.parametrize(
    ("question", "replaced"),
    [
        ("i MISPLACED my card", "i lost my card"),
        ("salary slip of a slip", "payslip of a payslip"),
        ("Release paper and (misplaced) card?", "relieving letter and (lost) card?"),
        ("is a salary slip a payslip, or misplaced", "is a salary slip a payslip, or lost"),
    ],
    ids=["case", "longest first", "several", "the term stands there as well"],
)
def test_a_question_is_read_in_the_articles_terms_and_as_typed(rewriter: QueryRewriter, question: str, replaced: str):
    query = rewriter.rewrite(question)
    assert (query.question, query.language) == (question, "en")
    assert query.variants == (QueryVariant(replaced, "english"), QueryVariant(question, "original"))


@pytest.mark.parametrize(
    "question", ["who signs a letter", "slippery misplacedly", "is a salary slip a payslip", "\u017falary \u017flip"]
)
def test_a_question_without_a_synonym_stays_one_variant(rewriter: QueryRewriter, question: str):
    assert texts(rewriter, question) == [question]


def test_a_question_in_another_language_keeps_its_own_variants(rewriter: QueryRewriter):
    query = rewriter.rewrite("mera admit card misplaced ho gaya hai kya karu")
    assert query.language == "hinglish"
    assert ["misplaced" in variant.text for variant in query.variants] == [True, True]


@pytest.mark.parametrize(
    ("earlier", "question", "variants"),
    [
        ("card misplaced", "who signs", ["card lost who signs"]),
        ("who signs", "card misplaced", ["who signs card lost", "who signs card misplaced"]),
        ("release paper", "is misplaced", ["relieving letter is lost", "release paper is misplaced"]),
    ],
    ids=["earlier", "last", "both"],
)
def test_an_earlier_question_is_read_in_the_articles_terms_too(
    rewriter: QueryRewriter, earlier: str, question: str, variants: list[str]
):
    query = rewriter.rewrite(question)
    longer = prepend_questions([rewriter.rewrite_like(earlier, query)], query)
    assert [variant.text for variant in longer.variants] == variants


def test_a_synonym_finds_what_its_term_finds(retriever: Retriever, corpus: Path):
    question = "who signs the release paper"
    found = retriever.finder().find(question, 3)
    assert (found.query, found.hits[0].passage.question) == (
        "who signs the relieving letter", "Who signs a relieving letter?",
    )  # fmt: skip
    by_term = retriever.search("who signs the relieving letter")[0]
    assert found.hits[0].probability == pytest.approx(by_term.probability, abs=1e-6)
    (corpus / SYNONYMS).unlink()
    built(corpus)
    before = Retriever.open(corpus.parent / "index", encoder=HashingEncoder()).search(question)
    assert found.hits[0].probability > next(
        hit.probability for hit in before if hit.passage.id == found.hits[0].passage.id
    )


def test_a_faq_with_exactly_the_typed_question_comes_first(retriever: Retriever):
    found = retriever.finder().find("how is a salary slip scanned", 3)
    assert found.query == "how is a payslip scanned"
    assert found.hits[0].passage.question == "How is a salary slip scanned?"


def test_a_misspelt_question_with_a_synonym_is_corrected_as_typed(retriever: Retriever):
    found = retriever.finder().find("misplaced my admitt card", 3)
    assert found.corrected == "misplaced my admit card"
    assert [variant.text for variant in found.variants] == ["lost my admit card", "misplaced my admit card"]
