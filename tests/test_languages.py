"""Languages: the contents of each package, and a further language as a package."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.corpus.outline import is_faq_title, outline
from bot.languages import registry
from bot.languages.language import Language, WordLookup
from bot.languages.registry import LANGUAGES, QuestionLanguages, detect_language, language_of, reply, small_talk
from bot.retrieval.query_rewriting import QueryRewriter, QueryVariant
from bot.retrieval.ranking import RankingModel

PATTERNS = 'question_labels = ["C"]\nanswer_labels = ["O"]\nfunction_words = ["ti"]\nsentence_ends = "!"\n' + "".join(
    f"{name} = []\n" for name in ("faq_titles", "closings", "openings", "pronouns", "expletives", "abbreviations")
)
SMALL_TALK = """
addressees = "sanon"
[fragments]
day = "deiz"
[phrases]
greeting = ["{day} mat"]
[replies.br]
greeting = "Deiz mat! {about}"
about = "{categories}."
about_bare = ""
and = "{first} ha {last}"
more = "all"
"""


class BretonRewriter:
    """A rewriter that knows one word."""

    def detect(self, question: str) -> str | None:
        return "br" if "petra" in question.split() else None

    def to_english(self, question: str) -> str:
        return question.replace("petra", "what")

    def to_native_script(self, question: str) -> str:
        return question

    def transliterate(self, question: str) -> str:
        return question


class Breton(Language):
    code = "br"
    variants = ("br",)

    def is_language_of(self, text: str) -> bool:
        return "ar " in text

    def rewriter(self, words: WordLookup) -> BretonRewriter:  # noqa: ARG002
        return BretonRewriter()


class Lexicon:
    """An empty vocabulary."""

    def passages_with(self, word: str) -> int | None:  # noqa: ARG002
        return None

    def most_frequent(self, most: int, /) -> Sequence[str]:  # noqa: ARG002
        return ()


@pytest.fixture
def _breton(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "breton_for_a_test"
    package.mkdir()
    for name, text in {"__init__.py": "", "patterns.toml": PATTERNS, "small_talk.toml": SMALL_TALK}.items():
        (package / name).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    others = (*registry.OTHERS, Breton("breton_for_a_test"))
    monkeypatch.setattr(registry, "OTHERS", others)
    monkeypatch.setattr(registry, "LANGUAGES", (registry.ENGLISH, *others))


@pytest.mark.usefixtures("_breton")
def test_a_further_language_needs_only_a_package():
    assert (detect_language("Petra eo ar bloaz"), detect_language("What is it")) == ("br", "en")
    query = QueryRewriter(QuestionLanguages(Lexicon()), ["br"]).rewrite("petra eo gratuity")
    assert query.language == "br"
    assert query.variants == (
        QueryVariant("what eo gratuity", "english", "br", "petra eo gratuity"),
        QueryVariant("petra eo gratuity", "original", "br", "petra eo gratuity"),
    )
    talk = small_talk("Deiz mat sanon!")
    assert talk is not None
    assert reply(talk, ["HRM", "EPFO"]) == "Deiz mat! HRM ha EPFO."
    assert RankingModel.shipped("br") == RankingModel.shipped()
    assert "C" in registry.combined_pattern("question_labels").split("|")


def test_a_variant_belongs_to_its_language_and_any_other_code_to_english():
    codes = ("en", "hi", "hinglish", "fr")
    assert [language_of(code).code for code in codes] == ["en", "hi", "hi", "en"]


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
def test_every_pattern_compiles_and_every_variant_has_all_replies(language: Language):
    for name in type(language.patterns).__dataclass_fields__:
        for pattern in getattr(language.patterns, name):
            re.compile(pattern if name != "sentence_ends" else re.escape(pattern))
    assert set(language.talk.replies) == set(language.variants)
    kinds = {*LANGUAGES[0].talk.phrases, "about", "about_bare", "and", "more"}
    assert all(set(replies) == kinds for replies in language.talk.replies.values())


@pytest.mark.parametrize(
    "title",
    [
        "Häufige Fragen",
        "Häufig gestellte Fragen zum Konto",
        "Fragen und Antworten",
        "Foire aux questions",
        "Questions fréquentes",
        "Preguntas frecuentes sobre la cuenta",
        "Perguntas frequentes",
        "Domande frequenti",
        "Veelgestelde vragen",
        "Najczęściej zadawane pytania",
        "Sıkça sorulan sorular",
        "Часто задаваемые вопросы",
        "Vanliga frågor och svar",
        "Ofte stillede spørgsmål",
        "Ofte stilte spørsmål",
        "Usein kysytyt kysymykset",
        "Usein kysyttyä",
        "UKK",
        "Algengar spurningar",
        "Často kladené dotazy",
        "Otázky a odpovědi",
        "Najčastejšie kladené otázky",
        "Pogosto zastavljena vprašanja",
        "Najčešće postavljana pitanja",
        "Често постављана питања",
        "Најчесто поставувани прашања",
        "Често задавани въпроси",
        "Поширені запитання",
        "Частыя пытанні",
        "Gyakran ismételt kérdések",
        "GYIK",
        "Întrebări frecvente",
        "Intrebari frecvente",
        "Συχνές ερωτήσεις",
        "ΣΥΧΝΕΣ ΕΡΩΤΗΣΕΙΣ",
        "Korduma kippuvad küsimused",
        "Biežāk uzdotie jautājumi",
        "Dažniausiai užduodami klausimai",
        "Preguntes freqüents",
        "Preguntas máis frecuentes",
        "Maiz egiten diren galderak",
        "Pyetje të shpeshta",
        "Cwestiynau cyffredin",
        "Ceisteanna coitianta",
        "Mistoqsijiet frekwenti",
        "الأسئلة الشائعة",
        "اکثر پوچھے جانے والے سوالات",
        "প্রায়শই জিজ্ঞাসিত প্রশ্ন",
        "वारंवार विचारले जाणारे प्रश्न",
        "વારંવાર પૂછાતા પ્રશ્નો",
        "அடிக்கடி கேட்கப்படும் கேள்விகள்",
        "తరచుగా అడిగే ప్రశ్నలు",
        "ಪದೇ ಪದೇ ಕೇಳಲಾಗುವ ಪ್ರಶ್ನೆಗಳು",
        "പതിവ് ചോദ്യങ്ങൾ",
        "常见问题",
        "よくある質問",
        "자주 묻는 질문",
        "3. FAQs",
        "❓ FAQ",
    ],
)
def test_a_heading_of_any_language_introduces_faqs(title: str):
    text = f"## {title}\n\n### Kto?\n\nFirma."
    assert [(faq.question, text[faq.start : faq.end]) for faq in outline(text).faqs] == [("Kto?", "Firma.")]


@pytest.mark.parametrize(
    "title",
    [
        "Fragen",
        "Open questions",
        "Questions du jour",
        "प्रश्न",
        "Häufige Fehler",
        "問題",
        "Frågor",
        "Dukat",
        "Vanliga fel",
        "Časté chyby",
    ],
)
def test_other_headings_introduce_no_faqs(title: str):
    assert not is_faq_title(title)


def test_questions_and_answers_are_labelled_in_the_words_of_a_language():
    text = "Fråga: Vem betalar?\nSvar: Köparen.\n\nOtázka 1: Kdo platí?\nOdpověď: Kupující."
    found = {faq.question: text[faq.start : faq.end] for faq in outline(text).faqs}
    assert found == {"Vem betalar?": "Köparen.", "Kdo platí?": "Kupující."}
    text = "Frage: Wer zahlt?\n\nAntwort: Die Firma.\n\nFrage 2: Wann?\nAntwort: Im Mai."
    found = {faq.question: text[faq.start : faq.end] for faq in outline(text).faqs}
    assert found == {"Wer zahlt?": "Die Firma.", "Wann?": "Im Mai."}
