"""`.xml`: WordPress export files (WXR 1.0 to 1.2), read post by post.

Source: the exporter and importer of WordPress (wp-admin/includes/export.php, the plugin wordpress-importer). Like the importer, a file that names no
WXR version is refused; unlike it, what stands before a fault in the XML is kept and the rest is told.
"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

from lxml import etree

from bot.corpus.article import Article
from bot.corpus.decoding import Unreadable
from bot.corpus.fields import Fields, compose
from bot.corpus.markup import fragment_form
from bot.corpus.outline import outline
from bot.corpus.refused import Refused

_WORDPRESS = ("http://wordpress.org/export/", "https://wordpress.org/export/")
"""How the namespace begins; the version follows."""
_HARMLESS = ("WAR_", "NS_")
"""How libxml2 calls complaints after which it reads on, such as an unusual namespace address."""
_FIELD = tuple(f"{{{namespace}" for namespace in _WORDPRESS)
_CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
_TYPES = ("post", "page")
_VERSIONS = re.compile(r"1\.\d+")
_BLOCKS = re.compile(r"<!-- /?wp:|<(?:p|div|h[1-6]|ul|ol|table|blockquote|pre|figure|details)\b", re.IGNORECASE)
_FOLDED = re.compile(
    r"\[(?P<name>[\w-]*(?:toggle|accordion|spoiler|collapse|expand|faq|tab|section)[\w-]*)\s[^\]]*?title=(?P<mark>[\"'”])(?P<title>.*?)(?P=mark)[^\]]*\]"
    r"(?P<inside>.*?)\[/(?P=name)\]",
    re.IGNORECASE | re.DOTALL,
)
_SHORTCODE = re.compile(
    r"\[(?:/[a-z][\w-]*|[a-z][\w-]*(?:\s+[\w-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\]]+)\s*)+/?|(?:gallery|more|nextpage|toc|contact-form|contact-form-7|embed|caption)\b[^\]]*)\]",
    re.IGNORECASE,
)


def read_file(path: Path, source: str) -> Iterator[Article | Refused]:
    """The published posts and pages of an export, each post that cannot be read, and at the end how many of what kind were left out.

    Entities and external references are never resolved, and one post at a time is in memory.
    Raises `Unreadable` when the file is not a WordPress export.
    """
    left_out: Counter[str] = Counter()
    read = 0
    # Huge trees only lift the limit on one text: the tree itself never grows, as items are dropped.
    events = etree.iterparse(str(path), events=("end",), resolve_entities=False, load_dtd=False, no_network=True, huge_tree=True)
    try:
        for item in _items(events):
            reason = _not_wanted(item)
            if reason is not None:
                left_out[reason] += 1
                continue
            read += 1
            yield from _posts(item, source)
    except etree.XMLSyntaxError:
        fault = next((entry for entry in events.error_log if not entry.type_name.startswith(_HARMLESS)), None)
        if fault is not None and not read and not left_out:
            raise Unreadable(f"the XML is faulty before the first post ends ({fault.message})", fault.line) from None
        if fault is not None:
            yield Refused(source, fault.line, f"the XML is faulty here ({fault.message}): what follows was not read, export it again")
    if left_out:
        yield Refused(source, None, f"left out: {', '.join(f'{count} {reason}' for reason, count in sorted(left_out.items()))}")


def _items(events: "etree.iterparse[tuple[str, etree._Element]]") -> Iterator[etree._Element]:
    """The items of an export one by one; each is emptied once the next is asked for.

    Raises `Unreadable` when the file declares a document type or names no WXR version before its first item or its end.
    """
    version = None
    for _, element in events:
        if element.getroottree().docinfo.doctype:
            raise Unreadable("it declares a document type, as no WordPress export does")
        if str(element.tag).startswith(_FIELD) and str(element.tag).endswith("}wxr_version"):
            version = (element.text or "").strip()
        if element.tag == "item":
            _check_version(version)
            yield element
            _forget(element)
    _check_version(version)


def _check_version(version: str | None) -> None:
    if version is None:
        raise Unreadable("not a WordPress export: it names no WXR version")
    if not _VERSIONS.fullmatch(version):
        raise Unreadable(f"its WXR version {version!r} is not one of 1.0 to 1.2")


def _forget(element: etree._Element) -> None:
    element.clear(keep_tail=False)
    parent = element.getparent()
    while parent is not None and (before := element.getprevious()) is not None:
        parent.remove(before)


def _not_wanted(item: etree._Element) -> str | None:
    """Why an item is left out, worded to follow a number; None for published posts and pages."""
    kind, status = _text(item, "post_type") or "post", _text(item, "status") or "publish"
    if kind not in _TYPES:
        return f"of the type {kind!r}"
    if status != "publish":
        return f"with the status {status!r}"
    return "with a password" if _text(item, "post_password") else None


def _posts(item: etree._Element, source: str) -> Iterator[Article | Refused]:
    """The article of an item, and refusals of what it lacks."""
    title = _words(item.findtext("title") or "") or "a post without a title"
    try:
        article = _article(item, source)
    except Unreadable as error:
        yield Refused(source, item.sourceline, f"{title}: {error}")
        return
    yield article
    for question in outline(article.text).unanswered:
        yield Refused(source, item.sourceline, f"{title}: the question {question!r} has no answer")


def _article(item: etree._Element, source: str) -> Article:
    form = fragment_form(_markup(item.findtext(_CONTENT) or ""))
    if not form.text:
        raise Unreadable("no text in it")
    return compose(source, _fields(item), form.text, form.faqs)


def _fields(item: etree._Element) -> Fields:
    title, url = _words(item.findtext("title") or ""), (item.findtext("link") or "").strip()
    published, modified = _day(_text(item, "post_date")), _day(_text(item, "post_modified"))
    terms = [(term.get("domain"), _words(term.text or "")) for term in item.iterfind("category")]
    categories = [name for domain, name in terms if domain == "category" and name.casefold() != "uncategorized"]
    fields: dict[str, object] = {
        "title": title or (_text(item, "post_name") or "").replace("-", " ") or None,
        "url": url or None,
        "date": published,
        "updated": modified if modified and published and modified > published else None,
        "category": categories[0] if categories else None,
        "tags": [name for domain, name in terms if domain in ("post_tag", "tag")] + categories[1:],
    }
    # Plain permalinks ("/?p=12") and posts without one are called after their name or number.
    if not re.search(r"://[^/]+/+[^/?#]", url):
        fields["id"] = _text(item, "post_name") or f"post-{_text(item, 'post_id') or item.sourceline}"
    return fields


def _text(item: etree._Element, name: str) -> str | None:
    """The words of a WordPress field, whatever version its namespace names."""
    found = next((child for child in item if isinstance(child.tag, str) and child.tag.startswith(_FIELD) and child.tag.endswith(f"}}{name}")), None)
    return None if found is None else (found.text or "").strip() or None


def _day(words: str | None) -> date | None:
    """The day of "2026-01-31 10:00:00"; None for the zeros that WordPress writes where there is none."""
    try:
        return datetime.fromisoformat(words or "").date()
    except ValueError:
        return None


def _words(markup: str) -> str:
    return " ".join(fragment_form(markup).text.split()) if markup.strip() else ""


def _markup(content: str) -> str:
    """The HTML of a post: folding shortcodes as `details`, other shortcodes gone, and paragraphs where the classic editor has blank lines."""
    content = content.replace("\r\n", "\n").replace("\r", "\n")
    for _ in range(3):  # Accordions stand inside accordions, seldom deeper.
        content = _FOLDED.sub(r"<details><summary>\g<title></summary>\g<inside></details>", content)
    content = _SHORTCODE.sub("", content)
    if _BLOCKS.search(content):
        return content
    paragraphs = (part.strip().replace("\n", "<br>") for part in re.split(r"\n\s*\n", content))
    return "".join(f"<p>{part}</p>" for part in paragraphs if part)
