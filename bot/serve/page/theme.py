"""How the page looks: system fonts, one accent colour, light and dark; and what stands in its head."""

import html
import json

import gradio as gr

from bot.serve.page.colours import DARK_GROUND, LIGHT_GROUND
from bot.serve.page.head_middleware import PageHead, file_of_page
from bot.serve.texts import PageTexts
from bot.settings import ChatSettings, Colours, Publisher
from bot.usage.logged_question import REASONS

_SAID_BY_SCRIPT = (
    "typed", "typed_count", "looking", "unreachable", "copied", "linked", "thanks", "why", "comment", "tell", "not_stored", "question", "conversation",
)  # fmt: skip


def theme() -> gr.themes.Base:
    """Gradio's plain theme with fonts that every machine has: its own bold faces lack most letters."""
    system = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Noto Sans Devanagari", "sans-serif"]
    return gr.themes.Default(
        primary_hue="teal", neutral_hue="slate", font=system, font_mono=["ui-monospace", "monospace"], radius_size="lg"
    )


def style(colours: Colours) -> str:
    """The page's style sheet with its colours before it."""
    tokens = (
        f":root {{ --accent: {colours.accent}; --on-accent: #ffffff; --ground: {LIGHT_GROUND}; }} "
        f".dark {{ --accent: {colours.accent_dark}; --on-accent: #06121f; --ground: {DARK_GROUND}; }}\n"
    )
    return tokens + file_of_page("chat.css")


def head(texts: PageTexts, settings: ChatSettings) -> PageHead:
    """What the page says of itself, where it stands before all of it has come, what its script needs to know, and the script."""
    base = "./" if texts.code == settings.language else "../"
    words = {name: getattr(texts, name) for name in _SAID_BY_SCRIPT}
    facts = {
        "base": base,
        "language": texts.code,
        "texts": words,
        "reasons": {reason: getattr(texts, reason) for reason in REASONS},
    }
    # No "</script>" can stand in the data.
    data = json.dumps(facts, ensure_ascii=False).replace("<", "\\u003c")
    title, lead, name = (
        html.escape(words) for words in (page_title(texts, settings.publisher), texts.lead, settings.publisher.name)
    )
    elements = (
        f'<title>{title}</title><meta name="description" content="{lead}"><meta property="og:type" content="website">'
        f'<meta property="og:title" content="{title}"><meta property="og:description" content="{lead}"><meta property="og:site_name" content="{name}">'
        f'<link rel="icon" href="{"/logo" if settings.publisher.logo else "data:,"}"><style>{file_of_page("frame.css")}</style>'
        f'<script type="application/json" id="page-facts">{data}</script><script>{file_of_page("chat.js")}</script>'
    )
    return PageHead(texts.code, texts.direction, elements)


def page_title(texts: PageTexts, publisher: Publisher) -> str:
    """What the browser's tab says."""
    return f"{texts.title} · {publisher.name}" if publisher.name else texts.title
