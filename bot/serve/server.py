"""Opens the web application over an index and serves it until Ctrl-C."""

import os
import socket
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from bot.answering.bot import Bot
from bot.backends.location import is_remote, state_folder
from bot.errors import MissingExtra, ServeError, SettingsError, requires
from bot.index.generation import CHECK_SENTENCE
from bot.settings import AnswerSettings, ChatSettings
from bot.usage.store import UsageStore

if TYPE_CHECKING:
    from fastapi import FastAPI


def open_app(
    index: Path | str, answers: AnswerSettings, settings: ChatSettings, corpus: Path, *, ui: bool = True,
    build: Sequence[str] = (),
) -> "FastAPI":  # fmt: skip
    """Open an index and return its application.

    `corpus` is the folder that the editor's page changes, and `build` the command that it builds by.

    Raises what `Bot.open` and `create_app` raise, `ModelError` if the reranker cannot be loaded, `MissingExtra` if
    FastAPI is not installed, `SettingsError` if an editor's page is set for an index on Milvus.
    """
    extra = extra_for(settings, ui=ui)
    with requires(None, extra):
        from bot.serve.application import create_app

        if settings.editor.is_on:
            from bot.serve.editor.service import EditorService
    if ui and find_spec("gradio") is None:
        raise MissingExtra("gradio", extra)
    bot = Bot.open(index, settings=answers)
    if answers.reranker:
        # It is loaded by the first question; its errors should not wait for a visitor.
        bot.ask(CHECK_SENTENCE)
    usage, editor = open_usage_store(index, settings), None
    if settings.editor.is_on:
        if is_remote(index):
            advice = "leave [editor] out of the settings of a server that answers from Milvus."
            raise SettingsError(f"The editor's page builds an index in a folder: {advice}")
        # The editor still sees what was stored before the log was switched off.
        stored = usage or UsageStore(Path(index), settings.log)
        editor = EditorService.open(bot, Path(index), corpus, stored, build)
    return create_app(bot, settings, usage, editor, ui=ui, corpus=corpus)


def extra_for(settings: ChatSettings, *, ui: bool) -> str:
    """Return the extra that brings all packages of a server, so that none is missing after another."""
    return "editor" if settings.editor.is_on else "chat" if ui else "serve"


def open_usage_store(index: Path | str, settings: ChatSettings) -> UsageStore | None:
    """Return the store of questions and votes, or None if the settings store neither."""
    is_needed = settings.feedback or settings.log.questions != "off"
    return UsageStore(state_folder(index), settings.log) if is_needed else None


def serve(
    create: "Callable[[], FastAPI]", host: str, port: int, settings: ChatSettings = ChatSettings(), *, ui: bool = True
) -> None:
    """Serve an application until Ctrl-C; port 0 takes a free one.

    As long as there is no index, or the server that holds it does not answer, a page says so. Raises `ServeError` if
    the address cannot be used, `MissingExtra` if uvicorn is not installed, and what `create` raises except
    `IndexMissing` and `IndexUnreachable`.
    """
    with requires(None, extra_for(settings, ui=ui)):
        from uvicorn import Config

        from bot.serve.idle_server import IdleServer
        from bot.serve.pending_app import PendingApp
    with _listen(host, port) as listener:
        app = PendingApp(create)
        app.try_open()
        sys.stderr.write(f"articlebot: open {browser_url(host, listener.getsockname()[1])} (Ctrl-C ends it)\n")
        ips = list(settings.limits.trusted_proxies)
        config = Config(
            app, log_level="warning", timeout_graceful_shutdown=3, proxy_headers=bool(ips), forwarded_allow_ips=ips
        )
        IdleServer(config).run(sockets=[listener])


def browser_url(host: str, port: int) -> str:
    """Return the address for a browser on this machine, also when `host` means all addresses of the machine."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://{f'[{name}]' if ':' in name else name}:{port}"


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family)
        # asyncio sets this only for its own sockets; without it each response waits 40 ms for an acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise ServeError(f"Cannot listen on {host}:{port} ({reason}): name another --host or --port.") from error
