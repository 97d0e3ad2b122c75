"""FAQs as schema.org markup (https://schema.org/FAQPage) for the publisher's pages, a JSON-LD file for each article."""

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from bot.corpus.article import Article, slug
from bot.errors import requires
from bot.export.atomic import atomic_file, writing
from bot.index.generation import Generation, all_articles

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

CONTENTS = "index.json"
"""The file that maps articles to their files."""
_SUFFIX = ".jsonld"
_MAX_NAME_BYTES = 100  # maximum length of an article's id in a file name; file systems allow 255
_INLINE_RULES = ["emphasis", "link", "image", "autolink", "html_inline", "backticks", "entity", "escape"]
_HEADING_LIKE = re.compile(r"^\\(?=#{1,6} )")
"""The backslash with which the plain form escapes a line that looks like a heading."""


@dataclass(frozen=True, slots=True)
class MarkupFile:
    """The markup of one article."""

    article: str
    title: str
    url: str | None
    file: str
    faqs: int


def write_faq_markup(generation: Generation, folder: Path) -> list[MarkupFile]:
    """Write a file for each article with FAQs and list them in `index.json`; outdated files of an earlier export go.

    Raises `MissingExtra` without markdown-it-py, `OutputUnwritable` if the folder cannot be written.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    before = _files_in(folder / CONTENTS)
    written = [_write(article, folder) for article in all_articles(generation.table) if article.faqs]
    with atomic_file(folder / CONTENTS) as pending:
        listing = {"generation": generation.name, "articles": [asdict(each) for each in written]}
        pending.write_text(json.dumps(listing, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for name in before - {each.file for each in written}:
        with writing(folder / name):
            (folder / name).unlink(missing_ok=True)
    return written


def faq_page(article: Article) -> str:
    """Return the JSON-LD of an article's FAQs; without any `<`, so that it may be put into a `<script>`."""
    answers = [{"@type": "Answer", "text": _html(article.text[faq.start : faq.end])} for faq in article.faqs]
    pairs = zip(article.faqs, answers, strict=True)
    questions = [{"@type": "Question", "name": faq.question, "acceptedAnswer": answer} for faq, answer in pairs]
    page = {"@context": "https://schema.org", "@type": "FAQPage", "name": article.title, "url": article.url}
    known = {name: value for name, value in {**page, "mainEntity": questions}.items() if value is not None}
    return json.dumps(known, ensure_ascii=False, indent=1).replace("<", "\\u003c")


def file_name(article: str) -> str:
    """Return the unique file name of an article: its id if every system allows it, else a slug, dot and checksum."""
    name = slug(article)
    if name == article and len(name.encode()) <= _MAX_NAME_BYTES:
        return f"{name}{_SUFFIX}"
    short = name.encode()[:_MAX_NAME_BYTES].decode(errors="ignore")
    return f"{short}.{hashlib.sha256(article.encode()).hexdigest()[:16]}{_SUFFIX}"


def _write(article: Article, folder: Path) -> MarkupFile:
    name = file_name(article.id)
    with atomic_file(folder / name) as pending:
        pending.write_text(faq_page(article) + "\n", encoding="utf-8")
    return MarkupFile(article.id, article.title, article.url, name, len(article.faqs))


def _files_in(contents: Path) -> set[str]:
    """Return the files that an earlier export listed, without any in other folders or with another suffix."""
    try:
        names = [str(each["file"]) for each in json.loads(contents.read_text(encoding="utf-8"))["articles"]]
    except (OSError, ValueError, TypeError, KeyError):
        return set()
    return {name for name in names if name.endswith(_SUFFIX) and Path(name).name == name and "\\" not in name}


def _html(text: str) -> str:
    """Return the HTML of a text in plain form: its blocks are rendered, inline markup is not."""
    parser = _block_parser()
    tokens = parser.parse(text)
    for part in (part for token in tokens for part in token.children or () if part.type == "text"):
        part.content = _HEADING_LIKE.sub("", part.content)
    return str(parser.renderer.render(tokens, parser.options, {})).strip()


@cache
def _block_parser() -> "MarkdownIt":
    with requires("markdown-it-py", "export"):
        from markdown_it import MarkdownIt
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table")
    return parser.disable([*_INLINE_RULES, "html_block", "reference", "lheading", "code"])
