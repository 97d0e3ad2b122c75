"""The widget: one script that puts the chat on other websites."""

import hashlib
import json
from collections.abc import Mapping

from fastapi import APIRouter, Request, Response

from bot.serve.page.colours import DARK_GROUND, LIGHT_GROUND
from bot.serve.page.head_middleware import read_asset
from bot.serve.texts import PageTexts, negotiate_language
from bot.settings import ChatSettings

_TEXTS = (
    "title", "lead", "greeting_bare", "question", "placeholder_bare", "conversation", "send", "open", "close",
    "whole_page", "looking", "unreachable", "broken", "too_long", "too_many", "from_faqs", "from_faq", "from_article",
    "closest", "published", "updated", "read_more", "corrected", "topic", "unknown", "no_answer", "nearest", "begin",
    "ambiguous", "helpful", "unhelpful", "thanks", "not_stored",
)  # fmt: skip
_HEADERS = {
    "Cache-Control": "public, max-age=3600", "Vary": "Accept-Language", "Cross-Origin-Resource-Policy": "cross-origin",
}  # fmt: skip


def widget_routes(languages: Mapping[str, PageTexts], settings: ChatSettings, *, votes: bool) -> APIRouter:
    """Return the route of `/widget.js`, in the language of `?lang=` or else of the browser."""
    routes = APIRouter()
    scripts = {code: _script(texts, settings, votes=votes) for code, texts in languages.items()}

    @routes.get("/widget.js")
    def widget(request: Request, lang: str = "") -> Response:
        if lang not in scripts:
            accepted = request.headers.get("accept-language", "")
            lang = negotiate_language(accepted, tuple(scripts), settings.language)
        tag = f'"{hashlib.sha256(scripts[lang].encode()).hexdigest()[:20]}"'
        headers = {"ETag": tag, **_HEADERS}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(scripts[lang], headers=headers, media_type="text/javascript")

    return routes


def _script(texts: PageTexts, settings: ChatSettings, *, votes: bool) -> str:
    accent, accent_dark = settings.colours.accent, settings.colours.accent_dark
    facts = {
        "language": texts.code,
        "direction": texts["direction"],
        "locale": texts.locale,
        "name": settings.publisher.name,
        "colours": {"accent": accent, "accentDark": accent_dark, "ground": LIGHT_GROUND, "groundDark": DARK_GROUND},
        "texts": {name: texts[name] for name in _TEXTS},
        "votes": votes,
    }
    return read_asset("widget.js", "bot.serve.widget").replace("__FACTS__", json.dumps(facts, ensure_ascii=False))
