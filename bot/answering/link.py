"""Links that open a page at the quoted words.

They use the text fragment `#:~:text=` of the WICG draft "URL Fragment Text Directives"
(https://wicg.github.io/scroll-to-text-fragment/).
"""

import re
from urllib.parse import quote

_MARKER = re.compile(r"^(?:[-*•]|\d+[.)]|>|#{1,6})\s+")
_MAX_WORDS, _EDGE_WORDS = 8, 5
"""A line of at most this many words is in the link as a whole; a longer one by its first and last words."""


def quoting_link(url: str | None, text: str) -> str | None:
    """Return the URL of a page with a fragment that scrolls to a text and highlights its first line; None without URL.

    A fragment matches what the page shows within one block: it is made from one line, without list and table marks.
    """
    line = _first_line(text)
    if url is None or not line:
        return url
    words = line.split()
    is_short = len(words) <= _MAX_WORDS
    parts = [line] if is_short else [" ".join(words[:_EDGE_WORDS]), " ".join(words[-_EDGE_WORDS:])]
    # "-", "," and "&" separate the parts of a directive.
    return f"{url.partition('#')[0]}#:~:text={','.join(quote(part, safe='').replace('-', '%2D') for part in parts)}"


def _first_line(text: str) -> str:
    for line in text.splitlines():
        bare = _MARKER.sub("", line.strip())
        cell = bare.strip("|").split(" | ")[0].strip() if bare.startswith("|") else bare
        if any(character.isalnum() for character in cell):
            return cell
    return ""
