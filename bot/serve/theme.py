"""How the page looks: system fonts, one accent colour, light and dark; and what stands in its head."""

import html
import json
from importlib.resources import files

import gradio as gr

from bot.serve.colours import DARK_GROUND, LIGHT_GROUND
from bot.serve.texts import Texts
from bot.settings import ChatSettings, Colours
from bot.usage.store import REASONS

_SAID_BY_SCRIPT = (
    "typed", "typed_count", "looking", "unreachable", "copied", "linked", "thanks", "why", "comment", "tell", "not_stored", "question", "conversation",
)  # fmt: skip


def theme() -> gr.themes.Base:
    """Gradio's plain theme with fonts that every machine has: its own bold faces lack most letters."""
    system = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Noto Sans Devanagari", "sans-serif"]
    return gr.themes.Default(primary_hue="teal", neutral_hue="slate", font=system, font_mono=["ui-monospace", "monospace"], radius_size="lg")


def style(colours: Colours) -> str:
    """The page's style sheet with its colours before it."""
    tokens = (
        f":root {{ --accent: {colours.accent}; --on-accent: #ffffff; --ground: {LIGHT_GROUND}; }} "
        f".dark {{ --accent: {colours.accent_dark}; --on-accent: #06121f; --ground: {DARK_GROUND}; }}\n"
    )
    return tokens + file_of_page("chat.css")


def file_of_page(name: str) -> str:
    """One of the files that the page is made of."""
    return files("bot.serve").joinpath(name).read_text(encoding="utf-8")


def head(texts: Texts, settings: ChatSettings) -> str:
    """What the page's script needs to know, the script, and the icon."""
    words = {name: getattr(texts, name) for name in _SAID_BY_SCRIPT}
    facts = {
        "base": "./" if texts.code == settings.language else "../",
        "language": texts.code,
        "direction": texts.direction,
        "texts": words,
        "reasons": {reason: getattr(texts, reason) for reason in REASONS},
    }
    icon = '<link rel="icon" href="/logo">' if settings.publisher.logo else '<link rel="icon" href="data:,">'
    # No "</script>" can stand in the data.
    data = json.dumps(facts, ensure_ascii=False).replace("<", "\\u003c")
    return f'{icon}<meta name="description" content="{html.escape(texts.lead)}"><script type="application/json" id="page-facts">{data}</script><script>{file_of_page("chat.js")}</script>'
