"""Downloaded pages, and posts from the WordPress REST API, as HTML files that the reader of saved pages understands."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from html import escape

import httpx

from bot.corpus.html.plain_form import html_to_plain_form
from bot.corpus.outline import is_question
from bot.corpus.pull.addresses import UrlRefused, parse_address
from bot.corpus.pull.http_client import Fetched
from bot.corpus.refused import Unreadable
from bot.corpus.wordpress.post_markup import expand_shortcodes

_HTML = """\
<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<title>{title}</title>
<link rel="canonical" href="{link}">
{head}
</head>
<body>
<article>
<h1>{title}</h1>
{body}
</article>
</body>
</html>
"""
_GONE = 410  # the status of a post that visitors can no longer read
_QUESTION_KEY = re.compile(r"(?:^|_)(?:question|title|heading|q)(?:_|\d|$)", re.IGNORECASE)
_ANSWER_KEY = re.compile(r"(?:^|_)(?:answer|text|content|description|body|a)(?:_|\d|$)", re.IGNORECASE)
_ADDRESS = re.compile(r"\s*https?://\S+\s*")
_MIN_WORDS = 3  # minimum number of words in a field that is text for visitors
_MAX_DEPTH = 20
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_CANONICAL = re.compile(rb"<link\b[^<>]*\brel\s*=\s*[\"']?canonical", re.IGNORECASE)
_START_TAGS = [re.compile(rb"<" + tag + rb"(?:\s[^<>]*)?>", re.IGNORECASE) for tag in (b"head", b"html", b"!doctype")]
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
Post = dict[str, object]


@dataclass(frozen=True, slots=True)
class Terms:
    """Names of a site's categories and tags, by id."""

    categories: Mapping[int, str]
    tags: Mapping[int, str]


def to_standalone_html(fetched: Fetched) -> bytes:
    """Return a page so that it can be read without its HTTP headers.

    It is converted to UTF-8 if only the headers name its encoding, and its address is added as the canonical link.
    """
    content = fetched.content
    if content.startswith(_UTF16_MARKS):
        return content
    content = _to_utf8(content, fetched.headers.get("Content-Type", ""))
    if _CANONICAL.search(content):
        return content
    link = f'<link rel="canonical" href="{escape(str(fetched.url))}">'.encode()
    found = next((match for tag in _START_TAGS if (match := tag.search(content))), None)
    at = found.end() if found else 0
    return content[:at] + link + content[at:]


def _to_utf8(content: bytes, content_type: str) -> bytes:
    for encoding in ("utf-8", *_CHARSET.findall(content_type)[:1]):
        with suppress(LookupError, ValueError):
            return content.decode(encoding).encode()
    return content


def permalink(post: Post) -> httpx.URL:
    """Return the address of a post. Raises `UrlRefused` if it has none."""
    link = post.get("link")
    if not isinstance(link, str):
        raise UrlRefused("a post without a link")
    return parse_address(link)


def to_html(post: Post, terms: Terms) -> bytes:
    """Return a post as an HTML page whose head declares its title, dates, category, tags and permalink.

    Raises `UrlRefused` if it is protected by a password or has no text.
    """
    content = post.get("content")
    if not isinstance(content, dict) or not isinstance(content.get("rendered"), str):
        raise UrlRefused("a post without content as WordPress returns it")
    if content.get("protected") is True:
        raise UrlRefused("protected by a password", _GONE)
    named = post.get("title")
    title = plain_line(named.get("rendered") if isinstance(named, dict) else named)
    body = f"{expand_shortcodes(str(content['rendered']))}{acf_html(post.get('acf'))}".strip()
    if not body:
        raise UrlRefused("no text in it", _GONE)
    categories, tags = _term_names(post, "categories", terms.categories), _term_names(post, "tags", terms.tags)
    metas = [
        ("article:published_time", str(post.get("date") or "")),
        ("article:modified_time", str(post.get("modified") or "")),
        ("article:section", next(iter(categories), "")),
        # An article has one category; its other ones become tags.
        *(("article:tag", tag) for tag in (*categories[1:], *tags)),
    ]
    link = str(permalink(post))
    head = "\n".join(f'<meta property="{name}" content="{escape(value)}">' for name, value in metas if value)
    return _HTML.format(title=escape(title or link), link=escape(link), head=head, body=body).encode("utf-8", "replace")


def acf_html(fields: object, depth: int = 0) -> str:
    """Return the texts in the fields of Advanced Custom Fields as HTML; questions with their answers as `details`.

    https://www.advancedcustomfields.com/resources/wp-rest-api-integration/
    """
    if depth > _MAX_DEPTH:
        return ""
    if isinstance(fields, list):
        return "".join(acf_html(each, depth + 1) for each in fields)
    if isinstance(fields, dict):
        return "".join(_acf_row(fields, depth))
    is_text = isinstance(fields, str) and len(plain_line(fields).split()) >= _MIN_WORDS
    return (str(fields) if "<" in str(fields) else f"<p>{fields}</p>") if is_text else ""


def _acf_row(fields: Mapping[str, object], depth: int) -> Iterator[str]:
    """Yield the fields of a group: a title and the text that belongs to it together, the others one by one."""
    texts = {name: value for name, value in fields.items() if isinstance(value, str) and plain_line(value)}
    texts = {name: value for name, value in texts.items() if not _ADDRESS.fullmatch(value)}
    title = next((name for name in texts if _QUESTION_KEY.search(name) and "<p" not in texts[name]), None)
    body = next((name for name in texts if name != title and _ANSWER_KEY.search(name)), None)
    if title is not None and body is not None:
        text = texts[body] if "<" in texts[body] else f"<p>{texts[body]}</p>"
        name, is_faq = escape(plain_line(texts[title])), is_question(texts[title])
        yield f"<details><summary>{name}</summary>{text}</details>" if is_faq else f"<h3>{name}</h3>{text}"
        fields = {each: value for each, value in fields.items() if each not in (title, body)}
    for value in fields.values():
        yield acf_html(value, depth + 1)


def plain_line(markup: object) -> str:
    """Return the text of HTML on one line; "" if it is no text."""
    if isinstance(markup, str):
        with suppress(Unreadable):
            # JSON may contain lone surrogates, which cannot be encoded.
            return " ".join(html_to_plain_form(markup.encode("utf-8", "replace").decode()).text.split())
    return ""


def _term_names(post: Post, taxonomy: str, names: Mapping[int, str]) -> list[str]:
    ids = post.get(taxonomy)
    if not isinstance(ids, list):
        return []
    return [names[ident] for ident in ids if isinstance(ident, int) and names.get(ident)]
