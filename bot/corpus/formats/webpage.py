"""`.html`: the article of a saved web page, without its boilerplate.

trafilatura finds the main text, `structured_data` reads the declared fields and FAQs, `boilerplate` removes the rest.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from urllib.parse import urlsplit

import trafilatura
from lxml import etree
from lxml.html import HtmlElement

from bot.corpus.article import Article
from bot.corpus.decoding import Decoded, decode
from bot.corpus.fields import build_article
from bot.corpus.html.accordion import folded_faqs, unfold_faqs
from bot.corpus.html.boilerplate import is_boilerplate_line, remove_boilerplate
from bot.corpus.html.elements import HEADINGS, parse_html
from bot.corpus.html.faq_spans import MAX_FAQS, add_marked_faqs
from bot.corpus.html.labels import labels_to_headings
from bot.corpus.html.plain_form import to_plain_form
from bot.corpus.html.structured_data import MarkedFaq, declared_fields, marked_faqs, unreadable_faqs
from bot.corpus.html.table_cells import spread_cells
from bot.corpus.outline import outline
from bot.corpus.refused import Refused, Unreadable, check_size
from bot.languages.normalization import words_only

_WHOLE = 0.995
"""Share of a page's words above which the main text is the whole page, whose markup is better than trafilatura's."""
_MOSTLY_FAQS = 0.5
"""Share of folded FAQs above which a page is a FAQ page; trafilatura takes long accordions for menus."""
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_ENCODINGS = {
    "iso-8859-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252", "iso-8859-9": "cp1254",
    "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "x-sjis": "cp932", "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
}  # fmt: skip
"""Declared encoding → the one that browsers use for it."""
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_HTML_TAGS = {
    "item": "li", "row": "tr", "quote": "blockquote", "code": "pre", "lb": "br", "ref": "span", "hi": "span",
    "del": "span", "graphic": "img",
}  # fmt: skip
"""trafilatura's element names → HTML; those of headings, lists and cells depend on attributes."""


def read_file(path: Path, source: str) -> Iterator[Article | Refused]:
    """Yield the article of a saved page, and a refusal for each question in it without an answer.

    Raises `Unreadable` if the page is too large, nested too deep, in an unknown encoding, or has no text.
    """
    # Real pages are under 1 MB, apart from embedded data.
    check_size(path, megabytes=20, remedy="save the page without the data in it")
    decoded = decode_page(path.read_bytes())
    yield from decoded.notes(source)
    yield from read(decoded.text, source)


def read(content: str, source: str) -> Iterator[Article | Refused]:
    """Yield the article of a page's HTML, and a refusal for each question in it without an answer."""
    page = parse_html(_XML_DECLARATION.sub("", content))
    fields, faqs = declared_fields(page), list(marked_faqs(page))
    unreadable = list(unreadable_faqs(page))
    body = page if (found := page.find("body")) is None else found
    folded = unfold_faqs(body)
    related = remove_boilerplate(body, urlsplit(str(fields.get("url") or "")).netloc)
    labels_to_headings(body)
    unfolded = list(folded_faqs(folded, body))
    for table in body.iter("table"):
        if table.find(".//table") is None:  # tables around tables are layout
            spread_cells(table)
    title = str(fields.get("title") or "")
    text = _remove_boilerplate_blocks(_main_text(page, body, unfolded), title)
    text, listed = add_marked_faqs(text, [*faqs, *unfolded][:MAX_FAQS], folded=unfolded)
    if not text:
        raise Unreadable("no text in it")
    yield build_article(source, {**fields, "related": [name for name in related if name != title]}, text, listed)
    if (extra := len(faqs) + len(unfolded) - MAX_FAQS) > 0:
        yield Refused(source, None, f"{extra} of its questions are not FAQs here: a page can have {MAX_FAQS}, split it")
    for line in unreadable:
        yield Refused(source, line, "its FAQs in JSON-LD are not valid JSON: correct the script")
    for question in outline(text).unanswered:
        yield Refused(source, None, f"the question {question!r} has no answer")


def decode_page(content: bytes) -> Decoded:
    """Decode a page as UTF-8, else in the encoding that a meta tag declares, else as Windows-1252; see `decode`.

    Encodings are named as in https://encoding.spec.whatwg.org: "iso-8859-1" means Windows-1252, as in browsers.
    """
    declared = _CHARSET.search(content[:4096])
    name = declared[1].decode("ascii").lower() if declared else "utf-8"
    encoding = _ENCODINGS.get(name, name)
    return decode(content, "" if encoding in ("utf-8", "utf8", "cp1252") else encoding)


def _main_text(page: HtmlElement, body: HtmlElement, unfolded: list[MarkedFaq]) -> str:
    """Return the plain form of the main text, or of a whole page that is mostly FAQs or not cut by trafilatura."""
    whole = to_plain_form(body).text
    if sum(len(faq.question) + len(faq.answer) for faq in unfolded) > _MOSTLY_FAQS * len(whole):
        return whole
    document = trafilatura.bare_extraction(deepcopy(page), include_comments=False)
    if document is None or isinstance(document, dict):
        return whole
    main = to_plain_form(parse_html(etree.tostring(_as_html(document.body), encoding="unicode"))).text
    return main if len(words_only(main)) < _WHOLE * len(words_only(whole)) else whole


def _as_html(tree: etree._Element) -> etree._Element:
    for element in tree.iter("*"):
        rend = element.get("rend") or ""
        if element.tag == "head":
            element.tag = rend if rend in HEADINGS else "h3"
        elif element.tag == "list":
            element.tag = rend if rend in ("ul", "ol") else "dl" if rend == "dl" else "ul"
        elif element.tag == "item" and rend[:2] in ("dt", "dd"):
            element.tag = rend[:2]
        elif element.tag == "cell":
            element.tag = "th" if element.get("role") == "head" else "td"
        elif element.tag in _HTML_TAGS:
            element.tag = _HTML_TAGS[element.tag]
    return tree


def _remove_boilerplate_blocks(text: str, title: str) -> str:
    """Remove a repeated title, blocks with the wording of boilerplate, and headings without text at the end."""
    kept: list[str] = []
    fenced = False
    for block in text.split("\n\n"):
        lines = block.split("\n")
        opens = sum(line.startswith("```") for line in lines) % 2 == 1
        repeats = len(kept) < 2 and len(lines) == 1 and words_only(block) == words_only(title)
        if fenced or opens or not (repeats or all(is_boilerplate_line(line) for line in lines)):
            kept.append(block)
        fenced ^= opens
    while kept and re.match(r"#{1,6} [^\n]*$", kept[-1]):
        kept.pop()
    return "\n\n".join(kept)
