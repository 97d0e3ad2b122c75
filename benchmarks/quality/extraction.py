"""Compare the text that the HTML reader makes of saved pages with the text that a person, or Readability, kept of them.

usage: python -m benchmarks.quality.extraction PAGES_FOLDER

PAGES_FOLDER holds a folder a page: source.html, expected.html and expected-metadata.json (the layout of mozilla/readability's test pages). Prints a
Markdown table: F1 of words and of runs of four words, of the reader and of plain trafilatura with its defaults in the same run, and how many of the
titles and days of publication given are the expected ones.
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
    """The lines of a Markdown table with a row for each page and their mean."""
    yield f"| page | {' | '.join(COLUMNS)} |"
    yield "| --- |" + " ---: |" * len(COLUMNS)
    rows, right = [], Counter[str]()
    for page in pages:
        article = next(iter(read_file(page / "source.html", page.name)))
        ours = article.text if isinstance(article, Article) else ""
        rows.append(scores(page, ours))
        right += facts_right(page, article) if isinstance(article, Article) else Counter()
        yield _row(page.name, rows[-1])
    yield _row(f"**mean of {len(rows)}**", [mean(column) for column in zip(*rows, strict=True)])
    yield f"\nTitles as expected: {right['title']} of {right['titles']}; days of publication: {right['day']} of {right['days']}."


def scores(page: Path, ours: str) -> list[float]:
    """The F1 of words and of 4-grams, each ours and plain trafilatura's."""
    expected = words(html.fromstring((page / "expected.html").read_text(encoding="utf-8")).text_content())
    plain = trafilatura.extract((page / "source.html").read_bytes()) or ""
    return [f1(grams(words(text), n), grams(expected, n)) for n in (1, 4) for text in (ours, plain)]


def facts_right(page: Path, article: Article) -> Counter[str]:
    """Whether the title and the day of publication are the expected ones, and whether these were given."""
    facts = json.loads((page / "expected-metadata.json").read_text(encoding="utf-8"))
    title, day = facts.get("title"), (facts.get("publishedTime") or "")[:10]
    same_day = article.published is not None and article.published.isoformat() == day
    return Counter(
        titles=bool(title), title=words(article.title) == words(title or ""), days=bool(day), day=bool(day) and same_day
    )


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def grams(tokens: list[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(islice(tokens, start, None) for start in range(n)), strict=False))


def f1(found: Counter[tuple[str, ...]], expected: Counter[tuple[str, ...]]) -> float:
    """The harmonic mean of precision and recall over two bags."""
    both = (found & expected).total()
    return 2 * both / total if (total := found.total() + expected.total()) else 1.0


def _row(name: str, values: Iterable[float]) -> str:
    return f"| {name} | {' | '.join(f'{value:.3f}' for value in values)} |"


if __name__ == "__main__":
    main()
