"""Hindi in Devanagari and Latin letters: questions over English articles, and articles in Hindi."""

import csv
import re
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest
from articles import GRATUITY, word_starts
from playwright.sync_api import Browser
from quick_build import build

from bot import Bot
from bot.answering.link import quoting_link
from bot.cli import run
from bot.corpus import Article
from bot.corpus.formats.markdown import read as read_markdown
from bot.corpus.outline import is_faq_title, outline
from bot.index.lexical import content_terms, stems
from bot.languages.hindi.devanagari import has_devanagari, is_mostly_devanagari
from bot.languages.hindi.rewriting import HindiRewriter
from bot.languages.hindi.transliteration import acronym, consonant_key, phonetic_key, romanize, to_devanagari
from bot.languages.normalization import normalize
from bot.languages.registry import detect_language, normalize_spelling, readable
from bot.passages import split_articles
from bot.retrieval.near_duplicates import same_question
from bot.retrieval.topic import refers_back
from bot.serve.chat_service import ChatService
from bot.serve.page import welcome
from bot.serve.texts import texts_for
from bot.settings import ChatSettings

pytestmark = pytest.mark.slow

QUESTIONS = Path(__file__).parent / "questions"
ARTICLES = [
    "notice", "period", "salary", "letter", "company", "probation", "apprentice", "admit", "card", "certificate",
    "relieving", "settlement", "pf", "uan", "exam", "form", "download", "claim",
]  # fmt: skip
ENGLISH = {
    *ARTICLES,
    "what",
    "how",
    "many",
    "days",
    "city",
    "late",
    "the",
    "is",
    "no",
    "to",
    "extended",
    "can",
    "it",
    "be",
    "he",
    "told",
    "me",
    "do",
    "are",
    "so",
}


class Words(NamedTuple):
    """A `WordLookup` with words of the articles and of English."""

    english: frozenset[str]
    articles: list[str]

    def passages_with(self, word: str) -> int | None:
        return 1 if word in self.english else None

    def most_frequent(self, most: int) -> list[str]:
        return self.articles[:most]


def rewriter_of(*words: str) -> HindiRewriter:
    return HindiRewriter(Words(frozenset(words), list(words)))


@pytest.fixture(scope="module")
def rewriter() -> HindiRewriter:
    return HindiRewriter(Words(frozenset(ENGLISH), ARTICLES))


def read(name: str) -> list[dict[str, str]]:
    with (QUESTIONS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def shipped_rewriter(shipped: Bot) -> HindiRewriter:
    return HindiRewriter(shipped.generation.vocabulary)


@pytest.mark.parametrize(
    ("question", "variant"),
    [
        ("नोटिस पीरियड कितना होता है", "hi"),
        ("PF का balance कैसे देखें", "hi"),
        ("pf kaise nikale", "hinglish"),
        ("Kya probation extend ho sakta hai?", "hinglish"),
        ("notice period kb tk", "hinglish"),
        ("offer letter nhi mila", "hinglish"),
        ("nayi naukri letter", "hinglish"),
        ("how many days is the notice period", None),
        ("he told me to do so, are the days to be extended?", None),
        ("pf", None),
        ("", None),
    ],
)
def test_script_and_function_words_show_the_language_of_a_question(
    question: str, variant: str | None, rewriter: HindiRewriter
):
    assert rewriter.detect(question) == variant


def test_names_of_schemes_with_capitals_do_not_make_a_question_hinglish(rewriter: HindiRewriter):
    assert rewriter.detect("Who can apply for the Kisan Bima Yojana") is None


def test_the_language_of_nearly_all_questions_about_the_shipped_corpus_is_detected(shipped_rewriter: HindiRewriter):
    taken = [
        row["question"]
        for name in ("visitors.csv", "covered.csv", "uncovered.csv")
        for row in read(name)
        if shipped_rewriter.detect(row["question"]) is not None
    ]
    assert taken == ["uan activate kaise kare"]
    assert all(shipped_rewriter.detect(row["question"]) == "hi" for row in read("hindi.csv"))
    assert sum(shipped_rewriter.detect(row["question"]) == "hinglish" for row in read("hinglish.csv")) >= 98


@pytest.mark.parametrize(
    ("question", "english"),
    [
        ("pf kaise nikale", "how pf withdraw"),
        ("PF kese nikaalun?", "how PF withdraw?"),
        ("notice period kitne din ka hota hai", "how many days notice period"),
        ("relieving letter nahi mila to kya karu", "what should I do relieving letter not received"),
        ("claim ka paisa kb milega", "when claim money get"),
        ("form bhrna jaruri h kya", "does form fill necessary"),
        ("salary late aane par katti hai kya", "does salary late come on deducted"),
    ],
)
def test_hinglish_is_rewritten_in_english_in_any_spelling(question: str, english: str, rewriter: HindiRewriter):
    assert rewriter.to_english(question) == english


@pytest.mark.parametrize(
    ("question", "english"),
    [
        ("नोटिस पीरियड कितना होता है", "how much notice period"),
        ("पीएफ कैसे निकालें?", "how PF withdraw?"),
        ("पी.एफ. क्लेम का पैसा कब मिलेगा।", "when PF claim money get."),
        ("पैसा नहीं मिला। पीएफ कैसे निकालें।", "money not received. how PF withdraw."),
        ("पी एफ क्लेम", "PF claim"),
        ("जी आप का", ""),
        ("यूएएन नंबर", "UAN number"),
        ("रिलीविंग लेटर नहीं मिला", "relieving letter not received"),
        ("ज़रूरी सर्टिफिकेट", "necessary certificate"),
        ("जरूरी सर्टिफिकेट", "necessary certificate"),
    ],
)
def test_hindi_is_rewritten_in_english_with_the_articles_spelling_of_loanwords(
    question: str, english: str, rewriter: HindiRewriter
):
    assert rewriter.to_english(question) == english


@pytest.mark.parametrize(
    ("question", "english"),
    [
        ("प्रवेश पत्र कब आएगा", "when admit card come"),
        ("एनओसी के बिना इस्तीफा दे सकते हैं क्या?", "can NOC without resign?"),
        ("कर्मचारियों का वेतन", "employee salary"),
        ("kya company notice badha sakti hai", "can company notice increase"),
        ("walk-in me kitne mahine lagte hain", "how many months walk-in"),
        ("salary slip kya hoti hai, kaha milegi", "what is salary slip, where get"),
        ("sellery ka nottis", "salary notice"),
    ],
)
def test_phrases_inflections_and_kinds_of_question_are_translated(
    question: str, english: str, shipped_rewriter: HindiRewriter
):
    assert shipped_rewriter.to_english(question) == english


def test_a_misspelled_english_question_is_not_taken_for_hindi(shipped_rewriter: HindiRewriter):
    names = ("where is my Kia", "is Kon Tiki a raft", "what is ISS")
    for question in (*names, "wat shud i chek b4 compny sends lettr", "whn wil reslt come 4 exm", "photo size in KB"):
        assert shipped_rewriter.detect(question) is None


def test_a_word_of_the_articles_that_sounds_like_a_hindi_one_stays():
    assert rewriter_of("mile").to_english("mile kitne") == "how many mile"
    assert rewriter_of("kilometre").to_english("mile kitne") == "how many get"


def test_an_unknown_word_stays_as_typed(rewriter: HindiRewriter):
    assert rewriter.to_english("Zyxw kya hai? 3.5 @ x_y") == "what is Zyxw? 3.5 @ x_y"


def test_hinglish_is_written_in_devanagari_but_for_its_english_words(rewriter: HindiRewriter):
    assert rewriter.transliterate("PF kaise nikalna hai") == "PF कैसे निकलना है"


@pytest.mark.parametrize(
    ("devanagari", "latin"),
    [
        ("नौकरी", "naukri"),
        ("कैसे", "kaise"),
        ("पत्र", "patra"),
        ("नियम", "niyam"),
        ("मिलती", "milti"),
        ("समझना", "samajhnaa"),
        ("हूँ", "hun"),
        ("क़ानून", "kaanun"),
    ],
)
def test_devanagari_is_romanised_without_silent_vowels(devanagari: str, latin: str):
    assert romanize(devanagari) == latin


@pytest.mark.parametrize(
    ("latin", "devanagari"),
    [
        ("kaise", "कैसे"),
        ("nahin", "नहीं"),
        ("mera", "मेरा"),
        ("kya", "क्या"),
        ("hamari", "हमारी"),
        ("bajao", "बजाओ"),
        ("hain", "हैं"),
        ("din", "दिन"),
    ],
)
def test_latin_letters_are_transliterated_as_they_are_pronounced(latin: str, devanagari: str):
    assert to_devanagari(latin) == devanagari


@pytest.mark.parametrize("word", ["", "h", "क", "ं", "्", "xyz", "nnn", "aaaa", "कक्क", "।"])
def test_any_word_can_be_transliterated(word: str):
    assert isinstance(to_devanagari(word) + romanize(word) + consonant_key(word) + phonetic_key(word), str)


def test_spellings_that_sound_alike_have_the_same_key():
    assert len({phonetic_key(word) for word in ("zaroori", "jaruri", "jaroori", "zaruri")}) == 1
    assert phonetic_key("kaise") == phonetic_key("kese") != phonetic_key("kis")


@pytest.mark.parametrize(
    ("hindi", "english"),
    [
        ("नोटिस", "notice"),
        ("प्रोबेशन", "probation"),
        ("कंपनी", "company"),
        ("अप्रेंटिस", "apprentice"),
        ("सेटलमेंट", "settlement"),
    ],
)
def test_a_borrowed_word_keeps_its_consonants(hindi: str, english: str):
    assert consonant_key(hindi) == consonant_key(english) != consonant_key("letter")


def test_letter_names_are_read_as_an_abbreviation():
    assert [acronym(word) for word in ("पीएफ", "टीडीएस", "यूएएन", "एचआर", "पी", "नौकरी")] == [
        "PF",
        "TDS",
        "UAN",
        "HR",
        None,
        None,
    ]


def test_devanagari_spellings_of_one_word_are_folded_to_one():
    assert normalize_spelling("फ़र्क") == normalize_spelling("फर्क") == normalize_spelling("फ\u093cर्क") == "फर्क"
    assert normalize_spelling("हाँ, क\u094d\u200dया") == "हां, क\u094dया"
    assert (normalize_spelling("cafe\u0301"), has_devanagari("PF kya hai"), has_devanagari("PF क्या")) == (
        "cafe\u0301",
        False,
        True,
    )


@pytest.mark.parametrize(
    ("name", "right", "answered", "refused"), [("hindi.csv", 56, 48, 26), ("hinglish.csv", 65, 58, 26)]
)
def test_the_packaged_model_answers_most_questions_in_hindi(
    name: str, right: int, answered: int, refused: int, shipped: Bot, shipped_rewriter: HindiRewriter
):
    finder = shipped.retriever.finder()
    found = [
        (row["expected"], finder.rank(shipped_rewriter.to_english(row["question"]), 1, as_typed=True).hits[0])
        for row in read(name)
    ]
    hits = [hit for expected, hit in found if expected and hit.passage.article.id in (expected, f"{expected}-hindi")]
    uncovered = [hit for expected, hit in found if not expected]
    assert (len(found), len(uncovered)) == (100, 29)
    assert len(hits) >= right
    assert sum(hit.probability >= 0.5 for hit in hits) >= answered
    assert sum(hit.probability < 0.5 for hit in uncovered) >= refused


REST = "क्या यह ज़रूरी है? हाँ, अनुबंध में लिखा है तो ज़रूरी है।"
ARTICLE = f"""---
title: नोटिस पीरियड क्या होता है
category: नौकरी
url: https://example.com/notice/
---
नोटिस पीरियड वह समय है जो इस्तीफ़े के बाद काम करना होता है। डॉ. शर्मा के अनुसार रु. 500 तक का भत्ता मिलता है। {REST}

## अक्सर पूछे जाने वाले सवाल

### नोटिस पीरियड कितने दिन का होता है?

आम तौर पर 30 से 90 दिन का।

### क्या नोटिस पीरियड में छुट्टी मिलती है?

हाँ, मैनेजर की मंज़ूरी से।

निष्कर्ष: नोटिस पीरियड पूरा करना अच्छा रहता है।
"""


@pytest.fixture(scope="module")
def article() -> Article:
    (article,) = read_markdown(ARTICLE, "notice.md")
    assert isinstance(article, Article)
    return article


def test_a_hindi_article_is_detected_and_its_faqs_are_found(article: Article):
    assert article.language == "hi"
    assert [(faq.question, article.text[faq.start : faq.end]) for faq in article.faqs] == [
        ("नोटिस पीरियड कितने दिन का होता है?", "आम तौर पर 30 से 90 दिन का।"),
        ("क्या नोटिस पीरियड में छुट्टी मिलती है?", "हाँ, मैनेजर की मंज़ूरी से।"),
    ]


def test_a_hindi_article_keeps_its_spelling(article: Article):
    (composed,) = read_markdown(ARTICLE.replace("ज़", "\u095b").replace("क्या", "क्\u200dया"), "notice.md")
    assert isinstance(composed, Article)
    assert composed.text == article.text.replace("ज़", "\u095b").replace("क्या", "क्\u200dया")
    assert normalize_spelling(composed.text) == normalize_spelling(article.text)


def test_the_majority_of_words_decides_the_language_of_a_text():
    assert is_mostly_devanagari("EPFO के portal पर UAN से login करने के बाद अपना पासवर्ड बदलिए।")
    assert not is_mostly_devanagari("A notice (नोटिस) is given in writing.")
    assert not is_mostly_devanagari("")


def test_hindi_sentences_end_at_a_danda_and_not_at_an_abbreviation(article: Article):
    passages = [passage for passage in split_articles([article], word_starts, 60) if passage.kind == "section"]
    assert [article.text[slice(*span)] for span in passages[0].sentences] == [
        "नोटिस पीरियड वह समय है जो इस्तीफ़े के बाद काम करना होता है।",
        "डॉ. शर्मा के अनुसार रु. 500 तक का भत्ता मिलता है।",
        "क्या यह ज़रूरी है?",
        "हाँ, अनुबंध में लिखा है तो ज़रूरी है।",
    ]


def test_a_long_hindi_paragraph_is_cut_between_sentences(article: Article):
    passages = [passage.text for passage in split_articles([article], word_starts, 24) if passage.kind == "section"]
    assert passages[0] == "नोटिस पीरियड वह समय है जो इस्तीफ़े के बाद काम करना होता है।"
    assert passages[1].startswith("डॉ. शर्मा के अनुसार रु. 500 तक")


@pytest.mark.parametrize(
    "title",
    [
        "अक्सर पूछे जाने वाले सवाल",
        "पीएफ के बारे में अक्सर पूछे जाने वाले प्रश्न",
        "सामान्य प्रश्न",
        "सवाल-जवाब",
        "प्रश्नोत्तरी",
        "PF से जुड़े पूछे गए सवाल",
    ],
)
def test_a_hindi_heading_announces_questions(title: str):
    assert is_faq_title(title)


@pytest.mark.parametrize("title", ["नोटिस पीरियड", "क्या सामान्य प्रश्न पूछे जाते हैं?", "सवाल"])
def test_other_hindi_headings_announce_no_questions(title: str):
    assert not is_faq_title(title)


def test_hindi_questions_and_answers_are_recognized_by_their_labels():
    text = "प्रश्न 1: वेतन कब मिलता है?\nउत्तर: महीने के अंत में।\n\nप्रश्न 2: छुट्टी कितनी है?\nउत्तर: बारह दिन।"
    assert [(faq.question, text[faq.start : faq.end]) for faq in outline(text).faqs] == [
        ("वेतन कब मिलता है?", "महीने के अंत में।"),
        ("छुट्टी कितनी है?", "बारह दिन।"),
    ]


def test_a_link_finds_hindi_words_that_the_page_spells_differently(browser: Browser, tmp_path: Path):
    words = "ज\u093cरूरी दस्तावेज\u093c साथ लाएँ।"
    page = "<!doctype html><meta charset=utf-8>" + "<p>और कुछ नहीं।</p>" * 200 + f"<p>{words}</p>" + "<p>अंत</p>" * 100
    (tmp_path / "page.html").write_text(page.replace("ज\u093c", "\u095b"), encoding="utf-8")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=tmp_path)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        opened = browser.new_page()
        opened.goto(quoting_link(f"http://127.0.0.1:{server.server_port}/page.html", words) or "")
        opened.wait_for_function("scrollY > 1000")
        opened.close()
        server.shutdown()


ENGLISH_NOTICE = """---
title: Notice period
category: Jobs
url: https://example.com/notice-period/
---
A notice period is the time between resignation and the last working day.

## FAQs

### How many days is a notice period?

Usually 30 to 90 days.

### Can leave be taken in the notice period?

Yes, when the manager approves it.

### Who signs the relieving letter?

The HR manager signs the relieving letter on the last day.
"""


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Bot:
    """A bot over two articles on one subject in Hindi and English, and one on gratuity in English."""
    folder = tmp_path_factory.mktemp("mixed")
    (folder / "corpus").mkdir()
    for name, text in {"hindi": ARTICLE, "english": ENGLISH_NOTICE, "gratuity": GRATUITY}.items():
        (folder / "corpus" / f"{name}.md").write_text(text, encoding="utf-8")
    build(folder / "corpus", folder / "index")
    return Bot.open(folder / "index")


@pytest.mark.parametrize(
    "question",
    ["नोटिस पीरियड कितने दिन का होता है?", "नोटिस पीरियड कितने दिन का होता है।", "नोटिस कितने दिन पहले देना होता है"],
)
def test_an_article_in_hindi_is_preferred_for_a_question_in_hindi(question: str, mixed: Bot):
    answer = mixed.ask(question)
    assert (answer.status, answer.text, answer.corrected) == ("answered", "आम तौर पर 30 से 90 दिन का।", None)


@pytest.mark.parametrize("question", ["notice period kitne din ka hota hai", "kitne din ka notice period"])
def test_hinglish_prefers_no_language(question: str, mixed: Bot):
    answer = mixed.ask(question)
    assert (answer.status, answer.text, answer.language) == ("answered", "Usually 30 to 90 days.", "hinglish")


def test_an_english_question_finds_an_article_in_hindi_if_only_that_answers_it(shipped: Bot):
    answer = shipped.ask("How do I avoid shin pain when I start running for the police race")
    article = answer.sources[0].passage.article
    assert (answer.status, article.id, article.language) == ("answered", "police-bharti-daud-taiyari", "hi")


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("how many days is the notice period", "Usually 30 to 90 days."),
        ("relieving letter kaun sign karta hai", "The HR manager signs the relieving letter on the last day."),
        ("रिलीविंग लेटर पर साइन कौन करता है", "The HR manager signs the relieving letter on the last day."),
    ],
)
def test_english_articles_answer_a_hindi_question_that_no_hindi_article_answers(question: str, words: str, mixed: Bot):
    assert mixed.ask(question).text == words


@pytest.mark.parametrize(
    "question",
    [
        "CTC se cricket match kaun jeeta",
        "कल बारिश होगी क्या",
        "पासपोर्ट कितने दिन में बनता है",
        "gadi ka insurance kaise karwaye",
        "मोबाइल रिचार्ज कैसे करें",
    ],
)
def test_a_hindi_question_that_no_article_answers_is_not_answered(question: str, mixed: Bot, shipped: Bot):
    assert mixed.ask(question).status in ("no_answer", "closest")
    assert shipped.ask(question).status in ("no_answer", "closest")


def test_a_search_returns_the_rewritten_hindi_question(mixed: Bot):
    found = mixed.retriever.finder().find("notice period kitne din ka hota hai", 1)
    assert [(variant.form, variant.text) for variant in found.variants] == [
        ("english", "how many days notice period"),
        ("original", "notice period kitne din ka hota hai"),
    ]
    assert found.query == "how many days notice period"


def test_only_misspelt_english_words_of_a_hindi_question_are_repaired(mixed: Bot):
    found = mixed.retriever.finder().find("relieving lettr kaun sign karta hai", 1)
    assert (found.query, found.corrected) == ("who relieving letter sign do", None)


def test_an_explained_search_prints_the_rewritten_hindi_question(
    shipped_index: Path, capsys: pytest.CaptureFixture[str]
):
    run("search", "pf kaise nikale", "--index", str(shipped_index), "-k", "1", "--explain")
    assert capsys.readouterr().out.startswith("Read as “how pf withdraw”.\n")
    run("search", "pf kaise nikale", "--index", str(shipped_index), "-k", "1")
    assert "Read as" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("notice period kya hota hai", "aur isme chhutti milti hai?"),
        ("नोटिस पीरियड क्या होता है", "और इसमें छुट्टी मिलती है?"),
    ],
)
def test_a_follow_up_in_hindi_is_answered_on_the_topic(first: str, then: str, mixed: Bot):
    answer = mixed.ask(then, history=[first])
    assert answer.topic == first
    assert answer.text in ("हाँ, मैनेजर की मंज़ूरी से।", "Yes, when the manager approves it.")


@pytest.mark.parametrize(
    ("question", "refers"),
    [
        ("aur iska format kya hai", True),
        ("uske liye kya chahiye", True),
        ("isme kitna time lagta hai", True),
        ("और इसकी फीस कितनी है", True),
        ("क्या उसमें पैसे कटते हैं", True),
        ("probation letter kya hai aur iska format kya hai", False),
        ("नोटिस पीरियड में इसका क्या मतलब है", False),
        ("pf kaise nikale", False),
        ("इसरो की परीक्षा कब है", False),
        ("uan kaise banaye", False),
    ],
)
def test_a_hindi_question_refers_back_by_its_first_word_or_a_pronoun(question: str, refers: bool):
    assert refers_back(question) is refers


def test_a_hindi_section_is_quoted_by_the_sentences_with_the_words_of_the_question(mixed: Bot):
    question = "शर्मा के अनुसार भत्ता 500 तक"
    (source,) = mixed.ask(question).sources
    span, matched = source.quote, source.matched
    assert source.passage.text[slice(*matched)] == "डॉ. शर्मा के अनुसार रु. 500 तक का भत्ता मिलता है।"
    assert span[0] <= matched[0] < matched[1] <= span[1]


def test_the_words_of_articles_in_hindi_are_english_ones_in_the_index():
    assert readable("पीएफ कैसे निकालें।\nThe claim हाँ") == "how PF withdraw.\nThe claim yes"
    assert stems("ज़रूरी कागज़, PF's claims 2026") == [*stems("necessary paper"), "pf", "s", "claim", "2026"]
    assert content_terms("हाँ the claim") == ("yes", "claim")


def test_devanagari_words_find_passages_in_any_spelling(mixed: Bot):
    lexical = mixed.retriever.generation.lexical
    found = lexical.search("words", "ज\u093cरूरी", 1)
    assert "ज़रूरी" in mixed.retriever.generation.table.passage(int(found.numbers[0])).text
    assert (
        lexical.has("words", "जरूरी"),
        lexical.has("words", "जरू"),
        lexical.has("pairs", "नोटिस पीरियड"),
        lexical.has("pairs", "पीरियड नोटिस"),
    ) == (True, False, True, False)


def test_hindi_questions_are_suggested_by_their_first_letters(mixed: Bot):
    assert set(mixed.suggestions.complete("नोटिस पी")[:2]) == {
        "नोटिस पीरियड कितने दिन का होता है?",
        "क्या नोटिस पीरियड में छुट्टी मिलती है?",
    }


def test_the_page_in_hindi_begins_with_questions_and_articles_in_hindi(shipped: Bot):
    service = ChatService(shipped, ChatSettings(categories={"hi": {"HRM": "एचआर"}}), None)
    texts = texts_for(service.settings)
    shown = {code: welcome.empty_chat(service, texts[code]) for code in ("en", "hi")}
    for code, each in shown.items():
        assert {detect_language(example["text"]) for example in each["examples"]} == {code}
        titles = re.findall(r"<li><span>(?:<a [^>]*>)?(.*?)(?:</a>)?</span>", each["placeholder"])
        assert titles
        assert {detect_language(title) for title in titles} == {code}
    labels = [label for label, _ in welcome.categories(service, texts["hi"])["choices"]]
    assert any(label.startswith("एचआर\u00a0") for label in labels)
    assert "एचआर" in welcome.placeholder(service, texts["hi"])


def test_suggestions_are_in_the_language_of_the_question_where_there_are_some(shipped: Bot):
    hindi = shipped.ask("ग्रेच्युटी कितने साल में मिलती है")
    assert hindi.suggestions
    languages = [detect_language(each) for each in hindi.suggestions]
    assert languages[0] == "hi"
    assert languages == sorted(languages, reverse=True), "those in English come after the ones in Hindi"
    english = shipped.ask("when is gratuity paid")
    assert {detect_language(each) for each in english.suggestions} == {"en"}


def test_hindi_questions_are_duplicates_only_if_their_words_are_the_same(mixed: Bot):
    generation = mixed.retriever.generation
    (days, leave) = generation.table.faqs("notice")
    assert not same_question(generation, days, leave)
    assert same_question(generation, days, days)
    assert normalize("क्या यह ज़रूरी है।") == normalize("क्या यह जरूरी  है?")
