"""`Article` → `Passage`s: the units that are searched and quoted."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Literal

from bot.corpus.article import Article, Faq, Section, slug
from bot.corpus.outline import is_source_title, outline, table_head, trim
from bot.corpus.refused import Refused
from bot.languages.registry import combined_pattern

TokenStarts = Callable[[Sequence[str]], list[Sequence[int]]]
"""Takes texts and returns the start of each token in each of them, in rising order, without special tokens."""

Kind = Literal["faq", "section"]
Span = tuple[int, int]
_BLOCK = re.compile(r"\S.*?(?=\n[ \t]*\n|\Z)", re.DOTALL)
_CountTokens = Callable[[Span], int]  # takes a span of an article's text and returns its number of tokens
_BATCH = 64  # number of articles that are tokenized at once, by the threads of the tokenizer


@dataclass(frozen=True, slots=True)
class Passage:
    """One FAQ, or a part of one section: `text` is `article.text[start:end]`."""

    id: str
    """`article#faq-slug` or `article#section-slug-n`; stable across builds unless headings change."""
    kind: Kind
    article: Article
    section: tuple[str, ...]
    """The headings above it, outermost first."""
    text: str
    start: int
    end: int
    question: str | None = None
    alternates: tuple[str, ...] = ()
    sentences: tuple[Span, ...] = ()
    """The sentences, list items and table rows, as spans of the article's text."""


SplitItem = tuple[Article | Refused, tuple[Passage, ...]]
"""An article with its passages, or a refusal with none."""


def context(passage: Passage) -> str:
    """Return what a passage is about: a FAQ's question, or the title and the headings above a section.

    Of the later parts of a table, the names of its columns as well.
    """
    if passage.question is not None:
        return passage.question
    head = table_head(passage.article.text, passage.start).split("\n")[0]
    columns = ", ".join(filter(None, (cell.strip() for cell in re.split(r"(?<!\\)\|", head))))
    return ": ".join(filter(None, (_headings(passage.article, passage.section), columns)))


def context_and_text(passage: Passage) -> str:
    """Return what a passage is about and its text."""
    return f"{context(passage)}\n{passage.text}"


def sentences_of(passage: Passage) -> list[str]:
    """Return the sentences, list items and table rows of a passage; a passage without several is one."""
    if len(passage.sentences) < 2:
        return [passage.text]
    return [passage.article.text[start:end] for start, end in passage.sentences]


def _headings(article: Article, path: tuple[str, ...]) -> str:
    return ": ".join(dict.fromkeys((article.title, *path)))


def split_articles(articles: Iterable[Article], token_starts: TokenStarts, limit: int) -> Iterator[Passage]:
    """Yield the passages of articles, in the order of their texts.

    A FAQ is one passage, whatever its length. A section is split between paragraphs, list items, table rows and
    sentences into passages of at most `limit` tokens, context included; only a longer sentence is split between words.
    """
    return chain.from_iterable(_split_each(articles, token_starts, limit))


def split_items(items: Iterable[Article | Refused], token_starts: TokenStarts, limit: int) -> Iterator[SplitItem]:
    """Yield what was read, each article with its passages; see `split_articles`."""
    remaining = iter(items)
    while batch := list(islice(remaining, _BATCH)):
        split = _split_each((item for item in batch if isinstance(item, Article)), token_starts, limit)
        for item in batch:
            yield (item, ()) if isinstance(item, Refused) else (item, tuple(next(split)))


def _split_each(articles: Iterable[Article], token_starts: TokenStarts, limit: int) -> Iterator[Iterator[Passage]]:
    """Yield the passages of each article."""
    remaining = iter(articles)
    while batch := list(islice(remaining, _BATCH)):
        for article, starts in zip(batch, token_starts([article.text for article in batch]), strict=True):
            yield _split(article, starts, token_starts, limit)


def _split(article: Article, starts: Sequence[int], token_starts: TokenStarts, limit: int) -> Iterator[Passage]:
    def count_tokens(span: Span) -> int:
        return bisect_left(starts, span[1]) - bisect_left(starts, span[0])

    found = outline(article.text).sections
    # A list of sources at the end answers nothing.
    has_sources = len(found) > 1 and found[-1].path and is_source_title(found[-1].path[-1])
    answering = found[:-1] if has_sources else found
    sections = [part for section in answering for part in _without_faqs(section, article)]
    seen: dict[str, int] = {}
    parts: list[Faq | Section] = [*article.faqs, *sections]
    for part in sorted(parts, key=lambda part: part.start):
        if isinstance(part, Faq):
            yield _faq_passage(article, part, seen)
        else:
            room = max(limit - len(token_starts([_headings(article, part.path)])[0]), limit // 3)
            yield from _section_passages(article, part, seen, count_tokens, room)


def _without_faqs(section: Section, article: Article) -> Iterator[Section]:
    """Yield the parts of a section around the FAQs in it."""
    start, path = section.start, section.path
    inside = (faq for faq in article.faqs if faq.start < section.end and section.start < faq.end)
    for faq in sorted(inside, key=lambda faq: faq.start):
        yield from _trimmed(path, article.text, start, faq.start)
        # The text after an answer is no longer under the question's heading.
        path = path[: path.index(faq.question)] if faq.question in path else path
        start = max(start, faq.end)
    yield from _trimmed(path, article.text, start, section.end)


def _trimmed(path: tuple[str, ...], text: str, start: int, end: int) -> Iterator[Section]:
    start, end = trim(text, start, end)
    if start < end:
        yield Section(path, start, end)


def _faq_passage(article: Article, faq: Faq, seen: dict[str, int]) -> Passage:
    key = ident = f"{article.id}#faq-{slug(faq.question)}"
    while ident in seen:
        seen[key] += 1
        ident = f"{key}-{seen[key]}"
    seen[ident] = 1
    text = article.text[faq.start : faq.end]
    sentences = tuple(_quotable(article.text, (faq.start, faq.end), article.language))
    return Passage(
        ident, "faq", article, faq.section, text, faq.start, faq.end, faq.question, faq.alternates, sentences
    )


def _section_passages(
    article: Article, section: Section, seen: dict[str, int], count_tokens: _CountTokens, room: int
) -> Iterator[Passage]:
    key = f"{article.id}#section-{slug(' '.join(section.path)) or 'opening'}"
    text, language = article.text, article.language
    for start, end in _pack(text, _blocks(text, section), _with_head(text, count_tokens), room, language):
        seen[key] = seen.get(key, 0) + 1
        ident, sentences = f"{key}-{seen[key]}", tuple(_quotable(text, (start, end), language))
        yield Passage(ident, "section", article, section.path, text[start:end], start, end, sentences=sentences)


def _with_head(text: str, count_tokens: _CountTokens) -> _CountTokens:
    """Return a count that adds the header row to each part of a table.

    A single row counts without it, so that no row is split because of the header.
    """

    def count(span: Span) -> int:
        head = table_head(text, span[0]) if "\n" in text[span[0] : span[1]] else ""
        start = text.rfind(head, 0, span[0]) if head else 0
        return count_tokens(span) + (count_tokens((start, start + len(head))) if head else 0)

    return count


def _blocks(text: str, section: Section) -> list[Span]:
    """Return the paragraphs, lists and tables of a section, each with the line that introduces it with a colon."""
    found = (match.span() for match in _BLOCK.finditer(text, section.start, section.end))
    return _merge(found, lambda block, _: text.endswith(":", 0, block[1]))


def _merge(spans: Iterable[Span], continues: Callable[[Span, Span], bool]) -> list[Span]:
    """Merge the spans that continue the one before them with it."""
    merged: list[Span] = []
    for start, end in spans:
        if merged and continues(merged[-1], (start, end)):
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def _pack(text: str, blocks: list[Span], count_tokens: _CountTokens, room: int, language: str) -> list[Span]:
    """Join neighbouring blocks while they fit in `room` tokens; a block that does not fit is split first.

    It is split into spans of whole lines (list items, table rows), else of sentences, else of words.
    """

    def split(block: Span) -> list[Span]:
        units = _split_long(_lines(text, block), count_tokens, room, lambda line: _sentences(text, line, language))
        units = _split_long(units, count_tokens, room, lambda long: _join(_words(text, long), count_tokens, room))
        return _join(units, count_tokens, room)

    return _join(_split_long(blocks, count_tokens, room, split), count_tokens, room)


def _split_long(
    units: Iterable[Span], count_tokens: _CountTokens, room: int, split: Callable[[Span], Iterable[Span]]
) -> list[Span]:
    return [part for unit in units for part in ([unit] if count_tokens(unit) <= room else split(unit))]


def _join(spans: Iterable[Span], count_tokens: _CountTokens, room: int) -> list[Span]:
    """Join neighbouring spans greedily into spans of at most `room` tokens."""
    return _merge(spans, lambda joined, span: count_tokens((joined[0], span[1])) <= room)


_ABBREVIATION = re.compile(rf"(?<![\w\u0900-\u0963])(?:{combined_pattern('abbreviations')})\.\s*$")
"""Abbreviations that sentencex takes for the end of a sentence."""


def _sentences(text: str, block: Span, language: str) -> Iterator[Span]:
    from sentencex import segment

    for start, end in _lines(text, block):
        at = begin = start
        for sentence in segment(language, text[start:end]):
            at += len(sentence)
            if at == end or not _ABBREVIATION.search(text, begin, at):
                if stripped := text[begin:at].strip():
                    first = text.index(stripped, begin)
                    yield first, first + len(stripped)
                begin = at


def _lines(text: str, block: Span) -> Iterator[Span]:
    at = block[0]
    for line in text[block[0] : block[1]].splitlines(keepends=True):
        if stripped := line.strip():
            begin = at + line.index(stripped)
            yield begin, begin + len(stripped)
        at += len(line)


_ITEM = re.compile(r"[|>]|(?:[-*+•]|\d+[.)])(?=\s|$)")


def _quotable(text: str, span: Span, language: str) -> list[Span]:
    """Return the parts that can be quoted alone: sentences, list items and table rows."""

    def is_same_item(unit: Span, following: Span) -> bool:
        return _ITEM.match(text, unit[0]) is not None and "\n" not in text[unit[1] : following[0]]

    return _merge(_sentences(text, span, language), is_same_item)


def _words(text: str, unit: Span) -> list[Span]:
    return [match.span() for match in re.compile(r"\S+").finditer(text, *unit)]
