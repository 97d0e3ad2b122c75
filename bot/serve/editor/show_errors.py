"""How the page's events run: plain requests, and what goes wrong is told on the page."""

import logging
from collections.abc import Callable
from typing import Any

import gradio as gr

from bot.errors import ArticlebotError
from bot.serve.page.messages import escape_markdown

_log = logging.getLogger(__name__)

QUIET: dict[str, Any] = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}
_BROKEN = "Something broke here; the server's log has the rest."


def show_errors(handler: Callable[..., tuple[Any, ...]], others: int) -> Callable[..., tuple[Any, ...]]:
    """The handler, whose first value is a notice; where it fails, the notice says why and the `others` stay as they are."""

    def handle(*values: Any) -> tuple[Any, ...]:
        try:
            return handler(*values)
        except ArticlebotError as error:
            return escape_markdown(str(error)), *[gr.skip() for _ in range(others)]
        except Exception:  # noqa: BLE001 - whatever broke, the editor keeps the page and is told so
            _log.exception("the editor's page failed")
            return _BROKEN, *[gr.skip() for _ in range(others)]

    return handle
