"""`.xml`: WordPress export files (WXR 1.0 to 1.2), read post by post.

Follows the exporter and importer of WordPress (wp-admin/includes/export.php and the plugin wordpress-importer). Like
the importer, it refuses a file without a WXR version; unlike the importer, it reads the posts before a fault in the XML
and reports the rest.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from mmap import ACCESS_READ, mmap
from pathlib import Path
from urllib.parse import unquote

from lxml import etree

from bot.corpus.article import Article
from bot.corpus.decoding import RepairingReader, damage_notes
from bot.corpus.fields import Fields, build_article, iso_day
from bot.corpus.html.elements import parse_html
from bot.corpus.html.faq_spans import MAX_FAQS, add_marked_faqs
from bot.corpus.html.plain_form import html_to_plain_form
from bot.corpus.html.structured_data import MarkedFaq, marked_faqs, unreadable_faqs
from bot.corpus.outline import outline
from bot.corpus.refused import Refused, Unreadable
from bot.corpus.wordpress.post_markup import REFERENCE, complete_markup, is_text_field, render_post, reusable_blocks

MAX_BYTES = 50_000_000
"""Maximum size of one post without its comments: a whole post is held in memory."""
_FIELD = ("{http://wordpress.org/export/", "{https://wordpress.org/export/")
"""Namespaces of WordPress's fields, up to the version."""
_CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
_UNUSED_PARTS = ("}comment", "}postmeta")  # parts of a post that are mostly not used; they may be larger than the rest
_CUSTOM_FIELD = "custom-field"
"""Name given to elements with a custom field that is read."""
_TYPES = ("post", "page")
_VERSIONS = re.compile(r"1\.\d+")
_PERMALINK = re.compile(r"https?://[^/?#]+/+[^/?#]+[^?]*(?:\?lang=[\w-]+)?")
"""A URL whose path names the post; URLs such as "/blog/?p=12" have the same path for all posts."""


def read_file(path: Path, source: str) -> Iterator[Article | Refused]:
    """Yield the published posts and pages of an export, refusals of unreadable posts, and a count of skipped items.

    Only one post at a time is in memory; entities and external references are not resolved. Everything after a fault in
    the XML is refused. Raises `Unreadable` if the file is not a WordPress export, has a fault before the end of its
    first post, or has no posts.
    """
    skipped: Counter[str] = Counter()
    blocks = _reusable_blocks(path)
    read = 0
    with path.open("rb") as file:
        reader = _LimitedReader(file)
        try:
            for item in _items(reader):
                if (reason := _skip_reason(item)) is None:
                    read += 1
                    yield from _read_post(item, source, blocks)
                elif _field(item, "post_id") not in blocks:
                    skipped[reason] += 1
        except Unreadable as fault:
            if not read and not skipped:
                raise
            yield Refused(source, fault.line, f"the rest of the file was not read: {fault}")
    yield from damage_notes(source, reader.damaged_lines)
    if skipped:
        counts = ", ".join(f"{count} {reason}" for reason, count in sorted(skipped.items()))
        yield Refused(source, None, counts, "left out")
    elif not read:
        raise Unreadable("a WordPress export without posts or pages")


def _reusable_blocks(path: Path) -> dict[str, str]:
    """Return the content of the reusable blocks to which posts of an export refer, by number."""
    if not _contains(path, REFERENCE):
        return {}
    found: dict[str, str] = {}
    wanted: set[str] = set()
    with path.open("rb") as file, suppress(Unreadable):
        for item in _items(_LimitedReader(file)):
            content = item.findtext(_CONTENT) or ""
            wanted.update(reusable_blocks(content))
            if _field(item, "post_type") == "wp_block" and _field(item, "status") == "publish":
                found[_field(item, "post_id") or ""] = content
    return {number: content for number, content in found.items() if number in wanted}


def _contains(path: Path, words: bytes) -> bool:
    with suppress(ValueError), path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        return content.find(words) >= 0
    return False  # an empty file cannot be mapped


class _LimitedReader(RepairingReader):
    """A file of which at most `MAX_BYTES` can be read before `bytes_read` is reset at the end of a post."""

    bytes_read = 0

    def read(self, size: int = -1, /) -> bytes:
        if self.bytes_read > MAX_BYTES:
            raise Unreadable(f"more than {MAX_BYTES // 1_000_000} MB without the end of a post: shorten that post")
        content = super().read(size)
        self.bytes_read += len(content)
        return content


def _items(file: _LimitedReader) -> Iterator[etree._Element]:
    """Yield the items of an export one by one; each is emptied when the next is requested.

    Raises `Unreadable` if the file declares a document type, is not RSS, has no WXR version, is not valid XML, or has
    too large a post.
    """
    version = line = None
    for element in _elements(file):
        name, parent = str(element.tag), element.getparent()
        if version is None:
            _check_root(element)
        if name.startswith(_FIELD) and name.endswith("}wxr_version"):
            version, line = (element.text or "").strip(), element.sourceline
        if name == "item":
            _check_version(version, line)
            yield element
        is_unused = name.startswith(_FIELD) and name.endswith(_UNUSED_PARTS)
        if is_unused and is_text_field(element.findtext(name.replace("}postmeta", "}meta_key")) or ""):
            element.tag = _CUSTOM_FIELD
            continue
        if parent is not None and (parent.tag == "channel" or (parent.tag == "item" and is_unused)):
            _forget(element, same_tag_only=parent.tag == "item")
            file.bytes_read = 0
    _check_version(version, line)


def _elements(file: _LimitedReader) -> Iterator[etree._Element]:
    """Yield the elements of a file at their end tags. Raises `Unreadable` if the XML is faulty."""
    element = None
    # huge_tree lifts libxml2's limit on a text; `_LimitedReader` sets ours. Comments would get in the way of `_forget`.
    events = etree.iterparse(
        file, events=("end",), resolve_entities=False, load_dtd=False, no_network=True, huge_tree=True,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        for _, element in events:
            yield element
    except etree.XMLSyntaxError as error:
        fatal = next((entry for entry in events.error_log if entry.level_name == "FATAL"), None)
        if fatal is not None:
            raise Unreadable(f"the XML is faulty ({fatal.message.strip()}): export it again", fatal.line) from None
        # libxml2 reports an unknown prefix, reads on, and fails only at the end of the file.
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


def _forget(element: etree._Element, same_tag_only: bool) -> None:
    """Empty an element and remove its earlier siblings to free memory; the parser may still need the element itself."""
    element.clear(keep_tail=False)
    parent = element.getparent()
    while parent is not None and (sibling := element.getprevious()) is not None:
        if same_tag_only and sibling.tag != element.tag:
            return
        parent.remove(sibling)


def _skip_reason(item: etree._Element) -> str | None:
    """Return why an item is left out, worded to follow a number; None for published posts and pages."""
    kind, status = _field(item, "post_type"), _field(item, "status")
    if kind is None or status is None:  # without them, the item may not be meant for the public
        return f"without a {'type' if kind is None else 'status'}"
    if kind not in _TYPES:
        return f"of the type {kind!r}"
    if status != "publish":
        return f"with the status {status!r}"
    return "with a password" if _field(item, "post_password") else None


def _read_post(item: etree._Element, source: str, blocks: Mapping[str, str]) -> Iterator[Article | Refused]:
    """Yield the article of an item, and a refusal for each question in it without an answer."""
    title = "a post without a title"
    try:
        title = _plain_line(item.findtext("title") or "") or title
        fields = {_field(each, "meta_key") or "": _field(each, "meta_value") or "" for each in item.iter(_CUSTOM_FIELD)}
        markup, flaws = complete_markup(item.findtext(_CONTENT) or "", fields, blocks)
        html = render_post(markup)
        declared, faults = _declared_faqs(html)
        yield from (Refused(source, item.sourceline, f"{title}: {flaw}") for flaw in (*flaws, *faults))
        article = _article(item, source, html, declared)
    except Unreadable as error:
        yield Refused(source, item.sourceline, f"{title}: {' '.join(str(error).split())}")
        return
    yield article
    for question in outline(article.text).unanswered:
        yield Refused(source, item.sourceline, f"{title}: the question {question!r} has no answer")


def _declared_faqs(html: str) -> tuple[list[MarkedFaq], list[str]]:
    """Return the FAQs that the scripts in a post declare in JSON-LD, and what could not be read of them."""
    if "ld+json" not in html.lower():
        return [], []
    page = parse_html(f"<div>{html}</div>")
    faqs = list(marked_faqs(page))
    faults = ["its FAQs in JSON-LD are not valid JSON: correct the script" for _ in unreadable_faqs(page)]
    if (extra := len(faqs) - MAX_FAQS) > 0:
        faults.append(f"{extra} of its questions are not FAQs here: a post can have {MAX_FAQS}, split it")
    return faqs[:MAX_FAQS], faults


def _article(item: etree._Element, source: str, html: str, declared: list[MarkedFaq]) -> Article:
    form = html_to_plain_form(html)
    text, faqs = add_marked_faqs(form.text, declared, listed=form.faqs) if declared else (form.text, form.faqs)
    if not text:
        raise Unreadable("no text in it")
    return build_article(source, _fields(item), text, faqs)


def _fields(item: etree._Element) -> Fields:
    name = unquote(_field(item, "post_name") or "")
    # The permalink, or else the URL that a post had when it was created.
    urls = ((item.findtext(tag) or "").strip() for tag in ("link", "guid"))
    url = next((each for each in urls if each.startswith(("http://", "https://"))), None)
    # WordPress writes "0000-00-00 00:00:00" for no date.
    published, modified = (iso_day(_field(item, name)) for name in ("post_date", "post_modified"))
    categories = _terms(item, "category")
    fields: dict[str, object] = {
        "title": _plain_line(item.findtext("title") or "") or name.replace("-", " ") or None,
        "url": url,
        "date": published,
        "updated": modified if modified and published and modified > published else None,
        "category": categories[0] if categories else None,
        "tags": list(dict.fromkeys([*_terms(item, "post_tag", "tag"), *categories[1:]])),
    }
    if not _PERMALINK.fullmatch(url or ""):
        number = _field(item, "post_id") or str(item.sourceline)
        # Only posts have unique names: a page may have the name of a post, or of a page with another parent.
        fields["id"] = name if name and _field(item, "post_type") == "post" else f"{name or 'post'}-{number}"
    return fields


def _terms(item: etree._Element, *domains: str) -> list[str]:
    """Return the names of an item's terms, each once (WXR 1.0 lists them twice), without "Uncategorized"."""
    terms = [term for term in item.iterfind("category") if term.get("domain") in domains]
    names = dict.fromkeys(_plain_line(term.text or "") for term in terms if term.get("nicename") != "uncategorized")
    return [name for name in names if name and name.casefold() != "uncategorized"]


def _field(item: etree._Element, name: str) -> str | None:
    """Return the text of a WordPress field, whatever the version in its namespace."""
    for child in item:
        if isinstance(child.tag, str) and child.tag.startswith(_FIELD) and child.tag.endswith(f"}}{name}"):
            return (child.text or "").strip() or None
    return None


def _plain_line(markup: str) -> str:
    return " ".join((html_to_plain_form(markup).text if "<" in markup or "&" in markup else markup).split())
