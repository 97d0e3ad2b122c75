"""The settings file, the texts of each language, and the choice of a browser's language."""

import re
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import get_args

import pytest

from bot.errors import SettingsError
from bot.languages.language import Talk
from bot.serve.page.colours import contrast
from bot.serve.settings_file import read_settings
from bot.serve.texts import _ENGLISH_FILE, load_texts, negotiate_language, texts_for
from bot.settings import ChatSettings


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    def write(content: str) -> Path:
        (tmp_path / "chat.toml").write_text(content, encoding="utf-8")
        return tmp_path / "chat.toml"

    return write


def test_every_text_that_the_code_shows_exists():
    code = [path.read_text(encoding="utf-8") for path in (Path(__file__).parents[1] / "bot" / "serve").rglob("*.py")]
    shown = {name for text in code for name in re.findall(r"""(?:texts|other)\[["'](\w+)["']\]""", text)}
    assert len(shown) > 30
    assert shown <= set(load_texts()["en"].words)


def test_every_language_is_complete_and_knows_small_talk():
    texts = load_texts()
    assert set(texts) >= {"en", "hi"}
    for code, each in texts.items():
        assert each.code == code
        assert code == "en" or set(get_args(Talk)) <= set(each.replies)
        assert each["title"]
    hindi = texts["hi"]
    english = asdict(texts["en"])
    same = [
        name
        for name, words in asdict(hindi).items()
        if words == english[name] and name not in ("direction", "contact", "categories")
    ]
    assert same == [], "words that nobody has translated"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda words: words.replace('title = "', 'titel = "'), "lacks title and has the unknown titel"),
        (
            lambda words: words.replace("{length}", "{size}"),
            "too_long must be words in quotation marks, and of braces may have {length}, {longest}",
        ),
        (lambda words: words.replace('"ltr"', '"down"'), "direction must be ltr or rtl"),
        (lambda words: words + "\n= 3", "cannot be read as TOML"),
    ],
)
def test_an_incomplete_or_invalid_language_is_rejected_by_name(
    tmp_path: Path, change: Callable[[str], str], complaint: str
):
    (tmp_path / "mr.toml").write_text(change(_ENGLISH_FILE.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        load_texts(tmp_path)
    assert "mr.toml" in str(refused.value)
    assert complaint in str(refused.value)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("hi-IN,hi;q=0.9,en;q=0.8", "hi"),
        ("en-IN,hi;q=0.9", "en"),
        ("fr,hi;q=0.3,en;q=0.2", "hi"),
        ("fr;q=1, de", "en"),
        ("hi;q=0, en;q=0.1", "en"),
        ("pt-br", "pt-BR"),
        ("", "en"),
        ("*;;q=banana,\x00", "en"),
    ],
)
def test_a_browser_gets_its_preferred_language(accepted: str, language: str):
    assert negotiate_language(accepted, ["en", "hi", "pt-BR"], "en") == language


@pytest.mark.parametrize(
    ("code", "day"),
    [
        ("en", "5 January 2026"),
        ("hi", "5 जनवरी 2026"),
        ("ta", "5 ஜனவரி, 2026"),
        ("pt-BR", "5 de janeiro de 2026"),
        ("tlh", "5 January 2026"),
        ("my_words", "5 January 2026"),
    ],
)
def test_dates_are_written_in_the_format_of_the_language(tmp_path: Path, code: str, day: str):
    words = _ENGLISH_FILE.read_text(encoding="utf-8")
    if code not in ("en", "hi"):
        (tmp_path / f"{code}.toml").write_text(words + 'months = ["of", "version", "0.1.0"]', encoding="utf-8")
    assert load_texts(tmp_path)[code].day(date(2026, 1, 5)) == day


def test_small_talk_is_answered_in_its_language():
    hindi = load_texts()["hi"]
    assert (
        hindi.reply("greeting", ["HRM", "EPFO"], "Hello!")
        == "नमस्ते! मैं HRM और EPFO से जुड़े सवालों के जवाब लेखों के शब्दों में, स्रोत के साथ देता हूँ।"
    )
    assert load_texts()["en"].reply("greeting", ["HRM"], "Hello!") == "Hello!"


def test_paths_in_settings_are_relative_to_the_file(written: Callable[[str], Path], tmp_path: Path):
    (tmp_path / "logo.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (tmp_path / "languages").mkdir()
    settings = read_settings(
        written("""
            origins = ["https://www.example.com"]
            language = "hi"
            [publisher]
            name = "Career Desk"
            logo = "logo.svg"
            [limits]
            trusted_proxies = ["10.0.0.0/8"]
            [texts.hi]
            title = "करियर डेस्क से पूछिए"
        """)
    )
    assert (settings.publisher.name, settings.publisher.logo) == ("Career Desk", tmp_path / "logo.svg")
    assert (settings.languages, settings.limits.trusted_proxies) == (tmp_path / "languages", ("10.0.0.0/8",))
    assert texts_for(settings)["hi"]["title"] == "करियर डेस्क से पूछिए"


def test_the_settings_in_the_documentation_are_valid(written: Callable[[str], Path]):
    page = (Path(__file__).parents[1] / "docs" / "chat.md").read_text(encoding="utf-8")
    (words,) = re.findall(r"^```toml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    settings = read_settings(written(words))
    assert settings.publisher.name == "Career Desk"
    texts = texts_for(settings)
    assert texts["en"]["title"] == "Ask Career Desk"
    assert [texts[code].category("Admit Cards") for code in ("en", "hi")] == ["Admit Cards", "एडमिट कार्ड"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            'colour = "#fff"',
            "there is no setting 'colour' at the top: there are publisher, colours, limits, language, texts,",
        ),
        ('languages = "more"', "languages is not a setting: a folder with this name holds further languages."),
        ('[build]\nmodl = "x"', "there is no setting 'modl' at [build]: there are model, passage_tokens,"),
        ('[publisher]\nnme = "x"', "there is no setting 'nme' at [publisher]: there are name, site, logo."),
        (
            '[colours]\naccent = "#5eead4"',
            "colours.accent has a contrast of 1.4 on #f5f7f9, and readable text needs 4.5",
        ),
        ('[colours]\naccent_dark = "teal"', "colours.accent_dark must be like #0f766e, not 'teal'."),
        (
            '[publisher]\nlogo = "none.png"',
            "publisher.logo must be a file (.svg, .png, .webp, .jpg, .jpeg) of at most 1 MB",
        ),
        ('[publisher]\nsite = "javascript:alert(1)"', "publisher.site must begin with https:// or http://."),
        (
            'origins = ["https://www.example.com/page"]',
            "origins must be like https://www.example.com, not 'https://www.example.com/page'.",
        ),
        (
            "[limits]\nquestions_per_minute = 0",
            "limits.questions_per_minute: Input should be greater than or equal to 1.",
        ),
        ('[limits]\nquestions_per_minute = "many"', "limits.questions_per_minute: Input should be a valid integer"),
        ("publisher = 3", "publisher: Input should be"),
        ('[log]\nquestions = "some"', "log.questions: Input should be 'off', 'hashed' or 'full'."),
        ('[log]\ndatabase = "mysql://x:s3cret@h/d"', "log.database must be like postgresql://user@host/name."),
        ("[build]\nlanguages = []", "build.languages:"),
        ("[log]\ndays = 0", "log.days: Input should be greater than or equal to 1."),
        ('[editor]\npassword = "secret"', "editor.password must be the hash that articlebot password prints"),
        ("name = ", "cannot be read as TOML"),
    ],
)
def test_an_invalid_setting_is_reported_in_one_sentence(written: Callable[[str], Path], content: str, message: str):
    path = written(content)
    with pytest.raises(SettingsError) as refused:
        read_settings(path)
    assert str(path) in str(refused.value)
    assert message in str(refused.value)
    assert "s3cret" not in str(refused.value)


def test_unknown_texts_and_languages_are_rejected():
    with pytest.raises(SettingsError, match=r"There is no language 'ta'"):
        texts_for(ChatSettings(language="ta"))
    with pytest.raises(SettingsError, match=r"texts\.en has the unknown heading"):
        texts_for(ChatSettings(texts={"en": {"heading": "x"}}))


def test_contrast_is_computed_as_in_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
