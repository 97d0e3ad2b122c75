"""How events of the editor's page run: as plain requests, with errors shown on the page."""

import logging
from collections.abc import Callable
from typing import Any

import gradio as gr

from bot.errors import ArticlebotError
from bot.serve.page.messages import escape_markdown

_log = logging.getLogger(__name__)

EVENT_OPTIONS: dict[str, Any] = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}
_UNEXPECTED = "Something went wrong; see the server's log."


def show_errors(handler: Callable[..., tuple[Any, ...]], others: int) -> Callable[..., tuple[Any, ...]]:
    """Wrap a handler whose first output is a notice: an error is shown there and leaves the `others` unchanged."""

    def handle(*values: Any) -> tuple[Any, ...]:
        try:
            return handler(*values)
        except ArticlebotError as error:
            notice = escape_markdown(str(error))
        except Exception:  # noqa: BLE001 - whatever broke, the editor keeps the page
            _log.exception("the editor's page failed")
            notice = _UNEXPECTED
        return notice, *[gr.skip() for _ in range(others)]

    return handle


def signed(handler: Callable[..., tuple[Any, ...]], others: int) -> Callable[..., tuple[Any, ...]]:
    """Wrap a handler as `show_errors` does; it takes the name of the signed-in editor first."""
    shown = show_errors(handler, others)

    def handle(request: gr.Request, *values: Any) -> tuple[Any, ...]:
        return shown(request.username or "", *values)

    return handle
