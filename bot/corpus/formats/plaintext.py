"""`.txt`: plain text, and the text dump of a web page with its menu, adverts, share prompts, related posts and comment form.

A dump carries no markup, so structure is read from layout: a short line alone between blank lines is a heading, lines that stand together
are a list. What is around the article is known by where it stands (above the title, below "Related Post") or by its wording.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

from bot.corpus.article import Article
from bot.corpus.fields import build_article, parse_date
from bot.corpus.outline import is_faq_title, is_question, outline
from bot.corpus.refused import Refused, Unreadable

_DATED = re.compile(r"(published|posted|updated|last (?:updated|modified))(?: on)?\s*:?\s+(.*\d{4}.*)", re.IGNORECASE)
_ADVERT = re.compile(r"[-–—*=_\s]*(advertisements?|sponsored|ad)[-–—*=_\s]*", re.IGNORECASE)
_SHARE = re.compile(
    r"(?:(?:join|follow|share|subscribe)\b(?:.{0,40}\b(?:whatsapp|telegram|facebook|twitter|x|instagram|linkedin|youtube|channel|group|newsletter)\b.{0,12})"
    r"|join now|follow us|share this|share now|subscribe|click to (?:share|tweet).*)[.!]?",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"(?:related|similar|recent|latest|popular|more) (?:posts?|articles?|stories|reads?)|you may also like|leave a (?:comment|reply)|cancel reply",
    re.IGNORECASE,
)
_MAX_HEADING_WORDS = 12
"""Words; a longer line alone is a paragraph."""

_MIN_DUMPS = 4
"""Dumps from which it can be told what belongs to their site."""
_MIN_SHARED_WORDS = 4
"""Words of a line that cannot be a heading of many articles by chance."""

Block = list[str]
"""Lines that stand together, between blank lines."""


def read(content: str, source: str) -> Iterator[Article | Refused]:
    """The article of a text file, and a refusal for each question in it that has no answer."""
    blocks = [[line.strip() for line in block.split("\n")] for block in re.split(r"\n(?:[ \t]*\n)+", content.strip())]
    blocks = [kept for block in blocks if (kept := [line for line in block if line and not _ADVERT.fullmatch(line)])]
    blocks, after = _cut_tail(blocks)
    try:
        title, dates, body = _head(blocks)
        text = _text([kept for block in body if (kept := [line for line in block if not _SHARE.fullmatch(line)])])
        if not text:
            yield Refused(source, None, "no text in it")
            return
        yield build_article(source, {"title": title, "related": _titles(after), **dates}, text)
    except Unreadable as error:
        yield Refused(source, None, str(error))
        return
    for question in outline(text).unanswered:
        yield Refused(source, None, f"the question {question!r} has no answer")


def shared_lines(contents: Iterable[str]) -> frozenset[str]:
    """The lines that most of several page dumps share: the menu, prompts and footer of their site."""
    often: Counter[str] = Counter()
    pages = 0
    for content in contents:
        pages += 1
        often.update({line.strip() for line in content.split("\n")})
    return frozenset(
        line
        for line, count in often.items()
        if line and pages >= _MIN_DUMPS and count > pages / 2 and not is_faq_title(line)
    )


def drop_shared_lines(content: str, repeated: frozenset[str]) -> str:
    """A page dump without the lines that it shares with most others; short ones, which may be headings, only go above and below all else."""
    lines = content.split("\n")
    own = [n for n, line in enumerate(lines) if line.strip() and line.strip() not in repeated]
    if not repeated or not own:
        return content
    inside = lines[own[0] : own[-1] + 1]
    return "\n".join(line for line in inside if line.strip() not in repeated or len(line.split()) < _MIN_SHARED_WORDS)


def _cut_tail(blocks: list[Block]) -> tuple[list[Block], list[Block]]:
    """The blocks before the first one that announces related posts or a comment form, and those after it."""
    cut = next((n for n, block in enumerate(blocks) if _TAIL.fullmatch(block[0].rstrip(":"))), len(blocks))
    return blocks[:cut], blocks[cut + 1 :]


def _titles(related: list[Block]) -> list[str]:
    """The titles in a list of related posts: each stands alone above a line with its date."""
    return [above[0] for above, below in pairwise(related) if len(above) == 1 and _is_day(below[0])]


def _is_day(line: str) -> bool:
    try:
        parse_date("date", line)
    except Unreadable:
        return False
    return True


def _head(blocks: list[Block]) -> tuple[str | None, dict[str, object], list[Block]]:
    """Title, dates and the blocks below them; what stands above the title of a dated page is its menu."""
    lines = [(n, line) for n, block in enumerate(blocks) for line in block]
    dated = [(at, match) for at, (_, line) in enumerate(lines) if (match := _DATED.fullmatch(line))]
    if not dated:
        titled = bool(blocks) and _is_heading(blocks[0]) and len(blocks) > 1
        return (blocks[0][0].lstrip("# "), {}, blocks[1:]) if titled else (None, {}, blocks)
    title = lines[dated[0][0] - 1][1] if dated[0][0] else None
    dates: dict[str, object] = {}
    for _, match in dated:
        dates.setdefault(
            "updated" if "updated" in match[1].lower() or "modified" in match[1].lower() else "date", match[2].strip()
        )
    body = [
        [line for line in block if line != title and not _DATED.fullmatch(line)]
        for block in blocks[lines[dated[0][0]][0] :]
    ]
    return title, dates, [block for block in body if block]


def _is_heading(block: Block) -> bool:
    line = block[0]
    marked = line.startswith("#")
    return len(block) == 1 and (
        marked or (len(line.split()) <= _MAX_HEADING_WORDS and not re.search(r"[.!:;,]$|^[-*•\d]+[.)]?\s", line))
    )


def _text(blocks: list[Block]) -> str:
    levels = _levels(blocks)
    parts = []
    for block, level in zip(blocks, levels, strict=True):
        if level:
            parts.append(f"{'#' * level} {block[0].lstrip('# ')}")
        else:
            parts.append("\n".join(_listed(block)))
    return "\n\n".join(parts)


def _levels(blocks: list[Block]) -> list[int]:
    """The heading level of each block, 0 for text.

    A heading is a subheading when it recurs (the two sides of a comparison), stands right below another heading, or is a question of the FAQs.
    """
    headings = [_is_heading(block) for block in blocks]
    often = Counter(block[0] for block, heading in zip(blocks, headings, strict=True) if heading)
    levels: list[int] = []
    in_faqs = False
    for n, block in enumerate(blocks):
        line = block[0]
        if not headings[n]:
            levels.append(0)
        elif line.startswith("#"):
            levels.append(min(len(line) - len(line.lstrip("#")), 6))
        else:
            in_faqs = is_faq_title(line) or (in_faqs and is_question(line))
            below = n > 0 and levels[n - 1] == 2 and often[line] > 1
            levels.append(3 if (in_faqs and is_question(line)) or below or often[line] > 1 else 2)
    return levels


def _listed(block: Block) -> Iterator[str]:
    """The lines of a block: of several that end no sentence, those after an introduction ending in ":" become list items."""
    items = [line for line in block if not line.endswith(":")]
    is_list = len(block) > 1 and not any(re.search(r"[.!?]$", line) for line in items)
    for line in block:
        bare = is_list and not line.endswith(":") and not re.match(r"[-*•] |\d+[.)] ", line)
        yield f"- {line}" if bare else line
