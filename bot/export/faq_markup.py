"""The FAQs of articles as schema.org markup (https://schema.org/FAQPage) for the publisher's own pages: one JSON-LD file for each article."""

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.corpus.article import Article, slug
from bot.errors import MissingExtra, OutputUnwritable
from bot.export.atomic import atomic_file
from bot.index.generation import Generation, all_articles

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

CONTENTS = "index.json"
"""Which file belongs to which article."""
_ENDING = ".jsonld"
_LONGEST = 100
"""Bytes of an article's id in the name of its file; names may have 255."""
_INLINE_RULES = ["emphasis", "link", "image", "autolink", "html_inline", "backticks", "entity", "escape"]
_HEADING_LIKE = re.compile(r"^\\(?=#{1,6} )")
"""The backslash that the plain form has before a line that only looks like a heading."""


@dataclass(frozen=True, slots=True)
class MarkupFile:
    """The markup of one article."""

    article: str
    title: str
    url: str | None
    file: str
    faqs: int


def write_faq_markup(generation: Generation, folder: Path) -> list[MarkupFile]:
    """Write a file for each article that has FAQs, and `index.json` with what this returns; files of an earlier export that are not among them go.

    Raises `MissingExtra` without markdown-it-py, `OutputUnwritable` when the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputUnwritable(
            f"The folder {folder} cannot be made ({error.strerror}): check its name and permissions."
        ) from error
    before = _listed(folder / CONTENTS)
    written = [_write(article, folder) for article in all_articles(generation.table) if article.faqs]
    with atomic_file(folder / CONTENTS) as pending:
        told = {"generation": generation.name, "articles": [asdict(each) for each in written]}
        pending.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for name in before - {each.file for each in written}:
        (folder / name).unlink(missing_ok=True)
    return written


def faq_page(article: Article) -> str:
    """The JSON-LD of an article's FAQs: it may stand in a `<script>` as it is, since no `<` is in it."""
    questions = [
        {
            "@type": "Question",
            "name": faq.question,
            "acceptedAnswer": {"@type": "Answer", "text": _html(article.text[faq.start : faq.end])},
        }
        for faq in article.faqs
    ]
    page: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "FAQPage",
        "name": article.title,
        "url": article.url,
        "mainEntity": questions,
    }
    told = {name: value for name, value in page.items() if value is not None}
    return json.dumps(told, ensure_ascii=False, indent=1).replace("<", "\\u003c")


def file_name(article: str) -> str:
    """The name of the file for the article with an id: the id, where it can be a name on any system, else its letters and a checksum.

    No two ids have one name, as far as sha256 goes: a slug has no dot.
    """
    name = slug(article)
    if name == article and len(name.encode()) <= _LONGEST:
        return f"{name}{_ENDING}"
    short = name.encode()[:_LONGEST].decode(errors="ignore")
    return f"{short}.{hashlib.sha256(article.encode()).hexdigest()[:16]}{_ENDING}"


def _write(article: Article, folder: Path) -> MarkupFile:
    name = file_name(article.id)
    with atomic_file(folder / name) as pending:
        pending.write_text(faq_page(article) + "\n", encoding="utf-8")
    return MarkupFile(article.id, article.title, article.url, name, len(article.faqs))


def _listed(contents: Path) -> set[str]:
    """The files that an earlier export wrote beside its `index.json`; nothing that lies elsewhere or has another ending."""
    try:
        names = [str(each["file"]) for each in json.loads(contents.read_text(encoding="utf-8"))["articles"]]
    except (OSError, ValueError, TypeError, KeyError):
        return set()
    return {name for name in names if name.endswith(_ENDING) and Path(name).name == name and "\\" not in name}


def _html(text: str) -> str:
    """The HTML of a text in plain form: its blocks, and words that are only ever words."""
    blocks = _blocks()
    tokens = blocks.parse(text)
    for part in (part for token in tokens for part in token.children or () if part.type == "text"):
        part.content = _HEADING_LIKE.sub("", part.content)
    return str(blocks.renderer.render(tokens, blocks.options, {})).strip()


@cache
def _blocks() -> "MarkdownIt":
    try:
        from markdown_it import MarkdownIt
    except ModuleNotFoundError:
        raise MissingExtra("markdown-it-py", "export") from None
    blocks = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table")
    return blocks.disable([*_INLINE_RULES, "html_block", "reference", "lheading", "code"])
