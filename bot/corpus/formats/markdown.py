"""`.md`: CommonMark with tables, with HTML or MDX inside, below YAML or TOML front matter."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import frontmatter
import yaml
from frontmatter.default_handlers import BaseHandler, YAMLHandler
from markdown_it import MarkdownIt

from bot.corpus.article import Article
from bot.corpus.decoding import repair_markup
from bot.corpus.fields import Fields, build_article
from bot.corpus.html.plain_form import PlainForm, html_to_plain_form
from bot.corpus.outline import outline
from bot.corpus.refused import Refused, Unreadable

_SYNONYMS = {
    "updated": "lastmod lastmodified lastmodifiedat lastupdate lastupdated modified datemodified updateddate updatedat",
    "date": "pubdate publishdate publishedat datepublished posted",
    "url": "canonical canonicalurl",
}
"""Field → its names in Jekyll, Hugo, Docusaurus, Astro and similar tools, in lower case without punctuation."""
_FIELD_NAMES = {synonym: name for name, synonyms in _SYNONYMS.items() for synonym in synonyms.split()}
_COMMONMARK = MarkdownIt("commonmark").enable("table")
_VERBATIM = r"^(```|~~~).*?(?:^\1|\Z)|<(pre|script|style|textarea)\b.*?(?:</\2>|\Z)|<!--.*?(?:-->|\Z)"
"""Text that is left as it is: code, and what browsers do not show."""
_TAG_ABOVE_TEXT = re.compile(
    rf"(?ims){_VERBATIM}|(?P<tag>(?:</(?:h[1-6]|p|summary|d[lt]|[ou]l|table)"
    r"|</?(?:article|aside|blockquote|center|dd|details|div|figure|footer|header|hr|li|main|section))"
    r"\b[^<>\n]*>[ \t]*\n)(?=[ ]{0,3}[^\s<])"
)
"""A line ending with the tag of a block element, right above text: CommonMark would take that text for HTML."""
_TEMPLATE_LINE = re.compile(
    rf"{_VERBATIM}|(?P<tag>^[ \t]*(?:\{{%.{{0,2000}}?%\}}|\{{\{{[<%].{{0,2000}}?[>%]\}}\}}|\{{:[^{{}}\n]*\}})[ \t]*$)",
    re.MULTILINE | re.DOTALL,
)
"""A line that is a template tag (Liquid, Hugo) or an attribute list (kramdown)."""
_FENCES = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_CONTAINER = r"(?:article|aside|div|main|nav|[ou]l|li|section|table)\b"
_OPENING_TAG, _CLOSING_TAG = (re.compile(f"(?i){start}{_CONTAINER}") for start in ("<", "</"))
_MDX_LINE = re.compile(r"(?m)^(?:import\s.+\sfrom\s+['\"].+['\"];?|export\s+(?:const|default|let|function)\b.*)$")
_MDX_COMMENT = re.compile(r"\{/\*.*?\*/\}", re.DOTALL)


class _TomlHandler(BaseHandler):
    """Reads TOML front matter between lines of `+++`, as Hugo writes it."""

    FM_BOUNDARY = re.compile(r"^\+{3,}\s*$", re.MULTILINE)
    START_DELIMITER = END_DELIMITER = "+++"

    def load(self, fm: str, **_: object) -> Any:
        return tomllib.loads(fm)


def read(content: str, source: str) -> Iterator[Article | Refused]:
    """Yield the article of a Markdown file, and a refusal for each question in it without an answer."""
    fields, body = _front_matter(content)
    title, form = markdown_to_plain_form(body)
    if not form.text:
        raise Unreadable("no text below the front matter" if fields else "no text in it")
    fields = fields if fields.get("title") else {**fields, "title": title}
    try:
        article = build_article(source, fields, form.text, form.faqs)
    except Unreadable as error:
        raise Unreadable(str(error), _line_of(content, str(error))) from None
    yield article
    for question in outline(article.text).unanswered:
        yield Refused(source, _line_of(content, question), f"the question {question!r} has no answer")


def field_name(name: str) -> str:
    """Return the name that a field of front matter has here."""
    return _FIELD_NAMES.get(re.sub(r"[\W_]", "", name).lower(), name)


def markdown_to_plain_form(markdown: str) -> tuple[str | None, PlainForm]:
    """Return the title of a document that opens with a `#` heading, and the plain form of the rest."""
    bare = markdown if _FENCES.search(markdown) else _MDX_COMMENT.sub("", _MDX_LINE.sub("", markdown))
    bare = _TEMPLATE_LINE.sub(lambda match: "" if match["tag"] else match[0], bare)
    markup = _render(_TAG_ABOVE_TEXT.sub(lambda match: match[0] + "\n" * bool(match["tag"]), repair_markup(bare)))
    opening = re.match(r"\s*<h1>(.*?)</h1>", markup, re.DOTALL)
    title = html_to_plain_form(opening[1]).text if opening else None
    return title, html_to_plain_form(markup[opening.end() :] if opening else markup)


def _render(markdown: str) -> str:
    """Render a document as HTML; indented lines of HTML inside an element are HTML, not code blocks."""
    tokens = _COMMONMARK.parse(markdown)
    depth = 0
    for token in tokens:
        if token.type == "code_block" and depth > 0 and token.content.lstrip().startswith("<"):
            token.type = "html_block"
        if token.type == "html_block":
            depth += len(_OPENING_TAG.findall(token.content)) - len(_CLOSING_TAG.findall(token.content))
    return str(_COMMONMARK.renderer.render(tokens, _COMMONMARK.options, {}))


def _front_matter(content: str) -> tuple[Fields, str]:
    handler = _TomlHandler() if content.startswith("+++") else YAMLHandler()
    try:
        metadata, body = frontmatter.parse(content, handler=handler)
        whole = content.strip()
        if not metadata and body != whole and isinstance(handler.load(handler.split(whole)[0]), str):
            body = whole  # words between two rules
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "cannot be read"
        if problem.startswith("mapping values"):
            problem = "a colon within a value: put the value in quotes, or check the indentation"
        raise Unreadable(f"front matter: {problem}", mark.line + 1 if mark else None) from None
    except ValueError as error:  # invalid TOML, or a YAML date such as 2026-02-31
        raise Unreadable(f"front matter: {error}", 1) from None
    given = {str(name): value for name, value in metadata.items() if value is not None}
    fields = {field_name(name): value for name, value in given.items()}
    if fields.get("draft") is True or fields.get("published") is False:
        raise Unreadable("marked as a draft in its front matter", 1)
    if fields.get("published") is True:  # Jekyll and dev.to: no date, but that it is no draft
        del fields["published"]
    if isinstance(updated := fields.get("updated"), dict):  # Docusaurus: last_update with date and author
        fields["updated"] = updated.get("date")
    return fields, body


def _line_of(content: str, words: str) -> int | None:
    """Return the line that contains `words`, or that starts with their first word as a field name."""
    lines = content.splitlines()
    field = re.compile(rf"\s*{re.escape(words.split(' ', 1)[0])}\s*[:=]")
    return next((n for n, line in enumerate(lines, 1) if words in line or field.match(line)), None)
