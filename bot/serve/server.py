"""The server: the chat, the widget and the REST surface in one FastAPI application that closes what Gradio leaves open."""

import os
import socket
import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.answering.bot import Bot
from bot.backends.location import folder_of, is_remote
from bot.errors import MissingExtra, ServeError, SettingsError
from bot.index.generation import CHECK_SENTENCE
from bot.settings import AnswerSettings, ChatSettings, EditorSettings, Publisher
from bot.usage.store import UsageStore

if TYPE_CHECKING:
    from fastapi import FastAPI, Response
    from starlette.applications import Starlette

    from bot.serve.chat_service import ChatService
    from bot.serve.editor.service import EditorService
    from bot.serve.texts import PageTexts

_CLOSED: dict[str, Any] = {
    "show_error": False, "footer_links": [], "run_history": False, "enable_monitoring": False, "max_file_size": "1kb", "pwa": False, "ssr_mode": False,
}  # fmt: skip
"""What Gradio offers beside a page, switched off."""
_WORTH_PACKING = 2000
"""Bytes of an answer from which on it is compressed: the page, and longer conversations."""
_PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def create_app(
    bot: Bot,
    settings: ChatSettings = ChatSettings(),
    usage: UsageStore | None = None,
    editor: "EditorService | None" = None,
    *,
    ui: bool = True,
) -> "FastAPI":
    """The whole web application over a bot; feedback is stored in `usage`, where there is one. Without `ui` there is no page, and Gradio is not needed.
    The editor's page is there with an `editor`, for whoever knows the password in the settings.

    Raises `MissingExtra` when Gradio or FastAPI is not installed, `SettingsError` when the words of a language are not what they may be.
    """
    try:
        from fastapi import FastAPI
        from fastapi.middleware.gzip import GZipMiddleware
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "fastapi", "chat" if ui else "serve") from None
    from bot.serve.api.articles_api import health_routes
    from bot.serve.api.keys import ApiKeyMiddleware
    from bot.serve.api.openai_api import create_openai_api
    from bot.serve.api.rest import create_api
    from bot.serve.chat_service import ChatService
    from bot.serve.metrics import MetricsMiddleware
    from bot.serve.security_middleware import SecurityMiddleware
    from bot.serve.texts import texts_for
    from bot.serve.widget.widget import widget_routes

    languages, service = texts_for(settings), ChatService(bot, settings, usage)
    mcp = _mcp_app(service)
    app = FastAPI(openapi_url=None, lifespan=mcp.router.lifespan_context if mcp else None)
    app.include_router(health_routes(bot))
    _tell_metrics(app, service)
    app.include_router(widget_routes(languages, settings, votes=service.accepts_votes))
    app.mount("/api/v1", create_api(service))
    app.mount("/v1", create_openai_api(service, languages[settings.language]))
    if mcp:
        app.router.routes.extend(mcp.routes)
    if ui and editor:
        _add_editor(app, editor, settings.editor)
    if ui:
        _add_pages(app, service, languages)
    app.add_middleware(ApiKeyMiddleware, keys=settings.keys, origins=settings.origins, ui=ui)
    app.add_middleware(GZipMiddleware, minimum_size=_WORTH_PACKING, compresslevel=4)
    app.add_middleware(
        SecurityMiddleware,
        languages=tuple(languages) if ui else (settings.language,),
        default=settings.language,
        ancestors=settings.origins,
    )
    app.add_middleware(MetricsMiddleware, metrics=service.metrics)
    return app


def _mcp_app(service: "ChatService") -> "Starlette | None":
    """The door for agents, where its extra is installed."""
    if find_spec("mcp") is None:
        return None
    from bot.serve.api.mcp_server import create_mcp_app

    return create_mcp_app(service)


def _tell_metrics(app: "FastAPI", service: "ChatService") -> None:
    """Where the settings say so."""
    settings = service.settings.metrics
    if settings.path:
        app.get(settings.path, include_in_schema=False)(service.metrics.told)
    if settings.port:
        service.metrics.listen(settings.host, settings.port)


def _add_editor(app: "FastAPI", editor: "EditorService", settings: EditorSettings) -> None:
    """The editor's page behind its sign-in; before the chat, whose page takes every path that is left."""
    _quieten_gradio()
    import gradio as gr

    from bot.serve.editor.page import create_editor
    from bot.serve.editor.sign_in import EDITOR, SignIn
    from bot.serve.page.head_middleware import read_asset
    from bot.serve.page.theme import theme

    sign_in = SignIn(settings.password)
    app.include_router(sign_in.routes())
    page = create_editor(editor)
    page.state_session_capacity = 20
    page.queue(api_open=False)
    gr.mount_gradio_app(
        app, page, path=EDITOR, auth_dependency=sign_in.user, theme=theme(), css=read_asset("editor.css", "bot.serve.editor"), **_CLOSED,
    )  # fmt: skip


def _add_pages(app: "FastAPI", service: "ChatService", languages: "Mapping[str, PageTexts]") -> None:
    """The chat in each language."""
    _quieten_gradio()
    try:
        import gradio as gr
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "gradio", "chat") from None
    from bot.serve.page.chat import create_chat
    from bot.serve.page.head_middleware import HeadMiddleware
    from bot.serve.page.theme import head, style, theme

    settings = service.settings
    app.get("/manifest.json")(lambda: _manifest(languages[settings.language].title, settings.publisher))
    if settings.publisher.logo:
        app.get("/logo")(lambda: _picture(settings.publisher.logo))
    # The default language last: its page lies at "/", below which is everything.
    for texts in sorted(languages.values(), key=lambda each: each.code == settings.language):
        page = create_chat(service, texts, languages)
        page.state_session_capacity = 500
        page.queue(api_open=False, max_size=64, default_concurrency_limit=4)
        gr.mount_gradio_app(
            app, page, path=_path_of(texts, settings).rstrip("/") or "/", theme=theme(), css=style(settings.colours), **_CLOSED,
        )  # fmt: skip
    app.add_middleware(
        HeadMiddleware, heads={_path_of(texts, settings): head(texts, settings) for texts in languages.values()}
    )


def _path_of(texts: "PageTexts", settings: ChatSettings) -> str:
    return "/" if texts.code == settings.language else f"/{texts.code}/"


def open_chat(
    index: Path | str, answers: AnswerSettings, settings: ChatSettings, corpus: Path, *, ui: bool = True
) -> "FastAPI":
    """The web application over what an index serves, built from a corpus; raises what `Bot.open` and `create_app` raise, and `ModelError` for a reranker that does not load."""
    bot = Bot.open(index, settings=answers)
    if answers.reranker:
        # Loaded at the first question: what is wrong with it should be told here, not to the first visitor.
        bot.ask(CHECK_SENTENCE)
    usage = usage_of(index, settings)
    if not settings.editor.password:
        return create_app(bot, settings, usage, ui=ui)
    if is_remote(index):
        raise SettingsError(
            "The editor's page builds an index in a folder: leave [editor] out of the settings of a server that answers from Milvus."
        )
    from bot.serve.editor.service import EditorService

    # What was stored before it was switched off is still told.
    told = UsageStore(Path(index), settings.log) if usage is None else usage
    return create_app(bot, settings, usage, EditorService.open(bot, Path(index), corpus, told), ui=ui)


def usage_of(index: Path | str, settings: ChatSettings) -> UsageStore | None:
    """Where questions and votes are stored, unless neither are."""
    return UsageStore(folder_of(index), settings.log) if settings.feedback or settings.log.questions != "off" else None


def _manifest(title: str, publisher: Publisher) -> dict[str, object]:
    """The page as an application that can be installed (W3C, Web Application Manifest)."""
    icons = [{"src": "logo", "sizes": "any"}] if publisher.logo else []
    return {
        "name": publisher.name or title,
        "short_name": (publisher.name or title)[:12],
        "start_url": "./",
        "display": "browser",
        "icons": icons,
    }


def _picture(path: Path | None) -> "Response":
    from fastapi.responses import FileResponse

    headers = {"Content-Security-Policy": _PICTURE_POLICY, "Cache-Control": "max-age=3600"}
    return FileResponse(path or "", headers=headers, media_type=guess_type(str(path))[0])


def serve(open_app: "Callable[[], FastAPI]", host: str, port: int, settings: ChatSettings = ChatSettings()) -> None:
    """Serve an application until Ctrl-C; port 0 takes a free one. While it cannot be opened because there is no index, or the server that holds it does not answer, a page says so.

    Raises `ServeError` when the address cannot be listened on, `MissingExtra` when Gradio, FastAPI or uvicorn is not installed, and whatever opening
    raises but `IndexMissing` and `IndexUnreachable`.
    """
    _quieten_gradio()
    try:
        import uvicorn
    except ModuleNotFoundError:
        raise MissingExtra("uvicorn", "serve") from None
    from bot.serve.pending_app import PendingApp

    with _listening(host, port) as listener:
        app = PendingApp(open_app)
        app.try_open()
        sys.stderr.write(f"articlebot: open {address_shown(host, listener.getsockname()[1])} (Ctrl-C ends it)\n")
        proxies = list(settings.limits.trusted_proxies)
        config = uvicorn.Config(
            app,
            log_level="warning",
            timeout_graceful_shutdown=3,
            proxy_headers=bool(proxies),
            forwarded_allow_ips=proxies,
        )
        uvicorn.Server(config).run(sockets=[listener])


def address_shown(host: str, port: int) -> str:
    """The address that a browser on this machine opens; that of this machine where the host stands for all of its addresses."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://{f'[{name}]' if ':' in name else name}:{port}"


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family)
        # Connections inherit it. asyncio sets it for sockets of its own only: without it each answer waits 40 ms for the other side to acknowledge its head.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise ServeError(f"Cannot listen on {host}:{port} ({reason}): name another --host or --port.") from error


def _quieten_gradio() -> None:
    """Gradio reads these when it is imported: nothing is reported, nothing looked up, no statistics recomputed after each question."""
    os.environ.update(
        GRADIO_ANALYTICS_ENABLED="False", HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1",
        GRADIO_ANALYTICS_CACHE_FREQUENCY="1000000", GRADIO_ANALYTICS_MAX_EVENTS="100",
    )  # fmt: skip
