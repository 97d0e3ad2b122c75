"""Removes boilerplate around the article of a web page, recognised by class and id, by heading and by wording.

Site themes use the same names (those of WordPress and of its plugins for sharing, related posts, adverts and forms),
which are matched as whole parts of a class or id. An element with a large share of the page's text stays: themes also
give such names to wrappers of the page.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain

from lxml.etree import XPath
from lxml.html import HtmlElement

from bot.corpus.html.elements import HEADINGS, text_of
from bot.languages.language import read_toml

_MAX_SHARE = 0.4  # maximum share of a page's text in an element that is removed
_MAX_PROMPT_LENGTH = 300
"""Maximum number of characters below "Share this" or "Subscribe" that are removed with this heading."""
_MAX_NAMES_LENGTH = 500  # maximum number of characters of classes and id that are matched
_NEVER_REMOVED = {"html", "body", "main", "article", "h1", *("td", "th", "tr", "tbody", "table")}


def _compile(alternatives: Iterable[str], around: str = "{}") -> re.Pattern[str]:
    return re.compile(around.format("|".join(alternatives)), re.IGNORECASE)


_PATTERNS = read_toml("bot.corpus.html", "boilerplate.toml")
_PART = r"(?:^|[\s_-])(?:{})(?:$|[\s_-])"
_RELATED = _compile(_PATTERNS["related"]["names"], _PART)
_BOILERPLATE = _compile(chain.from_iterable(_PATTERNS["names"].values()), _PART)
_RELATED_TITLE, _COMMENTS_TITLE, _PROMPT_TITLE = _TITLES = tuple(map(_compile, _PATTERNS["titles"].values()))
_POINTER, _BOILERPLATE_LINE = (_compile(_PATTERNS["lines"][name]) for name in ("pointers", "boilerplate"))
_COMMENTS = re.compile(r"(?:^|[\s_-])(?:comments?|commentlist|respond|disqus)", re.IGNORECASE)
_POST = re.compile(r"(?:^|\s)(?:hentry|type-\w+)(?:\s|$)")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_NAMED = XPath(".//*[@class or @id]")


def is_boilerplate_line(line: str) -> bool:
    """Whether a line is boilerplate by its wording: a share prompt, an advert label, a list of tags."""
    return _BOILERPLATE_LINE.fullmatch(line.strip(" #>|*-\t")) is not None


def is_named_boilerplate(element: HtmlElement) -> bool:
    """Whether an element is boilerplate by its class or id."""
    names = _names(element)
    return _BOILERPLATE.search(names) is not None or _RELATED.search(names) is not None


def is_hidden(element: HtmlElement) -> bool:
    """Whether an element is not shown until a script shows it."""
    return element.get("aria-hidden") == "true" or _is_unseen(element)


def _is_unseen(element: HtmlElement) -> bool:
    return element.get("hidden") is not None or _HIDDEN.search(element.get("style") or "") is not None


def remove_boilerplate(body: HtmlElement, site: str) -> list[str]:
    """Remove the boilerplate from a page and return the titles of related posts in it; `site` is the page's host."""
    related: list[str] = []
    max_length = _MAX_SHARE * max(len(body.text_content()), 1)
    article = main_element_path(body)
    for element in _boilerplate_elements(body):
        if element not in article and body in element.iterancestors() and len(element.text_content()) <= max_length:
            if _RELATED.search(_names(element)):
                related += _link_titles(element, site)
            element.drop_tree()
    related += _remove_titled(body, site, max_length)
    for line in [*body.iter("p", "li")]:  # links to another article, such as "Also read: …"
        if _POINTER.fullmatch(text_of(line)) and line.find(".//a") is not None:
            related += _link_titles(line, site)
            line.drop_tree()
    return list(dict.fromkeys(related))


def _boilerplate_elements(body: HtmlElement) -> list[HtmlElement]:
    """Return the elements that are boilerplate by tag, class, id or style."""
    found = [*body.iter("nav", "script", "style", "noscript", "template", "iframe", "svg", "dialog")]
    found += (each for each in _NAMED(body) if each.tag not in _NEVER_REMOVED and is_named_boilerplate(each))
    found += (element for element in body.iter("*") if _is_unseen(element) and not _is_slide(element))
    return found


def _is_slide(element: HtmlElement) -> bool:
    """Whether a script shows an element in place of one beside it of the same class, as galleries and tabs do."""
    parent, classes = element.getparent(), set((element.get("class") or "").split())
    beside = [] if parent is None else parent.iterchildren(str(element.tag))
    return any(classes & set((one.get("class") or "").split()) and not _is_unseen(one) for one in beside)


def main_element_path(body: HtmlElement) -> set[HtmlElement]:
    """Return the element with the most text in its own paragraphs, comments excluded, and its ancestors."""
    lengths: Counter[HtmlElement] = Counter()
    for paragraph in body.iter("p"):
        if (parent := paragraph.getparent()) is not None:
            lengths[parent] += len(paragraph.text_content())
    for parent, _ in lengths.most_common():
        path = [parent, *parent.iterancestors()]
        if not any(_COMMENTS.search(_names(element)) for element in path if element.tag not in _NEVER_REMOVED):
            return set(path)
    return set()


def _names(element: HtmlElement) -> str:
    """Return the classes and id of an element; "" for a post's wrapper, which WordPress names after its categories."""
    classes = (element.get("class") or "")[:_MAX_NAMES_LENGTH]
    return "" if _POST.search(classes) else f"{classes} {element.get('id') or ''}"[:_MAX_NAMES_LENGTH]


def _link_titles(element: HtmlElement, site: str) -> Iterator[str]:
    """Yield the texts of an element's links to the same site that may be titles."""
    for link in element.iter("a"):
        host = re.match(r"(?:https?:)?//([^/]+)", link.get("href") or "")
        text = text_of(link)
        if len(text.split()) > 1 and not is_boilerplate_line(text) and (not site or not host or host[1] == site):
            yield text


def _remove_titled(body: HtmlElement, site: str, max_length: float) -> list[str]:
    """Remove sections with related posts, comments or share buttons; return the titles of the posts."""
    related: list[str] = []
    for heading in [*body.iter(*HEADINGS)]:
        title = text_of(heading).strip(" :")
        matches = heading.tag != "h1" and any(pattern.fullmatch(title) for pattern in _TITLES)
        if not matches or body not in heading.iterancestors():
            continue
        elements = list(_with_following(heading))
        length = sum(len(element.text_content()) for element in elements)
        if length > max_length or not _is_boilerplate_section(title, elements[1:]):
            continue
        for element in elements:
            related += _link_titles(element, site) if _RELATED_TITLE.fullmatch(title) else ()
            element.drop_tree()
    return related


def _is_boilerplate_section(title: str, elements: list[HtmlElement]) -> bool:
    """Whether a heading introduces boilerplate, and the elements below it look like that."""
    length = sum(len(element.text_content()) for element in elements)
    links = sum(len(link.text_content()) for element in elements for link in element.iter("a"))
    if _RELATED_TITLE.fullmatch(title):
        return links * 2 >= length
    is_prompt = _PROMPT_TITLE.fullmatch(title) is not None and (links * 2 >= length or length < _MAX_PROMPT_LENGTH)
    return is_prompt or _COMMENTS_TITLE.fullmatch(title) is not None


def _with_following(heading: HtmlElement) -> Iterator[HtmlElement]:
    """Yield a heading, or a wrapper that has nothing else, and the elements up to the next heading of its level."""
    first = heading
    while (parent := first.getparent()) is not None and parent.tag == "div" and text_of(parent) == text_of(heading):
        first = parent
    yield first
    for element in first.itersiblings():
        if any(HEADINGS[str(inner.tag)] <= HEADINGS[str(heading.tag)] for inner in element.iter(*HEADINGS)):
            return
        yield element
