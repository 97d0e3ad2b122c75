"""`.xml`: WordPress export files (WXR 1.0 to 1.2), read post by post.

Source: the exporter and importer of WordPress (wp-admin/includes/export.php, the plugin wordpress-importer). Like the importer, a file that names no
WXR version is refused; unlike it, what stands before a fault in the XML is kept and the rest is told.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

from lxml import etree

from bot.corpus.article import Article
from bot.corpus.fields import Fields, build_article
from bot.corpus.html.plain_form import html_to_plain_form
from bot.corpus.outline import is_question, outline
from bot.corpus.refused import Refused, Unreadable

MAX_BYTES = 50_000_000
"""Of one post, without its comments: it is held in memory whole."""
_FIELD = ("{http://wordpress.org/export/", "{https://wordpress.org/export/")
"""How the names of WordPress's fields begin; the version follows."""
_CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
_UNREAD = ("}comment", "}postmeta")
"""Parts of a post that are never looked at, and may be more than the rest."""
_TYPES = ("post", "page")
_VERSIONS = re.compile(r"1\.\d+")
_PERMALINK = re.compile(r"https?://[^/?#]+/+[^/?#]+[^?]*")
"""An address that names a post by words; those with a query ("/blog/?p=12") share their path with all other posts."""
_VALUE = r"(?:\"[^\"]*+\"|'[^']*+'|[”“″][^”“″]*+[”“″]|[^\s\"'\]]++)"
_TAG = re.compile(
    r"\[(?P<escaped>\[)?(?P<end>/)?(?P<name>[a-z][\w-]*+)(?P<attributes>(?:[\s/][^\[\]]*+)?)\](?(escaped)\])",
    re.IGNORECASE,
)
_ATTRIBUTES = re.compile(rf"(?:\s++[a-z][\w-]*+\s*+=\s*+{_VALUE})++\s*+/?|\s*+/")
_TITLE = re.compile(rf"\s(?:title|question|heading|header)\s*+=\s*+(?P<title>{_VALUE})", re.IGNORECASE)
_QUOTES = "\"'”“″ "
_CAPTION = re.compile(rf"\scaption\s*+=\s*+(?P<caption>{_VALUE})", re.IGNORECASE)
"""Where the words below a picture stood until WordPress 3.4."""
_FOLDING = re.compile(r"toggle|accordion|spoiler|collapse|expand|faq|tab|section", re.IGNORECASE)
_EMBEDDED = re.compile(r"\[(?P<name>embed|audio|video|playlist)\b[^\[\]]*+\][^\[]*+\[/(?P=name)\]", re.IGNORECASE)
"""Shortcodes around an address."""
_LONE = re.compile(
    r"gallery|playlist|audio|video|embed|caption|more|nextpage|toc|contact-form(?:-7)?|wpforms|gravityform|ez-toc|lwptoc",
    re.IGNORECASE,
)
"""Shortcodes that often stand alone and bare; other words in brackets may be words, as "[sic]" and "[date]" are."""
_BLOCK_TAG = re.compile(
    r"(?P<whole><(?P<verbatim>pre|script|style|textarea)\b.*?(?:</(?P=verbatim)\s*>|\Z))|<(?P<end>/)?(?P<name>address|article|aside|blockquote|center|dd|details|div|dl"
    r"|dt|fieldset|figcaption|figure|footer|form|h[1-6]|header|hr|iframe|legend|li|main|nav|object|ol|p|section|summary|table|caption|colgroup|col|tbody|td"
    r"|tfoot|th|thead|tr|ul)\b[^<>]*+>",
    re.IGNORECASE | re.DOTALL,
)
_OF_ONE_LINE = {"h1", "h2", "h3", "h4", "h5", "h6", "summary", "dt", "th", "caption", "legend", "figcaption"}
_OF_ONE_OR_MORE = {"p", "li", "td", "dd"}
"""Elements whose text is a paragraph as it stands, if no blank line is in it."""


def read_file(path: Path, source: str) -> Iterator[Article | Refused]:
    """The published posts and pages of an export, each post that cannot be read, and at the end how many of what kind were left out.

    Entities and external references are never resolved, and one post at a time is in memory. What follows a fault in the XML is refused.
    Raises `Unreadable` when the file is not a WordPress export, is faulty before its first post ends, or has no posts.
    """
    left_out: Counter[str] = Counter()
    read = 0
    with path.open("rb") as file:
        items = _items(_Metered(file))
        while (item := _next(items, source, first=not read and not left_out)) is not None:
            if isinstance(item, Refused):
                yield item
            elif (reason := _not_wanted(item)) is not None:
                left_out[reason] += 1
            else:
                read += 1
                yield from _posts(item, source)
    if left_out:
        yield Refused(
            source, None, f"left out: {', '.join(f'{count} {reason}' for reason, count in sorted(left_out.items()))}"
        )
    elif not read:
        raise Unreadable("a WordPress export without posts or pages")


def _next(items: Iterator[etree._Element], source: str, first: bool) -> etree._Element | Refused | None:
    """The next item, or the refusal of all that follows; raises it when there was no item yet."""
    try:
        return next(items, None)
    except Unreadable as fault:
        if first:
            raise
        return Refused(source, fault.line, f"what follows was not read: {fault}")


@dataclass
class _Metered:
    """A file that gives no more than one post may have, until it is told that a post has ended."""

    file: BinaryIO
    given: int = 0

    def read(self, size: int = -1, /) -> bytes:
        if self.given > MAX_BYTES:
            raise Unreadable(f"more than {MAX_BYTES // 1_000_000} MB without the end of a post: shorten that post")
        content = self.file.read(size)
        self.given += len(content)
        return content


def _items(file: _Metered) -> Iterator[etree._Element]:
    """The items of an export one by one; each is emptied once the next is asked for.

    Raises `Unreadable` when the file declares a document type, is no feed or names no WXR version before its first item or its end, and where its XML
    is faulty or holds more without the end of a post than the memory should.
    """
    version = line = None
    # Huge trees lift libxml2's limit on one text; `_Metered` sets ours. Comments would stand between the elements to forget.
    events = etree.iterparse(
        file,
        events=("end",),
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=True,
        remove_comments=True,
        remove_pis=True,
    )
    for element in _elements(events):
        name, parent = str(element.tag), element.getparent()
        if version is None:
            _check_root(element)
        if name.startswith(_FIELD) and name.endswith("}wxr_version"):
            version, line = (element.text or "").strip(), element.sourceline
        if name == "item":
            _check_version(version, line)
            yield element
        if parent is not None and (
            parent.tag == "channel" or (parent.tag == "item" and name.startswith(_FIELD) and name.endswith(_UNREAD))
        ):
            _forget(element, only_its_like=parent.tag == "item")
            file.given = 0
    _check_version(version, line)


def _elements(events: "etree.iterparse[tuple[str, etree._Element]]") -> Iterator[etree._Element]:
    """The elements of a file as they end. Raises `Unreadable` where the XML is faulty."""
    element = None
    try:
        for _, element in events:
            yield element
    except etree.XMLSyntaxError as error:
        fatal = next((entry for entry in events.error_log if entry.level_name == "FATAL"), None)
        if fatal is not None:
            raise Unreadable(f"the XML is faulty ({fatal.message.strip()}): export it again", fatal.line) from None
        # Of an unknown prefix libxml2 complains, reads on, and fails in the end.
        if element is None or element.getparent() is not None:
            raise Unreadable(f"the XML is faulty ({error.msg}): export it again") from None


def _check_root(element: etree._Element) -> None:
    tree = element.getroottree()
    if tree.docinfo.doctype:
        raise Unreadable("it declares a document type, as no WordPress export does")
    if (root := str(tree.getroot().tag)) != "rss":
        raise Unreadable(f"not a WordPress export: it begins with <{root.rpartition('}')[2]}>, not with <rss>")


def _check_version(version: str | None, line: int | None) -> None:
    if version is None:
        raise Unreadable("not a WordPress export: it names no WXR version")
    if not _VERSIONS.fullmatch(version):
        raise Unreadable(f"its WXR version {version!r} is not one of 1.0 to 1.2", line)


def _forget(element: etree._Element, only_its_like: bool) -> None:
    """Empty an element that has ended, and drop those before it; the parser may still hold on to the element itself."""
    element.clear(keep_tail=False)
    parent = element.getparent()
    while (
        parent is not None
        and (before := element.getprevious()) is not None
        and (not only_its_like or before.tag == element.tag)
    ):
        parent.remove(before)


def _not_wanted(item: etree._Element) -> str | None:
    """Why an item is left out, worded to follow a number; None for published posts and pages."""
    kind, status = _text(item, "post_type"), _text(item, "status")
    if kind is None or status is None:  # Nothing says that it may be shown.
        return f"without a {'type' if kind is None else 'status'}"
    if kind not in _TYPES:
        return f"of the type {kind!r}"
    if status != "publish":
        return f"with the status {status!r}"
    return "with a password" if _text(item, "post_password") else None


def _posts(item: etree._Element, source: str) -> Iterator[Article | Refused]:
    """The article of an item, and refusals of what it lacks."""
    title = "a post without a title"
    try:
        title = _words(item.findtext("title") or "") or title
        article = _article(item, source)
    except Unreadable as error:
        yield Refused(source, item.sourceline, f"{title}: {' '.join(str(error).split())}")
        return
    yield article
    for question in outline(article.text).unanswered:
        yield Refused(source, item.sourceline, f"{title}: the question {question!r} has no answer")


def _article(item: etree._Element, source: str) -> Article:
    form = html_to_plain_form(_markup(item.findtext(_CONTENT) or ""))
    if not form.text:
        raise Unreadable("no text in it")
    return build_article(source, _fields(item), form.text, form.faqs)


def _fields(item: etree._Element) -> Fields:
    name, url = unquote(_text(item, "post_name") or ""), _url(item)
    published, modified = _day(_text(item, "post_date")), _day(_text(item, "post_modified"))
    categories = _terms(item, "category")
    fields: dict[str, object] = {
        "title": _words(item.findtext("title") or "") or name.replace("-", " ") or None,
        "url": url,
        "date": published,
        "updated": modified if modified and published and modified > published else None,
        "category": categories[0] if categories else None,
        "tags": list(dict.fromkeys([*_terms(item, "post_tag", "tag"), *categories[1:]])),
    }
    if not _PERMALINK.fullmatch(url or ""):
        number = _text(item, "post_id") or str(item.sourceline)
        # A page may have the name of a post, or of a page below another one.
        fields["id"] = (
            (name if _text(item, "post_type") == "post" else f"{name}-{number}") if name else f"post-{number}"
        )
    return fields


def _url(item: etree._Element) -> str | None:
    """The permalink, or else the address that a post had when it was made."""
    addresses = ((item.findtext(name) or "").strip() for name in ("link", "guid"))
    return next((address for address in addresses if address.startswith(("http://", "https://"))), None)


def _terms(item: etree._Element, *domains: str) -> list[str]:
    """The names of an item's terms, each once (WXR 1.0 has them twice), without the category of posts that have none."""
    terms = (
        term
        for term in item.iterfind("category")
        if term.get("domain") in domains and term.get("nicename") != "uncategorized"
    )
    names = dict.fromkeys(_words(term.text or "") for term in terms)
    return [name for name in names if name and name.casefold() != "uncategorized"]


def _text(item: etree._Element, name: str) -> str | None:
    """The words of a WordPress field, whatever version its namespace names."""
    found = next(
        (
            child
            for child in item
            if isinstance(child.tag, str) and child.tag.startswith(_FIELD) and child.tag.endswith(f"}}{name}")
        ),
        None,
    )
    return None if found is None else (found.text or "").strip() or None


def _day(words: str | None) -> date | None:
    """The day of "2026-01-31 10:00:00"; None for the zeros that WordPress writes where there is none."""
    try:
        return datetime.fromisoformat(words or "").date()
    except ValueError:
        return None


def _words(markup: str) -> str:
    """The words of a title or term on one line."""
    return " ".join((html_to_plain_form(markup).text if "<" in markup or "&" in markup else markup).split())


def _markup(content: str) -> str:
    """The HTML of a post: folding shortcodes as `details`, other shortcodes gone, and paragraphs where the classic editor has blank lines."""
    content = _without_shortcodes(_EMBEDDED.sub("", content.replace("\r\n", "\n").replace("\r", "\n")))
    return content if "<!-- wp:" in content else _with_paragraphs(content)


def _without_shortcodes(content: str) -> str:
    """The content with shortcodes that fold an answer away as `details`, and without the brackets of others; what they enclose stays."""
    tags = [*_TAG.finditer(content)]
    pairs = _pairs(tags)
    parts, read_until = [], 0
    for tag in tags:
        parts += [content[read_until : tag.start()], _resolved(tag, pairs)]
        read_until = tag.end()
    return "".join([*parts, content[read_until:]])


def _pairs(tags: list[re.Match[str]]) -> dict[re.Match[str], re.Match[str]]:
    """The opening tag of each shortcode that encloses something: under itself, and under its closing tag."""
    opened: dict[str, list[re.Match[str]]] = {}
    pairs = {}
    for tag in tags:
        name = tag["name"].lower()
        if not tag["end"]:
            opened.setdefault(name, []).append(tag)
        elif opened.get(name):
            opening = opened[name].pop()
            pairs[opening] = pairs[tag] = opening
    return pairs


def _resolved(tag: re.Match[str], pairs: dict[re.Match[str], re.Match[str]]) -> str:
    """What stands in place of a shortcode's tag; words in brackets that are none stay."""
    if tag["escaped"]:
        return tag[0][1:-1]
    opening = pairs.get(tag)
    if opening is None:
        return "" if tag["end"] or _LONE.fullmatch(tag["name"]) or _is_lone(tag) else tag[0]
    if (
        tag["end"]
        and tag["name"].lower() == "caption"
        and (caption := _CAPTION.search(opening["attributes"])) is not None
    ):
        return f" {caption['caption'].strip(_QUOTES)}"
    folded = _TITLE.search(opening["attributes"]) if _FOLDING.search(tag["name"]) else None
    title = folded["title"].strip(_QUOTES) if folded is not None else ""
    if is_question(title):
        return "</details>" if tag["end"] else f"<details><summary>{title}</summary>"
    return f"<h4>{title}</h4>" if title and not tag["end"] else ""


def _is_lone(tag: re.Match[str]) -> bool:
    """Whether a tag that encloses nothing is a shortcode all the same: written as programs are, with values, or closed in itself."""
    return tag["name"][0].islower() and (tag[0].endswith("/]") or _ATTRIBUTES.fullmatch(tag["attributes"]) is not None)


def _with_paragraphs(content: str) -> str:
    """The content with paragraphs where blank lines are and breaks at line ends, outside of preformatted text, as `wpautop` of WordPress does."""
    parts, read_until, inside = [], 0, ""
    for tag in _BLOCK_TAG.finditer(content):
        parts += [_paragraphs(content[read_until : tag.start()], inside), tag[0]]
        read_until, inside = tag.end(), "" if tag["end"] or tag["whole"] else tag["name"].lower()
    return "".join([*parts, _paragraphs(content[read_until:], inside)])


def _paragraphs(text: str, inside: str) -> str:
    """The text between two tags of blocks, right inside an element (or none): as paragraphs, but for what is one as it stands."""
    paragraphs = [
        part.strip().replace("\n", "<br>") for part in re.split(r"\n[ \t]*(?:\n[ \t]*)+", text) if part.strip()
    ]
    if inside in _OF_ONE_LINE or not paragraphs:
        return text
    if inside in _OF_ONE_OR_MORE and len(paragraphs) == 1:
        return paragraphs[0]
    return "".join(f"<p>{part}</p>" for part in paragraphs)
