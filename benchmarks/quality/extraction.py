"""How well does the HTML reader find the text of saved pages, compared with trafilatura's defaults?

usage: python -m benchmarks.quality.extraction PAGES_FOLDER

PAGES_FOLDER holds one folder per page with source.html, expected.html and expected-metadata.json (the layout of
mozilla/readability's test pages). Prints a Markdown table with F1 of words and of runs of four words, and how many
titles and days of publication are the expected ones.
"""

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from statistics import mean

import trafilatura
from lxml import html

from bot.corpus.article import Article
from bot.corpus.formats.webpage import read_file

COLUMNS = ("words, ours", "words, trafilatura", "4-grams, ours", "4-grams, trafilatura")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", type=Path)
    pages = sorted(path.parent for path in parser.parse_args().pages.glob("*/source.html"))
    print("\n".join(report(pages)))


def report(pages: Iterable[Path]) -> Iterator[str]:
    """Yield the lines of a Markdown table with a row for each page and their mean."""
    yield f"| page | {' | '.join(COLUMNS)} |"
    yield "| --- |" + " ---: |" * len(COLUMNS)
    rows, facts = [], Counter[str]()
    for page in pages:
        article = next(iter(read_file(page / "source.html", page.name)))
        is_read = isinstance(article, Article)
        rows.append(scores(page, article.text if is_read else ""))
        facts += count_facts(page, article) if is_read else Counter()
        yield _row(page.name, rows[-1])
    yield _row(f"**mean of {len(rows)}**", [mean(column) for column in zip(*rows, strict=True)])
    titles, days = (f"{facts[f'right {kind}']} of {facts[kind]}" for kind in ("titles", "days"))
    yield f"\nExpected titles: {titles}; expected days of publication: {days}."


def scores(page: Path, ours: str) -> list[float]:
    """Return F1 of words and of 4-grams, each for our text and for trafilatura's."""
    expected = words(html.fromstring((page / "expected.html").read_text(encoding="utf-8")).text_content())
    plain = trafilatura.extract((page / "source.html").read_bytes()) or ""
    return [f1(grams(words(text), n), grams(expected, n)) for n in (1, 4) for text in (ours, plain)]


def count_facts(page: Path, article: Article) -> Counter[str]:
    """Count the expected title and day of publication, and whether the article has them."""
    facts = json.loads((page / "expected-metadata.json").read_text(encoding="utf-8"))
    title, day = facts.get("title") or "", (facts.get("publishedTime") or "")[:10]
    published = article.published.isoformat() if article.published else ""
    return Counter({
        "titles": bool(title), "right titles": words(article.title) == words(title),
        "days": bool(day), "right days": bool(day) and published == day,
    })  # fmt: skip


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def grams(tokens: list[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(islice(tokens, start, None) for start in range(n)), strict=False))


def f1(found: Counter[tuple[str, ...]], expected: Counter[tuple[str, ...]]) -> float:
    """Return the harmonic mean of precision and recall of two bags."""
    both = (found & expected).total()
    return 2 * both / total if (total := found.total() + expected.total()) else 1.0


def _row(name: str, values: Iterable[float]) -> str:
    return f"| {name} | {' | '.join(f'{value:.3f}' for value in values)} |"


if __name__ == "__main__":
    main()
