"""The web application: the chat, the editor's page, the widget and the APIs in one FastAPI application."""

from collections.abc import Mapping
from functools import partial
from importlib.util import find_spec
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import FileResponse
from starlette.routing import Route

from bot.answering.bot import Bot
from bot.errors import MissingExtra, ServeError
from bot.serve.api.articles_api import health_routes
from bot.serve.api.docs_page import docs_routes
from bot.serve.api.keys import ApiKeyMiddleware
from bot.serve.api.openai_api import create_openai_api
from bot.serve.api.rest import create_api
from bot.serve.chat_service import ChatService
from bot.serve.prefix_middleware import PrefixMiddleware, RestoringMiddleware
from bot.serve.security_middleware import SecurityMiddleware
from bot.serve.texts import PageTexts, texts_for
from bot.serve.widget.widget import widget_routes
from bot.settings import ChatSettings, EditorSettings, Publisher
from bot.usage.store import UsageStore

if TYPE_CHECKING:
    import gradio as gr

    from bot.serve.editor.service import EditorService

_OFF = dict.fromkeys(("show_error", "run_history", "enable_monitoring", "pwa", "ssr_mode"), False)
_GRADIO_OPTIONS: dict[str, Any] = {**_OFF, "footer_links": [], "max_file_size": "1kb"}
"""Switches off what Gradio offers besides the page."""
_MAX_STATISTICS = 100  # number of events that Gradio remembers
_NEVER = 10**6
_POLL_INTERVAL = 1.0  # seconds
_MIN_COMPRESSED = 2000  # bytes of a response from which compression pays: the page, and longer conversations
_LOGO_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_LOGO_HEADERS = {"Content-Security-Policy": _LOGO_POLICY, "Cache-Control": "max-age=3600"}


def create_app(
    bot: Bot,
    settings: ChatSettings = ChatSettings(),
    usage: UsageStore | None = None,
    editor: "EditorService | None" = None,
    *,
    ui: bool = True,
    corpus: Path | None = None,
) -> FastAPI:
    """Return the application for a bot.

    Questions and feedback are stored in `usage`. The editor's page needs `editor` and the password of the settings.
    In the folder `corpus` editors choose the questions to start with. Without `ui` there are only the APIs and the
    widget, and Gradio is not needed. Raises `MissingExtra` if Gradio is needed and not installed, `SettingsError` if
    the texts of a language are not valid, `ServeError` if the package is imported from a zip archive.
    """
    if not Path(__file__).is_file():  # Gradio and the settings of languages read pages and scripts as files
        archive = "articlebot is imported from a zip archive, from which the chat cannot be served"
        raise ServeError(f"{archive}: install it with pip, or unpack the archive.")
    if ui and find_spec("gradio") is None:
        raise MissingExtra("gradio", "chat")
    languages, service = texts_for(settings, bot.settings.contact), ChatService(bot, settings, usage, corpus)
    mcp = None
    if find_spec("mcp"):
        from bot.serve.api.mcp_server import create_mcp_app

        mcp = create_mcp_app(service)
    app = FastAPI(openapi_url=None, lifespan=mcp.router.lifespan_context if mcp else None)
    app.add_middleware(RestoringMiddleware)
    _add_apis(app, service, languages, ui=ui)
    if mcp:
        app.router.routes.extend(mcp.routes)
    # The page at "/" takes every path that is left, so it comes last.
    if ui and editor:
        _add_editor(app, editor, settings.editor)
    if ui:
        _add_pages(app, service, languages)
    _add_middleware(app, service, tuple(languages), ui=ui)
    return app


def _add_apis(app: FastAPI, service: ChatService, languages: Mapping[str, PageTexts], *, ui: bool) -> None:
    settings = service.settings
    app.include_router(health_routes(service.bot))
    if settings.metrics.path:
        app.get(settings.metrics.path, include_in_schema=False)(service.metrics.response)
    if settings.metrics.port:
        service.metrics.listen(settings.metrics.host, settings.metrics.port)
    app.include_router(widget_routes(languages, settings, votes=service.accepts_votes, page=ui))
    app.include_router(docs_routes())
    apis = {"/api/v1": create_api(service), "/v1": create_openai_api(service, languages[settings.language])}
    for path, api in apis.items():
        app.mount(path, api)
        app.router.routes.append(Route(path, api))  # a mount does not take its own path without a slash


def _add_editor(app: FastAPI, editor: "EditorService", access: EditorSettings) -> None:
    from bot.serve.editor.downloads import download_routes
    from bot.serve.editor.page import create_editor
    from bot.serve.editor.sign_in import EDITOR, SignIn
    from bot.serve.page.head_middleware import HeadMiddleware, PageHead, read_asset

    sign_in = SignIn(access)
    app.include_router(sign_in.routes())
    app.include_router(download_routes(editor, sign_in.user))
    css, script = (read_asset(f"editor.{kind}", "bot.serve.editor") for kind in ("css", "js"))
    options: dict[str, Any] = {"auth_dependency": sign_in.user, "head": f"<script>{script}</script>"}
    _mount(app, create_editor(editor), EDITOR, css, sessions=20, **options)
    app.add_middleware(HeadMiddleware, heads={f"{EDITOR}/": PageHead("en", "ltr", "")})


def _add_pages(app: FastAPI, service: ChatService, languages: Mapping[str, PageTexts]) -> None:
    from bot.serve.page.chat import create_chat
    from bot.serve.page.head_middleware import HeadMiddleware
    from bot.serve.page.theme import head, style

    settings = service.settings
    logo = settings.publisher.logo
    paths = {code: "/" if code == settings.language else f"/{code}/" for code in languages}
    for code, path in paths.items():
        app.get(f"{path}manifest.json")(partial(_web_manifest, languages[code]["title"], settings.publisher))
    if logo:

        def image() -> FileResponse:
            # A new one each time: compression changes the headers of a response in place.
            return FileResponse(logo, headers=_LOGO_HEADERS, media_type=guess_type(logo)[0])

        for path in paths.values():
            app.get(f"{path}logo")(image)
    # The default language comes last: its path "/" is a prefix of all others.
    for code in sorted(languages, key=lambda each: each == settings.language):
        page = create_chat(service, languages[code], languages)
        _mount(app, page, paths[code].rstrip("/") or "/", style(settings.colours), sessions=500)
    heads = {paths[code]: head(texts, settings) for code, texts in languages.items()}
    app.add_middleware(HeadMiddleware, heads=heads)


def _mount(app: FastAPI, page: "gr.Blocks", path: str, css: str, *, sessions: int, **options: Any) -> None:
    import gradio as gr

    from bot.serve.page.theme import theme

    page.state_session_capacity = sessions
    page.queue(api_open=False)
    # Gradio recomputes statistics of all events with pandas after each one; otherwise only the environment limits them.
    queue = page._queue  # noqa: SLF001
    queue.ANALYTICS_MAX_EVENTS, queue.ANAYLTICS_CACHE_FREQUENCY = _MAX_STATISTICS, _NEVER
    # It polls for events 1,000 times a second, and for progress 100 times, but no event of either page is queued.
    queue.sleep_when_free, queue.progress_update_sleep_when_free = _POLL_INTERVAL, _POLL_INTERVAL
    gr.mount_gradio_app(app, page, path=path, theme=theme(), css=css, **_GRADIO_OPTIONS, **options)


def _add_middleware(app: FastAPI, service: ChatService, languages: tuple[str, ...], *, ui: bool) -> None:
    settings = service.settings
    app.add_middleware(ApiKeyMiddleware, keys=settings.keys, origins=settings.origins, ui=ui)
    app.add_middleware(GZipMiddleware, minimum_size=_MIN_COMPRESSED, compresslevel=4)
    shown = languages if ui else (settings.language,)
    app.add_middleware(SecurityMiddleware, languages=shown, default=settings.language, ancestors=settings.origins)
    app.add_middleware(service.metrics.count_responses)
    app.add_middleware(PrefixMiddleware)


def _web_manifest(title: str, publisher: Publisher) -> dict[str, object]:
    """Return the manifest of an installable application (W3C, Web Application Manifest)."""
    name = publisher.name or title
    icons = [{"src": "logo", "sizes": "any"}] if publisher.logo else []
    return {"name": name, "short_name": name[:12], "start_url": "./", "display": "browser", "icons": icons}
