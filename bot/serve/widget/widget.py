"""The widget: one script that puts the chat on other websites."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from bot.serve.api.articles_api import has_etag
from bot.serve.page.colours import DARK_GROUND, LIGHT_GROUND
from bot.serve.page.head_middleware import read_asset
from bot.serve.texts import PageTexts, negotiate_language
from bot.settings import ChatSettings, Colours
from bot.usage.logged_question import REASONS

_TEXTS = (
    "title", "lead", "greeting", "greeting_bare", "most_asked", "articles", "all_articles", "question",
    "placeholder_bare", "conversation", "send", "new", "typed", "typed_count", "open", "close", "whole_page",
    "looking", "unreachable", "broken", "too_long", "too_many", "from_faqs", "from_faq", "from_article",
    "also_likely", "closest", "also_close", "published", "updated", "read_more", "more_of_section", "newer",
    "passed", "corrected", "as_typed", "topic", "alone", "unknown", "only_category", "other_language", "no_answer",
    "no_answer_category", "nearest", "about", "begin", "ambiguous", "helpful", "unhelpful", "thanks", "why",
    "comment", "tell", "not_stored", *REASONS,
)  # fmt: skip
_PARTS = (
    "setup", "elements", "article", "answer", "votes", "conversation", "suggestions", "panel", "opening", "theme",
    "start",
)  # fmt: skip
"""The files of the script in order: each uses constants of those before it."""
_SCRIPT_COMMENT = re.compile(r"^\s*(?://.*)?\n?", re.MULTILINE)
_STYLE_COMMENT = re.compile(r"/\*.*?\*/|^\s+", re.DOTALL | re.MULTILINE)
"""Comments and indentation of scripts and of style sheets: an eighth of what a visitor would download."""
_HEADERS = {
    "Cache-Control": "public, max-age=3600", "Vary": "Accept-Language", "Cross-Origin-Resource-Policy": "cross-origin",
}  # fmt: skip


def widget_routes(languages: Mapping[str, PageTexts], settings: ChatSettings, *, votes: bool, page: bool) -> APIRouter:
    """Return the routes of the script, and of its facts in the language of its `data-lang`.

    The script is in the language of `?lang=` or else of the browser. Without `page` it has no link to the chat.
    """
    routes = APIRouter()
    facts = {code: _facts(texts, settings, votes=votes, page=page) for code, texts in languages.items()}
    scripts = {code: _script(each, settings.colours) for code, each in facts.items()}

    def choose(request: Request, lang: str) -> str:
        accepted = request.headers.get("accept-language", "")
        return lang if lang in facts else negotiate_language(accepted, tuple(facts), settings.language)

    @routes.get("/widget.js")
    def widget(request: Request, lang: str = "") -> Response:
        return _cached(request, scripts[choose(request, lang)], "text/javascript")

    @routes.get("/widget.json")
    def widget_facts(request: Request, lang: str = "") -> Response:
        response = _cached(request, _dump(facts[choose(request, lang)]), "application/json")
        response.headers["Access-Control-Allow-Origin"] = "*"
        return response

    return routes


def _cached(request: Request, body: str, media_type: str) -> Response:
    """Return the body, or status 304 if the browser has it."""
    headers = {"ETag": f'"{hashlib.sha256(body.encode()).hexdigest()[:20]}"', **_HEADERS}
    if has_etag(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=media_type)


def _facts(texts: PageTexts, settings: ChatSettings, *, votes: bool, page: bool) -> dict[str, Any]:
    return {
        "language": texts.code,
        "direction": texts["direction"],
        "locale": texts.locale,
        "name": settings.publisher.name,
        "texts": {name: texts[name] for name in _TEXTS},
        "categories": texts.categories,
        "reasons": REASONS,
        "votes": votes,
        "page": page,
    }


def _script(facts: Mapping[str, Any], colours: Colours) -> str:
    """Return the parts, without comments, joined into one function, which leaves only `articlebot` on the page."""
    constants = f"const served = {_dump(facts)};\nconst style = {_dump(_style(colours))};"
    parts = [_SCRIPT_COMMENT.sub("", read_asset(f"parts/{name}.js", "bot.serve.widget")) for name in _PARTS]
    return "\n".join(['(async () => {\n"use strict";', constants, *parts, "})();\n"])


def _style(colours: Colours) -> str:
    tokens = (
        f".root {{ --accent: {colours.accent}; --ground: {LIGHT_GROUND}; }} "
        f".root.dark {{ --accent: {colours.accent_dark}; --ground: {DARK_GROUND}; }}\n"
    )
    return tokens + _STYLE_COMMENT.sub("", read_asset("widget.css", "bot.serve.widget"))


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
