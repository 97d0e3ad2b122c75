"""The appearance of the page, its languages and its accessibility, in a real browser."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from serving import Hedging, ask, fresh_page, served

from bot import Bot
from bot.serve.texts import PageTexts, load_texts
from bot.settings import ChatSettings, Limits
from bot.usage.store import UsageStore

pytestmark = pytest.mark.slow

EN, HI = load_texts()["en"], load_texts()["hi"]
ROOT = Path(__file__).parents[1]


def test_name_logo_colours_and_words_come_from_one_file(browser: Browser, place: Path):
    from bot.serve.settings_file import read_settings

    (place / "logo.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9" fill="#7c2d92"/></svg>'
    )
    (place / "articlebot.toml").write_text(
        '[publisher]\nname = "Career <Desk>"\nsite = "https://www.example.com"\nlogo = "logo.svg"\n'
        '[colours]\naccent = "#7c2d92"\n[texts.en]\ntitle = "Ask the desk"\n'
    )
    for address in served(Bot.open(place / "index"), read_settings(place / "articlebot.toml")):
        page = browser.new_page()
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_have_text("Ask the desk")
        expect(page.get_by_role("link", name="Career <Desk>")).to_have_attribute("href", "https://www.example.com")
        expect(page.locator("#question .submit-button")).to_have_css("background-color", "rgb(124, 45, 146)")
        page.wait_for_function("document.querySelector('#header .logo').naturalWidth > 0")
        assert page.title() == "Ask the desk · Career <Desk>"
        page.close()


@pytest.mark.parametrize(("language", "words"), [("en", EN), ("hi", HI)])
def test_the_page_names_only_its_own_bot_and_publisher(address: str, language: str, words: PageTexts):
    page = httpx.get(address, headers={"Accept-Language": language}, trust_env=False).text
    assert f'<html lang="{language}" dir="ltr"' in " ".join(page.split())
    assert f"<title>{words['title']}</title>" in page
    assert f'<meta property="og:title" content="{words["title"]}">' in page
    head = page.partition("window.gradio_config")[0]
    assert not re.search(r"https?://(?!127)", head), "an address elsewhere"


def test_the_browser_chooses_the_language_and_a_link_changes_it(browser: Browser, address: str):
    context = browser.new_context(locale="hi-IN")
    page = context.new_page()
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text(HI["title"])
    expect(page.get_by_role("textbox", name=HI["question"])).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "hi"
    ask(page, "can I buy out my notice period")
    expect(page.locator(".answer .origin")).to_contain_text("5 जनवरी 2026 को प्रकाशित")
    ask(page, "hello")
    expect(page.get_by_test_id("bot").last).to_contain_text("नमस्ते!")
    ask(page, "who won the 2011 cricket world cup")
    expect(page.get_by_test_id("bot").last).to_contain_text(HI["no_answer"])
    page.get_by_role("link", name=EN["language"]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(EN["title"])
    expect(page.get_by_test_id("user")).to_have_count(3)
    expect(page.locator(".answer .origin")).to_contain_text("Published 5 January 2026")
    context.close()


@pytest.mark.parametrize(
    ("question", "texts", "note"),
    [
        ("how long is a probation period", EN, None),
        ("प्रोबेशन पीरियड कितने महीने का होता है", HI, HI["other_language"]),
        ("probation period kitne mahine ka hota hai", EN, EN["other_language"]),
    ],
)
def test_an_answer_has_labels_in_the_questions_language_and_a_quote_in_the_articles(
    page: Page, question: str, texts: PageTexts, note: str | None
):
    ask(page, question)
    answer = page.locator(".answer").last
    expect(answer.locator(".words")).to_have_text("It is often three to six months.")
    assert (answer.get_attribute("lang"), answer.locator(".words").get_attribute("lang")) == (texts.code, "en")
    expect(answer.locator(".sure")).to_have_text(texts["from_faqs"].format(title="Probation letter"))
    expect(answer.locator(".tools button").first).to_have_text(texts["copy"])
    notes = [note, HI["other_language_questions"]] if texts is HI else [note] if note else []
    expect(answer.locator(".note")).to_have_text(notes)
    expect(page.get_by_test_id("user").last).to_have_text(question)
    page.reload()
    expect(page.get_by_test_id("user").last).to_have_text(question)


def test_a_right_to_left_language_mirrors_the_page(browser: Browser, place: Path, tmp_path: Path):
    words = (
        (ROOT / "bot/serve/languages/en.toml")
        .read_text(encoding="utf-8")
        .replace('direction = "ltr"', 'direction = "rtl"')
    )
    (tmp_path / "ar.toml").write_text(words, encoding="utf-8")
    for address in served(Bot.open(place / "index"), ChatSettings(languages=tmp_path)):
        page = browser.new_page()
        page.goto(f"{address}/?lang=ar")
        ask(page, "who pays gratuity")
        assert page.locator("html").get_attribute("dir") == "rtl"
        button, box = (
            page.get_by_role("button", name=EN["send"]).bounding_box(),
            page.get_by_test_id("textbox").bounding_box(),
        )
        assert button
        assert box
        assert button["x"] < box["x"]
        page.close()


def type_words(page: Page) -> None:
    page.get_by_test_id("textbox").press_sequentially("who pays grat")
    page.get_by_role("option").first.wait_for()


def vote_unhelpful(page: Page) -> None:
    ask(page, "who pays gratuity")
    page.get_by_role("button", name=EN["unhelpful"]).click()
    page.get_by_role("group", name=EN["why"]).wait_for()


def refuse(page: Page, question: str, error: Locator) -> None:
    page.get_by_test_id("textbox").fill(question)
    page.get_by_test_id("textbox").press("Enter")
    error.wait_for()


def look_up(page: Page) -> None:
    ask(page, "how long is a probation period")
    page.route("**/gradio_api/run/**", lambda _: None)
    refuse(page, "can it be extended", page.locator("#echo"))


def lose_server(page: Page) -> None:
    page.route("**/gradio_api/run/**", lambda route: route.abort())
    refuse(page, "x", page.locator("#trouble:not(:empty)"))


STATES = {
    "empty": lambda page: page.title(),
    "answered": lambda page: ask(page, "can I buy out my notice period"),
    "a follow-up": lambda page: [ask(page, "how long is a probation period"), ask(page, "and can it be extended?")],
    "closest": lambda page: ask(page, "about can I buy out my notice period"),
    "asking": look_up,
    "no answer": lambda page: ask(page, "who won the 2011 cricket world cup"),
    "ambiguous": lambda page: ask(page, "correct my admit card"),
    "typing": type_words,
    "what was wrong": vote_unhelpful,
    "too long": lambda page: refuse(page, "a" * 1001, page.get_by_role("alert").filter(has_text="1001")),
    "unreachable": lose_server,
}


@pytest.fixture(scope="module")
def careful(place: Path, tmp_path_factory: pytest.TempPathFactory):
    yield from served(
        Hedging.open(place / "index"),
        ChatSettings(limits=Limits(questions_per_minute=1000)),
        UsageStore(tmp_path_factory.mktemp("votes")),
    )


@pytest.fixture(scope="module", params=["light", "dark"])
def phone(request: pytest.FixtureRequest, browser: Browser) -> Iterator[BrowserContext]:
    """The browser of a phone with a light, then a dark colour scheme."""
    context = browser.new_context(
        color_scheme=request.param, viewport={"width": 360, "height": 740}, reduced_motion="reduce"
    )
    yield context
    context.close()


@pytest.mark.parametrize("state", STATES)
def test_axe_finds_no_violation_in_any_state(phone: BrowserContext, careful: str, state: str):
    page = fresh_page(phone, careful)
    page.goto(careful)
    page.locator("#chat .greeting").wait_for()
    STATES[state](page)
    found = Axe().run(page).response["violations"]
    page.close()
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []


def test_everything_can_be_reached_with_the_keyboard(page: Page):
    ask(page, "who pays gratuity")
    page.get_by_test_id("textbox").focus()
    reached = []
    for _ in range(14):
        page.keyboard.press("Shift+Tab")
        reached.append(page.evaluate("document.activeElement.innerText || document.activeElement.value || ''").strip())
    names = " | ".join(reached)
    assert all(
        name in names
        for name in (EN["copy"], EN["link"], EN["helpful"], EN["unhelpful"], EN["read_more"], HI["language"])
    ), names


def test_at_two_hundred_percent_question_and_answer_can_be_read(browser: Browser, address: str):
    context = browser.new_context(viewport={"width": 640, "height": 400}, device_scale_factor=2)
    page = context.new_page()
    page.goto(address)
    ask(page, "who pays gratuity")
    assert page.evaluate("document.documentElement.scrollWidth") == 640
    expect(page.locator(".answer .words")).to_be_in_viewport(ratio=0.9)
    context.close()
