"""Events of the editor's page: errors are shown on the page, and decisions are signed."""

import logging
from collections.abc import Callable
from typing import Any

import gradio as gr

from bot.errors import ArticlebotError
from bot.serve.page.chat import EVENT_OPTIONS
from bot.serve.page.messages import escape_markdown

__all__ = ["EVENT_OPTIONS", "show_errors", "signed"]
_log = logging.getLogger(__name__)
_UNEXPECTED = "Something went wrong; see the server's log."


def show_errors(handler: Callable[..., Any], notice: gr.Markdown) -> Callable[..., Any]:
    """Wrap a handler: an error is shown in `notice`, one of its outputs, and leaves the others unchanged."""

    def handle(*values: Any) -> Any:
        try:
            return handler(*values)
        except ArticlebotError as error:
            return {notice: escape_markdown(str(error))}
        except Exception:  # noqa: BLE001 - whatever broke, the editor keeps the page
            _log.exception("the editor's page failed")
            return {notice: _UNEXPECTED}

    return handle


def signed(handler: Callable[..., Any], notice: gr.Markdown) -> Callable[..., Any]:
    """Wrap a handler as `show_errors` does; it takes the name of the signed-in editor first."""
    shown = show_errors(handler, notice)

    def handle(request: gr.Request, *values: Any) -> Any:
        return shown(request.username or "", *values)

    return handle
