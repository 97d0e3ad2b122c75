"""The chat page in a real browser, and the server around it."""

import json
import re
import socket
import time
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from articles import CARD, NOTICE
from playwright.sync_api import Browser, Page, Route, expect
from quick_build import build
from serving import Hedging, ask, rendered, served

from bot import Bot
from bot.errors import ServeError
from bot.serve.page.conversation import Conversation, Exchange
from bot.serve.page.messages import answer_message
from bot.serve.server import _listen, browser_url, serve
from bot.serve.texts import load_texts

pytestmark = pytest.mark.slow

EN = load_texts()["en"]


class Broken(Bot):
    """A bot that fails to answer."""

    def ask(self, *_: object, **__: object):
        raise OSError("disk gone")


def test_an_answer_shows_text_title_category_dates_and_link(page: Page):
    ask(page, "can I buy out my notice period")
    answer = page.get_by_test_id("bot").last
    expect(answer.locator(".asked")).to_have_text("Can a notice period be bought out?")
    expect(answer.locator(".words")).to_have_text("Yes, when the contract allows it and the employer agrees.")
    expect(answer.locator(".origin .title")).to_have_text("Notice period › FAQs")
    expect(answer.locator(".origin")).to_contain_text("HRM Published 5 January 2026 updated 1 February 2026")
    link = answer.get_by_role("link", name=EN["read_more"])
    expect(link).to_have_attribute(
        "href",
        "https://example.com/notice-period/"
        "#:~:text=Yes%2C%20when%20the%20contract%20allows,it%20and%20the%20employer%20agrees.",
    )


def test_a_section_answer_names_its_section(page: Page):
    ask(page, "how many days do contracts name for notice")
    origin = page.get_by_test_id("bot").last.locator(".origin")
    expect(origin.locator(".title")).to_have_text("Notice period › How long it runs")
    expect(origin).to_contain_text("HRM Published 5 January 2026")


def test_after_enter_the_box_is_empty_and_keeps_the_focus(page: Page):
    ask(page, "who pays gratuity")
    expect(page.get_by_test_id("textbox")).to_have_value("")
    expect(page.get_by_test_id("textbox")).to_be_focused()


def test_the_page_shows_how_many_articles_each_category_has(page: Page):
    expect(page.locator("#category label")).to_have_text(
        ["All\u00a04", "HRM\u00a02", "EPFO\u00a01", "Web & more\u00a01"]
    )


def test_after_a_clicked_question_the_focus_is_in_the_box(page: Page):
    ask(page, "who won the 2011 cricket world cup")
    page.locator("#chat .option").first.click()
    expect(page.get_by_test_id("bot")).to_have_count(2)
    expect(page.get_by_test_id("textbox")).to_be_focused()


def test_an_answer_stays_when_the_page_finishes_loading_after_it(browser: Browser, address: str):
    page = browser.new_page()
    held: list[Route] = []
    page.route("**/gradio_api/run/**", lambda route: route.continue_() if held else held.append(route))
    with page.expect_request("**/gradio_api/run/**"):
        page.goto(address)
    ask(page, "who pays gratuity")
    with page.expect_response("**/gradio_api/run/**") as late:
        held[0].continue_()
    late.value.finished()
    page.evaluate("() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    expect(page.get_by_test_id("user")).to_have_text(["who pays gratuity"])
    page.close()


def test_without_an_answer_there_is_a_sentence_no_source_and_categories_to_click(page: Page):
    ask(page, "who won the 2011 cricket world cup")
    answer = page.get_by_test_id("bot").last
    expect(answer).to_contain_text(EN["no_answer"])
    assert answer.locator(".origin").count() == answer.get_by_role("link").count() == 0
    page.locator("#chat .option", has_text="HRM").click()
    expect(page.get_by_test_id("bot")).to_have_count(2)
    page.locator("#chat .option").last.click()
    expect(page.get_by_test_id("bot")).to_have_count(3)
    expect(page.get_by_test_id("bot").last.locator(".origin")).to_have_count(1)


def test_a_greeting_gets_a_sentence_and_a_question_to_click(page: Page):
    ask(page, "hello")
    expect(page.get_by_test_id("bot").last).to_have_text(
        "Hello! I answer questions about HRM, EPFO and Web & more in the words of the articles, with their source."
    )
    page.locator("#chat .option").first.click()
    expect(page.get_by_test_id("bot").last.locator(".origin")).to_have_count(1)


def test_the_meanings_of_an_ambiguous_question_are_offered_and_answered_with_one_click(
    browser: Browser, tmp_path: Path
):
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "card.md").write_text(CARD, encoding="utf-8")
    (tmp_path / "corpus" / "notice.md").write_text(NOTICE, encoding="utf-8")
    build(tmp_path / "corpus", tmp_path / "index")
    for address in served(Bot.open(tmp_path / "index")):
        page = browser.new_page()
        page.goto(address)
        ask(page, "correct my admit card")
        expect(page.get_by_test_id("bot").last).to_have_text(EN["ambiguous"])
        expect(page.locator("#chat .option")).to_have_count(3)
        chosen = page.locator("#chat .option").nth(1).inner_text()
        page.locator("#chat .option").nth(1).click()
        expect(page.get_by_test_id("bot").last.locator(".asked")).to_have_text(chosen)
        page.close()


def test_the_closest_passage_stands_back_below_a_notice_and_near_questions_are_one_click_away(
    browser: Browser, bot: Bot
):
    for address in served(Hedging(bot.retriever)):
        context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.goto(address)
        ask(page, "about who pays gratuity")
        answer = page.locator(".answer").last
        expect(answer.locator(".none")).to_have_text(EN["closest"])
        expect(answer.locator(".words")).to_have_text("The employer pays it, not the provident fund.")
        expect(answer.locator(".origin .title")).to_have_text("Gratuity › FAQs")
        expect(answer.locator(".sure")).to_have_count(0)
        expect(answer.locator(".note").last).to_have_text(EN["ambiguous"])
        colours = "element => getComputedStyle(element).color"
        quiet, notice = answer.locator(".words p").evaluate(colours), answer.locator(".none").evaluate(colours)
        assert quiet == answer.locator(".origin span").last.evaluate(colours) != notice
        page.get_by_role("button", name=EN["copy"]).click()
        expect(page.locator(".done")).to_have_text(EN["copied"])
        copied = page.evaluate("navigator.clipboard.readText()").split("\n\n")
        words = "The employer pays it, not the provident fund."
        assert copied[:4] == ["about who pays gratuity", EN["closest"], "Who pays gratuity?", words]
        page.locator("#chat .option").click()
        expect(page.locator(".answer").last.locator(".words")).to_have_text(
            "Only if the employer approves it in writing."
        )
        context.close()


def test_a_newer_article_is_named_with_its_day_and_link(bot: Bot):
    answer = bot.ask("How long is a probation period?")
    shown = rendered(replace(answer, newer=bot.ask("Can a notice period be bought out?").sources[0]), EN)
    assert "There is a newer article on this: " in shown
    assert re.search(
        r'<a href="https://example\.com/notice-period/#:~:text=[^"]+">Notice period</a>, 1 February 2026\.', shown
    )
    assert "newer" not in rendered(answer, EN)


def test_without_a_near_question_the_categories_are_named(bot: Bot):
    answer = bot.ask("best biryani in Hyderabad")
    shown = rendered(answer, EN)
    assert f"They are about HRM, EPFO, Web &amp; more. {EN['begin']}" in shown
    offered = answer_message(Exchange.of(answer), EN)["options"]
    assert [option["value"] for option in offered] == ["HRM", "EPFO", "Web & more"]


def test_an_example_is_asked_with_a_click_and_answered(page: Page):
    # Read and clicked at once: the page may still replace its examples by what has been asked often since.
    example = page.locator("#chat .example").first
    question = example.evaluate("(it) => { const words = it.innerText; it.click(); return words; }")
    expect(page.get_by_test_id("user").last).to_have_text(question)
    expect(page.get_by_test_id("bot").last.locator(".asked")).to_have_text(question)


def test_a_follow_up_keeps_the_topic_and_says_so(page: Page):
    ask(page, "how long is a probation period")
    ask(page, "and can it be extended?")
    answer = page.get_by_test_id("bot").last
    expect(answer.locator(".words")).to_have_text("Yes, in writing and before it ends.")
    expect(answer.locator(".note")).to_have_text(
        "Read together with your earlier question “how long is a probation period”. Ask it by itself"
    )


def test_a_new_conversation_starts_empty(page: Page):
    ask(page, "who pays gratuity")
    page.get_by_role("button", name=EN["new"]).click()
    expect(page.get_by_test_id("bot")).to_have_count(0)
    expect(page.get_by_text(EN["greeting"])).to_be_visible()


def test_html_of_visitors_and_articles_is_shown_as_text(page: Page):
    ask(page, "<b>zebra</b> *striping* <img src=http://192.0.2.1/y.png> [x](http://192.0.2.1)")
    expect(page.get_by_test_id("user").last).to_have_text(
        "<b>zebra</b> *striping* <img src=http://192.0.2.1/y.png> [x](http://192.0.2.1)"
    )
    ask(page, "what is zebra striping typed as")
    answer = page.get_by_test_id("bot").last
    expect(answer).to_contain_text(
        "<script>alert(1)</script> and *stars* and [link](javascript:alert(1)) and ![pic](http://192.0.2.1/x.png)"
    )
    expect(answer.locator(".title")).to_have_text("Markup <i>rules</i> › Angle brackets")
    assert answer.locator(".words img, .words script, .words em, .words a, .title i").count() == 0


def test_a_table_is_drawn_as_a_table(page: Page):
    ask(page, "sign and name of angle brackets")
    cells = page.get_by_test_id("bot").last.locator("td")
    expect(cells).to_have_text(["<b>", "bold *tag*"])


def test_a_long_conversation_shows_the_newest_question_at_the_top(page: Page):
    for question in [
        "who pays gratuity",
        "how long is a probation period",
        "can I buy out my notice period",
        "sign and name of angle brackets",
    ] * 2:
        ask(page, question)
        page.set_viewport_size({"width": 1280, "height": 420})
    expect(page.get_by_test_id("user").last).to_be_in_viewport()
    page.wait_for_function(
        """() => {
            const last = [...document.querySelectorAll('#chat [data-testid=user]')].at(-1);
            const box = document.querySelector('#chat .bubble-wrap');
            const isAtTop = last.getBoundingClientRect().top - box.getBoundingClientRect().top < 60;
            return isAtTop || box.scrollTop + box.clientHeight > box.scrollHeight - 3;
        }"""
    )


def test_an_empty_question_is_not_asked(page: Page):
    page.get_by_test_id("textbox").press("Enter")
    ask(page, "who pays gratuity")
    expect(page.get_by_test_id("user")).to_have_count(1)


def test_an_address_can_hold_the_question(page: Page, address: str):
    page.goto(f"{address}/?q=who+pays+gratuity")
    expect(page.get_by_test_id("bot").last).to_contain_text("The employer pays it, not the provident fund.")


def test_a_question_that_is_too_long_is_reported_and_the_conversation_goes_on(page: Page, address: str):
    page.goto(f"{address}/?q={'a' * 1001}")
    expect(page.get_by_role("alert").filter(has_text="question")).to_have_text(
        "The question has 1001 characters, 1000 are read: ask it in fewer words."
    )
    expect(page.get_by_test_id("textbox")).to_have_value("a" * 1001)
    ask(page, "who pays gratuity")
    expect(page.get_by_role("alert").filter(has_text="question")).to_have_count(0)
    expect(page.get_by_test_id("bot").last.locator(".origin")).to_have_count(1)


def test_an_endless_word_is_broken_instead_of_widening_the_page(page: Page):
    page.set_viewport_size({"width": 360, "height": 740})
    ask(page, "a" * 200)
    assert page.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_question_answer_and_box_without_sideways_scrolling(browser: Browser, address: str, scheme: str):
    context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme=scheme)
    page = context.new_page()
    page.goto(address)
    ask(page, "sign and name of angle brackets")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for part in (
        page.get_by_test_id("textbox"),
        page.get_by_test_id("user").last,
        page.get_by_role("heading", name=EN["title"]),
    ):
        expect(part).to_be_in_viewport()
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(int(part) for part in background.strip("rgb()").split(",")) < 150) == (scheme == "dark")
    context.close()


def test_the_box_has_a_name_and_the_page_a_title_and_language(page: Page):
    expect(page.get_by_role("textbox", name=EN["question"])).to_be_visible()
    assert (page.title(), page.locator("html").get_attribute("lang")) == (EN["title"], "en")


def test_a_failure_is_never_shown_as_a_question_without_an_answer(
    browser: Browser, bot: Bot, caplog: pytest.LogCaptureFixture
):
    for address in served(Broken(bot.retriever)):
        page = browser.new_page()
        page.goto(address)
        page.get_by_test_id("textbox").fill("who pays gratuity")
        page.get_by_test_id("textbox").press("Enter")
        expect(page.get_by_role("alert").filter(has_text=EN["broken"])).to_be_visible()
        expect(page.get_by_test_id("textbox")).to_have_value("who pays gratuity")
        assert page.get_by_test_id("bot").count() == 0
        page.close()
    assert "disk gone" in caplog.text


def test_every_response_carries_the_security_headers(address: str):
    for path in ("/", "/healthz", "/nowhere", "/gradio_api/upload"):
        headers = httpx.get(address + path, trust_env=False).headers
        assert "frame-ancestors 'self'" in headers["content-security-policy"]
        assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")


@pytest.mark.parametrize(
    "path", ["/gradio_api/upload", "/monitoring", "/gradio_api/monitoring/summary", "/pwa_icon/6000",
             "/gradio_api/proxy=http://127.0.0.1/", "/gradio_api/file=/etc/passwd", "/openapi.json",
             "/gradio_api/deep_link", "/gradio_api/dev/reload", "/?page=nowhere"]
)  # fmt: skip
def test_gradio_endpoints_that_the_page_does_not_need_are_closed(address: str, path: str):
    assert httpx.get(address + path, trust_env=False).status_code == 404
    assert httpx.post(address + path, files={"files": b"x"}, trust_env=False).is_client_error


def test_no_gradio_function_is_in_the_public_api(address: str):
    assert httpx.get(f"{address}/gradio_api/info", trust_env=False).json()["named_endpoints"] == {}


def test_health_names_the_generation(address: str, bot: Bot):
    assert httpx.get(f"{address}/healthz", trust_env=False).json() == {
        "status": "ok",
        "generation": bot.generation.name,
        "refused": None,
    }


def test_a_port_in_use_is_reported_in_one_sentence(address: str):
    port = int(address.rsplit(":", 1)[1])
    with pytest.raises(
        ServeError,
        match=rf"Cannot listen on 127\.0\.0\.1:{port} \(Address already in use\): name another --host or --port\.",
    ):
        serve(lambda: pytest.fail("nothing is opened at an address that cannot be listened on"), "127.0.0.1", port)


def test_examples_are_answered_by_their_own_faq_and_come_from_different_categories(bot: Bot):
    examples = list(bot.suggestions.examples())
    answers = [bot.ask(question) for question in examples]
    assert [answer.sources[0].passage.question for answer in answers] == list(examples)
    assert {answer.sources[0].passage.article.category for answer in answers[:2]} == {"HRM", "EPFO"}


@pytest.mark.parametrize(
    ("host", "shown"),
    [("0.0.0.0", "http://127.0.0.1:80"), ("::", "http://[::1]:80"), ("localhost", "http://localhost:80")],
)
def test_the_address_shown_opens_on_this_machine(host: str, shown: str):
    assert browser_url(host, 80) == shown


def test_responses_do_not_wait_for_the_client_to_acknowledge_their_headers():
    with _listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("question", ["1. pay", "- pay", "+ pay", "# pay", "> pay", "2) pay", "---", "***"])
def test_a_question_that_looks_like_a_list_is_shown_as_typed(page: Page, question: str):
    ask(page, question)
    expect(page.get_by_test_id("user").last).to_have_text(question)


def test_a_faq_row_shows_its_question_once(bot: Bot):
    answer = bot.ask("Who pays gratuity?")
    (hit,) = answer.sources
    row = replace(
        hit.passage,
        article=replace(hit.passage.article, title="Who pays gratuity?", text=hit.passage.text),
        start=0,
        end=len(hit.passage.text),
    )
    shown = rendered(replace(answer, sources=(replace(hit, passage=row),)), EN)
    assert shown.count("Who pays gratuity?") == 1


# --- The conversation in the browser


def conversation(bot: Bot, *questions: str) -> Conversation:
    stored = Conversation()
    for question in questions:
        stored = stored.with_exchange(Exchange.of(bot.ask(question), "HRM", alone=True))
    return stored


def test_a_conversation_is_read_back_unchanged_from_the_browser(bot: Bot):
    asked = conversation(bot, "can I buy out my notice period", "<b>zebra</b> *x* &#42;", "hello", "नोटिस")
    assert Conversation.load(json.loads(json.dumps(asked.dump()))) == asked


def test_the_browser_stores_the_latest_twenty_exchanges(bot: Bot):
    exchange = conversation(bot, "hello").exchanges[0]
    asked = Conversation("c")
    for number in range(25):
        asked = asked.with_exchange(replace(exchange, answer=replace(exchange.answer, question=str(number))))
    assert (asked.id, [each.question for each in asked.exchanges]) == ("c", [str(number) for number in range(5, 25)])


HTML_MESSAGES = [
    {"role": "user", "content": "who pays gratuity"},
    {"role": "assistant", "content": '<div class="answer" id="answer-1">The employer.</div>', "metadata": {"id": "c"}},
]
"""A conversation as version 0.1.0 stored it."""


@pytest.mark.parametrize("stored", [None, "", 5, [], HTML_MESSAGES, {}, {"id": "c", "exchanges": [{"question": "q"}]}])
def test_a_damaged_conversation_is_an_empty_one(stored: object):
    assert Conversation.load(stored).exchanges == ()


@pytest.mark.parametrize(
    "damage", [{"quote": [0]}, {"text": None}, {"published": "yesterday"}, {"section": "FAQs"}, {"title": ["<b>"]}]
)
def test_a_conversation_with_a_damaged_source_is_an_empty_one(bot: Bot, damage: dict):
    stored = json.loads(json.dumps(conversation(bot, "can I buy out my notice period").dump()))
    stored["exchanges"][0]["answer"]["sources"][0] |= damage
    assert Conversation.load(stored).exchanges == ()


def test_the_page_sends_its_conversation_as_data(page: Page):
    ask(page, "can I buy out my notice period")
    with page.expect_request("**/gradio_api/run/**") as sent:
        ask(page, "who pays gratuity")
    stored = sent.value.post_data_json["data"][1]
    assert [exchange["answer"]["question"] for exchange in stored["exchanges"]] == ["can I buy out my notice period"]
    assert "<" not in json.dumps(stored)


def test_a_conversation_that_an_older_version_stored_is_dropped(page: Page, address: str):
    def with_html(route: Route) -> None:
        route.continue_(post_data=json.dumps({**route.request.post_data_json, "data": [HTML_MESSAGES]}))

    page.route("**/gradio_api/run/**", with_html, times=1)
    with page.expect_response("**/gradio_api/run/**") as opened:
        page.goto(address)
    assert opened.value.ok
    expect(page.locator("#chat .greeting")).to_be_visible()
    ask(page, "who pays gratuity")
    page.reload()
    expect(page.get_by_test_id("user")).to_have_text(["who pays gratuity"])


def test_damaged_browser_storage_is_an_empty_conversation(browser: Browser, address: str):
    page = browser.new_page()
    page.goto(address)
    ask(page, "who pays gratuity")
    page.evaluate("localStorage.setItem('articlebot-conversation', 'damaged')")
    page.reload()
    page.locator("#chat .greeting").wait_for()
    ask(page, "how long is a probation period")
    expect(page.get_by_test_id("user")).to_have_text(["how long is a probation period"])
    page.reload()
    expect(page.get_by_test_id("user")).to_have_text(["how long is a probation period"])
    page.close()


def test_a_page_that_is_opened_after_a_rebuild_shows_the_new_articles(browser: Browser, tmp_path: Path):
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "notice.md").write_text(NOTICE, encoding="utf-8")
    build(tmp_path / "corpus", tmp_path / "index")
    bot = Bot.open(tmp_path / "index")
    before = bot.generation.name
    for address in served(bot):
        (tmp_path / "corpus" / "card.md").write_text(CARD, encoding="utf-8")
        build(tmp_path / "corpus", tmp_path / "index")
        deadline = time.monotonic() + 10
        while bot.generation.name == before and time.monotonic() < deadline:
            time.sleep(0.05)
        page = browser.new_page()
        page.goto(address)
        expect(page.locator("#category label")).to_have_text(["All\u00a02", "Admit Cards\u00a01", "HRM\u00a01"])
        expect(page.get_by_test_id("textbox")).to_have_attribute(
            "placeholder", EN["placeholder"].format(topics="Admit Cards, HRM")
        )
        ask(page, "can I buy out my notice period")
        expect(page.get_by_test_id("bot").last.locator(".words")).to_have_text(
            "Yes, when the contract allows it and the employer agrees."
        )
        page.close()
