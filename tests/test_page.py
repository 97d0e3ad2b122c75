"""The page beyond asking, in a real browser: suggestions, votes, languages, access and safety."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from articles import CARD, GRATUITY, NOTICE, PROBATION
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from quick_build import build
from serving import Hedging, ask, chromium, fresh_page, rendered, running, served, server_process

from bot import Bot
from bot.corpus import read_corpus
from bot.serve.page.article_html import article_html
from bot.serve.pending_app import PendingApp
from bot.serve.server import open_app
from bot.serve.texts import PageTexts, load_texts
from bot.settings import AnswerSettings, ChatSettings, Limits
from bot.usage.store import USAGE, UsageStore

pytestmark = pytest.mark.slow

EN, HI = load_texts()["en"], load_texts()["hi"]
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a corpus of four articles, its index and a publisher's settings."""
    place = tmp_path_factory.mktemp("place")
    (place / "corpus").mkdir()
    for name, text in {"notice": NOTICE, "gratuity": GRATUITY, "probation": PROBATION, "card": CARD}.items():
        (place / "corpus" / f"{name}.md").write_text(text, encoding="utf-8")
    build(place / "corpus", place / "index")
    return place


@pytest.fixture(scope="module")
def whole(shipped: Bot) -> Iterator[str]:
    """The chat over the shipped corpus."""
    yield from served(shipped, ChatSettings(limits=Limits(questions_per_minute=10_000)))


# --- The answer


def test_an_answer_names_its_source_in_words_and_shows_no_number(page: Page):
    ask(page, "can I buy out my notice period")
    expect(page.locator(".answer .sure").last).to_have_text("From the FAQs of “Notice period”")
    ask(page, "how many days do contracts name for notice")
    expect(page.locator(".answer .sure").last).to_have_text(EN["from_article"])
    assert not re.search(r"\d\.\d|%", page.get_by_test_id("bot").last.inner_text())


def test_the_sentence_that_matches_is_marked_within_the_quote(shipped: Bot):
    (source,) = shipped.ask("can my manager sign the experience letter instead of HR").sources
    (start, end), (first, last) = source.quote, source.matched
    assert source.passage.kind == "section"
    assert start <= first < last <= end
    assert (start, end) != (first, last)
    words = re.search(
        r'<div class="words" lang="en">(.*?)</div>',
        rendered(shipped.ask("can my manager sign the experience letter instead of HR"), EN),
    )
    assert words
    assert re.findall("<mark>(.*?)</mark>", words[1]) == [source.passage.text[first:last]]


def test_a_mark_stays_within_each_line_and_out_of_tables():
    assert article_html("- one thing\n- two things\n\n| a | b |\n| - | - |\n| c | d |", (0, 80)).count("<mark>") == 2
    assert "<li><mark>one thing</mark></li>" in article_html("- one thing\n- two", (0, 11))
    assert article_html("First. Second. Third.", (7, 14)).strip() == "<p>First. <mark>Second.</mark> Third.</p>"


def test_a_corrected_spelling_is_shown_and_undone_with_one_click(visitor: BrowserContext, whole: str):
    page = fresh_page(visitor, whole)
    page.goto(whole)
    ask(page, "promtion leter format")
    expect(page.locator(".answer .note").first).to_have_text("Read as “promotion letter format”. Ask it as typed")
    page.get_by_role("button", name=EN["as_typed"]).click()
    expect(page.locator(".answer .note").filter(has_text="Read as")).to_have_count(0)
    expect(page.get_by_test_id("user")).to_have_text(["promtion leter format"])
    page.close()


def test_a_topic_is_undone_with_one_click(page: Page):
    ask(page, "how long is a probation period")
    ask(page, "and can it be extended?")
    page.get_by_role("button", name=EN["alone"]).click()
    expect(page.get_by_role("button", name=EN["alone"])).to_have_count(0)
    expect(page.get_by_test_id("user")).to_have_text(["how long is a probation period", "and can it be extended?"])


def test_more_of_the_section_opens_in_place_with_the_quote_marked(visitor: BrowserContext, whole: str):
    page = fresh_page(visitor, whole)
    page.goto(whole)
    ask(page, "how is gratuity calculated for a part of a year")
    for question in (
        "documents that come with a full and final settlement",
        "what does a transfer letter contain",
        "when is an admit card released",
    ):
        if page.locator(".answer details").count():
            break
        ask(page, question)
    details = page.locator(".answer details").last
    details.locator("summary").click()
    expect(details.locator("mark").first).to_be_visible()
    expect(page.locator(".answer").last.locator(".words")).to_be_hidden()
    page.close()


# --- Suggestions and examples


def test_suggestions_appear_after_a_pause_and_are_chosen_with_arrow_keys_and_enter(page: Page):
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url) if "/suggest" in request.url else None)
    box = page.get_by_test_id("textbox")
    box.focus()
    # All at once: between two keys a busy machine may take longer than the pause.
    box.evaluate("""(box) => {
        for (const letter of "how long is prob") {
            box.value += letter;
            box.dispatchEvent(new Event("input", { bubbles: true }));
        }
    }""")
    options = page.get_by_role("option")
    expect(options.first).to_have_text("How long is a probation period?")
    assert len(requests) == 1
    expect(options.first).to_have_attribute("aria-selected", "false")
    box.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    assert box.get_attribute("aria-activedescendant") == options.first.get_attribute("id")
    box.press("ArrowUp")
    expect(options.first).to_have_attribute("aria-selected", "false")
    box.press("ArrowDown")
    box.press("Enter")
    expect(page.get_by_test_id("user")).to_have_text(["How long is a probation period?"])
    expect(page.locator(".answer .words")).to_have_text("It is often three to six months.")
    expect(options).to_have_count(0)
    assert len(requests) == 1


def test_escape_closes_the_suggestions_and_enter_then_sends_what_is_typed(page: Page):
    box = page.get_by_test_id("textbox")
    box.press_sequentially("who pays grat")
    expect(page.get_by_role("option").first).to_be_visible()
    box.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)
    box.press("Enter")
    expect(page.get_by_test_id("user")).to_have_text(["who pays grat"])


def test_a_suggestion_is_asked_with_a_click(page: Page):
    page.get_by_test_id("textbox").press_sequentially("who pays grat")
    page.get_by_role("option", name="Who pays gratuity?").click()
    expect(page.locator(".answer .words")).to_have_text("The employer pays it, not the provident fund.")


def test_suggestions_match_words_and_meaning(shipped: Bot):
    typed = shipped.suggestions.complete
    assert typed("how many digits does a ua")[0] == "How many digits does a UAN have?"
    assert "What should I do if my name is wrong on my UAN?" in typed("incorrect name in universal account number")
    assert typed("ho") == typed("") == typed("   ") == ()
    assert typed("who pays grat", "Admit Cards") != typed("who pays grat")
    assert all(shipped.ask(question).text for question in typed("can a company"))


def test_only_articles_of_the_chosen_category_answer(page: Page):
    page.get_by_role("radio", name="EPFO").check()
    ask(page, "can I buy out my notice period")
    expect(page.get_by_test_id("bot").last).to_contain_text(
        EN["no_answer_category"].format(category="EPFO", all=EN["all_articles"])
    )
    ask(page, "who pays gratuity")
    expect(page.locator(".answer .note").last).to_have_text(EN["only_category"].format(category="EPFO"))
    page.get_by_role("radio", name=EN["all_articles"]).check()
    ask(page, "can I buy out my notice period")
    expect(page.locator(".answer .words").last).to_have_text(
        "Yes, when the contract allows it and the employer agrees."
    )


def test_a_question_that_a_category_does_not_answer_is_asked_of_all_articles_with_one_click(page: Page):
    page.get_by_role("radio", name="EPFO").check()
    ask(page, "can I buy out my notice period")
    page.get_by_role("button", name=EN["ask_everywhere"]).click()
    expect(page.locator(".answer .words")).to_have_text("Yes, when the contract allows it and the employer agrees.")
    expect(page.get_by_role("radio", name=EN["all_articles"])).to_be_checked()
    expect(page.get_by_test_id("user")).to_have_count(1)


def test_the_characters_left_are_counted_near_the_limit(page: Page):
    box, left = page.get_by_test_id("textbox"), page.locator("#left")
    box.fill("a" * 900)
    expect(left).to_have_text("")
    box.fill("é" * 990)
    expect(left).to_have_text(EN["characters_left"].format(count=10))
    box.fill("a" * 1003)
    expect(left).to_have_text(EN["too_long"].format(length=1003, longest=1000))
    box.fill("")
    expect(left).to_have_text("")


def test_the_newest_articles_are_shown_before_the_first_question(page: Page):
    expect(page.locator("#chat .newest li")).to_have_text(
        ["Notice period 5 January 2026", "Gratuity 1 December 2025", "Markup <i>rules</i> 11 November 2025"]
    )
    link = page.get_by_role("link", name="Notice period")
    expect(link).to_have_attribute("href", "https://example.com/notice-period/")
    ask(page, "who pays gratuity")
    expect(page.locator("#chat .newest")).to_have_count(0)


def test_questions_that_were_asked_often_come_first(browser: Browser, place: Path, tmp_path: Path):
    usage = UsageStore(tmp_path)
    bot = Bot.open(place / "index")
    for address in served(bot, usage=usage):
        for number in range(3):
            asked = {"question": "who pays gratuity", "conversation": f"c{number}"}
            httpx.post(f"{address}/api/v1/ask", json=asked, trust_env=False)
        usage.flush()
        page = browser.new_page()
        page.goto(address)
        expect(page.locator("#chat .greeting .label")).to_have_text(EN["most_asked"])
        expect(page.locator("#chat .example").first).to_have_text("Who pays gratuity?")
        page.close()


# --- The conversation


def test_the_conversation_survives_a_reload_in_this_browser_only(browser: Browser, page: Page, address: str):
    ask(page, "how long is a probation period")
    page.reload()
    expect(page.get_by_test_id("user")).to_have_text(["how long is a probation period"])
    ask(page, "and can it be extended?")
    expect(page.locator(".answer .words").last).to_have_text("Yes, in writing and before it ends.")
    other = browser.new_page()
    other.goto(address)
    other.locator("#chat .greeting").wait_for()
    assert other.get_by_test_id("user").count() == 0
    other.close()
    page.get_by_role("button", name=EN["new"]).click()
    page.locator("#chat .greeting").wait_for()
    page.reload()
    ask(page, "who pays gratuity")
    expect(page.get_by_test_id("user")).to_have_text(["who pays gratuity"])


def test_a_question_in_the_address_is_asked_once_over_several_page_loads(page: Page, address: str):
    page.goto(f"{address}/?q=who+pays+gratuity")
    expect(page.get_by_test_id("user")).to_have_text(["who pays gratuity"])
    expect(page).to_have_url(f"{address}/")
    page.reload()
    expect(page.get_by_test_id("user")).to_have_text(["who pays gratuity"])
    ask(page, "how long is a probation period")
    page.go_back()
    page.go_forward()
    expect(page.get_by_test_id("user")).to_have_text(["who pays gratuity", "how long is a probation period"])


def test_questions_offered_below_an_earlier_answer_stay_as_links(page: Page):
    ask(page, "who won the 2011 cricket world cup")
    expect(page.locator("#chat .links")).to_have_count(0)
    ask(page, "who pays gratuity")
    page.locator("#chat .links a", has_text="HRM").click()
    expect(page.get_by_test_id("user").last).to_have_text("HRM")
    expect(page.get_by_test_id("user")).to_have_count(3)


def test_less_likely_answers_say_so(bot: Bot):
    answer = bot.ask("who pays gratuity")
    assert EN["likely"] not in rendered(replace(answer, probability=0.7), EN)
    assert f'<div class="sure">{EN["likely"]} · From' in rendered(replace(answer, probability=0.69), EN)


TABLE = """# Rates

## By year

| Year | Rate |
| --- | --- |
| 2021 | 8.1 |
| 2022 | 8.2 |
| 2023 | 8.3 |
| 2024 | 8.4 |
"""


def test_rows_that_a_quote_leaves_out_of_a_table_are_marked(bot: Bot, tmp_path: Path):
    (tmp_path / "rates.md").write_text(TABLE, encoding="utf-8")
    (article,) = read_corpus(tmp_path).articles
    (source,) = bot.ask("who pays gratuity").sources
    passage = replace(source.passage, article=article, kind="section", question=None, text=article.text, start=0)

    def cells(first: str, last: str) -> list[str]:
        start, end = article.text.index(f"| {first}"), article.text.index(f"{last} |") + len(last) + 2
        quoted = replace(source, passage=passage, quote=(start, end), matched=(start, end))
        answer = replace(bot.ask("who pays gratuity"), sources=(quoted,), text=quoted.words)
        words = rendered(answer, EN).partition("<details>")[0]
        return re.findall(r"<td>([^<]+)</td>", words)

    assert cells("2021", "8.4")[-1] == "8.4"
    assert cells("2021", "8.1") == ["2021", "8.1", "[…]"]
    assert cells("2022", "8.3") == ["[…]", "2022", "8.2", "2023", "8.3", "[…]"]
    assert cells("2024", "8.4") == ["[…]", "2024", "8.4"]


@pytest.fixture
def copying(browser: Browser, address: str):
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(address)
    yield page
    context.close()


def test_an_answer_is_copied_with_its_source(copying: Page):
    ask(copying, "can I buy out my notice period")
    copying.get_by_role("button", name=EN["copy"]).click()
    expect(copying.locator(".done")).to_have_text(EN["copied"])
    assert copying.evaluate("navigator.clipboard.readText()") == (
        "Can a notice period be bought out?\n\nYes, when the contract allows it and the employer agrees.\n\n"
        "— Notice period › FAQs · HRM · Published 5 January 2026 · updated 1 February 2026\n"
        "https://example.com/notice-period/"
        "#:~:text=Yes%2C%20when%20the%20contract%20allows,it%20and%20the%20employer%20agrees."
    )


def test_a_link_to_a_question_opens_its_answer(browser: Browser, copying: Page, address: str):
    ask(copying, "who pays gratuity & why?")
    copying.get_by_role("button", name=EN["link"], exact=True).click()
    expect(copying.locator(".done")).to_have_text(EN["linked"])
    link = copying.evaluate("navigator.clipboard.readText()")
    assert link == f"{address}/?q=who+pays+gratuity+%26+why%3F"
    page = browser.new_page()
    page.goto(link)
    expect(page.locator(".answer .words")).to_have_text("The employer pays it, not the provident fund.")
    page.close()


def test_a_vote_is_stored_with_reason_and_comment_changed_and_taken_back(browser: Browser, place: Path, tmp_path: Path):
    def stored() -> list[tuple]:
        with sqlite3.connect(tmp_path / USAGE) as connection:
            return connection.execute(
                "SELECT helpful, reason, comment, question, passages FROM feedback JOIN questions USING (answer)"
            ).fetchall()

    for address in served(Bot.open(place / "index"), usage=UsageStore(tmp_path)):
        page = browser.new_page()
        page.goto(address)
        ask(page, "who pays gratuity")
        good, bad = (
            page.get_by_role("button", name=EN["helpful"], exact=True),
            page.get_by_role("button", name=EN["unhelpful"]),
        )
        good.click()
        expect(good).to_have_attribute("aria-pressed", "true")
        assert stored() == [(1, None, None, "who pays gratuity", "gratuity#faq-who-pays-gratuity")]
        bad.click()
        expect(page.get_by_role("group", name=EN["why"])).to_be_visible()
        expect(good).to_have_attribute("aria-pressed", "false")
        page.get_by_role("radio", name=EN["outdated"]).check()
        page.get_by_role("textbox", name=EN["comment"]).fill("  The limit <b>changed</b>. ")
        page.get_by_role("button", name=EN["tell"]).click()
        expect(page.get_by_role("group", name=EN["why"])).to_have_count(0)
        assert stored() == [
            (0, "outdated", "The limit <b>changed</b>.", "who pays gratuity", "gratuity#faq-who-pays-gratuity")
        ]
        bad.click()
        expect(bad).to_have_attribute("aria-pressed", "false")
        assert stored() == []
        page.close()


def test_without_a_question_log_the_page_asks_for_no_vote(browser: Browser, place: Path):
    for address in served(Bot.open(place / "index")):
        page = browser.new_page()
        page.goto(address)
        ask(page, "who pays gratuity")
        expect(page.locator(".answer .tools button")).to_have_text([EN["copy"], EN["link"]])
        assert '"votes": false' in httpx.get(f"{address}/widget.js", trust_env=False).text
        page.close()


@pytest.mark.parametrize(("language", "words"), [("en", EN), ("hi", HI)])
def test_the_page_names_only_its_own_bot_and_publisher(address: str, language: str, words: PageTexts):
    page = httpx.get(address, headers={"Accept-Language": language}, trust_env=False).text
    assert f'<html lang="{language}" dir="ltr"' in " ".join(page.split())
    assert f"<title>{words['title']}</title>" in page
    assert f'<meta property="og:title" content="{words["title"]}">' in page
    head = page.partition("window.gradio_config")[0]
    assert not re.search(r"https?://(?!127)", head), "an address elsewhere"


# --- Failures


def test_an_unreachable_server_is_reported_and_the_question_stays(browser: Browser, address: str):
    page = browser.new_page()
    page.goto(address)
    page.locator("#chat .greeting").wait_for()
    page.route("**/gradio_api/run/**", lambda route: route.abort())
    box = page.get_by_test_id("textbox")
    box.fill("who pays gratuity")
    box.press("Enter")
    expect(page.get_by_role("alert").filter(has_text=EN["unreachable"])).to_be_visible()
    expect(box).to_have_value("who pays gratuity")
    expect(page.get_by_text("Error", exact=True).filter(visible=True)).to_have_count(0)
    page.unroute("**/gradio_api/run/**")
    ask(page, "who pays gratuity")
    expect(page.locator("#trouble")).to_have_text("")
    page.close()


def test_the_rate_limit_names_the_seconds_to_wait_and_the_question_stays(browser: Browser, place: Path):
    for address in served(Bot.open(place / "index"), ChatSettings(limits=Limits(questions_per_minute=2))):
        page = browser.new_page()
        page.goto(address)
        ask(page, "who pays gratuity")
        ask(page, "how long is a probation period")
        page.get_by_test_id("textbox").fill("can it be extended")
        page.get_by_test_id("textbox").press("Enter")
        expect(page.get_by_role("alert").filter(has_text="please wait")).to_have_text(
            re.compile(r"please wait ([1-9]|[1-5]\d|60) s")
        )
        expect(page.get_by_test_id("textbox")).to_have_value("can it be extended")
        assert page.get_by_test_id("user").count() == 2
        left = int(page.locator("#trouble .seconds").inner_text())
        expect(page.locator("#trouble .seconds")).to_have_text(str(left - 1))
        page.close()


def test_the_page_shows_that_an_answer_is_pending_without_a_layout_shift(browser: Browser, address: str):
    page = browser.new_page(viewport={"width": 360, "height": 740})
    page.goto(address)
    ask(page, "who pays gratuity")
    page.evaluate(
        """() => {
            window.shift = 0;
            const observer = new PerformanceObserver(
                list => list.getEntries().forEach(entry => window.shift += entry.value));
            observer.observe({ type: 'layout-shift', buffered: false });
        }"""
    )
    held: list = []
    page.route("**/gradio_api/run/**", lambda route: held.append(route))  # noqa: PLW0108 - Playwright needs a function
    page.get_by_test_id("textbox").fill("how long is a probation period")
    page.get_by_test_id("textbox").press("Enter")
    page.wait_for_function("document.body.classList.contains('asking')")
    expect(page.locator("#echo")).to_have_text(f"how long is a probation period{EN['looking']}")
    held[0].continue_()
    expect(page.get_by_test_id("bot")).to_have_count(2)
    page.wait_for_function("!document.body.classList.contains('asking')")
    page.wait_for_timeout(300)
    assert page.evaluate("window.shift") < 0.1, "cumulative layout shift, of which Web Vitals calls 0.1 good"
    page.close()


def test_without_an_index_the_page_says_so_and_opens_after_the_build(browser: Browser, place: Path, tmp_path: Path):
    pending = PendingApp(lambda: open_app(tmp_path / "index", AnswerSettings(), ChatSettings(), tmp_path / "corpus"))
    pending.try_open()
    for address in running(pending):
        assert httpx.get(f"{address}/healthz", trust_env=False).status_code == 503
        rest, chat = (
            httpx.post(f"{address}{path}", json={}, trust_env=False) for path in ("/api/v1/ask", "/v1/chat/completions")
        )
        sentence = "The articles cannot be searched at the moment: try again later."
        assert (rest.status_code, rest.headers["retry-after"], rest.json()["title"]) == (503, "5", sentence)
        assert (chat.status_code, chat.headers["retry-after"], chat.json()["error"]["message"]) == (503, "5", sentence)
        page = browser.new_page()
        page.goto(address)
        expect(page.get_by_role("main")).to_contain_text("The articles are not ready to be searched.")
        assert str(tmp_path) not in page.content()
        build(place / "corpus", tmp_path / "index")
        expect(page.get_by_role("heading", name=EN["title"])).to_be_visible(timeout=30_000)
        ask(page, "who pays gratuity")
        expect(page.locator(".answer .words")).to_have_text("The employer pays it, not the provident fund.")
        page.close()


# --- Appearance, languages and accessibility


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


@pytest.mark.parametrize("width", [320, 360, 768, 1440])
def test_the_page_does_not_scroll_sideways_at_any_width(visitor: BrowserContext, whole: str, width: int):
    page = fresh_page(visitor, whole)
    page.set_viewport_size({"width": width, "height": 700})
    page.goto(whole)
    page.locator("#chat .greeting").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    ask(page, "epf interest rate by year")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for part in (
        page.get_by_test_id("textbox"),
        page.get_by_test_id("user").last,
        page.get_by_role("heading", level=1),
    ):
        expect(part).to_be_in_viewport()
    page.close()


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


# --- Other sites


def test_only_allowed_origins_may_ask_and_frame(place: Path):
    settings = ChatSettings(origins=("https://www.example.com", "https://*.example.org"))
    for address in served(Bot.open(place / "index"), settings):
        allowed = {
            origin: httpx.post(
                f"{address}/api/v1/ask",
                json={"question": "who pays gratuity"},
                headers={"Origin": origin},
                trust_env=False,
            ).headers.get("access-control-allow-origin")
            for origin in (
                "https://www.example.com",
                "https://a.example.org",
                "https://evil.example",
                "https://www.example.com.evil.example",
                "https://exampleXorg",
            )
        }
        assert [origin for origin, answer in allowed.items() if answer == origin] == [
            "https://www.example.com",
            "https://a.example.org",
        ]
        policy = httpx.get(address, trust_env=False).headers["content-security-policy"]
        assert "frame-ancestors 'self' https://www.example.com https://*.example.org" in policy


# --- Safety


def test_a_request_that_is_too_large_is_refused_with_and_without_its_length(address: str):
    body = b'{"data": ["' + b"a" * 1_100_000 + b'"]}'
    path = f"{address}/gradio_api/run/predict"
    assert (
        httpx.post(path, content=body, headers={"Content-Type": "application/json"}, trust_env=False).status_code == 413
    )
    reply = httpx.post(
        path,
        content=iter([body[:600_000], body[600_000:]]),
        headers={"Content-Type": "application/json"},
        trust_env=False,
    )
    assert "transfer-encoding" in reply.request.headers
    assert reply.status_code == 413


def test_the_queue_and_its_calls_are_closed(address: str):
    for path in (
        "/gradio_api/call/predict",
        "/gradio_api/queue/join",
        "/hi/gradio_api/upload",
        "/hi/gradio_api/queue/join",
        "/hi/monitoring",
    ):
        assert httpx.post(f"{address}{path}", json={"data": []}, trust_env=False).status_code == 404


PROXIED = """
import sys
from bot.serve.server import open_app, serve
from bot.settings import AnswerSettings, ChatSettings, Limits
settings = ChatSettings(limits=Limits(1, tuple(sys.argv[1:])))
serve(lambda: open_app("index", AnswerSettings(), settings, "corpus", ui=False), "127.0.0.1", 0, settings, ui=False)
"""


@pytest.mark.parametrize(("trusted", "statuses"), [(("127.0.0.1",), [200, 200, 429]), ((), [200, 429, 429])])
def test_behind_a_proxy_the_visitors_address_counts_only_from_a_trusted_one(
    place: Path, trusted: tuple[str, ...], statuses: list[int]
):
    asked = []
    with server_process("-c", PROXIED, *trusted, cwd=place) as (address, _):
        for visitor in ("198.51.100.1", "198.51.100.2", "198.51.100.1"):
            body, headers = {"question": "who pays gratuity"}, {"X-Forwarded-For": visitor}
            reply = httpx.post(f"{address}/api/v1/ask", json=body, headers=headers, trust_env=False, timeout=60)
            asked.append(reply.status_code)
    assert asked == statuses


OFFLINE = """
import fcntl, socket, struct, sys, urllib.request
with socket.socket() as plain:  # lo is down in a new network namespace
    fcntl.ioctl(plain, 0x8914, struct.pack("16sh", b"lo", 1))
sys.path.insert(0, sys.argv[1])
from playwright.sync_api import sync_playwright
from serving import FLAGS, ask, served
from bot import Bot
for address in served(Bot.open("index")):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=sys.argv[2], args=FLAGS)
        page = browser.new_page()
        page.goto(address)
        ask(page, "who pays gratuity")
        print(page.locator(".answer .words").inner_text())
"""


@pytest.mark.usefixtures("browser")
def test_server_and_page_work_without_a_network(place: Path):
    cut = ["unshare", "--user", "--net", "--map-root-user"]
    if shutil.which("unshare") is None or subprocess.run([*cut, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody cut the network for one process")
    command = [*cut, sys.executable, "-c", OFFLINE, str(ROOT / "tests"), chromium() or ""]
    done = subprocess.run(
        command,
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.stdout, done.returncode) == ("The employer pays it, not the provident fund.\n", 0), done.stderr
