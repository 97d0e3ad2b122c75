"""The tab of the index: build it anew, see what changed, go back."""

from typing import Any

import gradio as gr

from bot.backends.location import store_at
from bot.index.status import index_status
from bot.serve.editor.editorial import Editorial
from bot.serve.editor.show_errors import QUIET, show_errors

_EVERY = 1.0
"""Seconds between two looks at a build."""
_HEADERS = ["served", "built", "articles", "passages", "MB", "name"]
_BUILDING = "Building: visitors are answered from what is served meanwhile."


def generations_tab(editorial: Editorial, page: gr.Blocks) -> None:
    """A button that builds, what the build says, the generations there are, and the way back to the one before."""
    notice = gr.Markdown(elem_id="index-notice", elem_classes="notice")
    build = gr.Button("Bring the index up to date with the articles", variant="primary", elem_id="build")
    said = gr.Textbox(
        label="What the build says", lines=12, max_lines=24, interactive=False, elem_id="said", autoscroll=True
    )
    kept = gr.Dataframe(label="Generations", headers=_HEADERS, datatype="str", interactive=False, elem_id="generations")
    back = gr.Button("Go back to the one before", elem_id="back")
    sure = gr.Button("Yes, serve the one before to all visitors", variant="stop", visible=False, elem_id="sure")
    timer = gr.Timer(_EVERY, active=False)
    shown = [notice, said, build, timer, kept]

    def look() -> tuple[Any, ...]:
        running = editorial.rebuilding.is_running
        state = gr.update(interactive=not running), gr.Timer(active=running)
        # Looking at the generations opens one: not each second.
        return (
            _BUILDING if running else "",
            editorial.rebuilding.said,
            *state,
            gr.skip() if running else _kept(editorial),
        )

    def started() -> tuple[Any, ...]:
        editorial.rebuilding.start()
        return look()

    def gone_back() -> tuple[Any, ...]:
        return (
            f"Served now: {editorial.roll_back()}. The next build makes what the articles say again.",
            _kept(editorial),
            gr.update(visible=False),
        )

    gr.on([page.load, timer.tick], show_errors(look, len(shown) - 1), None, shown, **QUIET)
    build.click(show_errors(started, len(shown) - 1), None, shown, **QUIET)
    back.click(lambda: gr.update(visible=True), None, [sure], **QUIET)
    sure.click(show_errors(gone_back, 2), None, [notice, kept, sure], **QUIET)


def _kept(editorial: Editorial) -> dict[str, Any]:
    rows = [
        [
            "yes" if each["served"] else "", each.get("created", "")[:16].replace("T", " "), str(each.get("articles", "")), str(each.get("passages", "")),
            f"{each.get('bytes', 0) / 1e6:.0f}", each["name"],
        ]
        for each in reversed(index_status(store_at(editorial.index), editorial.corpus)["generations"])
    ]  # fmt: skip
    return {"headers": _HEADERS, "data": rows}
