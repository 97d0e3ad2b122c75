"""How much of the text that a page must have, and of its furniture, does the HTML reader keep, beside trafilatura?

usage: python -m benchmarks.quality.extraction_segments FOLDER

FOLDER holds `wordpress/` (evaldata.json names for each saved page the segments that must be extracted, `with`, and the
ones that must not, `without`: the layout of trafilatura's evaluation) and `news/` (ground-truth.json gives the whole
text of each page: the layout of scrapinghub's article-extraction-benchmark). Both are compared word by word, without
punctuation and marks. F1 is of 4-word shingles, from the means of precision and recall over the pages.
"""

import argparse
import gzip
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import trafilatura

from bot.corpus.article import Article
from bot.corpus.formats.webpage import decode_page, read

SHINGLE = 4


def ours(page: bytes) -> str:
    articles = [each for each in read(decode_page(page).text, "page") if isinstance(each, Article)]
    return "\n".join(f"{each.title}\n{each.text}" for each in articles)


def plain(page: bytes) -> str:
    return trafilatura.extract(page) or ""


READERS: Mapping[str, Callable[[bytes], str]] = {"ours": ours, "trafilatura": plain}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    print("| reader | must-have segments | must-not segments | precision | recall | F1 |\n| --- |" + " ---: |" * 5)
    for name, reader in READERS.items():
        shares = segment_shares(folder / "wordpress", reader)
        figures = [100 * share for share in (*shares, *shingle_shares(folder / "news", reader))]
        print(f"| {name} | {' | '.join(f'{figure:.1f}' for figure in figures)} |")


def segment_shares(folder: Path, reader: Callable[[bytes], str]) -> Iterator[float]:
    """Yield the share of the segments of each kind that the reader keeps."""
    pages = list(json.loads((folder / "evaldata.json").read_text(encoding="utf-8")).values())
    texts = [words(reader(next(folder.rglob(page["file"])).read_bytes())) for page in pages]
    for kind in ("with", "without"):
        kept = [words(each) in text for page, text in zip(pages, texts, strict=True) for each in page[kind]]
        yield float(np.mean(kept))


def shingle_shares(folder: Path, reader: Callable[[bytes], str]) -> tuple[float, float, float]:
    """Return precision, recall and F1 of the shingles."""
    rows = []
    for name, page in json.loads((folder / "ground-truth.json").read_text(encoding="utf-8")).items():
        content = gzip.decompress(next(folder.rglob(f"{name}.html.gz")).read_bytes())
        found, expected = shingles(reader(content)), shingles(page["articleBody"])
        common = (found & expected).total()
        rows.append((common / max(1, found.total()), common / max(1, expected.total())))
    precision, recall = np.mean(rows, axis=0).tolist()
    return precision, recall, 2 * precision * recall / (precision + recall)


def words(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).replace("\xad", "")
    # Vowel signs of Indian scripts are no letters to `re`.
    return " ".join(re.findall(r"[\w\u0900-\u0dff]+", text))


def shingles(text: str) -> Counter[tuple[str, ...]]:
    each = words(text).split()
    return Counter(tuple(each[start : start + SHINGLE]) for start in range(max(1, len(each) - SHINGLE + 1)))


if __name__ == "__main__":
    main()
