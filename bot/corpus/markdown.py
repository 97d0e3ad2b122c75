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
from bot.corpus.decoding import Unreadable
from bot.corpus.fields import Fields, compose
from bot.corpus.markup import PlainForm, fragment_form
from bot.corpus.outline import outline
from bot.corpus.refused import Refused

_COMMONMARK = MarkdownIt("commonmark").enable("table")
_FENCES = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_MDX_LINE = re.compile(r"^(?:import\s.+\sfrom\s+['\"].+['\"];?|export\s+(?:const|default|let|function)\b.*)$", re.MULTILINE)
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
        article = compose(source, fields if fields.get("title") else {**fields, "title": title}, form.text, form.faqs)
    except Unreadable as error:
        raise Unreadable(str(error), _line_of(content, str(error))) from None
    yield article
    for question in outline(article.text).unanswered:
        yield Refused(source, _line_of(content, question), f"the question {question!r} has no answer")


def markdown_form(markdown: str) -> tuple[str | None, PlainForm]:
    """The title that the document opens with (a first `#` heading), and the plain form of the rest."""
    bare = markdown if _FENCES.search(markdown) else _MDX_COMMENT.sub("", _MDX_LINE.sub("", markdown))
    markup = _COMMONMARK.render(bare)
    opening = re.match(r"\s*<h1>(.*?)</h1>", markup, re.DOTALL)
    title = fragment_form(opening[1]).text if opening else None
    return title, fragment_form(markup[opening.end() :] if opening else markup)


def _front_matter(content: str) -> tuple[Fields, str]:
    handler = _Toml() if content.startswith("+++") else YAMLHandler()
    try:
        post = frontmatter.loads(content, handler=handler)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise Unreadable(f"front matter: {getattr(error, 'problem', None) or 'cannot be read'}", mark.line + 1 if mark else None) from None
    except ValueError as error:  # Of TOML, and of dates in YAML such as 2026-02-31.
        raise Unreadable(f"front matter: {error}", 1) from None
    return post.metadata, post.content


def _line_of(content: str, words: str) -> int | None:
    """The line of the file that holds `words`, or the field that they begin with."""
    lines = content.splitlines()
    field = re.compile(rf"\s*{re.escape(words.split(' ', 1)[0])}\s*[:=]")
    return next((n for n, line in enumerate(lines, 1) if words in line or field.match(line)), None)
