"""What a web page says about itself: its title, dates, category, tags and address, and the FAQs that it marks for search engines.

Read from schema.org data (https://schema.org/Article, https://schema.org/FAQPage) in JSON-LD and microdata, from meta tags
(https://ogp.me) and from the links and times that WordPress themes mark with `rel` and `class`.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from lxml.html import HtmlElement

from bot.corpus.fields import parse_date
from bot.corpus.html.elements import text_of
from bot.corpus.html.faq_elements import microdata_faq
from bot.corpus.html.plain_form import html_to_plain_form, to_plain_form
from bot.corpus.refused import Unreadable

Node = dict[str, object]
_ARTICLES = (
    "Article",
    "BlogPosting",
    "NewsArticle",
    "TechArticle",
    "Report",
    "ScholarlyArticle",
    "WebPage",
    "FAQPage",
    "QAPage",
)
"""Types that describe the page, the most telling first."""
_MAX_DEPTH = 40
"""Levels of JSON-LD that are looked at."""


@dataclass(frozen=True, slots=True)
class MarkedFaq:
    """A question and its answer in plain form, as a page's markup gives them."""

    question: str
    answer: str


def declared_fields(page: HtmlElement) -> dict[str, object]:
    """The fields of an article that a page declares, by the names that `compose` reads; what it does not declare is absent."""
    nodes = [node for node in json_ld_objects(page) if _types(node) & set(_ARTICLES)]
    nodes.sort(key=lambda node: min(_ARTICLES.index(kind) for kind in _types(node) & set(_ARTICLES)))
    metas = _metas(page)
    fields: dict[str, object] = {
        "title": _title(page, nodes, metas),
        "url": _address(page, nodes, metas),
        "published": _day(*_values(nodes, "datePublished"), *_named(metas, "article:published_time", "datepublished", "parsely-pub-date", "date", "dc.date.issued", "dc.date")
                          , *_times(page, "datePublished", "published")),
        "updated": _day(*_values(nodes, "dateModified"), *_named(metas, "article:modified_time", "og:updated_time", "datemodified", "last-modified")
                        , *_times(page, "dateModified", "updated")),
        "category": _first(*_named(metas, "article:section"), *_values(nodes, "articleSection"), *_linked(page, "category")),
        "tags": list(dict.fromkeys([*metas.get("article:tag", ()), *_keywords(nodes, metas), *_linked(page, "tag")])),
        "language": _language(page, nodes, metas),
    }  # fmt: skip
    if fields["updated"] == fields["published"]:
        del fields["updated"]
    return {name: value for name, value in fields.items() if value}


def marked_faqs(page: HtmlElement) -> Iterator[MarkedFaq]:
    """The FAQs that a page marks as such in JSON-LD and in microdata; one that both hold comes twice."""
    for node in json_ld_objects(page):
        if "Question" in _types(node):
            answers = [
                _text(answer) for name in ("acceptedAnswer", "suggestedAnswer") for answer in _each(node.get(name))
            ]
            yield from _marked(_text(node), next(filter(None, answers), ""))
    for item in page.iter():
        if (pair := microdata_faq(item)) is not None:
            question, answer = pair
            yield from _marked(
                text_of(question) or question.get("content", ""),
                to_plain_form(answer).text or answer.get("content", ""),
            )


def json_ld_objects(page: HtmlElement) -> Iterator[Node]:
    """Every object of a page's JSON-LD, the outer before the inner; a script that is not JSON holds none."""
    for script in page.iter("script"):
        if (script.get("type") or "").split(";")[0].strip().lower() == "application/ld+json":
            yield from _nodes(_parsed(script.text or ""), _MAX_DEPTH)


def _parsed(script: str) -> object:
    words = (
        re.sub(r"^\s*(?:<!--|//\s*<!\[CDATA\[|<!\[CDATA\[)|(?:-->|(?://\s*)?\]\]>)\s*;?\s*$", "", script)
        .strip()
        .rstrip(";")
    )
    try:
        # Not strict: line breaks inside strings are the most common fault of hand-made JSON-LD.
        return json.loads(words, strict=False)
    except (json.JSONDecodeError, RecursionError):
        return None


def _nodes(value: object, depth: int) -> Iterator[Node]:
    if depth and isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        if depth and isinstance(inner, (dict, list)):
            yield from _nodes(inner, depth - 1)


def _types(node: Node) -> set[str]:
    return {str(kind).rsplit("/", 1)[-1].removeprefix("schema:") for kind in _each(node.get("@type"))}


def _each(value: object) -> list[object]:
    return (
        [entry for entry in value if entry is not None] if isinstance(value, list) else [] if value is None else [value]
    )


def _text(value: object) -> str:
    """The words of a question or an answer: a string, or an object with a name or text, often HTML."""
    if isinstance(value, dict):
        value = next((value[name] for name in ("name", "text", "headline") if isinstance(value.get(name), str)), "")
    return value if isinstance(value, str) else ""


def _marked(question: str, answer: str) -> Iterator[MarkedFaq]:
    question, answer = " ".join(_plain(question).split()), _plain(answer)
    if question and answer:
        yield MarkedFaq(question, answer)


def _plain(markup: str) -> str:
    """The plain form of words that may be HTML, or HTML escaped once more."""
    if "&lt;" in markup and "<" not in markup:
        markup = html_to_plain_form(markup).text
    return html_to_plain_form(markup).text if re.search(r"<\w|&#?\w+;", markup) else markup.strip()


def _metas(page: HtmlElement) -> dict[str, list[str]]:
    metas: dict[str, list[str]] = {}
    for meta in page.iter("meta"):
        name = (meta.get("property") or meta.get("name") or meta.get("itemprop") or "").strip().lower()
        if name and (content := " ".join((meta.get("content") or "").split())):
            metas.setdefault(name, []).append(content)
    return metas


def _named(metas: dict[str, list[str]], *names: str) -> list[str]:
    return [metas[name][0] for name in names if name in metas]


def _values(nodes: list[Node], name: str) -> list[str]:
    return [
        " ".join(_plain(value).split())
        for node in nodes
        for value in _each(node.get(name))
        if isinstance(value, str) and value.strip()
    ]


def _first(*words: str) -> str | None:
    return next((word for word in words if word), None)


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""


def _title(page: HtmlElement, nodes: list[Node], metas: dict[str, list[str]]) -> str | None:
    """The heading of the page where a declared title confirms it or is missing, else the declared title without the site's name, else a lone h2."""
    declared = [
        *_named(metas, "og:title"),
        *_values(nodes, "headline"),
        *(text_of(title) for title in page.iter("title")),
    ]
    sites = [
        *_named(metas, "og:site_name"),
        *(_host(url).removeprefix("www.").split(".")[0] for url in _named(metas, "og:url")),
    ]
    headings = [
        words
        for heading in page.iter("h1")
        if (words := text_of(heading)) and not any(_same(words, site) for site in sites)
    ]
    for heading in headings:
        if any(_same(heading, title) or (len(heading.split()) > 1 and _holds(title, heading)) for title in declared):
            return heading
    bare = [_without_site(title, sites) for title in declared if title]
    subheadings = [words for heading in page.iter("h2") if (words := text_of(heading))] if not headings else []
    return _first(*bare, *(found[0] for found in (headings, subheadings) if len(found) == 1))


def _same(one: str, other: str) -> bool:
    return re.findall(r"\w+", one.casefold()) == re.findall(r"\w+", other.casefold())


def _holds(title: str, heading: str) -> bool:
    """Whether a declared title is the heading with something before or after it, as "Heading | Site"."""
    return any(_same(part, heading) for part in re.split(r"\s+[|·•»–—-]\s+", title))


def _without_site(title: str, sites: list[str]) -> str:
    parts = re.split(r"(\s+[|·•»«–—-]\s+|\s*::\s*)", title)
    if len(parts) < 3:
        return title
    names = {re.sub(r"\W", "", site.casefold()) for site in sites}
    first, last = (re.sub(r"\W", "", part.casefold()) for part in (parts[0], parts[-1]))
    if last in names or (len(parts[-1].split()) <= 4 and len("".join(parts[:-2]).split()) >= 3 and "|" in parts[-2]):
        return "".join(parts[:-2])
    return "".join(parts[2:]) if first in names else title


def _address(page: HtmlElement, nodes: list[Node], metas: dict[str, list[str]]) -> str | None:
    """The canonical address of a page, when it is a whole one."""
    base = next((base.get("href", "") for base in page.iter("base")), "")
    links = [
        link.get("href", "") for link in page.iter("link") if "canonical" in (link.get("rel") or "").lower().split()
    ]
    for url in (*links, *_named(metas, "og:url"), *_values(nodes, "url"), *_values(nodes, "mainEntityOfPage")):
        try:
            whole = urljoin(base, url.strip())
            if urlsplit(whole).scheme in ("http", "https") and urlsplit(whole).netloc:
                return whole
        except ValueError:
            continue
    return None


def _times(page: HtmlElement, prop: str, name: str) -> list[str]:
    """The days in elements that microdata or a theme's class mark as one."""
    marked = [
        e
        for e in page.iter()
        if e.get("itemprop") == prop or (e.tag in ("time", "abbr") and name in (e.get("class") or "").split())
    ]
    return [e.get("datetime") or e.get("content") or e.get("title") or text_of(e) for e in marked]


def _day(*words: str) -> str | None:
    """The first of the words that name a day, as ISO 8601 has it; pages say anything in these places."""
    for candidate in words:
        try:
            return parse_date("date", candidate).isoformat()
        except Unreadable:
            continue
    return None


def _keywords(nodes: list[Node], metas: dict[str, list[str]]) -> list[str]:
    lists = _values(nodes, "keywords") or _named(metas, "news_keywords", "keywords")[:1]
    return [word.strip() for words in lists for word in words.split(",") if word.strip() and ":" not in word]


def _linked(page: HtmlElement, kind: str) -> list[str]:
    """The words of the links that say by `rel` that they lead to a category or a tag: `rel="category tag"` is a category."""
    rels = [(set((link.get("rel") or "").lower().split()), link) for link in page.iter("a")]
    found = [text_of(link) for rel, link in rels if kind in rel and (kind == "category" or "category" not in rel)]
    return [words for words in found if words]


def _language(page: HtmlElement, nodes: list[Node], metas: dict[str, list[str]]) -> str | None:
    """The language, without its country, as `en`."""
    root = page.getroottree().getroot()
    declared = _first(
        root.get("lang") or "",
        root.get("xml:lang") or "",
        *_values(nodes, "inLanguage"),
        *_named(metas, "content-language", "og:locale"),
    )
    code = re.match(r"[a-z]{2,3}(?=[-_]|$)", (declared or "").strip().lower())
    return code[0] if code else None
