"""Links that open a page at the quoted words.

Source: the text fragment `#:~:text=` of the WICG draft "URL Fragment Text Directives" (https://wicg.github.io/scroll-to-text-fragment/).
"""

import re
from urllib.parse import quote

_MARKER = re.compile(r"^(?:[-*•]|\d+[.)]|>|#{1,6})\s+")
_FEW = 8
"""Words quoted whole; of more, the first and last ones bound the stretch."""
_EDGE = 5


def quoting_link(url: str | None, words: str) -> str | None:
    """The address of a page with a fragment that scrolls to `words` and marks their first line; None without an address.

    Fragments match what the page shows, within one block of it: so the link is built from one line, without its list or table marks.
    """
    line = _first_line(words)
    if url is None or not line:
        return url
    tokens = line.split()
    parts = [line] if len(tokens) <= _FEW else [" ".join(tokens[:_EDGE]), " ".join(tokens[-_EDGE:])]
    # The directive's own separators are "-", "," and "&".
    return f"{url.partition('#')[0]}#:~:text={','.join(quote(part, safe='').replace('-', '%2D') for part in parts)}"


def _first_line(words: str) -> str:
    for line in words.splitlines():
        bare = _MARKER.sub("", line.strip())
        cell = bare.strip("|").split(" | ")[0].strip() if bare.startswith("|") else bare
        if any(character.isalnum() for character in cell):
            return cell
    return ""
