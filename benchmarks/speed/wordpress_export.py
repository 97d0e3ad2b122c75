"""How fast is a large WordPress export read, and in how much memory?

usage: python -m benchmarks.speed.wordpress_export [--posts N]

Writes an export of N posts of about 10 kB into a temporary folder, and reads it twice, each time in a process of its
own: with `bot.corpus.formats.wordpress`, and, as a lower bound, with a streaming pass over its XML by lxml.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.shared.timing import machine

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:wp="http://wordpress.org/export/1.2/"><channel><wp:wxr_version>1.2</wp:wxr_version>\n'
)
PARAGRAPH = (
    "<!-- wp:paragraph --><p>A letter of <strong>this kind</strong> says what was agreed, by whom and from which day; "
    "paragraph {n}.</p><!-- /wp:paragraph -->\n"
)
FAQ = "<h2>FAQs</h2><h3>Who signs letter {post}?</h3><p>The manager signs it.</p>"
ITEM = (
    "<item><title>Letter {post}</title><link>https://example.com/letter-{post}/</link>"
    "<content:encoded><![CDATA[{content}]]></content:encoded><wp:post_id>{post}</wp:post_id>"
    "<wp:post_date>2026-01-02 10:00:00</wp:post_date><wp:post_type>post</wp:post_type><wp:status>publish</wp:status>"
    "</item>\n"
)
READER = "from bot.corpus.formats.wordpress import read_file; count = sum(1 for _ in read_file(path, 'export.xml'))"
XML_PASS = """
from lxml import etree
count = 0
for _, element in etree.iterparse(str(path), events=('end',), huge_tree=True):
    if element.tag == 'item':
        count += 1
        element.clear()
        while element.getprevious() is not None:
            element.getparent().remove(element.getprevious())
"""
SCRIPT = """
import resource, sys, time
from pathlib import Path
path = Path(sys.argv[1])
started = time.perf_counter()
{code}
print(count, time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=100_000)
    posts = parser.parse_args().posts
    with TemporaryDirectory() as folder:
        path = Path(folder, "export.xml")
        _write(path, posts)
        print(f"{machine()}\n\n{posts} posts, {path.stat().st_size / 1e6:.0f} MB\n")
        print("| reader | posts read | seconds | posts per second | peak memory, MB |\n| --- | --- | --- | --- | --- |")
        for name, code in (("XML pass alone", XML_PASS), ("bot.corpus.formats.wordpress", READER)):
            count, seconds, peak = _read(path, code)
            print(f"| {name} | {count:.0f} | {seconds:.1f} | {count / seconds:.0f} | {peak:.0f} |")


def _write(path: Path, posts: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(HEAD)
        for post in range(posts):
            content = "".join(PARAGRAPH.format(n=n) for n in range(60)) + FAQ.format(post=post)
            file.write(ITEM.format(post=post, content=content))
        file.write("</channel></rss>\n")


def _read(path: Path, code: str) -> tuple[float, float, float]:
    """Return the number of posts, the seconds and the peak memory in MB of reading in a fresh process."""
    command = [sys.executable, "-c", SCRIPT.format(code=code), str(path)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    count, seconds, peak = map(float, printed)
    return count, seconds, peak


if __name__ == "__main__":
    main()
