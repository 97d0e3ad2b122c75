"""Do readers survive damaged files, with no exception but `Unreadable` and without hanging?

usage: python -m benchmarks.robustness.fuzz_readers [--seconds N] [--only ENDING ...] [--seed N]

Flips, cuts, repeats and replaces bytes of each format's sample (from the tests, or made here by the format's library),
and inserts what parsers stumble over; in a ZIP package, mostly in one of its parts, which is packed again. Prints the
numbers of files tried, read, refused and failed, and the slowest; exits with 1 if one failed. Files that made a reader
fail are saved as `fuzz-…`.
"""

import argparse
import random
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from importlib import import_module
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import NoReturn
from zipfile import ZipFile

from bot.corpus.corpus import FORMATS
from bot.corpus.decoding import decode
from bot.corpus.refused import Unreadable

MAX_SECONDS = 20.0
"""Seconds for one small file, above which the reader counts as hanging."""
TOKENS = (
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"---\n", b"+++\n", b"# ", b"## FAQs\n\n### ", b"Q: ", b"A: ", b"```\n",
    b"<![CDATA[", b"]]>", b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"&a;" * 9, b"<div>" * 200, b"</p>",
    b"<details><summary>?", b'"', b'""', b";", b"\t", b"|", b"\r", b"{", b"[" * 300, b"\\", b"%s", b"9" * 400, b"-1",
    b"obj\n<<", b">>", b"stream\r\n", b"\x92", b"\xc3\xa9", b"<button>", b"</button>",
)  # fmt: skip
ARTICLE = """---
title: Notice period
date: 2026-01-05
tags: [a, b]
---

A notice period is **this**. See [more](https://example.com).

## How long it runs

- thirty
- ninety

| a | b |
| --- | --- |
| 1 | 2 |

Q: Who pays?
A: The firm.

## FAQs

### Can it be bought out?

Yes, <b>sometimes</b>.

<details><summary>Is it long?</summary>No.</details>
"""
TABLE = 'Question,Answer,Alternates,Date\n"Who, then?","The ""firm""\nand more",a|b,2026-01-02\nWhen?,Monthly,,\n'
LINES = (
    '{"id": "a", "title": "T", "text": "# H\\n\\nwords", '
    '"faqs": [{"question": "Q?", "answer": "A", "alternates": ["x"]}]}\n'
    '{"question": "Q", "answer": "A", "url": "https://e.x/y"}\n'
)
PAGE = (
    '<html lang="en"><head><meta charset="utf-8"><title>T</title><script type="application/ld+json">'
    '{"@type": "FAQPage", "mainEntity": [{"@type": "Question", "name": "Q?", '
    '"acceptedAnswer": {"text": "<p>A.</p>"}}]}</script></head>'
    "<body><nav>menu</nav><article><h1>T</h1><p>Some words of an article, and more of them.</p><h2>FAQs</h2><h3>Q?</h3>"
    "<p>A.</p><table><tr><td>1</td></tr></table><dl><dt>W?</dt><dd>X</dd></dl></article>"
    '<div class="related-posts"><a href="/x">Y</a></div></body></html>'
)
EXPORT = (
    '<?xml version="1.0"?><rss xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:wp="http://wordpress.org/export/1.2/"><channel><wp:wxr_version>1.2</wp:wxr_version>'
    "<item><title>T</title><link>https://e.x/t/</link>"
    "<content:encoded><![CDATA[<!-- wp:p --><p>Words [a b='c']x[/a]</p>]]></content:encoded>"
    "<wp:status>publish</wp:status><wp:post_date>2026-01-01 10:00:00</wp:post_date><wp:post_type>post</wp:post_type>"
    "</item></channel></rss>"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600, help="per format")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print("| format | files | read | refused | failed | slowest, s |\n| --- | --- | --- | --- | --- | --- |")
    failed = sum(
        _fuzz(ending, sample, arguments.seconds, random.Random(arguments.seed))
        for ending, sample in samples()
        if not arguments.only or ending in arguments.only
    )
    sys.exit(bool(failed))


def samples() -> Iterator[tuple[str, bytes]]:
    """Yield each ending and a small file of that format."""
    dump = Path(__file__).parents[2] / "tests" / "data" / "page_dump.txt"
    texts = {".md": ARTICLE, ".jsonl": LINES, ".html": PAGE, ".xml": EXPORT, ".csv": TABLE}
    yield from ((ending, text.encode()) for ending, text in texts.items())
    yield from ((".txt", dump.read_bytes()), (".xlsx", _workbook()), (".pdf", _pdf()), (".docx", _document()))


def _time_out(*_: object) -> NoReturn:
    raise TimeoutError(f"longer than {MAX_SECONDS:.0f} s")


def _fuzz(ending: str, sample: bytes, seconds: float, chance: random.Random) -> int:
    """Try damaged files for some seconds; return the number of failures."""
    counts = {"read": 0, "refused": 0, "failed": 0}
    signal.signal(signal.SIGALRM, _time_out)
    slowest, end = 0.0, time.monotonic() + seconds
    with TemporaryDirectory() as folder:
        path = Path(folder, f"damaged{ending}")
        while time.monotonic() < end:
            path.write_bytes(_damaged(sample, chance))
            result, duration = _timed_outcome(path, ending)
            slowest = max(slowest, duration)
            counts[result] += 1
            if result == "failed":
                saved = Path(f"fuzz-{counts['failed']}{ending}")
                saved.write_bytes(path.read_bytes())
                sys.stderr.write(f"saved as {saved}, {duration:.1f} s\n")
    cells = " | ".join(map(str, counts.values()))
    print(f"| {ending} | {sum(counts.values())} | {cells} | {slowest:.2f} |", flush=True)
    return counts["failed"]


def _timed_outcome(path: Path, ending: str) -> tuple[str, float]:
    start = time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, MAX_SECONDS)
    result = outcome(path, ending)
    signal.setitimer(signal.ITIMER_REAL, 0)
    duration = time.monotonic() - start
    return "failed" if duration > MAX_SECONDS else result, duration


def reader_of(ending: str) -> ModuleType:
    """Return the module that reads files with an ending."""
    return import_module(f"bot.corpus.formats.{FORMATS[ending]}")


def outcome(path: Path, ending: str) -> str:
    """Return what a reader makes of a file: "read", "refused", or "failed" with its traceback on stderr."""
    module = reader_of(ending)
    try:
        if hasattr(module, "read_file"):
            items = list(module.read_file(path, path.name))
        else:
            items = list(module.read(decode(path.read_bytes()).text, path.name))
    except Unreadable:
        return "refused"
    except Exception:  # noqa: BLE001 - finding these is what this script is for
        sys.stderr.write(traceback.format_exc())
        return "failed"
    return "read" if any(hasattr(item, "text") for item in items) else "refused"


def _damaged(sample: bytes, chance: random.Random) -> bytes:
    # The checksums of a package refuse nearly all damages from outside.
    if sample.startswith(b"PK") and chance.random() < 0.9:
        return _damaged_inside(sample, chance)
    content = bytearray(sample)
    for _ in range(chance.randint(1, 8)):
        at, length = chance.randrange(len(content) + 1), min(chance.randint(1, 40), len(content))
        match chance.randrange(5):
            case 0 if at < len(content):
                content[at] ^= 1 << chance.randrange(8)
            case 1:
                del content[at : at + length]
            case 2:
                content[at:at] = content[at : at + length] * chance.randint(1, 30)
            case 3:
                content[at:at] = chance.choice(TOKENS)
            case _:
                content[at : at + length] = chance.randbytes(length)
        if not content:
            content = bytearray(b" ")
    return bytes(content)


def _damaged_inside(package: bytes, chance: random.Random) -> bytes:
    out = BytesIO()
    with ZipFile(BytesIO(package)) as old, ZipFile(out, "w") as new:
        damaged = chance.choice(old.namelist())
        for name in old.namelist():
            new.writestr(name, _damaged(old.read(name), chance) if name == damaged else old.read(name))
    return out.getvalue()


def _workbook() -> bytes:
    import openpyxl

    book, out = openpyxl.Workbook(), BytesIO()
    for row in (["Question", "Answer", "Date"], ["Who?", "The firm.", 45000], ["When?", "Monthly.", None]):
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def _pdf() -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    out = BytesIO()
    canvas = Canvas(out, pageCompression=0)
    # Lines that are alike on both pages would count as running heads.
    for heading, words in (("Notice", "Words of a paragraph that goes on."), ("Pay", "Other words, and more of them.")):
        canvas.setFont("Helvetica-Bold", 18)
        canvas.drawString(72, 760, heading)
        canvas.setFont("Helvetica", 11)
        canvas.drawString(72, 730, words)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _document() -> bytes:
    import docx

    document, out = docx.Document(), BytesIO()
    document.add_heading("FAQs", 1)
    document.add_heading("Who pays?", 2)
    document.add_paragraph("The firm.")
    document.add_table(2, 2).cell(0, 0).text = "cell"
    document.save(out)
    return out.getvalue()


if __name__ == "__main__":
    main()
