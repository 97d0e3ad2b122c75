"""The conversation on the page in a real browser: reloads, links, votes and failures."""

import re
import sqlite3
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from quick_build import build
from serving import ask, rendered, running, served

from bot import Bot
from bot.corpus import read_corpus
from bot.serve.pending_app import PendingApp
from bot.serve.server import open_app
from bot.serve.texts import load_texts
from bot.settings import AnswerSettings, ChatSettings, Limits
from bot.usage.store import USAGE, UsageStore

pytestmark = pytest.mark.slow

EN = load_texts()["en"]


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
