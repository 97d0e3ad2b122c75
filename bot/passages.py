"""`Article` → `Passage`s: what is found and quoted."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

from bot.corpus.article import Article, Faq, Section, slug
from bot.corpus.decisions import ALTERNATES
from bot.corpus.outline import outline
from bot.corpus.refused import Refused
from bot.corpus.source import Alternate

TokenStarts = Callable[[Sequence[str]], list[Sequence[int]]]
"""Where in each text each token that a model makes of it starts, in rising order, without the special ones."""

Kind = Literal["faq", "section"]
Span = tuple[int, int]
_CountTokens = Callable[[Span], int]
"""How many tokens a stretch of one article's text has."""
_TOGETHER = 64
"""Articles whose texts are cut into tokens at once: the tokenizer shares them out among its threads."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One FAQ, or a stretch of one section: `text` is `article.text[start:end]`."""

    id: str
    """`article#faq-slug` or `article#section-slug-n`, the same at every build while the headings stay."""
    kind: Kind
    article: Article
    section: tuple[str, ...]
    """The headings it stands under, outermost first."""
    text: str
    start: int
    end: int
    question: str | None = None
    alternates: tuple[str, ...] = ()
    sentences: tuple[Span, ...] = ()
    """Of a section: its sentences, whole lists and whole tables, as spans of the article's text."""


def context(passage: Passage) -> str:
    """The words that tell what a passage is about: a FAQ's question, else the article's title and the headings above it."""
    if passage.question is not None:
        return passage.question
    return _about(passage.article, passage.section)


def _about(article: Article, path: tuple[str, ...]) -> str:
    return ": ".join(dict.fromkeys((article.title, *path)))


def with_alternates(
    passages: Iterable[Passage], alternates: Sequence[Alternate], refuse: Callable[[Refused], None]
) -> Iterator[Passage]:
    """The passages with the corpus's alternates added; `refuse` hears, in the end, of those whose passage does not exist or is no FAQ."""
    waiting: dict[str, list[Alternate]] = {}
    for row in alternates:
        waiting.setdefault(row.passage, []).append(row)
    for passage in passages:
        if rows := waiting.pop(passage.id, None):
            yield _with_alternates(passage, rows, refuse)
        else:
            yield passage
    for row in (row for rows in waiting.values() for row in rows):
        refuse(Refused(ALTERNATES, row.line, f"the passage {row.passage!r} does not exist"))


def _with_alternates(passage: Passage, rows: Sequence[Alternate], refuse: Callable[[Refused], None]) -> Passage:
    if passage.question is None:
        for row in rows:
            refuse(Refused(ALTERNATES, row.line, f"the passage {row.passage!r} is not a FAQ"))
        return passage
    new = (row.question for row in rows if row.question not in (passage.question, *passage.alternates))
    return replace(passage, alternates=(*passage.alternates, *dict.fromkeys(new)))


def split_articles(articles: Iterable[Article], token_starts: TokenStarts, limit: int) -> Iterator[Passage]:
    """The passages of articles, one article after the other, in the order of their texts.

    A FAQ is one passage, whatever its length. A section is cut between paragraphs, list items, table rows and sentences into passages of
    at most `limit` tokens, context included; only a sentence longer than that is cut between words.
    """
    for _, passages in split_each(articles, token_starts, limit):
        yield from passages


def split_each(
    articles: Iterable[Article], token_starts: TokenStarts, limit: int
) -> Iterator[tuple[Article, Iterator[Passage]]]:
    """Each article with its passages, as `split_articles` makes them."""
    for together, found in _tokenized(articles, token_starts):
        for article, starts in zip(together, found, strict=True):
            yield article, _split(article, starts, token_starts, limit)


def _tokenized(
    articles: Iterable[Article], token_starts: TokenStarts
) -> Iterator[tuple[list[Article], list[Sequence[int]]]]:
    """Articles, some together, and where their tokens start: the next ones are cut into tokens while these are used."""
    rest = iter(articles)
    with ThreadPoolExecutor(1) as ahead:
        waiting: tuple[list[Article], Future[list[Sequence[int]]]] | None = None
        while together := list(islice(rest, _TOGETHER)):
            following = (together, ahead.submit(token_starts, [article.text for article in together]))
            if waiting:
                yield waiting[0], waiting[1].result()
            waiting = following
        if waiting:
            yield waiting[0], waiting[1].result()


def _split(article: Article, starts: Sequence[int], token_starts: TokenStarts, limit: int) -> Iterator[Passage]:
    def count_tokens(span: Span) -> int:
        return bisect_left(starts, span[1]) - bisect_left(starts, span[0])

    sections = [left for section in outline(article.text).sections for left in _besides(section, article)]
    seen: dict[str, int] = {}
    parts: list[Faq | Section] = [*article.faqs, *sections]
    for part in sorted(parts, key=lambda part: part.start):
        if isinstance(part, Faq):
            yield _faq_passage(article, part, seen)
        else:
            room = max(limit - len(token_starts([_about(article, part.path)])[0]), limit // 3)
            yield from _section_passages(article, part, seen, count_tokens, room)


def _besides(section: Section, article: Article) -> Iterator[Section]:
    """What a section says besides the FAQs in it."""
    start, path = section.start, section.path
    for faq in sorted(
        (faq for faq in article.faqs if faq.start < section.end and section.start < faq.end), key=lambda faq: faq.start
    ):
        yield from _stretch(path, article.text, start, faq.start)
        # What follows a marked question's answer no longer belongs under that question.
        path = path[: path.index(faq.question)] if faq.question in path else path
        start = max(start, faq.end)
    yield from _stretch(path, article.text, start, section.end)


def _stretch(path: tuple[str, ...], text: str, start: int, end: int) -> Iterator[Section]:
    words = text[start:end]
    if words.strip():
        yield Section(path, start + len(words) - len(words.lstrip()), start + len(words.rstrip()))


def _faq_passage(article: Article, faq: Faq, seen: dict[str, int]) -> Passage:
    key = f"{article.id}#faq-{slug(faq.question)}"
    seen[key] = seen.get(key, 0) + 1
    ident = key if seen[key] == 1 else f"{key}-{seen[key]}"
    return Passage(
        ident,
        "faq",
        article,
        faq.section,
        article.text[faq.start : faq.end],
        faq.start,
        faq.end,
        faq.question,
        faq.alternates,
    )


def _section_passages(
    article: Article, section: Section, seen: dict[str, int], count_tokens: _CountTokens, room: int
) -> Iterator[Passage]:
    key = f"{article.id}#section-{slug(' '.join(section.path)) or 'opening'}"
    bare = Passage(key, "section", article, section.path, "", section.start, section.end)
    for start, end in _pack(article.text, _blocks(article.text, section), count_tokens, room, article.language):
        seen[key] = seen.get(key, 0) + 1
        sentences = tuple(_quotable(article.text, (start, end), article.language))
        yield replace(
            bare, id=f"{key}-{seen[key]}", text=article.text[start:end], start=start, end=end, sentences=sentences
        )


def _blocks(text: str, section: Section) -> list[Span]:
    """The paragraphs, lists and tables of a section; one that ends in a colon goes with what it introduces."""
    found = [
        (section.start + m.start(), section.start + m.end())
        for m in re.finditer(r"\S.*?(?=\n[ \t]*\n|\Z)", text[section.start : section.end], re.DOTALL)
    ]
    blocks: list[Span] = []
    for start, end in found:
        if blocks and text[: blocks[-1][1]].endswith(":"):
            blocks[-1] = (blocks[-1][0], end)
        else:
            blocks.append((start, end))
    return blocks


def _pack(text: str, blocks: list[Span], count_tokens: _CountTokens, room: int, language: str) -> Iterator[Span]:
    """Join neighbouring blocks while they fit in `room` tokens; a block that does not fit by itself is cut first."""
    pieces: list[Span] = []
    for block in blocks:
        pieces += [block] if count_tokens(block) <= room else _packed_units(text, block, count_tokens, room, language)
    yield from _join(pieces, count_tokens, room)


def _packed_units(text: str, block: Span, count_tokens: _CountTokens, room: int, language: str) -> list[Span]:
    """A block as stretches that fit: of whole lines (list items, table rows), else of sentences, else of words."""
    units = _cut(_lines(text, block), count_tokens, room, lambda line: _sentences(text, line, language))
    units = _cut(units, count_tokens, room, lambda sentence: _join(_word_spans(text, sentence), count_tokens, room))
    return list(_join(units, count_tokens, room))


def _cut(
    units: Iterable[Span], count_tokens: _CountTokens, room: int, into: Callable[[Span], Iterable[Span]]
) -> list[Span]:
    """The units, each that does not fit cut into smaller ones."""
    return [part for unit in units for part in ([unit] if count_tokens(unit) <= room else into(unit))]


def _join(spans: Iterable[Span], count_tokens: _CountTokens, room: int) -> Iterator[Span]:
    """Join neighbouring spans, first come first joined, into stretches of at most `room` tokens."""
    stretch: Span | None = None
    used = 0
    for span in spans:
        size = count_tokens(span)
        if stretch is not None and used + size <= room:
            stretch, used = (stretch[0], span[1]), used + size
        else:
            if stretch is not None:
                yield stretch
            stretch, used = span, size
    if stretch is not None:
        yield stretch


_SHORTENED = re.compile(r"(?<![\w\u0900-\u0963])(?:डॉ|रु|रू|प्रो|श्री|श्रीमती|सुश्री|कु|सं|क्र|नं|पृ|वि|उदा|ई|मो)\.\s*$")
"""Hindi ends its sentences with a bar; these words with a dot are shortened, which sentencex does not know."""


def _sentences(text: str, block: Span, language: str) -> Iterator[Span]:
    """The sentences of each line of a block."""
    from sentencex import segment

    for start, end in _lines(text, block):
        at = begin = start
        for sentence in segment(language, text[start:end]):
            at += len(sentence)
            if at == end or not _SHORTENED.search(text, begin, at):
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


def _quotable(text: str, stretch: Span, language: str) -> Iterator[Span]:
    """The units of a stretch that say something by themselves: sentences, and whole lists and tables with the line that leads to them."""
    unit: Span | None = None
    for start, end in _sentences(text, stretch, language):
        if unit and _goes_on(text, unit, (start, end)):
            unit = (unit[0], end)
            continue
        if unit:
            yield unit
        unit = (start, end)
    if unit:
        yield unit


def _goes_on(text: str, unit: Span, following: Span) -> bool:
    """Whether what follows belongs to a unit: what a colon leads to, the rest of an item, the next item of the same list."""
    words, between = text[slice(*unit)], text[unit[1] : following[0]]
    in_list = _ITEM.match(words[words.rfind("\n") + 1 :]) is not None
    next_item = between.count("\n") == 1 and _ITEM.match(text, following[0]) is not None
    return words.endswith(":") or (in_list and ("\n" not in between or next_item))


def _word_spans(text: str, unit: Span) -> list[Span]:
    return [(unit[0] + m.start(), unit[0] + m.end()) for m in re.finditer(r"\S+", text[unit[0] : unit[1]])]
