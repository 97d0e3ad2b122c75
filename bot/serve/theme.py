"""How the page looks: system fonts, one accent colour, light and dark."""

from importlib.resources import files

import gradio as gr

STYLE = files("bot.serve").joinpath("chat.css").read_text(encoding="utf-8")
SCRIPT = f"<script>{files('bot.serve').joinpath('chat.js').read_text(encoding='utf-8')}</script>"


def theme() -> gr.themes.Base:
    """Gradio's plain theme with fonts that every machine has: its own bold faces lack most letters."""
    system = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif"]
    return gr.themes.Default(primary_hue="teal", neutral_hue="slate", font=system, font_mono=["ui-monospace", "monospace"], radius_size="lg")
