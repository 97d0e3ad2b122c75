"""The widget: one script that puts the questions and answers on other people's pages."""

import hashlib
import json
from collections.abc import Mapping

from fastapi import APIRouter, Request, Response

from bot.serve.page.colours import DARK_GROUND, LIGHT_GROUND
from bot.serve.page.head_middleware import file_of_page
from bot.serve.texts import PageTexts, chosen
from bot.settings import ChatSettings

_SAID = (
    "title", "lead", "greeting_bare", "question", "placeholder_bare", "conversation", "send", "open", "close", "whole_page", "looking", "unreachable", "broken",
    "too_long", "too_many", "from_faqs", "from_faq", "from_article", "closest", "published", "updated", "read_more", "corrected", "topic", "no_answer", "nearest",
    "begin", "ambiguous", "helpful", "unhelpful", "thanks", "not_stored",
)  # fmt: skip


def widget_routes(languages: Mapping[str, PageTexts], settings: ChatSettings, *, votes: bool) -> APIRouter:
    """`GET /widget.js`: in the language `?lang=` names, else that of the browser."""
    routes = APIRouter()
    scripts = {code: _script(texts, settings, votes=votes) for code, texts in languages.items()}

    @routes.get("/widget.js")
    def widget(request: Request, lang: str = "") -> Response:
        code = (
            lang
            if lang in scripts
            else chosen(request.headers.get("accept-language", ""), tuple(scripts), settings.language)
        )
        script = scripts[code]
        tag = f'"{hashlib.sha256(script.encode()).hexdigest()[:20]}"'
        headers = {
            "ETag": tag,
            "Cache-Control": "public, max-age=3600",
            "Vary": "Accept-Language",
            "Cross-Origin-Resource-Policy": "cross-origin",
        }
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(script, headers=headers, media_type="text/javascript")

    return routes


def _script(texts: PageTexts, settings: ChatSettings, *, votes: bool) -> str:
    facts = {
        "language": texts.code,
        "direction": texts.direction,
        "months": texts.months,
        "name": settings.publisher.name,
        "colours": {
            "accent": settings.colours.accent,
            "accentDark": settings.colours.accent_dark,
            "ground": LIGHT_GROUND,
            "groundDark": DARK_GROUND,
        },
        "texts": {name: getattr(texts, name) for name in _SAID},
        "votes": votes,
    }
    return file_of_page("widget.js", "bot.serve.widget").replace("__FACTS__", json.dumps(facts, ensure_ascii=False))
