"""What chat clients ask on their own account: a title, tags or a summary of the conversation, or what to ask next.

Such a message tells the assistant to make one of these, and it names the conversation, holds it, or says that nothing
else may be returned. A question of a visitor does not do both.
"""

import re
from collections.abc import Mapping, Sequence

from bot.retrieval.topic import content_of

_FIRST, _LAST, _BEFORE, _AFTER = 2000, 600, 200, 400
"""Numbers of characters of a message that are read at its ends, and around the verb to look for the conversation."""
_SHORTEN = r"summari[sz]|condens|compress|distill?|recap|sum(?:s|ming)?(?: \w+)? up"
_VERB = (
    rf"(?:{_SHORTEN}|generat|creat|writ|suggest|offer|provid|giv|mak|produc|propos|craft|compos|assign|nam|label|list"
    "|find|describ|categori[sz]|pick|choos|select|decid|determin|identif|analy[sz]|extract|captur|deriv|infer|guess"
    "|predict|re(?:ad|view|phras|writ|formulat|stat|word|duc|flect|turn)|convert|turn|updat|continu|complet|output"
    r"|carry on|think(?:ing)? of|com(?:e|ing) up with)(?:e|es|s|y|ies|ing)?\b"
)
_LEAD = (
    r"(?:you(?:['’]re| are)\b[^.\n]{1,150}?\b|(?:(?:please|kindly|now|then|just|only|i|want|would|like|you|your|task"
    r"|job|goal|role|is|are|to|need|have|must|should|will|can|could|help|me|concisely|briefly|progressively)\s+){0,8}+)"
)
"""A role, as in "you are an assistant who", or polite words: a question such as "how do I write" begins otherwise."""
_GAP = r"(?:(?!(?<!\d)[.!?]\s|\n\s*\n)[\s\S]){0,160}?"  # within a sentence or its list
_MADE = (
    rf"\b(?P<made>titles?|tags?|names?|headlines?|labels?|topics?|summar(?:y|ies)|(?:{_SHORTEN})\w*|takeaways|emojis?"
    r"|keywords?|facts?|insights|memor(?:y|ies)|suggestions|prompts?|quer(?:y|ies)|\w*completions?|quick[- ]repl\w+"
    r"|follow[- ]?ups?(?: (?:questions?|prompts?|quer\w+|messages?))?|next (?:\w+ ){0,2}(?:questions?|prompts?)"
    r"|main points|essence|questions?(?: or \w+)?(?: with)?(?: that| which)? (?:the|an?) (?:user|human)"
    r"|stand(?:s|ing)?[- ]?alone|(?:sense|understood) (?:alone|by itself|without))\b"
)
_ASKS = re.compile(rf"(?:\A|[.:;!?,\n])[\W\d_]{{0,20}}+{_LEAD}(?=(?P<verb>{_VERB})){_GAP}{_MADE}", re.IGNORECASE)
_OWN = r"\b(?:our|this|the|following|above|previous|given|provided|current|users?(?:['’]s)?)\s(?:\w+\s)?"
_NO_NOUN = (
    r"(?=\W*(?:$|[.,:;!?)\n]|(?:a|an|the|in|into|to|by|as|and|or|so|of|on|for|from|using|while|without|between|that"
    r"|which|is|was|above|below|briefly)\b))"
)
"""What follows "the chat" if that is no part of a name, as it is of "the chat support"."""
_TALK = re.compile(
    rf"{_OWN}(?:(?:conversations?|dialogu?e|transcript)\b(?!\s(?:with|skills?|starters?|round|practice)\b)"
    rf"|(?:chat|discussion|exchange){_NO_NOUN})|\b(?:chat|conversation|message)\s(?:history|log|titles?|summar\w+)\b"
    r"|\b(?:following|above|this|these|first|last|latest|(?:user|assistant)(?:['’]?s)?)\s(?:\w+\s)?(?:message|quer)\w*"
    r"|\b(?:the speaker|the user can(?! not)|(?:the|a) user (?:might|may|could|would|will)|what the user"
    r"|messages? of the user|messages (?:above|below|before|that follow)|with the message"
    r"|we['’]ve discussed|we have discussed|(?:each|every) conversation"
    r"|(?:you get|sends you|you are given) a (?:\w+ )?conversation)\b"
    r"|\buser and (?:an? |the )?(?:\w+ )?(?:assistant|ai)\b|\buser(?:['’]s)? (?:\w+ )?questions?\b",
    re.IGNORECASE,
)
"""The conversation, or a message of it."""
_WRITTEN_OUT = re.compile(
    r"<(?:chat|conversation|messages?|dialogue|transcript|history)[\w-]*>|\"role\":\s*\"(?:user|assistant)\""
    r"|^\W{0,9}(?:last |.{0,9}message of the )?(?:user|assistant|human|ai|follow[- ]up|next question)(?: \w+)?\W{0,9}:",
    re.IGNORECASE | re.MULTILINE,
)
"""A conversation, or its last message, in markup, JSON or lines."""
_ALONE = re.compile(
    r"\bonly (?:return|respond|reply|output)|\b(?:return|respond|reply|output)(?: (?!in\b)\w+){0,3} only\b"
    r"|\btitle alone\b|\b(?:no|without|leave out) (?:quotes|quotation|punctuation)|\bbare title\b"
    r"|\bnothing (?:else|except|but the)\b",
    re.IGNORECASE,
)
"""That nothing else may be returned: nobody says so to a person."""
DECLINED = "This model only quotes articles, so it writes no titles, tags or summaries of a conversation."


def is_client_task(messages: Sequence[Mapping[str, object]]) -> bool:
    """Whether the messages ask for something about the conversation itself, as chat clients do.

    The last one does, or the first one: then the last one is the conversation written out, or what gets a title.
    """
    asked_before = (content_of(each).strip() for each in reversed(messages) if each.get("role") == "user")
    last = next(filter(None, asked_before), "")
    opening = messages[0] if messages else {}
    asked, first = (f"{text[:_FIRST]}\n{text[_FIRST:][-_LAST:]}" for text in (last, content_of(opening)))
    made = _made(first)
    is_title = opening.get("role") != "user" and made.startswith("title") and _ALONE.search(first)
    is_alone = _ASKS.search(asked) and _ALONE.search(asked)
    return bool(_made(asked) or is_alone or (made and (is_title or _WRITTEN_OUT.search(asked))))


def _made(text: str) -> str:
    """Return what a message tells the assistant to make of the conversation, in lower case; "" if nothing."""
    is_written_out = _WRITTEN_OUT.search(text)
    for asks in _ASKS.finditer(text):
        start = asks.start("verb")
        if is_written_out or _TALK.search(text[max(0, start - _BEFORE) : start + _AFTER]):
            return asks["made"].lower()
    return ""
