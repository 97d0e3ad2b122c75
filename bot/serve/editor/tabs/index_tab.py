"""The tab of the index: rebuild it, list its generations, and serve another one of them."""

from functools import partial
from typing import Any

import gradio as gr

from bot.index.status import index_status
from bot.index.store import LocalStore
from bot.serve.editor.events import EVENT_OPTIONS, connect
from bot.serve.editor.publishing import PublishBar, bar_state, start
from bot.serve.editor.service import EditorService

_HINT = "Each build makes a generation. Visitors are answered from one of them; you can go back, and forth again."


def index_tab(service: EditorService, tab: gr.Tab, bar: PublishBar) -> None:
    """Create a button that rebuilds, the output of the build, the list of generations, and their switch."""
    notice = gr.Markdown(elem_id="index-notice", elem_classes="notice")
    build = gr.Button("Bring the index up to date with the articles", variant="primary", elem_id="build")
    output = gr.Textbox(label="Output of the build", lines=12, max_lines=24, interactive=False, elem_id="output")
    gr.Markdown(_HINT)
    generations = gr.Radio([], label="Generations", elem_id="generations")
    serve = gr.Button("Serve the chosen generation", elem_id="back")
    confirm = gr.Button("Yes, serve it to all visitors", variant="stop", visible=False, elem_id="confirm")
    outputs = [notice, output, build, generations]

    def refresh() -> tuple[Any, ...]:
        is_running = service.build.is_running
        # The list opens each generation: not every second.
        choices = gr.skip() if is_running else _generations(service)
        return "", service.build.output, gr.update(interactive=not is_running), choices

    def begin() -> tuple[Any, ...]:
        started = start(service)
        return *refresh(), *started

    def switch(name: str | None) -> Any:
        if name is None:
            return {notice: "Choose one first.", confirm: gr.update(visible=False)}
        LocalStore(service.index).switch_to(name)
        words = f"Served now: {name}. The next build follows the articles again."
        return words, _generations(service), gr.update(visible=False), *bar_state(service)

    connect(partial(gr.on, [tab.select, bar.timer.tick]), refresh, None, outputs)
    connect(build.click, begin, None, [*outputs, *bar])
    serve.click(lambda: gr.update(visible=True), None, [confirm], **EVENT_OPTIONS)
    connect(confirm.click, switch, [generations], [notice, generations, confirm, *bar])


def _generations(service: EditorService) -> Any:
    stored = index_status(LocalStore(service.index), service.corpus)["generations"]
    return gr.update(choices=[(_label(each), each["name"]) for each in reversed(stored)], value=None)


def _label(generation: dict[str, Any]) -> str:
    built = generation.get("created", "")[:16].replace("T", " ")
    counts = f"{generation.get('articles', '?')} articles, {generation.get('passages', '?')} passages"
    size = f"{generation.get('bytes', 0) / 1e6:.0f} MB"
    served = " · served now" if generation["served"] else ""
    return f"Built {built} UTC{served}\n{counts}, {size} · {generation['name']}"
