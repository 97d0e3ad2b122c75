"""Events of the editor's page: errors are shown on the page, and decisions are signed."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from bot.errors import ArticlebotError
from bot.serve.page.chat import EVENT_OPTIONS
from bot.serve.page.messages import escape_markdown

__all__ = ["EVENT_OPTIONS", "connect"]
_log = logging.getLogger(__name__)
_UNEXPECTED = "Something went wrong; see the server's log."


def connect(
    event: Any, handler: Callable[..., Any], inputs: Any, outputs: Sequence[Any], *, signed: bool = False,
    chosen: bool = False,
) -> None:  # fmt: skip
    """Connect a handler; if `signed`, it takes the name of the signed-in editor first.

    An error is shown in the first of the outputs, a notice, and leaves the others unchanged; so is, if something must
    be `chosen`, that it is not.
    """

    def handle(request: gr.Request, *values: Any) -> Any:
        if chosen and not all(values):
            return {outputs[0]: "Choose one first."}
        try:
            return handler(request.username or "", *values) if signed else handler(*values)
        except ArticlebotError as error:
            return {outputs[0]: escape_markdown(str(error))}
        except Exception:  # noqa: BLE001 - whatever broke, the editor keeps the page
            _log.exception("the editor's page failed")
            return {outputs[0]: _UNEXPECTED}

    event(handle, inputs, outputs, **EVENT_OPTIONS)
