"""Reads what a web page declares about itself: title, dates, category, tags and URL, and FAQs for search engines.

Sources are schema.org data (https://schema.org/Article, https://schema.org/FAQPage) in JSON-LD and microdata, meta tags
(https://ogp.me), and the links and times that WordPress themes mark with `rel` and `class`.
"""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urljoin, urlsplit

from lxml.html import HtmlElement

from bot.corpus.fields import find_date
from bot.corpus.html.elements import text_of
from bot.corpus.html.faq_elements import microdata_faq
from bot.corpus.html.plain_form import html_to_plain_form, to_plain_form
from bot.corpus.sites import site_of
from bot.languages.normalization import words_only

Node = dict[str, object]
_PUBLISHED = ("article:published_time", "datepublished", "parsely-pub-date", "date", "dc.date.issued", "dc.date")
_UPDATED = ("article:modified_time", "og:updated_time", "datemodified", "last-modified")  # names of meta tags
_SCRIPT_WRAPPER = re.compile(r"^\s*(?:<!--|//\s*<!\[CDATA\[|<!\[CDATA\[)|(?:-->|(?://\s*)?\]\]>)\s*;?\s*$")
_PAGE_TYPES = ("Article", "BlogPosting", "NewsArticle", "TechArticle", "Report", "ScholarlyArticle", "WebPage",
               "FAQPage", "QAPage")  # fmt: skip
"""Types that describe the page, the most specific first."""
_MAX_REPAIRED = 100_000  # maximum number of characters of faulty JSON-LD that is read
_MAX_DEPTH = 40  # maximum nesting of JSON-LD that is read


@dataclass(frozen=True, slots=True)
class MarkedFaq:
    """A question and its answer in plain form, as declared by a page's markup."""

    question: str
    answer: str


def declared_fields(page: HtmlElement) -> dict[str, object]:
    """Return the fields that a page declares, named as for `build_article`."""
    nodes = [node for node in json_ld_objects(page) if _types(node) & set(_PAGE_TYPES)]
    nodes.sort(key=lambda node: min(_PAGE_TYPES.index(kind) for kind in _types(node) & set(_PAGE_TYPES)))
    metas = _metas(page)
    created, modified = _times(page, "datePublished", "published"), _times(page, "dateModified", "updated")
    published = (*_values(nodes, "datePublished"), *_named(metas, *_PUBLISHED), *created)
    updated = (*_values(nodes, "dateModified"), *_named(metas, *_UPDATED), *modified)
    categories = (*_named(metas, "article:section"), *_values(nodes, "articleSection"), *_rel_links(page, "category"))
    lists = _values(nodes, "keywords") or _named(metas, "news_keywords", "keywords")[:1]
    keywords = [word.strip() for words in lists for word in words.split(",") if word.strip() and ":" not in word]
    tags = (*metas.get("article:tag", ()), *keywords, *_rel_links(page, "tag"))
    fields: dict[str, object] = {
        "title": _title(page, nodes, metas),
        "url": _canonical_url(page, nodes, metas),
        "published": _first_date(published),
        "updated": _first_date(updated),
        "category": next(filter(None, categories), None),
        "tags": list(dict.fromkeys(tags)),
        "language": _language(page, nodes, metas),
    }
    if fields["updated"] == fields["published"]:
        del fields["updated"]
    return {name: value for name, value in fields.items() if value}


def marked_faqs(page: HtmlElement) -> Iterator[MarkedFaq]:
    """Yield the FAQs marked up in JSON-LD and in microdata; one in both comes twice."""
    for node in json_ld_objects(page):
        if "Question" in _types(node):
            answers = (*_each(node.get("acceptedAnswer")), *_each(node.get("suggestedAnswer")))
            yield from _marked_faq(_text(node), next(filter(None, map(_text, answers)), ""))
    for item in page.iter():
        if (pair := microdata_faq(item)) is not None:
            question = text_of(pair[0]) or pair[0].get("content", "")
            yield from _marked_faq(question, to_plain_form(pair[1]).text or pair[1].get("content", ""))


def json_ld_objects(page: HtmlElement) -> Iterator[Node]:
    """Yield every object of a page's JSON-LD, outer ones before inner ones; scripts that are not JSON are skipped."""
    for script in _json_ld_scripts(page):
        yield from _nodes(_parsed(script.text or ""), _MAX_DEPTH)


def unreadable_faqs(page: HtmlElement) -> Iterator[int | None]:
    """Yield the lines of the scripts that declare FAQs in JSON-LD which cannot be read."""
    for script in _json_ld_scripts(page):
        if "Question" in (script.text or "") and not isinstance(_parsed(script.text or ""), (dict, list)):
            yield script.sourceline


def _json_ld_scripts(page: HtmlElement) -> Iterator[HtmlElement]:
    for script in page.iter("script"):
        if (script.get("type") or "").split(";")[0].strip().lower() == "application/ld+json":
            yield script


@lru_cache(maxsize=4)  # each part of a page's reading asks for its scripts
def _parsed(script: str) -> object:
    """Parse JSON, with the faults of hand-written one: line breaks in strings, `\\'`, a comma too many."""
    text = _SCRIPT_WRAPPER.sub("", script).strip().rstrip(";")
    try:
        return json.loads(text, strict=False)
    except ValueError:
        pass
    except RecursionError:
        return None
    from json_repair import repair_json

    with suppress(ValueError, RecursionError):
        return repair_json(text, return_objects=True, skip_json_loads=True) if len(text) <= _MAX_REPAIRED else None
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
    return [entry for entry in (value if isinstance(value, list) else [value]) if entry is not None]


def _text(value: object) -> str:
    """Return the text of a question or answer, often HTML: a string, or an object with a name or text."""
    if isinstance(value, dict):
        value = next((value[name] for name in ("name", "text", "headline") if isinstance(value.get(name), str)), "")
    return value if isinstance(value, str) else ""


def _marked_faq(question: str, answer: str) -> Iterator[MarkedFaq]:
    question, answer = " ".join(_plain(question).split()), _plain(answer)
    if question and answer:
        yield MarkedFaq(question, answer)


def _plain(markup: str) -> str:
    """Return the plain form of text that may be HTML, or HTML escaped twice."""
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
    values = (value for node in nodes for value in _each(node.get(name)))
    return [" ".join(_plain(value).split()) for value in values if isinstance(value, str) and value.strip()]


def _title(page: HtmlElement, nodes: list[Node], metas: dict[str, list[str]]) -> str | None:
    """Return the h1 confirmed by a declared title, else a declared title without the site's name, else a lone h1/h2."""
    titles = (text_of(title) for title in page.iter("title"))
    declared = [*_named(metas, "og:title"), *_values(nodes, "headline"), *titles]
    sites = [*_named(metas, "og:site_name"), *(site_of(url).split(".")[0] for url in _named(metas, "og:url"))]
    headings = [text for text in map(text_of, page.iter("h1")) if text and not any(_same(text, site) for site in sites)]
    for heading in headings:
        if any(_confirms(title, heading) for title in declared):
            return heading
    cleaned = [_without_site(title, sites) for title in declared if title]
    subheadings = [text for text in map(text_of, page.iter("h2")) if text] if not headings else []
    lone = (found[0] for found in (headings, subheadings) if len(found) == 1)
    return next(filter(None, (*cleaned, *lone)), None)


def _same(one: str, other: str) -> bool:
    return words_only(one) == words_only(other)


def _confirms(title: str, heading: str) -> bool:
    """Whether a declared title is the heading, perhaps with something before or after it, as "Heading | Site"."""
    parts = re.split(r"\s+[|·•»–—-]\s+", title) if len(heading.split()) > 1 else []
    return any(_same(part, heading) for part in (title, *parts))


def _without_site(title: str, sites: list[str]) -> str:
    parts = re.split(r"(\s+[|·•»«–—-]\s+|\s*::\s*)", title)
    if len(parts) < 3:
        return title
    names = {re.sub(r"\W", "", site.casefold()) for site in sites}
    first, last = (re.sub(r"\W", "", part.casefold()) for part in (parts[0], parts[-1]))
    if last in names or (len(parts[-1].split()) <= 4 and len("".join(parts[:-2]).split()) >= 3 and "|" in parts[-2]):
        return "".join(parts[:-2])
    return "".join(parts[2:]) if first in names else title


def _canonical_url(page: HtmlElement, nodes: list[Node], metas: dict[str, list[str]]) -> str | None:
    base = next((base.get("href", "") for base in page.iter("base")), "")
    links = [e.get("href", "") for e in page.iter("link") if "canonical" in (e.get("rel") or "").lower().split()]
    for url in (*links, *_named(metas, "og:url"), *_values(nodes, "url"), *_values(nodes, "mainEntityOfPage")):
        with suppress(ValueError):
            absolute = urljoin(base, url.strip())
            if urlsplit(absolute).scheme in ("http", "https") and urlsplit(absolute).netloc:
                return absolute
    return None


def _times(page: HtmlElement, prop: str, name: str) -> list[str]:
    """Return the dates in elements with the microdata property `prop` or, of a theme, the class `name`."""

    def is_marked(e: HtmlElement) -> bool:
        return e.get("itemprop") == prop or (e.tag in ("time", "abbr") and name in (e.get("class") or "").split())

    marked = filter(is_marked, page.iter())
    return [e.get("datetime") or e.get("content") or e.get("title") or text_of(e) for e in marked]


def _first_date(candidates: Iterable[str]) -> str | None:
    """Return the first candidate that is a date, in ISO 8601; pages put all kinds of text in these places."""
    return next((day.isoformat() for day in map(find_date, candidates) if day), None)


def _rel_links(page: HtmlElement, kind: str) -> list[str]:
    """Return the texts of links to categories or tags by `rel`; `rel="category tag"` is a category."""
    rels = [(set((link.get("rel") or "").lower().split()), link) for link in page.iter("a")]
    found = [text_of(link) for rel, link in rels if kind in rel and (kind == "category" or "category" not in rel)]
    return [words for words in found if words]


def _language(page: HtmlElement, nodes: list[Node], metas: dict[str, list[str]]) -> str | None:
    """Return the language code without the country, such as "en"."""
    root = page.getroottree().getroot()
    inside = (*_values(nodes, "inLanguage"), *_named(metas, "content-language", "og:locale"))
    declared = next(filter(None, (root.get("lang"), root.get("xml:lang"), *inside)), "")
    code = re.match(r"[a-z]{2,3}(?=[-_]|$)", declared.strip().lower())
    return code[0] if code else None
