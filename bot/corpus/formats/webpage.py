"""`.html`: the article of a saved web page, without the page around it.

trafilatura finds the main text; what the page declares of itself comes from `schema`, what is around the article goes by `boilerplate`.
"""

import codecs
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import trafilatura
from lxml import etree
from lxml.html import HtmlElement

from bot.corpus.article import Article, Faq, Section
from bot.corpus.decoding import decode
from bot.corpus.fields import build_article
from bot.corpus.html.accordion import unfold_faqs
from bot.corpus.html.boilerplate import is_boilerplate, remove_boilerplate
from bot.corpus.html.elements import HEADINGS, parse_html
from bot.corpus.html.plain_form import to_plain_form
from bot.corpus.html.structured_data import MarkedFaq, declared_fields, marked_faqs
from bot.corpus.outline import outline
from bot.corpus.refused import Refused, Unreadable

MAX_BYTES = 20_000_000
"""Saved pages are under 1 MB; what is larger is data in a page."""
MAX_FAQS = 1000
"""Of one page, that its markup gives; each is looked for in the text."""
_LEAST_WORDS = 6
"""An answer of fewer words is looked for only right below its question: "Yes." stands anywhere."""
_WHOLE = 0.995
"""Share of a page's words from which the main text is the whole page: then its own markup says more than what trafilatura keeps of it."""
_MOSTLY = 0.5
"""Share of a page's words in folded FAQs from which it is a FAQ page: trafilatura takes long accordions for menus."""
_ALIKE = 0.8
"""F1 of words from which what stands below a question is its answer, worded a little differently."""
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_LABELS = {"iso-8859-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252", "iso-8859-9": "cp1254", "gb2312": "gb18030", "gbk": "gb18030"} | {
    "shift_jis": "cp932", "euc-kr": "cp949", "ks_c_5601-1987": "cp949", "x-sjis": "cp932"
}  # fmt: skip
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROL = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_TAGS = {
    "item": "li",
    "row": "tr",
    "quote": "blockquote",
    "code": "pre",
    "lb": "br",
    "ref": "span",
    "hi": "span",
    "del": "span",
    "graphic": "img",
}
"""trafilatura's names and the HTML they stand for (headings, lists and cells say theirs in an attribute)."""


def read_file(path: Path, source: str) -> Iterator[Article | Refused]:
    """The article of a saved page, and a refusal for each question in it that has no answer.

    Raises `Unreadable` when the page is too large, nested too deep, in no encoding that it declares, or holds no text.
    """
    if path.stat().st_size > MAX_BYTES:
        raise Unreadable(f"larger than {MAX_BYTES // 1_000_000} MB: save the page without the data in it")
    yield from read(decode_page(path.read_bytes()), source)


def read(content: str, source: str) -> Iterator[Article | Refused]:
    """The article of a page's HTML, and a refusal for each question in it that has no answer."""
    page = parse_html(_XML_DECLARATION.sub("", content))
    fields, faqs = declared_fields(page), list(marked_faqs(page))
    body = page if (found := page.find("body")) is None else found
    folded = unfold_faqs(body)
    related = remove_boilerplate(body, urlsplit(str(fields.get("url") or "")).netloc)
    unfolded = [faq for pair in folded if pair.within(body) and (faq := pair.faq()) is not None]
    title = str(fields.get("title") or "")
    text, listed = _with_faqs(
        _without_around(_main_text(page, body, unfolded), title), [*faqs, *unfolded][:MAX_FAQS], unfolded
    )
    if not text:
        raise Unreadable("no text in it")
    yield build_article(source, {**fields, "related": [name for name in related if name != title]}, text, listed)
    if (extra := len(faqs) + len(unfolded) - MAX_FAQS) > 0:
        yield Refused(
            source,
            None,
            f"{extra} of its questions are not kept as FAQs: one page can have {MAX_FAQS}, put them on several",
        )
    for question in outline(text).unanswered:
        yield Refused(source, None, f"the question {question!r} has no answer")


def decode_page(content: bytes) -> str:
    """The text of a page: UTF-8 where its bytes are that, else in the encoding that a meta tag declares, else Windows-1252.

    Encodings go by the names of https://encoding.spec.whatwg.org: "iso-8859-1" means Windows-1252, as browsers have it. Control characters,
    which browsers pass over, are left out. Raises `Unreadable` when the bytes are none of these, or no text.
    """
    if content.startswith(_UTF16_MARKS):
        return decode(content)
    if b"\0" in content:
        raise Unreadable(
            "not a text file: it contains the control character '\\x00'",
            content.count(b"\n", 0, content.index(b"\0")) + 1,
        )
    return _CONTROL.sub("", _decoded(content))


def _decoded(content: bytes) -> str:
    declared = _CHARSET.search(content[:4096])
    name = declared[1].decode("ascii").lower() if declared else "utf-8"
    for encoding in ("utf-8-sig", *([_LABELS.get(name, name)] if name not in ("utf-8", "utf8") else []), "cp1252"):
        try:
            return content.decode(encoding)
        except LookupError:
            raise Unreadable(f"its encoding {name!r} is not known: save it as UTF-8") from None
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
    raise Unreadable(f"neither {name} text, as it says, nor Windows-1252: save it as UTF-8", line)


def _main_text(page: HtmlElement, body: HtmlElement, unfolded: list[MarkedFaq]) -> str:
    """The plain form of the main text; of all that is left of the page where trafilatura finds none, or all, or most of it are FAQs."""
    whole = to_plain_form(body).text
    if sum(len(faq.question) + len(faq.answer) for faq in unfolded) > _MOSTLY * len(whole):
        return whole
    document = trafilatura.bare_extraction(deepcopy(page), include_comments=False)
    if document is None or isinstance(document, dict):
        return whole
    main = to_plain_form(parse_html(etree.tostring(_as_html(document.body), encoding="unicode"))).text
    return main if len(_words(main)) < _WHOLE * len(_words(whole)) else whole


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
        elif element.tag in _TAGS:
            element.tag = _TAGS[element.tag]
    return tree


def _without_around(text: str, title: str) -> str:
    """The text without the title that it repeats and without the blocks that are no part of an article by their wording."""
    kept: list[str] = []
    fenced = False
    for block in text.split("\n\n"):
        lines = block.split("\n")
        opens = sum(line.startswith("```") for line in lines) % 2 == 1
        repeats = len(kept) < 2 and len(lines) == 1 and _words(block) == _words(title)
        if fenced or opens or not (repeats or all(is_boilerplate(line) for line in lines)):
            kept.append(block)
        fenced ^= opens
    while kept and re.match(r"#{1,6} [^\n]*$", kept[-1]):
        kept.pop()
    return "\n\n".join(kept)


@dataclass(frozen=True, slots=True)
class _WordIndex:
    """A text whose runs of words can be found whatever stands between the words."""

    joined: str
    starts: list[int]
    """Where each word starts in `joined`."""
    spans: list[tuple[int, int]]
    """Where each word stands in the text."""

    @classmethod
    def of(cls, text: str) -> "_WordIndex":
        found = list(re.finditer(r"\w+", text))
        starts, length = [], 1
        for match in found:
            starts.append(length)
            length += len(match[0].casefold()) + 1
        return cls(f" {' '.join(match[0].casefold() for match in found)} ", starts, [match.span() for match in found])

    def places(self, words: str) -> Iterator[tuple[int, int]]:
        """Where these words stand in the text, from the first one's start to the last one's end."""
        at = self.joined.find(f" {words} ") if words else -1
        while at >= 0:
            first, last = bisect_right(self.starts, at + 1) - 1, bisect_right(self.starts, at + len(words)) - 1
            yield self.spans[first][0], self.spans[last][1]
            at = self.joined.find(f" {words} ", at + 1)

    def follows(self, start: int, words: str) -> bool:
        """Whether these words stand right before a place of the text."""
        before = bisect_right(self.spans, (start, -1)) - 1
        end = self.starts[before + 1] if before + 1 < len(self.starts) else len(self.joined)
        return self.joined[:end].endswith(f" {words} ")


def _with_faqs(text: str, marked: Iterable[MarkedFaq], folded: Iterable[MarkedFaq]) -> tuple[str, list[Faq]]:
    """The text with the FAQs that it lacks appended, and those that it holds as spans of it, each question once; what folds away is the whole answer."""
    index, found = _WordIndex.of(text), outline(text)
    asked = {_words(faq.question) for faq in found.faqs}
    spans: dict[tuple[int, int], Faq] = {(faq.start, faq.end): faq for faq in _ended(found.faqs, text, index, folded)}
    missing: dict[str, str] = {}
    for faq in marked:
        if _words(faq.question) in asked:
            continue
        asked.add(_words(faq.question))
        span = _span(text, index, found.sections, faq)
        if span is None:
            missing[faq.question] = re.sub(r"^#{1,6} ", "", faq.answer, flags=re.MULTILINE)
        else:
            same = next((known for known in spans if known[0] < span[1] and span[0] < known[1]), span)
            known = spans.get(same)
            path = found.path(span[0], faq.question)
            spans[same] = (
                replace(known, alternates=(*known.alternates, faq.question))
                if known
                else Faq(faq.question, *span, path)
            )
    appended = ["## FAQs", *(f"### {question}\n\n{answer}" for question, answer in missing.items())] if missing else []
    return "\n\n".join(filter(None, [text, *appended])), list(spans.values())


def _ended(faqs: Iterable[Faq], text: str, index: _WordIndex, folded: Iterable[MarkedFaq]) -> Iterator[Faq]:
    """The FAQs that a text shows, each up to the end of what the page folds away for it."""
    answers = {_words(faq.question): _words(faq.answer) for faq in folded}
    for faq in faqs:
        question = _words(faq.question)
        places = index.places(answers.get(question, ""))
        end = next(
            (end for start, end in places if faq.start <= start < end < faq.end and index.follows(start, question)),
            None,
        )
        yield faq if end is None else replace(faq, end=_widened(text, faq.start, end)[1])


def _span(text: str, index: _WordIndex, sections: tuple[Section, ...], faq: MarkedFaq) -> tuple[int, int] | None:
    """Where the text answers a question in the words given, or below its heading in nearly these."""
    question, answer = _words(faq.question), _words(faq.answer)
    places = list(index.places(answer))
    for start, end in places:
        if index.follows(start, question):
            return _widened(text, start, end)
    for section in sections:
        if (
            section.path
            and _words(section.path[-1]) == question
            and _alike(text[section.start : section.end], faq.answer)
        ):
            return section.start, section.end
    if places and len(answer.split()) >= _LEAST_WORDS:
        return _widened(text, *places[0])
    return None


def _widened(text: str, start: int, end: int) -> tuple[int, int]:
    """A span from its first to its last word, with the marks that touch them and those that begin or end their lines."""
    line, line_end = (
        text.rfind("\n", 0, start) + 1,
        next(iter(re.compile(r"$", re.MULTILINE).finditer(text, end))).start(),
    )
    if not re.search(r"[\w#]", text[line:start]):
        start = line
    if not re.search(r"\w", text[end:line_end]):
        end = line_end
    touching = re.search(r"[^\w\s]*\Z", text[line:start])
    closing = re.match(r"[^\w\s]*", text[end:line_end])
    return start - len(touching[0] if touching else ""), end + len(closing[0] if closing else "")


def _alike(one: str, other: str) -> bool:
    first, second = Counter(_words(one).split()), Counter(_words(other).split())
    return 2 * (first & second).total() >= _ALIKE * (first.total() + second.total())


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
