"""The page's look: system fonts, one accent colour, light and dark; and its head."""

import html
import json

import gradio as gr

from bot.retrieval.finder import LONGEST_QUESTION
from bot.serve.page.colours import DARK_GROUND, LIGHT_GROUND
from bot.serve.page.head_middleware import PageHead, read_asset
from bot.serve.texts import PageTexts
from bot.settings import ChatSettings, Colours, Publisher
from bot.usage.logged_question import REASONS

_TEXTS_OF_SCRIPT = (
    "typed", "typed_count", "looking", "unreachable", "copied", "linked", "thanks", "why", "comment", "tell",
    "not_stored", "question", "conversation", "characters_left", "too_long",
)  # fmt: skip


def theme() -> gr.themes.Base:
    """Return Gradio's default theme with system fonts: the bold fonts that come with Gradio lack most letters."""
    font = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Noto Sans Devanagari", "sans-serif"]
    mono = ["ui-monospace", "monospace"]
    return gr.themes.Default(primary_hue="teal", neutral_hue="slate", font=font, font_mono=mono, radius_size="lg")


def style(colours: Colours) -> str:
    """Return the style sheet, preceded by its colours."""
    tokens = (
        f":root {{ --accent: {colours.accent}; --on-accent: #ffffff; --ground: {LIGHT_GROUND}; }} "
        f".dark {{ --accent: {colours.accent_dark}; --on-accent: #06121f; --ground: {DARK_GROUND}; }}\n"
    )
    return tokens + read_asset("chat.css")


def head(texts: PageTexts, settings: ChatSettings) -> PageHead:
    """Return the head of the page: title, description, first styles, and the script with its data."""
    facts = {
        "base": "./" if texts.code == settings.language else "../",
        "language": texts.code,
        "longest": LONGEST_QUESTION,
        "texts": {name: texts[name] for name in _TEXTS_OF_SCRIPT},
        "reasons": {reason: texts[reason] for reason in REASONS},
    }
    # No "</script>" can stand in the data.
    data = json.dumps(facts, ensure_ascii=False).replace("<", "\\u003c")
    publisher = settings.publisher
    title, lead, name = map(html.escape, (page_title(texts, publisher), texts["lead"], publisher.name))
    elements = (
        f'<title>{title}</title><meta name="description" content="{lead}">'
        f'<meta property="og:type" content="website"><meta property="og:title" content="{title}">'
        f'<meta property="og:description" content="{lead}"><meta property="og:site_name" content="{name}">'
        f'<link rel="icon" href="{"logo" if publisher.logo else "data:,"}"><link rel="manifest" href="manifest.json">'
        f"<style>{read_asset('frame.css')}</style>"
        f'<script type="application/json" id="page-facts">{data}</script><script>{read_asset("chat.js")}</script>'
    )
    return PageHead(texts.code, texts["direction"], elements)


def page_title(texts: PageTexts, publisher: Publisher) -> str:
    return f"{texts['title']} · {publisher.name}" if publisher.name else texts["title"]
