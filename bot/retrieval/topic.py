"""Follow-up questions: what an earlier question adds to this one."""

import re
from collections.abc import Mapping, Sequence

Turn = str | Mapping[str, object]
"""An earlier question, or a message {"role": …, "content": …} of which only the user's count."""

_OPENING = re.compile(r"(?:and|also|but|or|then|so)\b|(?:what|how) (?:about|if)\b", re.IGNORECASE)
_POINTING = re.compile(
    r"\b(?:it|its|they|them|their|those|these|he|she|his|her|same)\b|\b(?:this|that)(?:\?|$| (?:be|is|was|can|will|case)\b)", re.IGNORECASE
)


def earlier_questions(history: Sequence[Turn]) -> list[str]:
    """The visitor's questions of a conversation, oldest first."""
    said = (turn if isinstance(turn, str) else _content(turn) for turn in history)
    return [words for words in (" ".join(text.split()) for text in said) if words]


def leans_back(question: str) -> bool:
    """Whether a question's own words point at something said before, as in "and can it be extended?" or "what about BPO?"."""
    return _OPENING.match(question) is not None or _POINTING.search(question) is not None


def _content(turn: Mapping[str, object]) -> str:
    if turn.get("role") != "user":
        return ""
    content = turn.get("content")
    parts = content if isinstance(content, list) else [content]
    return " ".join(part if isinstance(part, str) else str(part.get("text", "")) for part in parts if isinstance(part, (str, Mapping)))
