"""The tab of the index: rebuild it, list its generations, roll back."""

from typing import Any

import gradio as gr

from bot.backends.location import store_at
from bot.index.status import index_status
from bot.serve.editor.events import EVENT_OPTIONS, show_errors
from bot.serve.editor.service import EditorService

_POLL = 1.0  # seconds between two updates while a build runs
_HEADERS = ["served", "built", "articles", "passages", "MB", "name"]
_BUILDING = "Building; meanwhile visitors get answers from the present index."


def index_tab(service: EditorService, page: gr.Blocks) -> None:
    """Create a button that rebuilds, the output of the build, the list of generations, and the rollback."""
    notice = gr.Markdown(elem_id="index-notice", elem_classes="notice")
    build = gr.Button("Bring the index up to date with the articles", variant="primary", elem_id="build")
    output = gr.Textbox(label="Output of the build", lines=12, max_lines=24, interactive=False, elem_id="output")
    generations = gr.Dataframe(label="Generations", headers=_HEADERS, interactive=False, elem_id="generations")
    back = gr.Button("Go back to the previous generation", elem_id="back")
    confirm = gr.Button("Yes, serve it to all visitors", variant="stop", visible=False, elem_id="confirm")
    timer = gr.Timer(_POLL, active=False)
    outputs = [notice, output, build, timer, generations]

    def refresh() -> tuple[Any, ...]:
        is_running = service.build.is_running
        state = gr.update(interactive=not is_running), gr.Timer(active=is_running)
        # The list opens each generation: not every second.
        rows = gr.skip() if is_running else _generations(service)
        return _BUILDING if is_running else "", service.build.output, *state, rows

    def start() -> tuple[Any, ...]:
        service.build.start()
        return refresh()

    def roll_back() -> tuple[Any, ...]:
        name = store_at(service.index).roll_back()
        hidden = gr.update(visible=False)
        return f"Served now: {name}. The next build follows the articles again.", _generations(service), hidden

    gr.on([page.load, timer.tick], show_errors(refresh, len(outputs) - 1), None, outputs, **EVENT_OPTIONS)
    build.click(show_errors(start, len(outputs) - 1), None, outputs, **EVENT_OPTIONS)
    back.click(lambda: gr.update(visible=True), None, [confirm], **EVENT_OPTIONS)
    confirm.click(show_errors(roll_back, 2), None, [notice, generations, confirm], **EVENT_OPTIONS)


def _generations(service: EditorService) -> dict[str, Any]:
    rows = [
        [
            "yes" if each["served"] else "", each.get("created", "")[:16].replace("T", " "),
            str(each.get("articles", "")), str(each.get("passages", "")), f"{each.get('bytes', 0) / 1e6:.0f}",
            each["name"],
        ]
        for each in reversed(index_status(store_at(service.index), service.corpus)["generations"])
    ]  # fmt: skip
    return {"headers": _HEADERS, "data": rows}
