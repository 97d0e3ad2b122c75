"""Draw the pictures of the README and the documentation from the real pages, over the shipped articles.

Run `python -m docs.pictures` in the repository's root, or with names to draw only some, such as
`python -m docs.pictures chat chat-moving`. It needs the packages of `.[dev]`, Chromium, the index that
`articlebot build` makes, and a font for Hindi such as Noto Sans Devanagari.
"""

import shutil
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import httpx
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from bot.corpus import read_corpus
from bot.serve.editor.password import hash_password
from bot.serve.page.article_html import article_html
from bot.serve.server import open_app
from bot.serve.settings_file import read_settings
from bot.settings import AnswerSettings, EditorSettings, Limits, Publisher
from tests.serving import FLAGS, ask, chromium, running

Scheme = Literal["light", "dark"]
DOCS = Path(__file__).parent
ROOT = DOCS.parent
COLOURS = 256  # more are not seen on pages of few colours
PASSWORD = "a password of pictures"  # noqa: S105 - of a server that lives as long as this script
UNANSWERED = [
    "can my boss deny relieving", "how do I apply for a passport", "salary slip format", "pan card lost",
    "income tax refund status", "railway ticket refund", "how to get a driving licence", "bank account for a minor",
    "gst registration documents", "rent agreement format", "voter id correction", "ration card apply",
]  # fmt: skip
LOGO = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 28 28">
<rect width="28" height="28" rx="7" fill="#0f766e"/>
<path d="M7 8h14v9H13l-4 4v-4H7z" fill="#fff"/></svg>"""
FRAME = """<!doctype html><meta charset="utf-8"><style>
body { margin: 0; width: fit-content; font: 13px "Noto Sans", system-ui, sans-serif; }
#ground { padding: 36px 44px 48px; background: linear-gradient(160deg, #e6f2f0, #dfe6f1); }
#window { border-radius: 12px; overflow: hidden; background: #fff; }
#window { box-shadow: 0 0 0 1px #0f2a3a14, 0 18px 48px #0f2a3a30; }
#bar { display: flex; align-items: center; gap: 8px; height: 40px; padding: 0 16px; }
#bar { background: #f1f4f7; color: #52606d; }
#bar i { width: 12px; height: 12px; border-radius: 50%; background: #cdd5dd; }
#bar span { margin: 0 auto; padding: 4px 56px; border-radius: 7px; background: #fff; }
#bar b { width: 52px; }
.phone #ground { padding: 36px 64px 48px; }
.phone #window { border: 10px solid #17202b; border-radius: 44px; box-shadow: 0 18px 48px #0f2a3a40; }
.phone #bar { display: none; }
img { display: block; }
</style><body class="{kind}"><div id="ground"><div id="window">
<div id="bar"><i></i><i></i><i></i><span>{address}</span><b></b></div>
<img src="data:image/png;base64,{shot}" width="{width}"></div></div>"""
BLOG = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>
body {{ font: 17px/1.65 Georgia, "Noto Serif", serif; color: #1f2933; }}
body {{ max-width: 540px; margin: 0 0 0 48px; padding: 28px 0; }}
th, td {{ padding: 4px 16px 4px 0; text-align: left; vertical-align: top; font-size: 15px; }}
h1 {{ font-size: 30px; line-height: 1.25; }} nav {{ font: 600 15px "Noto Sans", sans-serif; color: #0f766e; }}
</style><nav>Career Desk</nav><h1>{title}</h1>{words}<script src="widget.js" async></script></html>"""


@dataclass(frozen=True)
class Studio:
    """A browser, a page in it that frames pictures, and the address of a server over the shipped articles."""

    browser: Browser
    frame: Page
    address: str

    @contextmanager
    def page(self, width: int, height: int, path: str = "", *, scheme: Scheme = "light") -> Iterator[Page]:
        """Open a page at twice the resolution of its pixels."""
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, device_scale_factor=2, color_scheme=scheme,
            reduced_motion="reduce",
        )  # fmt: skip
        page = context.new_page()
        page.goto(f"{self.address}/{path}")
        yield page
        context.close()

    @contextmanager
    def chat(self, width: int, height: int, path: str = "", *, scheme: Scheme = "light") -> Iterator[Page]:
        with self.page(width, height, path, scheme=scheme) as page:
            page.locator("#chat .greeting").wait_for()
            page.locator("#header .logo").wait_for()
            yield page

    def framed(self, page: Page, kind: str = "window", address: str = "ask.example.com") -> Image.Image:
        """Return the page as it looks now, in a window or a phone on a calm ground."""
        page.wait_for_timeout(100)  # until bubbles and suggestions are drawn
        shot = page.screenshot()
        facts = {"kind": kind, "address": address, "shot": b64encode(shot).decode()}
        facts["width"] = str(page.viewport_size["width"] if page.viewport_size else 0)
        content = FRAME
        for name, value in facts.items():
            content = content.replace(f"{{{name}}}", value)
        self.frame.set_content(content)
        return Image.open(BytesIO(self.frame.locator("#ground").screenshot())).convert("RGB")


def fit(page: Page) -> None:
    """Make the page so high that the conversation does not scroll."""
    page.wait_for_timeout(400)  # until the suggestions are drawn
    hidden = page.locator("#chat .bubble-wrap").evaluate("each => each.scrollHeight - each.clientHeight")
    size = page.viewport_size or {"width": 0, "height": 0}
    page.set_viewport_size({"width": size["width"], "height": size["height"] + hidden})


def save(image: Image.Image, name: str) -> None:
    image.quantize(COLOURS, dither=Image.Dither.FLOYDSTEINBERG).save(DOCS / f"{name}.png", optimize=True)


def chat(studio: Studio) -> None:
    with studio.chat(860, 600) as page:
        ask(page, "how long does probation last")
        fit(page)
        save(studio.framed(page), "chat")


def chat_phone(studio: Studio) -> None:
    with studio.chat(390, 880, scheme="dark") as page:
        ask(page, "how long does probation last")
        ask(page, "and can it be extended?")
        save(studio.framed(page, "phone"), "chat-phone")


def chat_hindi(studio: Studio) -> None:
    with studio.chat(390, 740, "?lang=hi") as page:
        ask(page, "क्या एडमिट कार्ड पर पेन से सुधार कर सकते हैं")
        fit(page)
        save(studio.framed(page, "phone"), "chat-hindi")


def hindi(studio: Studio) -> None:
    with studio.chat(860, 600, "?lang=hi") as page:
        ask(page, "ग्रेच्युटी पर टैक्स लगता है क्या")
        fit(page)
        save(studio.framed(page), "hindi")


def editor(studio: Studio) -> None:
    for times, question in enumerate(reversed(UNANSWERED), 1):
        for number in range(times):
            asked = {"question": question, "conversation": f"visitor-{number}"}
            httpx.post(f"{studio.address}/api/v1/ask", json=asked, trust_env=False, timeout=60)
    with studio.page(1280, 900, "editor") as page:
        page.locator("input[type=password]").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_role("radio", name="can my boss deny relieving").check()
        page.locator("#decide").wait_for()
        page.wait_for_timeout(1000)  # until the list of passages is drawn
        bottom = page.locator("#decide").bounding_box() or {"y": 0, "height": 0}
        page.set_viewport_size({"width": 1280, "height": int(bottom["y"] + bottom["height"]) + 16})
        save(studio.framed(page, address="ask.example.com/editor"), "editor")


def widget(studio: Studio) -> None:
    article = next(each for each in read_corpus(ROOT / "corpus").articles if each.id == "probation-letter")
    words = article_html(article.text[:2500])
    blog = BLOG.format(title=article.title, words=words)
    with studio.page(1060, 720, "healthz") as page:
        page.route("**/blog", lambda route: route.fulfill(body=blog, content_type="text/html"))
        page.goto(f"{studio.address}/blog")
        page.wait_for_function("window.articlebot")
        page.evaluate("articlebot.ask('how long does probation last')")
        page.get_by_role("link", name="Read it in the article").wait_for()
        save(studio.framed(page, address="www.example.com/probation-letter"), "widget")


def chat_moving(studio: Studio) -> None:
    """A typing error, an answer, a follow-up and an honest refusal."""
    frames: list[tuple[Image.Image, int]] = []
    with studio.chat(860, 740) as page:
        frames.append((studio.framed(page), 900))
        for question, milliseconds in (
            ("how long does probtion last", 2600), ("and can it be extended?", 2300),
            ("who won the cricket world cup", 2300),
        ):  # fmt: skip
            box = page.get_by_test_id("textbox")
            for end in range(6, len(question) + 6, 6):
                box.fill(question[:end])
                frames.append((studio.framed(page), 120))
            ask(page, question)
            frames.append((studio.framed(page), milliseconds))
    images, durations = zip(*frames, strict=True)
    small = [image.resize((image.width * 3 // 4, image.height * 3 // 4), Image.Resampling.LANCZOS) for image in images]
    first, *others = with_one_palette(small)
    first.save(DOCS / "chat-moving.png", save_all=True, append_images=others, duration=list(durations), loop=0)


def with_one_palette(images: list[Image.Image]) -> list[Image.Image]:
    """Reduce the colours of pictures of one size together, so that only what moves differs from one to the next."""
    width, height = images[0].size
    strip = Image.new("RGB", (width, height * len(images)))
    for number, image in enumerate(images):
        strip.paste(image, (0, height * number))
    strip = strip.quantize(COLOURS, dither=Image.Dither.NONE)
    return [strip.crop((0, top, width, top + height)) for top in range(0, strip.height, height)]


SCENES: dict[str, Callable[[Studio], None]] = {
    "editor": editor, "chat-moving": chat_moving, "chat": chat, "chat-phone": chat_phone, "chat-hindi": chat_hindi,
    "hindi": hindi, "widget": widget,
}  # fmt: skip


@contextmanager
def opened() -> Iterator[Studio]:
    """Serve a copy of the index, to whose log the questions of the pictures go."""
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        place = Path(folder)
        ignored = shutil.ignore_patterns("usage.sqlite3*", "cache")
        shutil.copytree(ROOT / "index", place / "index", ignore=ignored)
        (place / "logo.svg").write_text(LOGO, encoding="utf-8")
        settings = replace(
            read_settings(ROOT / "articlebot.toml"), publisher=Publisher("Career Desk", logo=place / "logo.svg"),
            limits=Limits(questions_per_minute=10_000), editor=EditorSettings(hash_password(PASSWORD)),
        )  # fmt: skip
        expect.set_options(timeout=60_000)  # the first answer loads the reader
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        for address in running(open_app(place / "index", AnswerSettings(), settings, ROOT / "corpus")):
            yield Studio(browser, browser.new_page(device_scale_factor=2), address)
            browser.close()


def main(names: list[str]) -> int:
    unknown = set(names) - SCENES.keys()
    if unknown:
        sys.stderr.write(f"There is no picture {', '.join(sorted(unknown))}: there are {', '.join(SCENES)}.\n")
        return 2
    with opened() as studio:
        for name in names or SCENES:
            SCENES[name](studio)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
