"""The editor's page: access and every action, with a real server, browser and build."""

import csv
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from articles import GRATUITY, NOTICE, PROBATION
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from quick_build import build, copy_folder
from serving import running

from bot import Bot
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
    for number in range(4):
        note(store, bot, ASKED, f"c{number}", number)
        note(store, bot, "Can a notice period be bought out?", f"c{number}", number + 0.5)
        note(store, bot, "how do I apply for a passport", f"p{number}", number)
    store.flush()
    return folder / "corpus", folder / "index"


def note(store: UsageStore, bot: Bot, question: str, conversation: str, at: float) -> None:
    answer = bot.ask(question)
    passages = tuple(source.passage.id for source in answer.sources)
    facts = (answer.status, answer.probability, passages, answer.generation, 1.0, "chat", conversation, None)
    store.add(LoggedQuestion(f"{conversation} {question}", time.time() - 3600 + at, question, *facts))


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
        assert visitor.post("/editor/gradio_api/run/predict", json={"data": [], "fn_index": 0}).status_code == 401
        assert sign_in(visitor, "wrong").status_code == 401
        assert "That is not the password." in sign_in(visitor, "x" * 2000).text
        assert visitor.get("/editor/", headers={"Cookie": "articlebot-editor=guess"}).status_code == 303
        assert "scrypt" not in visitor.get("/config").text


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
    expect(page.locator("#detail h3")).to_contain_text(words)


def test_the_editor_acts_on_the_report(editor: Page, office: Office):
    expect(editor.locator("#summary")).to_contain_text("12 questions since")
    expect(editor.locator("#summary")).to_contain_text("2 wait for you")
    chosen(editor, "passport")
    expect(editor.locator("#detail")).to_contain_text("Asked 4 times by 4 visitors: 4 not answered.")
    editor.get_by_role("button", name="A FAQ has to be written").click()
    expect(editor.locator("#questions-notice")).to_contain_text("Written to faqs-to-write.csv. Write its answer there.")
    expect(editor.locator("#gaps label")).to_have_count(1)
    assert rows(office.corpus / "faqs-to-write.csv") == [{"question": "how do I apply for a passport", "answer": ""}]
    chosen(editor, ASKED)
    assert editor.locator("#detail b").count() == 0
    editor.get_by_role("button", name="It means this FAQ").click()
    expect(editor.locator("#questions-notice")).to_have_text("Choose one first.")
    editor.locator("#faqs label", has_text="Can a notice period be bought out?").click()
    editor.get_by_role("button", name="It means this FAQ").click()
    expect(editor.locator("#questions-notice")).to_contain_text("Written to alternates.csv. The next build uses it.")
    assert [(row["question"], row["passage"], row["who"]) for row in rows(office.corpus / "alternates.csv")] == [
        (ASKED, BUY_OUT, "editor")
    ]
    expect(editor.locator("#summary")).to_contain_text("Nothing waits for you here.")


def test_proposals_are_accepted_and_rejected(editor: Page, office: Office):
    proposal = editor.locator("#proposals label")
    expect(proposal).to_have_text(f"{ASKED} → Can a notice period be bought out? · 4 visitors, 4 signs")
    proposal.click()
    editor.get_by_role("button", name="No, they do not").click()
    expect(editor.locator("#questions-notice")).to_contain_text("Written to rejected-alternates.csv.")
    expect(proposal).to_have_count(0)
    (office.corpus / "rejected-alternates.csv").unlink()
    editor.locator("#refresh").click()
    proposal.click()
    editor.get_by_role("button", name="Yes, they mean the same").click()
    expect(editor.locator("#questions-notice")).to_contain_text("Written to alternates.csv.")
    assert rows(office.corpus / "alternates.csv")[0]["passage"] == BUY_OUT


def test_a_question_in_the_playground_is_answered_and_not_logged(editor: Page, office: Office):
    editor.get_by_role("tab", name="Try a question").click()
    editor.locator("#trial textarea").fill("who pays <i>gratuity</i>")
    editor.locator("#trial textarea").press("Enter")
    expect(editor.locator("#trial-answer")).to_contain_text("answered, probability 0.")
    expect(editor.locator("#trial-answer blockquote")).to_have_text("The employer pays it, not the provident fund.")
    expect(editor.locator("#candidates")).to_contain_text("Who pays gratuity?")
    expect(editor.locator("#candidates")).to_contain_text("words")
    assert len(list(UsageStore(office.index).questions())) == 12


def test_the_index_is_rebuilt_and_rolled_back(editor: Page, office: Office):
    before = LocalStore(office.index).find_current()
    (office.corpus / "notice.md").write_text(NOTICE.replace("thirty to ninety", "ten to twenty"), encoding="utf-8")
    editor.get_by_role("tab", name="Index").click()
    editor.locator("#build").click()
    expect(editor.locator("#output textarea")).to_have_value(
        re.compile("edited: 1 article .*Done: visitors are answered", re.DOTALL), timeout=90_000
    )
    after = LocalStore(office.index).find_current()
    assert after != before
    expect(editor.locator("#generations")).to_contain_text(str(after))
    expect(editor.locator("#build")).to_be_enabled()
    editor.locator("#back").click()
    editor.locator("#confirm").click()
    expect(editor.locator("#index-notice")).to_contain_text(f"Served now: {before}.")
    assert LocalStore(office.index).find_current() == before
    editor.locator("#back").click()
    editor.locator("#confirm").click()
    expect(editor.locator("#index-notice")).to_contain_text("nothing to roll back to")
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


def test_the_editor_page_works_on_a_phone_and_with_a_screen_reader(editor: Page):
    chosen(editor, "passport")
    editor.set_viewport_size({"width": 360, "height": 740})
    assert editor.evaluate("document.documentElement.scrollWidth") <= 360
    found = Axe().run(editor)
    assert [(each["id"], each["nodes"][0]["html"][:120]) for each in found.response["violations"]] == []
