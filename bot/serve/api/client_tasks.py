"""What chat clients ask on their own account: a title, tags or a summary of the conversation, or what to ask next.

They send it as the last message, as an instruction that begins with a verb and names the conversation. A question of a
visitor does neither, or not both.
"""

import re
from collections.abc import Mapping, Sequence

from bot.retrieval.topic import content_of

_READ = 2000  # number of characters of a message that are looked at
_HEADING = r"^\W{0,20}(?:task\W{1,20})?"
_LEAD = r"(?:(?:please|kindly)\s+|(?:based on|given|for|from|in)\s[^.!?\n]{1,80}?[,:]\s*|you are [^.\n]{1,200}\.\s*"
_LEAD += r"|you (?:need|have) to\s+|your (?:task|job) is to\s+){0,3}"
_VERB = r"(?:generate|create|write|suggest|provide|give|summari[sz]e|analy[sz]e|come up with|determine|name)\b"
_MADE = r"\b(?:titles?|tags?|names?|headline|topics?|summary|follow-?up (?:questions?|prompts?)|search quer(?:y|ies))\b"
_OWN = r"(?:our|this|the following|the above|the user's|user's)\s(?:\w+\s)?(?:conversation|chat|dialogu?e|discussion)"
_OWN += r"(?!\s(?:policy|policies|rooms?|support|training|boards?|groups?|channels?|tools?|hours|services?|bots?)\b)"
_TALK = rf"\b(?:{_OWN}|(?:chat|conversation)\shistory|the conversation|the messages above)\b"
_NEAR = r"[\s\S]{0,300}?"
_TASK = re.compile(
    rf"{_HEADING}{_LEAD}{_VERB}(?:{_NEAR}{_MADE}{_NEAR}{_TALK}|{_NEAR}{_TALK}{_NEAR}{_MADE})", re.IGNORECASE
)
_SUMMARY = re.compile(rf"{_HEADING}{_LEAD}summari[sz]e\s(?:{_TALK}|the discussion\b)", re.IGNORECASE)
_TRANSCRIPT = re.compile(r"^\W{0,9}(?:user|assistant|human|ai)\W{0,9}:", re.IGNORECASE | re.MULTILINE)
DECLINED = "This model only quotes articles, so it writes no titles, tags or summaries of a conversation."


def is_client_task(messages: Sequence[Mapping[str, object]]) -> bool:
    """Whether the last message asks for something about the conversation itself, as chat clients do.

    Some send the instruction as the first message, and the conversation written out as the last one.
    """
    asked = next(
        (text for each in reversed(messages) if each.get("role") == "user" and (text := content_of(each).strip())), ""
    )
    instruction = content_of(messages[0]) if messages and _TRANSCRIPT.search(asked) else ""
    return any(_TASK.search(text[:_READ]) or _SUMMARY.search(text[:_READ]) for text in (asked, instruction))
