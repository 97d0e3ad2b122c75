"""The widget on the page of another site, in a real browser, and its demonstration page."""

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl

import httpx
import pytest
from articles import CARD, GRATUITY, NOTICE, PROBATION
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from quick_build import build
from serving import Hedging, running, served

from bot import Bot
from bot.serve.texts import load_texts
from bot.settings import ChatSettings, Limits, Publisher
from bot.usage.store import USAGE, UsageStore

pytestmark = pytest.mark.slow

EN, HI = load_texts()["en"], load_texts()["hi"]
ROOT = Path(__file__).parents[1]
PHONE = {"width": 390, "height": 844}
LIMIT = 15_000
"""The maximum number of bytes of the script as it is sent."""
SLIP = """---
title: Salary slip
date: 2026-03-01
category: HRM
url: HOST/salary-slip/
---

A salary slip lists what an employee earned in a month.

## What a salary slip contains

| Particulars | Earnings | Deductions | Explanations |
| --- | --- | --- | --- |
| Basicsalary | Twentyonethousand | Providentfund | Contributionwithheld |

## FAQs

### How long should salary slips be kept?

For at least three years.

## Where lost salary slips come from

The payroll software stores every month. Ask the payroll office for copies of lost salary slips. It may take a week.
Former employees write to the personnel manager instead. They name the month and the year, as well as the branch where
they worked then, and sign the request by hand. The manager answers within thirty days and sends the copies by post.

Copies are free of charge. A stamp of the company is added to each copy on request, so that a bank accepts it like the
first print. Copies older than eight years are not available any more, since the software deletes their figures then.
"""


class Host(NamedTuple):
    """A site with the widget; the query of an address becomes the `data-` attributes of the line."""

    address: str
    bot: str
    index: Path
    votes: Path


class _Site:
    """An ASGI application: one page under a strict security policy."""

    bot = ""

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        attributes = dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
        page = self.demonstration() if scope["path"] == "/widget.html" else self.page(attributes)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": page.encode()})

    def demonstration(self) -> str:
        return (ROOT / "docs" / "widget.html").read_text(encoding="utf-8").replace("http://127.0.0.1:7860", self.bot)

    def page(self, attributes: dict[str, str]) -> str:
        sources = f"default-src 'none'; script-src {self.bot}; connect-src {self.bot}"
        policy = f"{sources}; require-trusted-types-for 'script'"
        data = " ".join(f'data-{name}="{value}"' for name, value in attributes.items())
        return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A host</title>
<link rel="icon" href="data:,"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="{policy}"></head><body><main><h1>Somebody's page</h1>
<p>Words. <a href="#top">A link</a> <label>Name <input name="name"></label></p>
<script src="{self.bot}/widget.js" {data} async></script><p>More words.</p></main></body></html>"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    place = tmp_path_factory.mktemp("widget")
    (place / "corpus").mkdir()
    app = _Site()
    for address in running(app):
        articles = {"notice": NOTICE, "gratuity": GRATUITY, "probation": PROBATION, "card": CARD}
        for name, text in {**articles, "slip": SLIP.replace("HOST", address)}.items():
            (place / "corpus" / f"{name}.md").write_text(text, encoding="utf-8")
        build(place / "corpus", place / "index")
        limits = Limits(questions_per_minute=10_000)
        settings = ChatSettings(origins=(address,), publisher=Publisher("Career Desk"), limits=limits)
        for bot in served(Hedging.open(place / "index"), settings, UsageStore(place)):
            app.bot = bot
            yield Host(address, bot, place / "index", place / USAGE)


@pytest.fixture
def visit(browser: Browser, site: Host) -> Iterator[Callable[..., Page]]:
    """Open the site's page; at the end no error but refused requests may be on the console, and no cookie set."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def visit(query: str = "", **options: object) -> Page:
        contexts.append(browser.new_context(**{"viewport": {"width": 1280, "height": 860}, **options}))
        page = contexts[-1].new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{site.address}/{query}")
        page.locator("#panel").wait_for(state="attached")
        return page

    yield visit
    assert [each for each in complaints if "Failed to load resource" not in each] == []
    for context in contexts:
        assert context.cookies() == []
        context.close()


def opened(page: Page) -> Page:
    page.get_by_role("button", name=EN["open"]).click()
    return page


def box(page: Page) -> Locator:
    return page.locator("form").locator("textarea, input")


def options(page: Page) -> Locator:
    return page.locator("#typed [role=option]")


def ask(page: Page, question: str) -> Locator:
    """Ask a question; return its answer."""
    before = page.locator(".answer").count()
    box(page).fill(question)
    box(page).press("Enter")
    expect(page.locator(".answer")).to_have_count(before + 1)
    return page.locator(".answer").last


# --- Answers


def test_an_answer_shows_its_words_and_where_they_come_from(visit: Callable[..., Page]):
    page = opened(visit())
    expect(box(page)).to_be_focused()
    answer = ask(page, "can I buy out my notice period")
    expect(answer.locator(".words")).to_have_text("Yes, when the contract allows it and the employer agrees.")
    expect(answer.locator(".words")).to_have_attribute("lang", "en")
    expect(answer.locator(".quiet").first).to_have_text("From the FAQs of “Notice period”")
    expect(answer.locator(".origin strong")).to_have_text("Notice period › FAQs")
    expect(answer.locator(".origin span")).to_have_text("HRM · Published 5 January 2026 · updated 1 February 2026")
    link = answer.get_by_role("link", name=EN["read_more"])
    expect(link).to_have_attribute("href", re.compile("^https://example.com/notice-period/#:~:text="))
    expect(link).to_have_attribute("target", "_blank")
    expect(page.locator(".visitor")).to_have_text("can I buy out my notice period")
    expect(box(page)).to_have_value("")


def test_the_sentence_that_matches_is_marked_and_the_section_opens_in_place(visit: Callable[..., Page]):
    answer = ask(opened(visit()), "where do I get lost salary slips")
    words = answer.locator(".words")
    expect(words).to_contain_text("The payroll software stores every month.")
    expect(words.locator("mark")).to_have_text("Ask the payroll office for copies of lost salary slips.")
    expect(words).not_to_contain_text("not available any more")
    answer.get_by_text(EN["more_of_section"]).click()
    expect(words).to_be_hidden()
    expect(answer.locator("details")).to_contain_text("not available any more")
    expect(answer.locator("details mark").first).to_contain_text("The payroll software stores every month. Ask")


def test_each_status_is_shown_in_words(visit: Callable[..., Page]):
    page = opened(visit())
    ambiguous = ask(page, "correct my admit card")
    expect(ambiguous).to_have_text(EN["ambiguous"])
    meant = page.locator(".offered button").filter(visible=True).nth(1)
    question = meant.inner_text()
    meant.click()
    expect(page.locator(".answer .asked")).to_have_text(question)
    none = ask(page, "who won the 2011 cricket world cup")
    about = EN["about"].format(categories="HRM, Admit Cards, EPFO")
    expect(none).to_have_text(f"{EN['no_answer']}{about} {EN['begin']}")
    expect(page.locator(".offered button").filter(visible=True)).to_have_text(["HRM", "Admit Cards", "EPFO"])
    closest = ask(page, "about who pays gratuity")
    expect(closest).to_have_class("answer closest")
    expect(closest.locator("p").first).to_have_text(EN["closest"])
    expect(closest.locator(".words")).to_have_text("The employer pays it, not the provident fund.")
    expect(closest.locator("p").last).to_have_text(EN["ambiguous"])
    expect(page.locator(".offered button").filter(visible=True)).to_have_text(
        "Does leave count towards the notice period?"
    )
    reply = ask(page, "hello")
    expect(reply).to_contain_text("Hello")
    expect(reply.locator(".votes")).to_have_count(0)


def test_both_questions_of_a_message_are_answered(visit: Callable[..., Page]):
    answer = ask(opened(visit()), "who pays gratuity and how long is a probation period?")
    expect(answer.locator(".part h3")).to_have_text(["who pays gratuity", "how long is a probation period?"])
    expect(answer.locator(".part .words")).to_have_text(
        ["The employer pays it, not the provident fund.", "It is often three to six months."]
    )
    expect(answer.locator(".part .origin strong")).to_have_text(["Gratuity › FAQs", "Probation letter › FAQs"])


def test_a_table_scrolls_and_breaks_no_word(visit: Callable[..., Page]):
    page = opened(visit(viewport=PHONE))
    answer = ask(page, "What a salary slip contains")
    table = answer.get_by_role("group", name="Salary slip").first
    assert table.evaluate("table => table.scrollWidth > table.clientWidth")
    heights = table.locator("th, td").evaluate_all("cells => cells.map(cell => cell.getClientRects()[0].height)")
    assert len(heights) == 8
    assert max(heights) < 40, "each cell holds one word, so each has one line"
    assert page.locator(".log").evaluate("log => log.scrollWidth <= log.clientWidth")


# --- Asking


def test_it_opens_with_a_greeting_and_questions_to_begin_with(visit: Callable[..., Page]):
    page = opened(visit())
    greeting = page.locator(".greeting")
    expect(greeting.locator("p")).to_have_text([EN["lead"], EN["greeting"]])
    expect(greeting.locator("button")).to_have_count(6)
    greeting.get_by_role("button", name="Who pays gratuity?").click()
    expect(page.locator(".answer .words")).to_have_text("The employer pays it, not the provident fund.")
    expect(greeting.locator("button").first).to_be_hidden()
    expect(box(page)).to_be_focused()


def test_suggestions_are_chosen_with_arrow_keys_and_escape_closes_them_first(visit: Callable[..., Page]):
    page = opened(visit())
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url) if "/suggest" in request.url else None)
    box(page).evaluate(
        """box => {
            for (const words of ["how", "how long", "how long is prob"]) {
                box.value = words;
                box.dispatchEvent(new Event("input"));
            }
        }"""
    )
    expect(options(page).first).to_have_text("How long is a probation period?")
    assert len(requests) == 1, "one request for a pause"
    box(page).press("ArrowDown")
    expect(options(page).first).to_have_attribute("aria-selected", "true")
    assert box(page).get_attribute("aria-activedescendant") == options(page).first.get_attribute("id")
    box(page).press("Escape")
    expect(options(page).first).to_be_hidden()
    expect(page.get_by_role("dialog")).to_be_visible()
    box(page).press_sequentially("a")
    expect(options(page).first).to_be_visible()
    options(page).first.click()
    expect(page.locator(".answer .words")).to_have_text("It is often three to six months.")
    expect(box(page)).to_have_value("")
    box(page).press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_only_articles_of_the_chosen_category_answer(visit: Callable[..., Page]):
    page = opened(visit())
    choice = page.get_by_role("combobox", name=EN["articles"])
    expect(choice.locator("option")).to_have_text(["All (5)", "HRM (3)", "Admit Cards (1)", "EPFO (1)"])
    choice.select_option("EPFO")
    expect(ask(page, "can I buy out my notice period")).to_contain_text(
        EN["no_answer_category"].format(category="EPFO", all=EN["all_articles"])
    )
    expect(ask(page, "who pays gratuity")).to_contain_text(EN["only_category"].format(category="EPFO"))
    choice.select_option("")
    expect(ask(page, "can I buy out my notice period").locator(".words")).to_contain_text("Yes, when")


def test_a_corrected_spelling_and_a_topic_are_undone_with_one_click(visit: Callable[..., Page]):
    page = opened(visit())
    answer = ask(page, "how long is a probtion period")
    expect(answer).to_contain_text(EN["corrected"].format(question="how long is a probation period"))
    answer.get_by_role("button", name=EN["as_typed"]).click()
    expect(page.get_by_role("button", name=EN["as_typed"])).to_have_count(0)
    expect(page.locator(".visitor")).to_have_text(["how long is a probtion period"])
    ask(page, "how long is a probation period")
    follow_up = ask(page, "and can it be extended?")
    expect(follow_up.locator(".words")).to_have_text("Yes, in writing and before it ends.")
    expect(follow_up).to_contain_text(EN["topic"].format(topic="how long is a probation period"))
    follow_up.get_by_role("button", name=EN["alone"]).click()
    expect(page.get_by_role("button", name=EN["alone"])).to_have_count(0)
    expect(page.locator(".visitor")).to_have_count(3)


def test_a_vote_is_stored_with_its_reason_and_taken_back(visit: Callable[..., Page], site: Host):
    def stored(question: str) -> list[tuple]:
        with sqlite3.connect(site.votes) as connection:
            votes = "SELECT helpful, reason, comment FROM feedback JOIN questions USING (answer) WHERE question = ?"
            return connection.execute(votes, (question,)).fetchall()

    page, question = opened(visit()), "who pays the gratuity?"
    ask(page, question)
    bad = page.get_by_role("button", name=EN["unhelpful"])
    bad.click()
    why = page.get_by_role("group", name=EN["why"])
    expect(why.get_by_role("radio").first).to_be_focused()
    why.get_by_role("radio", name=EN["outdated"]).check()
    why.get_by_role("textbox", name=EN["comment"]).fill(" The limit <b>changed</b>. ")
    why.get_by_role("button", name=EN["tell"]).click()
    expect(why).to_have_count(0)
    expect(bad).to_be_focused()
    expect(page.locator(".votes [role=status]")).to_have_text(EN["thanks"])
    assert stored(question) == [(0, "outdated", "The limit <b>changed</b>.")]
    page.reload()
    expect(bad).to_have_attribute("aria-pressed", "true")
    bad.click()
    expect(bad).to_have_attribute("aria-pressed", "false")
    assert stored(question) == []


def test_failures_are_said_in_words_and_the_question_stays(visit: Callable[..., Page]):
    page = opened(visit())
    box(page).fill("a" * 1001)
    box(page).press("Enter")
    expect(page.get_by_role("alert")).to_have_text(EN["too_long"].format(length=1001, longest=1000))
    page.route("**/api/v1/ask", lambda route: route.abort())
    box(page).fill("who pays gratuity")
    box(page).press("Enter")
    expect(page.get_by_role("alert")).to_have_text(EN["unreachable"])
    expect(box(page)).to_have_value("who pays gratuity")
    expect(page.locator(".turn")).to_have_count(0)
    page.unroute("**/api/v1/ask")
    ask(page, "who pays gratuity")
    expect(page.locator(".trouble")).to_have_text("")


def test_too_many_questions_are_refused_with_the_seconds_to_wait(browser: Browser, site: Host):
    app = _Site()
    for address in running(app):
        settings = ChatSettings(origins=(address,), limits=Limits(questions_per_minute=1))
        for bot in served(Bot.open(site.index), settings, ui=False):
            app.bot = bot
            page = browser.new_page()
            page.goto(address)
            ask(opened(page), "who pays gratuity")
            expect(page.locator(".votes")).to_have_count(0)
            expect(page.get_by_text(EN["whole_page"])).to_be_hidden()
            box(page).fill("how long is a probation period")
            box(page).press("Enter")
            expect(page.get_by_role("alert")).to_have_text(re.compile(r"please wait ([1-9]|[1-5]\d|60) s"))
            expect(box(page)).to_have_value("how long is a probation period")
            page.close()


# --- The conversation


def test_the_conversation_is_kept_over_page_loads_in_this_tab_until_a_new_one(visit: Callable[..., Page]):
    page = opened(visit())
    ask(page, "how long is a probation period")
    page.reload()
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.locator(".visitor")).to_have_text(["how long is a probation period"])
    assert page.evaluate("document.activeElement") is None or page.evaluate("document.activeElement.tagName") == "BODY"
    follow_up = ask(page, "and can it be extended?")
    expect(follow_up.locator(".words")).to_have_text("Yes, in writing and before it ends.")
    assert page.evaluate("[localStorage.length, Object.keys(sessionStorage)]") == [0, ["articlebot-chat"]]
    page.get_by_role("button", name=EN["close"]).click()
    page.reload()
    expect(page.get_by_role("dialog")).to_be_hidden()
    opened(page)
    expect(page.locator(".visitor")).to_have_count(2)
    page.get_by_role("button", name=EN["new"]).click()
    expect(page.locator(".visitor")).to_have_count(0)
    expect(page.locator(".greeting button").first).to_be_visible()
    page.reload()
    expect(page.locator(".turn")).to_have_count(0)
    expect(opened(visit()).locator(".turn")).to_have_count(0)


@pytest.mark.parametrize("stored", ["{", '{"turns": [{"question": "x", "answer": {}}]}', '{"turns": 3}', "null"])
def test_a_damaged_conversation_is_forgotten(visit: Callable[..., Page], stored: str):
    page = visit()
    page.evaluate("stored => sessionStorage.setItem('articlebot-chat', stored)", stored)
    page.reload()
    expect(ask(opened(page), "who pays gratuity").locator(".words")).to_have_count(1)
    expect(page.locator(".turn")).to_have_count(1)


def test_the_page_takes_the_conversation_along(visit: Callable[..., Page]):
    page = opened(visit())
    ask(page, "how long is a probation period")
    ask(page, "and can it be extended?")
    with page.context.expect_page() as opening:
        page.get_by_role("link", name=EN["whole_page"]).click()
    chat = opening.value
    asked = ["how long is a probation period", "and can it be extended?"]
    expect(chat.get_by_test_id("user")).to_have_text(asked, timeout=30_000)
    expect(chat.locator(".answer .words").first).to_have_text("It is often three to six months.")
    chat.wait_for_function("!location.search.includes('earlier')")


def test_an_article_of_the_same_site_opens_beside_the_conversation(visit: Callable[..., Page]):
    page = opened(visit())
    answer = ask(page, "How long should salary slips be kept?")
    answer.get_by_role("link", name=EN["read_more"]).click()
    page.wait_for_url(re.compile("/salary-slip/"))
    expect(page.get_by_role("dialog")).to_contain_text("For at least three years.")
    phone = opened(visit(viewport=PHONE))
    ask(phone, "How long should salary slips be kept?").get_by_role("link", name=EN["read_more"]).click()
    phone.wait_for_url(re.compile("/salary-slip/"))
    expect(phone.get_by_role("button", name=EN["open"])).to_be_visible()
    expect(phone.get_by_role("dialog")).to_be_hidden()


# --- How it fits into the page


def test_it_follows_the_page_from_light_to_dark(visit: Callable[..., Page]):
    def ground(page: Page) -> str:
        return page.locator("dialog").evaluate("panel => getComputedStyle(panel).backgroundColor")

    light, dark = "rgb(255, 255, 255)", "rgb(13, 20, 29)"
    page = visit(color_scheme="dark")
    assert ground(page) == light, "the page has no dark colours"
    page.evaluate(
        """() => {
            const sheet = new CSSStyleSheet();
            sheet.replaceSync(":root { color-scheme: light dark } .night body { color: oklch(0.9 0 0) }");
            document.adoptedStyleSheets = [sheet];
            document.documentElement.lang = "en";
        }"""
    )
    expect(page.locator(".root")).to_have_class(re.compile("dark"))
    assert ground(page) == dark
    page.emulate_media(color_scheme="light")
    expect(page.locator(".root")).not_to_have_class(re.compile("dark"))
    page.evaluate("document.documentElement.classList.add('night')")
    expect(page.locator(".root")).to_have_class(re.compile("dark"))
    assert ground(visit("?theme=dark")) == dark
    assert ground(visit("?theme=light", color_scheme="dark")) == light


def test_language_side_and_opening_are_attributes_of_the_line(visit: Callable[..., Page]):
    page = visit("?lang=hi&position=left&open")
    expect(page.get_by_role("dialog", name=HI["title"])).to_be_visible()
    assert page.evaluate("document.activeElement.tagName") == "BODY", "it takes no focus unasked"
    assert page.locator("dialog").bounding_box()["x"] == 16
    expect(page.locator(".greeting p").first).to_have_text(HI["lead"])
    expect(ask(page, "can I buy out my notice period").locator(".origin span")).to_contain_text("5 जनवरी 2026")
    expect(page.locator(".answer")).to_contain_text(HI["other_language"])
    page.get_by_role("button", name=HI["close"]).click()
    page.reload()
    expect(page.get_by_role("button", name=HI["open"])).to_be_visible()
    assert page.locator("button.open").bounding_box()["x"] == 16
    expect(visit("?open", viewport=PHONE).get_by_role("dialog")).to_be_hidden()
    expect(visit("?lang=xx").get_by_role("button", name=EN["open"])).to_be_visible()


def test_the_styles_of_page_and_widget_do_not_affect_each_other(visit: Callable[..., Page]):
    page = visit()
    font = "element => getComputedStyle(element).fontFamily"
    before = page.locator("h1").evaluate(font)
    page.evaluate(
        """() => {
            const sheet = new CSSStyleSheet();
            sheet.replaceSync('* { color: red !important; display: block !important; font-size: 40px !important }');
            document.adoptedStyleSheets = [sheet];
        }"""
    )
    opened(page)
    assert page.locator("#panel h2").evaluate("title => getComputedStyle(title).fontSize") == "16px"
    assert page.locator("h1").evaluate(font) == before


def test_the_page_opens_asks_and_listens(visit: Callable[..., Page]):
    page = visit()
    page.evaluate(
        """() => {
            window.heard = [];
            const hear = ({ type, detail }) => heard.push(`${type} ${detail?.status ?? detail?.helpful}`);
            for (const name of ["open", "close", "answer", "vote"])
                document.addEventListener(`articlebot:${name}`, hear);
        }"""
    )
    page.get_by_role("textbox", name="Name").focus()
    assert page.evaluate("articlebot.ask('who pays gratuity').then(answer => answer.text)") == (
        "The employer pays it, not the provident fund."
    )
    expect(box(page)).to_be_focused()
    page.get_by_role("button", name=EN["helpful"], exact=True).click()
    expect(page.locator(".votes [role=status]")).to_have_text(EN["thanks"])
    page.evaluate("articlebot.close()")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("textbox", name="Name")).to_be_focused()
    page.evaluate("articlebot.open()")
    expect(box(page)).to_be_focused()
    assert page.evaluate("articlebot.ask('  ')") is None
    assert [each.removeprefix("articlebot:") for each in page.evaluate("heard")] == [
        "open undefined", "answer answered", "vote true", "close undefined", "open undefined",
    ]  # fmt: skip


def test_the_focus_stays_in_the_panel_on_a_phone_and_returns(visit: Callable[..., Page]):
    page = opened(visit(viewport=PHONE, has_touch=True))
    assert page.locator("dialog").bounding_box() == {"x": 0, "y": 0, **PHONE}
    expect(box(page)).to_be_focused()
    page.locator(".greeting").get_by_role("button", name="Who pays gratuity?").click()
    expect(page.locator(".answer")).to_have_count(1)
    for _ in range(20):
        page.keyboard.press("Tab")
        assert page.evaluate("['BODY', 'DIV'].includes(document.activeElement.tagName)"), "the page behind was reached"
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name=EN["open"])).to_be_focused()


# --- The search bar


def test_the_search_bar_is_used_with_the_keyboard(visit: Callable[..., Page]):
    page = visit("?mode=search")
    field = page.get_by_role("combobox", name=EN["question"])
    assert page.evaluate("document.querySelector('script').nextElementSibling.hasAttribute('data-articlebot-search')")
    page.keyboard.press("/")
    expect(field).to_be_focused()
    expect(options(page)).to_have_count(6)
    expect(field).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(options(page).first).to_be_hidden()
    field.press_sequentially("how long is prob", delay=15)
    expect(options(page).first).to_have_text("How long is a probation period?")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".answer .words")).to_have_text("It is often three to six months.")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(field).to_be_focused()
    name = page.get_by_role("textbox", name="Name")
    name.focus()
    page.keyboard.press("/")
    expect(name).to_have_value("/")
    page.keyboard.press("Control+k")
    expect(field).to_be_focused()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_role("heading", level=1).click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.reload()
    expect(page.get_by_role("dialog")).to_be_hidden()
    field.click()
    expect(page.locator(".visitor")).to_have_text(["How long is a probation period?"])
    page.get_by_role("link", name="A link").focus()
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_the_search_bar_fits_a_phone(visit: Callable[..., Page]):
    page = visit("?mode=search", viewport=PHONE)
    ask(page, "what does a salary slip contain")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    assert page.locator("dialog").bounding_box()["width"] <= PHONE["width"]


# --- Accessibility


def violations(page: Page) -> list[tuple[str, str]]:
    return [(each["id"], each["nodes"][0]["html"]) for each in Axe().run(page).response["violations"]]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("mode", ["chat", "search"])
def test_axe_finds_no_violation_in_any_state(visit: Callable[..., Page], mode: str, theme: str):
    page = visit(f"?mode={mode}&theme={theme}", viewport=PHONE, reduced_motion="reduce")
    found = {"closed": violations(page)}
    opened(page) if mode == "chat" else box(page).click()
    page.locator(".offered button, #typed li").first.wait_for()
    found["greeting"] = violations(page)
    box(page).press_sequentially("who pays grat")
    expect(options(page).first).to_have_text("Who pays gratuity?")
    box(page).press("ArrowDown")
    found["typing"] = violations(page)
    questions = [
        "how long is a probtion period", "where do I get lost salary slips", "what does a salary slip contain",
        "who pays gratuity and how long is a probation period?", "correct my admit card", "about who pays gratuity",
        "who won the 2011 cricket world cup",
    ]  # fmt: skip
    for question in questions:
        ask(page, question)
        found[question] = violations(page)
    page.get_by_role("button", name=EN["unhelpful"]).last.click()
    page.locator(".why").wait_for()
    found["why"] = violations(page)
    box(page).fill("a" * 1001)
    box(page).press("Enter")
    page.locator(".trouble:not(:empty)").wait_for()
    found["refused"] = violations(page)
    assert {state: each for state, each in found.items() if each} == {}


# --- The script and the demonstration page


def test_the_script_is_small_cached_and_in_the_browsers_language(site: Host):
    with httpx.Client(base_url=site.bot, trust_env=False) as client:
        for language in ("en", "hi"):
            with client.stream("GET", "/widget.js", params={"lang": language}) as sent:
                assert sent.headers["content-encoding"] == "gzip"
                assert len(b"".join(sent.iter_raw())) < LIMIT
        first = client.get("/widget.js")
        assert first.headers["content-type"].startswith("text/javascript")
        assert not re.search(r"^\s*//|^ ", first.text, re.MULTILINE), "comments and indentation are left out"
        for sent in (first.headers["etag"], f'"old", W/{first.headers["etag"]}'):
            again = client.get("/widget.js", headers={"If-None-Match": sent})
            assert (again.status_code, again.content) == (304, b"")
        hindi = json.dumps(HI["open"], ensure_ascii=False)
        assert hindi in client.get("/widget.js", headers={"Accept-Language": "hi"}).text
        assert hindi in client.get("/widget.js", params={"lang": "hi"}).text
        facts = client.get("/widget.json", params={"lang": "hi"}, headers={"Origin": "https://www.example.com"})
        assert facts.json()["texts"]["open"] == HI["open"]
        assert facts.headers["access-control-allow-origin"] == "*"


def test_the_demonstration_page_works_and_fits_a_phone(browser: Browser, site: Host):
    complaints: list[str] = []
    page = browser.new_page(viewport=PHONE)
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(f"{site.address}/widget.html")
    page.get_by_role("combobox", name=EN["question"]).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    page.get_by_role("button", name="Ask from the page").click()
    expect(page.get_by_role("dialog").locator(".words")).to_have_text("It is often three to six months.")
    assert complaints == []
    page.close()
