"""The difference between two texts as HTML: signs, colours and the changed words of each line."""

import html
import re
from difflib import SequenceMatcher

_CONTEXT = 2  # number of unchanged lines shown around a change
_TOKEN = re.compile(r"\n|[^\S\n]+|\w+|[^\w\s]")


def diff_html(old: str, new: str) -> str:
    """Return a unified difference of two texts by lines; empty if they are equal."""
    before, after = old.split("\n"), new.split("\n")
    shown = []
    for group in SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(_CONTEXT):
        for kind, top, end, start, stop in group:
            if kind == "equal":
                shown += [_line("span", "&nbsp;", html.escape(line)) for line in before[top:end]]
            else:
                removed, added = _marked("\n".join(before[top:end]), "\n".join(after[start:stop]))
                shown += [_line("del", "-", line) for line in removed[: end - top]]
                shown += [_line("ins", "+", line) for line in added[: stop - start]]
    return f'<div class="diff">{"".join(shown)}</div>' if old != new else ""


def _line(tag: str, sign: str, markup: str) -> str:
    return f'<div class="{tag}"><span class="sign">{sign}</span><{tag}>{markup or "&nbsp;"}</{tag}></div>'


def _marked(old: str, new: str) -> tuple[list[str], list[str]]:
    """Return the lines of two texts as HTML, with the words in bold that only one of them has."""
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    sides: tuple[list[str], list[str]] = [], []
    for kind, *places in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        for side, tokens in zip(sides, (before[slice(*places[:2])], after[slice(*places[2:])]), strict=True):
            words = html.escape("".join(tokens))
            # A bold stretch never spans lines.
            side.append(words if kind == "equal" else re.sub(r"([^\n]*\S[^\n]*)", r"<b>\1</b>", words))
    return "".join(sides[0]).split("\n"), "".join(sides[1]).split("\n")
