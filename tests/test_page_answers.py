"""The answer on the page, and what the page suggests to ask, in a real browser."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from serving import ask, fresh_page, rendered, served

from bot import Bot
from bot.serve.page.article_html import article_html
from bot.serve.texts import load_texts
from bot.settings import ChatSettings, Limits
from bot.usage.store import UsageStore

pytestmark = pytest.mark.slow

EN = load_texts()["en"]


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
