"""`.md`: CommonMark with tables, and HTML or MDX inside, below YAML or TOML front matter."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import frontmatter
import yaml
from frontmatter.default_handlers import BaseHandler, YAMLHandler
from markdown_it import MarkdownIt

from bot.corpus.article import Article
from bot.corpus.fields import Fields, build_article
from bot.corpus.html.plain_form import PlainForm, html_to_plain_form
from bot.corpus.outline import outline
from bot.corpus.refused import Refused, Unreadable

_NAMES = dict.fromkeys(("lastmod", "lastmodified", "lastmodifiedat", "lastupdate", "lastupdated", "modified", "datemodified", "updateddate", "updatedat"), "updated") | dict.fromkeys(
    ("pubdate", "publishdate", "publishedat", "datepublished", "posted"), "date"
) | dict.fromkeys(("canonical", "canonicalurl"), "url")  # fmt: skip
"""What Jekyll, Hugo, Docusaurus, Astro and their like call a field, without its marks and in lower case → what it is called here."""
_COMMONMARK = MarkdownIt("commonmark").enable("table")
_KEPT = r"^(```|~~~).*?(?:^\1|\Z)|<(pre|script|style|textarea)\b.*?(?:</\2>|\Z)|<!--.*?(?:-->|\Z)"
"""What is taken as it stands: code, and what browsers do not show."""
_GLUED = re.compile(
    rf"{_KEPT}|(?P<tag>(?:</(?:h[1-6]|p|summary|d[lt]|[ou]l|table)|</?(?:article|aside|blockquote|center|dd|details|div|figure|footer|header|hr|li|main|section))\b[^<>\n]*>[ \t]*\n)"
    r"(?=[ ]{0,3}[^\s<])",
    re.MULTILINE | re.DOTALL | re.IGNORECASE,
)
"""A line that ends with the tag of a block, right above a line of words: CommonMark would take the words for HTML too, bold and links as they are typed."""
_TEMPLATE_LINE = re.compile(
    rf"{_KEPT}|(?P<tag>^[ \t]*(?:\{{%.{{0,2000}}?%\}}|\{{\{{[<%].{{0,2000}}?[>%]\}}\}}|\{{:[^{{}}\n]*\}})[ \t]*$)",
    re.MULTILINE | re.DOTALL,
)
"""A line that is a tag of the site's templates (Liquid, Hugo) or a list of attributes (kramdown)."""
_FENCES = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_OPENED, _CLOSED = (
    re.compile(rf"<{slash}(?:article|aside|div|main|nav|[ou]l|li|section|table)\b", re.IGNORECASE)
    for slash in ("", "/")
)
_MDX_LINE = re.compile(
    r"^(?:import\s.+\sfrom\s+['\"].+['\"];?|export\s+(?:const|default|let|function)\b.*)$", re.MULTILINE
)
_MDX_COMMENT = re.compile(r"\{/\*.*?\*/\}", re.DOTALL)


class _Toml(BaseHandler):
    """Front matter between lines of `+++`, as Hugo has it."""

    FM_BOUNDARY = re.compile(r"^\+{3,}\s*$", re.MULTILINE)
    START_DELIMITER = END_DELIMITER = "+++"

    def load(self, fm: str, **_: object) -> Any:
        return tomllib.loads(fm)


def read(content: str, source: str) -> Iterator[Article | Refused]:
    """The article of a Markdown file, and a refusal for each question in it that has no answer."""
    fields, body = _front_matter(content)
    title, form = markdown_form(body)
    if not form.text:
        raise Unreadable("no text below the front matter" if fields else "no text in it")
    try:
        article = build_article(
            source, fields if fields.get("title") else {**fields, "title": title}, form.text, form.faqs
        )
    except Unreadable as error:
        raise Unreadable(str(error), _line_of(content, str(error))) from None
    yield article
    for question in outline(article.text).unanswered:
        yield Refused(source, _line_of(content, question), f"the question {question!r} has no answer")


def markdown_form(markdown: str) -> tuple[str | None, PlainForm]:
    """The title that the document opens with (a first `#` heading), and the plain form of the rest."""
    bare = markdown if _FENCES.search(markdown) else _MDX_COMMENT.sub("", _MDX_LINE.sub("", markdown))
    bare = _TEMPLATE_LINE.sub(lambda match: "" if match["tag"] else match[0], bare)
    markup = _rendered(_GLUED.sub(lambda match: match[0] + "\n" * bool(match["tag"]), bare))
    opening = re.match(r"\s*<h1>(.*?)</h1>", markup, re.DOTALL)
    title = html_to_plain_form(opening[1]).text if opening else None
    return title, html_to_plain_form(markup[opening.end() :] if opening else markup)


def _rendered(markdown: str) -> str:
    """The HTML of a document; lines of HTML that stand far to the right inside an element are HTML, not code."""
    tokens = _COMMONMARK.parse(markdown)
    depth = 0
    for token in tokens:
        if token.type == "code_block" and depth > 0 and token.content.lstrip().startswith("<"):
            token.type = "html_block"
        if token.type == "html_block":
            depth += len(_OPENED.findall(token.content)) - len(_CLOSED.findall(token.content))
    return str(_COMMONMARK.renderer.render(tokens, _COMMONMARK.options, {}))


def _front_matter(content: str) -> tuple[Fields, str]:
    handler = _Toml() if content.startswith("+++") else YAMLHandler()
    try:
        told, body = frontmatter.parse(content, handler=handler)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise Unreadable(
            f"front matter: {getattr(error, 'problem', None) or 'cannot be read'}", mark.line + 1 if mark else None
        ) from None
    except ValueError as error:  # Of TOML, and of dates in YAML such as 2026-02-31.
        raise Unreadable(f"front matter: {error}", 1) from None
    fields = {
        _NAMES.get(re.sub(r"[\W_]", "", str(name)).lower(), str(name)): value
        for name, value in told.items()
        if value is not None
    }
    if fields.get("draft") is True or fields.get("published") is False:
        raise Unreadable("a draft, by its front matter", 1)
    return fields, body


def _line_of(content: str, words: str) -> int | None:
    """The line of the file that holds `words`, or the field that they begin with."""
    lines = content.splitlines()
    field = re.compile(rf"\s*{re.escape(words.split(' ', 1)[0])}\s*[:=]")
    return next((n for n, line in enumerate(lines, 1) if words in line or field.match(line)), None)
