"""Formats the value of a workbook's cell as its sheet shows it (ECMA-376 part 1, 18.8.30 and 18.8.31)."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import count

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|[_*].|\[\$(?P<currency>[^\]-]*)[^\]]*\]'
    r"|\[(?P<operator>[<>=]{1,2})(?P<limit>-?\d+(?:\.\d+)?)\]|\[[^\]]*\]|(?P<end>;)"
    r"|(?P<code>General|AM/PM|A/P|y+|m+|d+|h+|s+|E[+-]|.)",
    re.IGNORECASE | re.DOTALL,
)
_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq, "<>": operator.ne,
}  # fmt: skip
_LITERALS = "\ue000-\uf8ff"
"""Stand for literal texts while a number is formatted; private use characters (Unicode, section 23.5)."""
_NUMBER = re.compile(
    rf"(?=[0#?.])(?P<whole>(?:[0#?](?:[0#?, ()\-{_LITERALS}]*[0#?])?)?)(?P<scale>,*)"
    r"(?:\.(?P<part>[0#?]*)(?P<scaled>,*))?(?P<exponent>E[+-]0+)?",
    re.IGNORECASE,
)
_FRACTION = re.compile(
    rf"(?:(?P<whole>[0#?][0#?,]*)(?P<between>[ {_LITERALS}]+))?[0#?]+ ?/ ?(?P<below>[0#?]{{1,7}}|[1-9]\d{{0,6}})"
)
_DATE_CODES = {
    "yyyy": "%Y", "yyy": "%Y", "yy": "%y", "y": "%y", "mmmm": "%B", "mmm": "%b", "mm": "%m", "m": "%-m", "dddd": "%A",
    "ddd": "%a", "dd": "%d", "d": "%-d", "hh": "%H", "h": "%-H", "ss": "%S", "s": "%-S", "am/pm": "%p", "a/p": "%p",
}  # fmt: skip
_TWELVE_HOURS = {"hh": "%I", "h": "%-I"}
_LOCAL_FORMATS = ("mm-dd-yy", "m/d/yy h:mm")
"""Formats that Excel shows in the reader's own order of day and month; dates in them are written as 2025-10-09."""
_MAX_FORMATTED = 1e15  # above it, a double has no exact digits


@dataclass(frozen=True, slots=True)
class _Section:
    """One of the layouts of a number format, for the values that meet its condition."""

    condition: tuple[str, float] | None
    parts: Sequence[tuple[str, bool]]
    """Each part, and whether it is a literal text."""


def format_value(value: object, number_format: str | None) -> str:
    """Return the value of a cell as people see it."""
    layout = number_format or "General"
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, (int, float)):
        return _format_number(value, _sections(layout))
    if isinstance(value, (date, time)):
        return _format_date(value, layout)
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")
    return str(value)


def _sections(number_format: str) -> list[_Section]:
    sections: list[_Section] = []
    condition: tuple[str, float] | None = None
    parts: list[tuple[str, bool]] = []
    for token in _TOKEN.finditer(number_format):
        literal = next((token[name] for name in ("quoted", "escaped", "currency") if token[name]), None)
        if token["operator"]:
            condition = (token["operator"], float(token["limit"]))
        elif token["end"]:
            sections.append(_Section(condition, parts))
            condition, parts = None, []
        elif literal or token["code"]:
            parts.append((literal or token["code"], literal is not None))
    return [*sections, _Section(condition, parts)]


def _format_number(value: float, sections: Sequence[_Section]) -> str:
    section, sign = _choose(value, sections)
    literals = [text for text, is_literal in section.parts if is_literal]
    marks = map(chr, count(0xE000))
    layout = "".join(next(marks) if is_literal else text for text, is_literal in section.parts)
    fraction = _FRACTION.search(layout)
    if "@" in layout or ("/" in layout and not fraction) or abs(value) >= _MAX_FORMATTED:
        return _general(value)
    if "general" in layout.lower():
        shown = re.sub("general", _general(abs(value)), layout, flags=re.IGNORECASE)
    elif (match := fraction or _NUMBER.search(layout)) is None:
        shown = layout
    else:
        digits = (_fraction if fraction else _digits)(abs(value) * 100 ** layout.count("%"), match)
        shown = layout[: match.start()].replace("?", "") + digits + layout[match.end() :].replace("?", "")
    shown = shown.translate(dict(enumerate(literals, 0xE000)))
    return f"{sign}{shown.strip()}"


def _choose(value: float, sections: Sequence[_Section]) -> tuple[_Section, str]:
    """Return the section for a number, and the sign that stands before it."""
    if any(section.condition for section in sections[:2]):
        for section in sections:
            name, limit = section.condition or ("", 0.0)
            if section.condition is None or (name in _OPERATORS and _OPERATORS[name](value, limit)):
                return section, "-" if value < 0 else ""
        return _Section(None, [("General", False)]), "-" if value < 0 else ""
    if value < 0:
        return (sections[1], "") if len(sections) > 1 else (sections[0], "-")
    return sections[2 if value == 0 and len(sections) > 2 else 0], ""


def _digits(value: float, match: re.Match[str]) -> str:
    """Return the digits of a positive number in the pattern `match` of a layout."""
    whole, part = match["whole"], match["part"] or ""
    if match["exponent"]:
        mantissa, _, exponent = f"{value:.{len(part)}E}".partition("E")
        sign = exponent[0].strip("+") if "-" in match["exponent"] else exponent[0]
        return f"{mantissa}{match['exponent'][0]}{sign}{exponent[1:].lstrip('0').zfill(len(match['exponent']) - 2)}"
    scaled = Decimal(repr(value)) / 1000 ** len(match["scale"] + (match["scaled"] or ""))
    fixed = f"{scaled.quantize(Decimal(1).scaleb(-len(part)), ROUND_HALF_UP):f}"
    number, _, fraction = fixed.partition(".")
    least = len(part.rstrip("#?"))
    fraction = fraction[:least] + fraction[least:].rstrip("0")
    number = number.lstrip("0").zfill(whole.count("0"))
    point = "." if match["part"] is not None and (fraction or not part) else ""
    return f"{_group(number, whole)}{point}{fraction}"


def _fraction(value: float, match: re.Match[str]) -> str:
    """Return a positive number as a fraction in the pattern `match` of a layout, such as "# ?/?" or "# ?/8"."""
    below = match["below"]
    if below.strip("0#?"):  # the denominator is given
        most = int(below)
        above = int(Fraction(repr(value)) * most + Fraction(1, 2))
    else:
        above, most = Fraction(repr(value)).limit_denominator(10 ** len(below) - 1).as_integer_ratio()
    if not match["whole"]:
        return f"{above}/{most}"
    whole, above = divmod(above, most)
    least = match["whole"].count("0") or not above
    digits = _group(str(whole or "").zfill(least), match["whole"])
    return (digits + match["between"] * bool(digits) + f"{above}/{most}") if above else digits


def _group(digits: str, pattern: str) -> str:
    """Return digits with the separators that a pattern such as "#,##0", "#,##,##0" or "000-000" has."""
    if "," in pattern:
        size = 2 if re.search(r",[0#?]{2},[0#?]{3}$", pattern) else 3
        return re.sub(rf"(?<=.)(?=(?:.{{{size}}})*.{{3}}$)", ",", digits)
    found: list[str] = []
    left = list(digits)
    for place in range(len(pattern) - 1, -1, -1):
        if pattern[place] not in "0#?":
            found += [pattern[place]] if left else []
        elif left:
            found += reversed(left) if place == 0 else [left.pop()]
    return "".join(reversed(found))


def _general(value: float) -> str:
    is_plain = isinstance(value, float) and 1e-4 < abs(value) < _MAX_FORMATTED
    return f"{value:.10f}".rstrip("0").rstrip(".") if is_plain else f"{value:.15g}"


def _format_date(value: date | time, number_format: str) -> str:
    parts = _sections(number_format)[0].parts
    codes = [text.lower() for text, is_literal in parts if not is_literal and text.lower() in _DATE_CODES]
    if number_format in _LOCAL_FORMATS or not codes:
        if isinstance(value, datetime) and value.time() != time():
            return value.isoformat(sep=" ", timespec="minutes")
        return value.isoformat(timespec="minutes") if isinstance(value, time) else str(value)[:10]
    names = _DATE_CODES | (_TWELVE_HOURS if {"am/pm", "a/p"} & set(codes) else {})
    shown, place = [], -1
    for text, is_literal in parts:
        code = text.lower()
        if is_literal or code not in names:
            shown.append(text if is_literal or code != "@" else "")
            continue
        place += 1
        # "m" means the month, but after an hour or before seconds the minute.
        near = codes[max(place - 1, 0) : place] + [f"+{following}" for following in codes[place + 1 : place + 2]]
        is_minute = code in ("m", "mm") and any(other.startswith(("h", "+s")) for other in near)
        shown.append(value.strftime("%M" if is_minute else names[code]))
    return "".join(shown).strip()
