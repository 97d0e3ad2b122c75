"""`.md`: CommonMark with tables, below YAML front matter."""

import html
import re
from collections.abc import Iterator

import frontmatter
import yaml
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from bot.corpus.article import Article
from bot.corpus.decoding import Unreadable
from bot.corpus.fields import Fields, compose
from bot.corpus.outline import outline
from bot.corpus.refused import Refused

_COMMONMARK = MarkdownIt("commonmark").enable("table")
_TAG = re.compile(r"<!--.*?-->|</?[a-zA-Z][^>]*>", re.DOTALL)


def read(content: str, source: str) -> Iterator[Article | Refused]:
    """The article of a Markdown file, and a refusal for each question in it that has no answer."""
    try:
        post = frontmatter.loads(content)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "cannot be read"
        yield Refused(source, mark.line + 1 if mark else None, f"front matter: {problem}")
        return
    title, text = plain_text(post.content)
    fields: Fields = post.metadata if post.metadata.get("title") else {**post.metadata, "title": title}
    if not text:
        yield Refused(source, None, "no text below the front matter")
        return
    try:
        yield compose(source, fields, text)
    except Unreadable as error:
        yield Refused(source, _line_of(content, str(error)), str(error))
        return
    for question in outline(text).unanswered:
        yield Refused(source, _line_of(content, question), f"the question {question!r} has no answer")


def plain_text(markdown: str) -> tuple[str | None, str]:
    """The title that the document opens with (a first `#` heading), and the rest in an article's plain form."""
    blocks = SyntaxTreeNode(_COMMONMARK.parse(markdown)).children
    title = None
    if blocks and blocks[0].type == "heading" and blocks[0].tag == "h1":
        title = _words(blocks[0])
        blocks = blocks[1:]
    return title, _join(blocks)


def _join(blocks: list[SyntaxTreeNode], separator: str = "\n\n") -> str:
    return separator.join(text for text in map(_block, blocks) if text)


def _block(node: SyntaxTreeNode) -> str:
    match node.type:
        case "heading":
            return f"{'#' * int(node.tag[1])} {_words(node)}"
        case "paragraph":
            # A paragraph that looks like a heading once its backslash is gone keeps the backslash.
            return re.sub(r"^(?=#{1,6} )", r"\\", _words(node, "\n"), flags=re.MULTILINE)
        case "bullet_list" | "ordered_list":
            return _list(node)
        case "blockquote":
            return _indented(_join(node.children), "> ", "> ")
        case "table":
            return _table(node)
        case "fence" | "code_block":
            return f"```\n{node.content.rstrip()}\n```"
        case "html_block":
            return _without_tags(node.content)
    return ""


def _list(node: SyntaxTreeNode) -> str:
    first = int(node.attrs.get("start", 1))
    items = []
    for number, item in enumerate(node.children, first):
        marker = f"{number}. " if node.type == "ordered_list" else "- "
        items.append(_indented(_join(item.children, "\n"), marker, " " * len(marker)))
    return "\n".join(items)


def _table(node: SyntaxTreeNode) -> str:
    rows = [[_words(cell).replace("|", "\\|") for cell in row.children] for part in node.children for row in part.children]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], f"|{' --- |' * len(rows[0])}", *lines[1:]])


def _indented(text: str, first: str, others: str) -> str:
    """`text` with its first line behind `first` and each later one behind `others`."""
    return "\n".join((others if number else first) + line for number, line in enumerate(text.split("\n")))


def _words(node: SyntaxTreeNode, line_break: str = " ") -> str:
    """What a reader sees of a node's inline content; `line_break` stands for a hard break."""
    lines = "".join(_inline(node, line_break)).split("\n")
    return "\n".join(" ".join(line.split()) for line in lines).strip()


def _inline(node: SyntaxTreeNode, line_break: str) -> Iterator[str]:
    match node.type:
        case "text" | "code_inline":
            yield node.content
        case "softbreak" | "image":
            yield " "
        case "hardbreak":
            yield line_break
        case "html_inline":
            yield line_break if node.content.startswith("<br") else ""
        case _:
            for child in node.children:
                yield from _inline(child, line_break)


def _without_tags(markup: str) -> str:
    lines = (" ".join(html.unescape(line).split()) for line in _TAG.sub("\n", markup).split("\n"))
    return "\n".join(line for line in lines if line)


def _line_of(content: str, words: str) -> int | None:
    """The line of the file that holds `words`, or the field that they begin with."""
    lines = content.splitlines()
    field = words.split(" ", 1)[0] + ":"
    return next((n for n, line in enumerate(lines, 1) if words in line or line.startswith(field)), None)
