"""The editor's page: access and every action, with a real server, browser and build."""

import csv
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from articles import GRATUITY, NOTICE, PROBATION
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from quick_build import build, copy_folder
from serving import running

from bot import Bot
from bot.corpus.decisions.actions import WrittenFaq, write_faq, written_faqs
from bot.errors import SettingsError
from bot.index.store import LocalStore
from bot.serve.editor.password import hash_password, is_password
from bot.serve.server import open_app
from bot.serve.settings_file import read_settings
from bot.settings import AnswerSettings, ChatSettings, EditorSettings, Limits
from bot.usage.logged_question import LoggedQuestion
from bot.usage.store import UsageStore

pytestmark = pytest.mark.slow

PASSWORD = "correct horse battery"
STORED = hash_password(PASSWORD)
SETTINGS = ChatSettings(editor=EditorSettings(STORED), limits=Limits(questions_per_minute=1000))
BUY_OUT = "notice-period#faq-can-a-notice-period-be-bought-out"
RUNS = "notice-period#section-how-long-it-runs-1"
NOW = "Yes, when the contract allows it and the employer agrees."
TABLES = ("questions", "history", "figures")
ANSWER = "Apply online:\n\n- fill in the form\n- pay"
ASKED = "jldi naukri <b>chhodna</b> *hai*"


@dataclass(frozen=True)
class Office:
    """A server with a chat and an editor's page."""

    corpus: Path
    index: Path
    address: str


def prepared(folder: Path) -> tuple[Path, Path]:
    (folder / "corpus").mkdir()
    for name, text in {"notice": NOTICE, "gratuity": GRATUITY, "probation": PROBATION}.items():
        (folder / "corpus" / f"{name}.md").write_text(text, encoding="utf-8")
    build(folder / "corpus", folder / "index")
    store, bot = UsageStore(folder / "index"), Bot.open(folder / "index")
    voted = note(store, bot, "how do I apply for a passport", "p0", 0)
    store.vote(voted, helpful=False, reason="wrong", comment="<b>Nothing</b> on passports")
    for number in range(4):
        note(store, bot, ASKED, f"c{number}", number)
        note(store, bot, "Can a notice period be bought out?", f"c{number}", number + 0.5)
        if number:
            note(store, bot, "how do I apply for a passport", f"p{number}", number)
    store.flush()
    return folder / "corpus", folder / "index"


def note(store: UsageStore, bot: Bot, question: str, conversation: str, at: float) -> LoggedQuestion:
    answer = bot.ask(question)
    passages = tuple(source.passage.id for source in answer.sources)
    facts = (answer.status, answer.probability, passages, answer.generation, 1.0, "chat", conversation, None)
    entry = LoggedQuestion(f"{conversation} {question}", time.time() - 3600 + at, question, *facts)
    store.add(entry)
    return entry


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("office")
    prepared(folder)
    return folder


@pytest.fixture
def office(ready: Path, tmp_path: Path) -> Iterator[Office]:
    copy_folder(ready, tmp_path)
    corpus, index = tmp_path / "corpus", tmp_path / "index"
    for address in running(open_app(index, AnswerSettings(), SETTINGS, corpus)):
        yield Office(corpus, index, address)


def client(office: Office) -> httpx.Client:
    return httpx.Client(base_url=office.address, trust_env=False, timeout=30)


def sign_in(visitor: httpx.Client, password: str = PASSWORD) -> httpx.Response:
    return visitor.post("/editor/sign-in", data={"password": password})


def test_only_the_same_password_matches_its_hash():
    assert is_password(PASSWORD, STORED)
    assert not is_password(f"{PASSWORD} ", STORED)
    assert not is_password("", STORED)
    assert hash_password(PASSWORD) != STORED
    assert PASSWORD not in STORED
    assert not is_password("anything", "anything")


def test_the_command_prints_settings_with_a_hash_of_the_password_and_refuses_short_ones(tmp_path: Path):
    def printed(words: str) -> subprocess.CompletedProcess[str]:
        asked = [sys.executable, "-m", "bot", "password"]
        return subprocess.run(
            asked, input=f"{words}\n" * 2, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[1]
        )

    output = printed(PASSWORD).stdout
    (tmp_path / "articlebot.toml").write_text(output[output.index("[editor]") :], encoding="utf-8")
    assert is_password(PASSWORD, read_settings(tmp_path / "articlebot.toml").editor.password)
    refused = printed("short")
    assert (refused.returncode, "A password has at least 8 characters." in refused.stderr) == (2, True)


def test_the_settings_accept_a_hash_and_reject_a_plain_password(tmp_path: Path):
    path = tmp_path / "articlebot.toml"
    path.write_text(f'[editor]\npassword = "{STORED}"\n', encoding="utf-8")
    assert read_settings(path).editor == EditorSettings(STORED)
    path.write_text('[editor]\npassword = "hunter22"\n', encoding="utf-8")
    with pytest.raises(SettingsError, match=r"editor\.password must be the hash that articlebot password prints"):
        read_settings(path)


def test_every_editor_page_and_action_needs_the_password(office: Office):
    with client(office) as visitor:
        assert visitor.get("/editor").headers["location"] == "/editor/"
        assert (visitor.get("/editor/").status_code, visitor.get("/editor/").headers["location"]) == (
            303,
            "/editor/sign-in",
        )
        assert visitor.get("/editor/config").status_code == 401
        assert visitor.get("/editor/gradio_api/info").status_code == 401
        assert [visitor.get(f"/editor/{name}.csv").status_code for name in TABLES] == [401] * 3
        assert visitor.post("/editor/gradio_api/run/predict", json={"data": [], "fn_index": 0}).status_code == 401
        assert sign_in(visitor, "wrong").status_code == 401
        assert "That is not the password." in sign_in(visitor, "x" * 2000).text
        assert visitor.get("/editor/", headers={"Cookie": "articlebot-editor=guess"}).status_code == 303
        assert "scrypt" not in visitor.get("/config").text


def test_the_editor_page_links_nothing_at_the_root_of_the_host(office: Office):
    with client(office) as visitor:
        assert sign_in(visitor).status_code == 303
        text = visitor.get("/editor/", headers={"X-Forwarded-Prefix": "/chat"}).text
    assert "/chat/editor" in text
    assert re.findall(r"<(?:link|script|img)[^>]*\s(?:href|src)=\"(/[^\"]*)\"", text) == []


def test_an_editor_stays_signed_in_until_signing_out(office: Office):
    with client(office) as visitor:
        signed_in = sign_in(visitor)
        cookie = signed_in.headers["set-cookie"].lower()
        assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/editor/")
        assert all(part in cookie for part in ("httponly", "samesite=strict", "path=/editor", "max-age=43200"))
        assert visitor.get("/editor/").status_code == 200
        assert visitor.get("/editor/gradio_api/upload").status_code == 404
        cookie = visitor.cookies["articlebot-editor"]
        assert visitor.get("/editor/sign-out").headers["location"] == "/editor/sign-in"
        assert visitor.get("/editor/config", headers={"Cookie": f"articlebot-editor={cookie}"}).status_code == 401


def test_editors_sign_in_under_their_names(ready: Path):
    own = hash_password("Asha's own words")
    settings = replace(SETTINGS, editor=EditorSettings(STORED, {"Asha": own}))
    tried = {("asha", PASSWORD): 401, ("Asha", "Asha's own words"): 303, ("Ravi", PASSWORD): 303, ("", "else"): 401}
    for address in running(open_app(ready / "index", AnswerSettings(), settings, ready / "corpus")):
        for (name, password), status in tried.items():
            form = {"name": name, "password": password}
            response = httpx.post(f"{address}/editor/sign-in", data=form, trust_env=False, timeout=30)
            assert (name, response.status_code) == (name, status)


def test_passwords_cannot_be_guessed_fast(office: Office):
    with client(office) as visitor:
        assert [sign_in(visitor, f"guess {number}").status_code for number in range(6)] == [401] * 5 + [429]
        refused = sign_in(visitor)
        assert refused.status_code == 429
        assert "Too many tries: wait " in refused.text


def test_the_sign_in_page_shows_no_text_of_the_address(office: Office):
    with client(office) as visitor:
        page = visitor.get("/editor/sign-in", params={"fault": "Call 1800-FRAUD", "status": 500})
    assert (page.status_code, "FRAUD" in page.text) == (200, False)
    assert "form-action 'self'; frame-ancestors 'none'" in page.headers["content-security-policy"]


def test_without_a_password_there_is_no_editor_page(ready: Path):
    for address in running(open_app(ready / "index", AnswerSettings(), ChatSettings(), ready / "corpus")):
        for path in ("/editor/", "/editor/sign-in", "/editor/config"):
            assert httpx.get(f"{address}{path}", trust_env=False).status_code == 404


@pytest.fixture
def editor(browser: Browser, office: Office) -> Iterator[Page]:
    """The signed-in page; checks at the end that it sent no request to other hosts and wrote nothing to the console."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    outside: list[str] = []
    complaints: list[str] = []
    page.on(
        "request",
        lambda request: (
            outside.append(request.url) if not request.url.startswith((office.address, "data:", "blob:")) else None
        ),
    )
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{office.address}/editor/")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.locator("#gaps label").first.wait_for()
    yield page
    # The server waits at its end for the connection of an open page.
    page.context.close()
    assert (outside, complaints) == ([], [])


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def chosen(page: Page, words: str) -> None:
    page.locator("#gaps label", has_text=words).click()
    expect(page.locator("#detail h2")).to_contain_text(words)


def test_an_editor_sees_what_visitors_saw_and_a_vote_counts_once(editor: Page):
    expect(editor.locator("#summary")).to_contain_text("12 questions since")
    expect(editor.locator("#summary")).to_contain_text("2 wait for you")
    chosen(editor, "passport")
    detail = editor.locator("#detail")
    expect(detail).to_contain_text("Asked 4 times by 4 visitors: 4 not answered. 1 voted not helpful.")
    expect(detail).to_contain_text("Why: no article has the word 'apply' or 'passport'; no passage is on this subject.")
    expect(detail.locator(".card")).to_contain_text("not answered 4 times, 1 voted not helpful")
    expect(detail.locator(".card li")).to_contain_text("not helpful (wrong): “<b>Nothing</b> on passports”")
    expect(detail).to_contain_text("They see the same today.")
    expect(editor.locator("#faqs label")).to_have_count(0)
    editor.locator("#kind label", has_text="Most asked").click()
    asked = editor.locator("#gaps label", has_text="Can a notice period be bought out?")
    expect(asked).to_contain_text("4× · sure")
    expect(asked).to_contain_text("“Yes, when the contract allows it and the employer agrees.”")
    asked.click()
    expect(detail.locator(".origin").first).to_have_text(
        "FAQ “Can a notice period be bought out?”, Notice period (notice.md)"
    )
    editor.locator("#kind label", has_text="Voted not helpful").click()
    expect(editor.locator("#gaps label")).to_have_count(1)
    expect(editor.locator("#gaps label")).to_contain_text("4× · not answered, 1 not helpful")


def test_an_editor_answers_two_questions_and_publishes_both(editor: Page, office: Office):
    chosen(editor, ASKED)
    assert editor.locator("#detail b").count() == 0
    editor.get_by_role("button", name="This passage answers it").click()
    expect(editor.locator("#questions-notice")).to_have_text("Choose one first.")
    editor.locator("#find-passage input").fill("how many days do contracts name")
    editor.locator("#find-passage input").press("Enter")
    editor.locator("#faqs label", has_text="Section: Notice period: How long it runs").click()
    editor.get_by_role("button", name="This passage answers it").click()
    expect(editor.locator("#questions-notice")).to_contain_text("Written to alternates.csv. Visitors get it once")
    expect(editor.locator("#publish-status")).to_have_text("Decisions wait to be published.")
    assert [(row["question"], row["passage"], row["who"]) for row in rows(office.corpus / "alternates.csv")] == [
        (ASKED, RUNS, "editor")
    ]
    chosen(editor, "passport")
    editor.get_by_role("button", name="Write a FAQ").click()
    expect(editor.locator("#faq-question textarea")).to_have_value("how do I apply for a passport")
    expect(editor.locator("#to-write label")).to_have_text("how do I apply for a passport")
    editor.locator("#faq-answer textarea").fill(ANSWER)
    expect(editor.locator("#preview li")).to_have_text(["fill in the form", "pay"])
    editor.get_by_role("button", name="Save & publish").click()
    expect(editor.locator("#faqs-notice")).to_contain_text("Saved. It is being published")
    expect(editor.locator("#to-write label")).to_have_count(0)
    expect(editor.locator("#faqs-notice")).to_have_text("Published: visitors get your answer.", timeout=180_000)
    expect(editor.locator("#asked-again .card")).to_contain_text("sure")
    expect(editor.locator("#asked-again .card li")).to_have_text(["fill in the form", "pay"])
    expect(editor.locator("#publish-status")).to_have_text("Everything that was decided is published.")
    (row,) = rows(office.corpus / "written-faqs.csv")
    assert (row["question"], row["answer"]) == ("how do I apply for a passport", ANSWER)
    bot = Bot.open(office.index)
    assert bot.ask("how do I apply for a passport").text == ANSWER
    answer = bot.ask(ASKED)
    assert (answer.status, [source.passage.id for source in answer.sources]) == ("answered", [RUNS])


def test_what_was_written_can_be_changed_and_withdrawn(editor: Page, office: Office):
    editor.get_by_role("tab", name="Write FAQs").click()
    editor.locator("#faq-question textarea").fill("Who pays gratuity?")
    editor.locator("#faq-answer textarea").fill("You.")
    editor.get_by_role("button", name="Save & publish").click()
    expect(editor.locator("#faqs-notice")).to_have_text(
        "Gratuity (gratuity.md) answers exactly this question: correct it there, or ask in other words."
    )
    write_faq(office.corpus, WrittenFaq("Where is the office?", "In Pune.", "HRM", ("office place",)), who="Ravi")
    editor.reload()
    editor.get_by_role("tab", name="Write FAQs").click()
    editor.locator("#written label").click()
    expect(editor.locator("#faq-answer textarea")).to_have_value("In Pune.")
    expect(editor.locator("#faq-alternates textarea")).to_have_value("office place")
    editor.get_by_role("button", name="Withdraw this FAQ").click()
    expect(editor.locator("#faqs-notice")).to_contain_text("Withdrawn.")
    expect(editor.locator("#written label")).to_have_count(0)
    assert written_faqs(office.corpus) == []
    editor.get_by_role("tab", name="History").click()
    expect(editor.locator("#history label")).to_have_count(2)
    expect(editor.locator("#history label").first).to_contain_text("editor withdrew the FAQ")
    editor.locator("#history label").first.click()
    editor.get_by_role("button", name="Undo this decision").click()
    expect(editor.locator("#history-notice")).to_have_text("Undone: “Where is the office?”.")
    expect(editor.locator("#history label").nth(1)).to_contain_text("editor withdrew the FAQ (undone)")
    assert [faq.answer for faq in written_faqs(office.corpus)] == ["In Pune."]


def test_an_editor_corrects_the_words_of_an_answer_in_its_file(editor: Page, office: Office):
    path = office.corpus / "notice.md"
    editor.locator("#kind label", has_text="Most asked").click()
    chosen(editor, "bought out")
    editor.locator("#detail button.correct").click()
    expect(editor.locator("#place")).to_contain_text("FAQ “Can a notice period be bought out?”, Notice period")
    expect(editor.locator("#place code")).to_have_text("notice.md")
    expect(editor.locator("#words textarea")).to_have_value(NOW)
    editor.get_by_role("button", name="Save & publish").click()
    expect(editor.locator("#correct-notice")).to_have_text("Nothing was changed yet.")
    editor.locator("#words textarea").fill("Yes, when <b>both</b> agree.")
    expect(editor.locator("#changes .del")).to_have_text(f"-{NOW}")
    expect(editor.locator("#changes .ins")).to_have_text("+Yes, when <b>both</b> agree.")
    path.write_text(NOTICE.replace("ninety", "sixty"), encoding="utf-8")
    editor.get_by_role("button", name="Save & publish").click()
    expect(editor.locator("#correct-notice")).to_contain_text("notice.md was changed since you opened it")
    expect(editor.locator("#words textarea")).to_have_value("Yes, when <b>both</b> agree.")
    path.write_text(NOTICE, encoding="utf-8")
    editor.locator("#words textarea").fill("Yes, when both agree.")
    editor.get_by_role("button", name="Save & publish").click()
    expect(editor.locator("#correct-notice")).to_have_text("Published: visitors get your answer.", timeout=180_000)
    expect(editor.locator("#corrected-answer .card")).to_contain_text("Yes, when both agree.")
    day = datetime.now().astimezone().date().isoformat()
    changed = NOTICE.replace(NOW, "Yes, when both agree.").replace("updated: 2026-02-01", f"updated: {day}")
    assert path.read_text(encoding="utf-8") == changed
    assert Bot.open(office.index).ask("Can a notice period be bought out?").text == "Yes, when both agree."
    editor.get_by_role("tab", name="History").click()
    expect(editor.locator("#history label")).to_contain_text(f"editor corrected the words for {BUY_OUT}")
    editor.locator("#history label").click()
    editor.get_by_role("button", name="Undo this decision").click()
    expect(editor.locator("#history-notice")).to_have_text("Undone: “Can a notice period be bought out?”.")
    expect(editor.locator("#publish-status")).to_have_text("Decisions wait to be published.")
    assert path.read_text(encoding="utf-8") == NOTICE


def test_words_of_a_search_and_of_a_trial_open_and_other_formats_say_what_to_change(editor: Page, office: Office):
    chosen(editor, "passport")
    editor.locator("#correct").click()
    expect(editor.locator("#questions-notice")).to_have_text("Choose one first.")
    editor.locator("#find-passage input").fill("how many days do contracts name")
    editor.locator("#find-passage input").press("Enter")
    editor.locator("#faqs label", has_text="Section: Notice period: How long it runs").click()
    editor.locator("#correct").click()
    expect(editor.locator("#words textarea")).to_have_value("Most contracts name thirty to ninety days.")
    (office.corpus / "gratuity.md").write_text(GRATUITY.replace("The employer", "Nobody"), encoding="utf-8")
    editor.get_by_role("tab", name="Try a question").click()
    editor.locator("#trial textarea").fill("who pays gratuity")
    editor.locator("#trial textarea").press("Enter")
    editor.locator("#candidates button.correct").first.click()
    expect(editor.locator("#correct-notice")).to_contain_text("gratuity.md does not hold these words once")
    expect(editor.locator("#correction")).to_be_hidden()


def test_an_editor_downloads_questions_decisions_and_figures_as_tables(editor: Page, office: Office):
    def downloaded(button: str) -> list[dict[str, str]]:
        with editor.expect_download() as download:
            editor.locator(button).click()
        text = Path(download.value.path()).read_text(encoding="utf-8-sig")
        return list(csv.DictReader(text.splitlines()))

    assert [(row["question"], row["unanswered"]) for row in downloaded("#download-questions")] == [
        ("how do I apply for a passport", "4"),
        (ASKED, "4"),
    ]
    editor.locator("#kind label", has_text="Voted not helpful").click()
    expect(editor.locator("#gaps label")).to_have_count(1)
    (row,) = downloaded("#download-questions")
    assert (row["question"], row["certainty"], row["unhelpful"]) == (
        "how do I apply for a passport", "not answered", "1",
    )  # fmt: skip
    for who in ("=1+1", "Ravi"):
        write_faq(office.corpus, WrittenFaq(f"Where is {who}?", "In Pune."), who=who)
    editor.get_by_role("tab", name="History").click()
    rows = downloaded("#download-history")
    assert [(row["who"], row["action"], row["in force"]) for row in rows] == [
        ("'=1+1", "write", "yes"),
        ("Ravi", "write", "yes"),
    ]
    editor.get_by_role("tab", name="Figures").click()
    figures = downloaded("#download-figures")
    assert {(row["by"], row["asked"]) for row in figures} == {("week", "12"), ("category", "8"), ("category", "4")}


def test_signing_out_stays_in_the_tab(editor: Page):
    editor.locator("#sign-out").click()
    expect(editor.get_by_label("Password")).to_be_visible()
    assert editor.url.endswith("/editor/sign-in")
    assert len(editor.context.pages) == 1


def test_an_ignored_question_stays_away_in_other_words_and_can_be_taken_back(editor: Page, office: Office):
    store, bot = UsageStore(office.index), Bot.open(office.index)
    note(store, bot, "how to apply for the passport", "p9", 9)
    store.flush()
    chosen(editor, "passport")
    editor.get_by_role("button", name="Not for us").click()
    expect(editor.locator("#questions-notice")).to_contain_text("Neither this question nor one with its meaning")
    expect(editor.locator("#gaps label")).to_have_count(1)
    note(store, bot, "how can I apply for passport", "p10", 10)
    store.flush()
    editor.locator("#refresh").click()
    expect(editor.locator("#summary")).to_contain_text("14 questions since")
    expect(editor.locator("#gaps label")).to_have_count(1)
    chosen(editor, ASKED)
    editor.get_by_role("button", name="Not for us").click()
    expect(editor.locator("#summary")).to_contain_text("Nothing waits for you here.")
    editor.locator("#undo-last").click()
    expect(editor.locator("#questions-notice")).to_contain_text("Undone: “jldi naukri")
    expect(editor.locator("#gaps label")).to_have_count(1)
    assert [row["question"] for row in rows(office.corpus / "ignored-questions.csv")] == [
        "how do I apply for a passport"
    ]


def test_proposals_are_accepted_and_rejected(editor: Page, office: Office):
    proposal = editor.locator("#proposals label")
    expect(proposal).to_have_text(f"{ASKED} → Can a notice period be bought out? · 4 visitors, 4 signs")
    proposal.click()
    editor.get_by_role("button", name="No, they do not").click()
    expect(editor.locator("#questions-notice")).to_contain_text("Written to rejected-alternates.csv.")
    expect(proposal).to_have_count(0)
    editor.locator("#undo-last").click()
    proposal.click()
    editor.get_by_role("button", name="Yes, they mean the same").click()
    expect(editor.locator("#questions-notice")).to_contain_text("Written to alternates.csv.")
    assert rows(office.corpus / "alternates.csv")[0]["passage"] == BUY_OUT
    assert rows(office.corpus / "rejected-alternates.csv") == []


def test_a_question_in_the_playground_is_answered_and_not_logged(editor: Page, office: Office):
    editor.get_by_role("tab", name="Try a question").click()
    editor.locator("#trial textarea").fill("who pays <i>gratuity</i>")
    editor.locator("#trial textarea").press("Enter")
    expect(editor.locator("#trial-answer .card")).to_contain_text("The employer pays it, not the provident fund.")
    expect(editor.locator("#candidates .card").first).to_contain_text("FAQ: Who pays gratuity?")
    editor.locator("#candidates summary").first.click()
    expect(editor.locator("#candidates .card").first).to_contain_text("gratuity#faq-who-pays-gratuity")
    expect(editor.locator("#candidates .card").first.locator("tr", has_text="words").first).to_be_visible()
    assert len(list(UsageStore(office.index).questions())) == 12


def test_the_index_is_rebuilt_and_any_generation_served_again(editor: Page, office: Office):
    before = LocalStore(office.index).find_current()
    (office.corpus / "notice.md").write_text(NOTICE.replace("thirty to ninety", "ten to twenty"), encoding="utf-8")
    editor.get_by_role("tab", name="Index").click()
    editor.locator("#build").click()
    expect(editor.locator("#output textarea")).to_have_value(
        re.compile("edited: 1 article .*Done: visitors are answered", re.DOTALL), timeout=180_000
    )
    after = LocalStore(office.index).find_current()
    assert after != before
    expect(editor.locator("#build")).to_be_enabled()
    for name in (before, after):
        editor.locator("#generations label", has_text=str(name)).click()
        editor.locator("#back").click()
        editor.locator("#confirm").click()
        expect(editor.locator("#index-notice")).to_contain_text(f"Served now: {name}.")
        expect(editor.locator("#generations label", has_text="served now")).to_contain_text(str(name))
        assert LocalStore(office.index).find_current() == name
    editor.get_by_role("tab", name="Figures").click()
    expect(editor.locator("#trend img")).to_be_visible()


def test_the_articles_are_searched_lists(editor: Page, office: Office):
    (office.corpus / "old.md").write_text(
        "---\ntitle: Old\ndate: 2011-01-01\n---\n\nA text of long ago about nothing.\n", encoding="utf-8"
    )
    (office.corpus / "broken.docx").write_bytes(b"no document")
    editor.get_by_role("tab", name="Articles").click()
    editor.locator("#lint").click()
    expect(editor.locator("#findings")).to_contain_text("last changed on 2011-01-01")
    expect(editor.locator("#findings")).to_contain_text("broken.docx")


def test_starters_are_pinned_and_hidden_for_visitors(editor: Page, office: Office):
    editor.get_by_role("tab", name="Starters").click()
    editor.locator("#another input").fill("Where is the moon?")
    editor.locator("#another input").press("Enter")
    expect(editor.locator("#starters-notice")).to_contain_text("Visitors would get no sure answer to this question")
    editor.locator("#another input").fill("Can a probation period be extended?")
    editor.locator("#another input").press("Enter")
    expect(editor.locator("#offered label").first).to_contain_text("Can a probation period be extended? pinned")
    for question, button in (("Who pays gratuity?", "pin"), ("Who pays gratuity?", "up")):
        editor.locator("#offered label", has_text=question).click()
        editor.locator(f"#{button}").click()
        expect(editor.locator("#starters-notice")).to_have_text(f"Done: “{question}”.")
    expect(editor.locator("#offered label").first).to_contain_text("Who pays gratuity? pinned")
    editor.locator("#offered label", has_text="Can a notice period be bought out?").click()
    editor.locator("#hide").click()
    expect(editor.locator("#hidden label")).to_have_text("Can a notice period be bought out?")
    page = editor.context.new_page()
    page.goto(office.address)
    expect(page.locator("#chat .example").nth(1)).to_have_text("Can a probation period be extended?")
    expect(page.locator("#chat .example").first).to_have_text("Who pays gratuity?")
    assert page.locator("#chat .example", has_text="bought out").count() == 0
    page.close()


def test_figures_count_what_visitors_got_by_week_and_category(editor: Page):
    editor.get_by_role("tab", name="Figures").click()
    week, category = editor.locator("#tallies table").first, editor.locator("#tallies table").nth(1)
    expect(week.locator("tr").nth(1)).to_contain_text("Week of ")
    cells = [row.locator("td").all_text_contents() for row in week.locator("tr").all()[1:]]
    assert sum(int(row[0]) for row in cells) == 12
    expect(category.locator("tr", has_text="HRM").locator("td").first).to_have_text("4")
    expect(category.locator("tr", has_text="HRM").locator("td").nth(1)).to_have_text("4 (100%)")
    unanswered = category.locator("tr", has_text="without an answer or a category").locator("td")
    expect(unanswered.nth(5)).to_have_text("1 (100%)")


def test_the_editor_page_works_on_a_phone_and_with_a_screen_reader(editor: Page):
    def violations() -> list[tuple[str, str]]:
        found = Axe().run(editor).response["violations"]
        return [(each["id"], each["nodes"][0]["html"][:120]) for each in found]

    for tab in ("Write FAQs", "Correct words", "Starters", "History", "Index", "Figures", "Questions"):
        editor.get_by_role("tab", name=tab).click()
        assert (tab, violations()) == (tab, [])
    editor.locator("#kind label", has_text="Most asked").click()
    expect(editor.locator("#gaps label")).to_have_count(3)
    chosen(editor, "passport")
    editor.set_viewport_size({"width": 360, "height": 740})
    assert editor.evaluate("document.documentElement.scrollWidth") <= 360
    assert violations() == []
    editor.locator("#gaps label", has_text="bought out").click()
    editor.locator("#detail button.correct").click()
    editor.locator("#words textarea").fill("No.")
    expect(editor.locator("#changes ins")).to_have_text("No.")
    assert editor.evaluate("document.documentElement.scrollWidth") <= 360
    assert violations() == []
    editor.emulate_media(color_scheme="dark")
    expect(editor.locator("body")).to_have_class(re.compile("dark"))
    editor.evaluate("Promise.all(document.getAnimations().map((each) => each.finished))")
    assert violations() == []
