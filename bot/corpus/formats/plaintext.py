"""`.txt`: plain text, or the text dump of a web page with its menu, adverts, related posts and comment form.

A dump has no markup, so its structure is inferred from layout: a short line alone between blank lines is a heading,
consecutive lines are a list. Boilerplate is recognised by its place (above the title, below "Related Post") or wording.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

from bot.corpus.article import Article
from bot.corpus.fields import build_article, find_date
from bot.corpus.outline import is_faq_title, is_question, outline
from bot.corpus.refused import Refused, Unreadable

_DATED = re.compile(r"(published|posted|updated|last (?:updated|modified))(?: on)?\s*:?\s+(.*\d{4}.*)", re.IGNORECASE)
_ADVERT = re.compile(r"[-–—*=_\s]*(advertisements?|sponsored|ad)[-–—*=_\s]*", re.IGNORECASE)
_SHARE = re.compile(
    r"(?i)(?:(?:join|follow|share|subscribe)\b.{0,40}"
    r"\b(?:(?:whatsapp|telegram|facebook|twitter|instagram|linkedin|youtube|newsletter)\b.{0,20}"
    r"|(?:our|us on|on) (?:channel|group|x)\b.{0,12})"
    r"|join now|follow us|share this|share now|subscribe|click to (?:share|tweet).*)[.!]?"
)
_TAIL = re.compile(
    r"(?i)(?:related|similar|recent|latest|popular|more) (?:posts?|articles?|stories|reads?)|you may also like"
    r"|leave a (?:comment|reply)|cancel reply"
)
_MAX_HEADING_WORDS = 12  # maximum number of words in a heading; a longer line is a paragraph

_MIN_DUMPS = 4  # minimum number of dumps for finding the lines that belong to their site
_MIN_SHARED_WORDS = 4
"""Minimum number of words in a shared line; a shorter one may be a heading that many articles happen to have."""

Block = list[str]
"""Consecutive lines between blank lines."""


def read(content: str, source: str) -> Iterator[Article | Refused]:
    """Yield the article of a text file, and a refusal for each question in it without an answer."""
    blocks = [[line.strip() for line in block.split("\n")] for block in re.split(r"\n(?:[ \t]*\n)+", content.strip())]
    blocks = [kept for block in blocks if (kept := [line for line in block if line and not _ADVERT.fullmatch(line)])]
    cut = next((n for n, block in enumerate(blocks) if _TAIL.fullmatch(block[0].rstrip(":"))), len(blocks))
    # A related post is a line of its own above a line with the date.
    related = [above[0] for above, below in pairwise(blocks[cut + 1 :]) if len(above) == 1 and find_date(below[0])]
    title, dates, body = _split_head(blocks[:cut])
    text = _plain_form([kept for block in body if (kept := [line for line in block if not _SHARE.fullmatch(line)])])
    if not text:
        raise Unreadable("no text in it")
    yield build_article(source, {"title": title, "related": related, **dates}, text)
    for question in outline(text).unanswered:
        yield Refused(source, None, f"the question {question!r} has no answer")


def shared_lines(contents: Iterable[str]) -> frozenset[str]:
    """Return the lines that most page dumps share: the menu, prompts and footer of their site."""
    counts: Counter[str] = Counter()
    pages = 0
    for content in contents:
        pages += 1
        counts.update({line.strip() for line in content.split("\n")})
    shared = (line for line, count in counts.items() if pages >= _MIN_DUMPS and count > pages / 2)
    return frozenset(line for line in shared if line and not is_faq_title(line))


def drop_shared_lines(content: str, shared: frozenset[str]) -> str:
    """Remove shared lines from a page dump; short ones, which may be headings, only at its beginning and end."""
    lines = content.split("\n")
    own = [n for n, line in enumerate(lines) if line.strip() and line.strip() not in shared]
    if not shared or not own:
        return content
    inside = lines[own[0] : own[-1] + 1]
    return "\n".join(line for line in inside if line.strip() not in shared or len(line.split()) < _MIN_SHARED_WORDS)


def _split_head(blocks: list[Block]) -> tuple[str | None, dict[str, object], list[Block]]:
    """Return the title, the dates and the blocks below them; text above the title of a dated page is its menu."""
    lines = [(n, line) for n, block in enumerate(blocks) for line in block]
    found = ((at, _DATED.fullmatch(line)) for at, (_, line) in enumerate(lines))
    # "Updated in 2024, the rules …" is a sentence.
    dated = [(at, match) for at, match in found if match and find_date(match[2])]
    dates: dict[str, object] = {}
    for _, match in dated:
        name = "updated" if re.search("updated|modified", match[1].lower()) else "date"
        dates.setdefault(name, match[2].strip())
    stamps = {match[0] for _, match in dated}
    title = lines[dated[0][0] - 1][1] if dated and dated[0][0] else None
    below = blocks[lines[dated[0][0]][0] :] if dated else []
    body = [kept for block in below if (kept := [line for line in block if line != title and line not in stamps])]
    if body:
        return title, dates, body
    # There is no date, or it stands below the text.
    whole = [kept for block in blocks if (kept := [line for line in block if line not in stamps])]
    titled = len(whole) > 1 and _is_heading(whole[0])
    return (whole[0][0].lstrip("# "), dates, whole[1:]) if titled else (None, dates, whole)


def _is_heading(block: Block) -> bool:
    line = block[0]
    is_short = len(line.split()) <= _MAX_HEADING_WORDS and not re.search(r"[.!:;,]$|^[-*•\d]+[.)]?\s", line)
    return len(block) == 1 and (line.startswith("#") or is_short)


def _plain_form(blocks: list[Block]) -> str:
    """Return blocks in plain form; recurring headings and questions of FAQs are subheadings."""
    counts = Counter(block[0] for block in blocks if _is_heading(block))
    parts: list[str] = []
    in_faqs = False
    for block in blocks:
        line = block[0]
        if not _is_heading(block):
            parts.append("\n".join(_mark_list_items(block)))
            continue
        level = min(len(line) - len(line.lstrip("#")), 6)
        if level == 0:
            in_faqs = is_faq_title(line) or (in_faqs and is_question(line))
            level = 3 if (in_faqs and is_question(line)) or counts[line] > 1 else 2
        parts.append(f"{'#' * level} {line.lstrip('# ')}")
    return "\n\n".join(parts)


def _mark_list_items(block: Block) -> Iterator[str]:
    """Yield the lines of a block; if none ends a sentence, all but introductions ending in ":" become list items."""
    items = [line for line in block if not line.endswith(":")]
    is_list = len(block) > 1 and not any(re.search(r"[.!?]$", line) for line in items)
    for line in block:
        bare = is_list and not line.endswith(":") and not re.match(r"[-*•] |\d+[.)] ", line)
        yield f"- {line}" if bare else line
