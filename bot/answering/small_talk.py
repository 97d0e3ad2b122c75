"""Small talk: what is said to the bot rather than asked of the articles, and the sentence that it gets."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Literal

Talk = Literal["identity", "help", "mood", "farewell", "thanks", "greeting", "filler"]

_BOT = r"(?:(?:an? |the |just |really |real |actual |live )*(?:human|person|bot|robot|chatbot|ai))"
_MUCH = r"(?: (?:(?:so|very) much|a (?:lot|ton|bunch)|again|loads))*"
_FOR = r"(?: for (?:(?:all )?(?:your|the) (?:help|answers?|reply|info|information|time|support)|that|this|everything|helping(?: me)?))?"
_PHRASES: dict[Talk, tuple[str, ...]] = {
    # In the order of telling: "hello, who are you" asks who, "ok thanks bye" is a farewell.
    "identity": (
        r"(?:who|what) (?:are|r) (?:you|u)|who is this|who am i (?:talking|speaking|chatting|writing) (?:to|with)",
        r"(?:what is|whats|what s) (?:your|ur) name|(?:your|ur) name|(?:please )?(?:introduce yourself|tell me about (?:yourself|you))",
        rf"(?:(?:are|r) (?:you|u)|is this|am i (?:talking|speaking|chatting) (?:to|with)) {_BOT}(?: or {_BOT})*|are you (?:real|a machine|a program|a computer)",
    ),
    "help": (
        r"(?:please )?(?:help|help me|assist me)|(?:i )?need (?:some |your |a )?help|(?:can|could|will|would) (?:you|u) (?:please )?(?:help|assist)(?: me| us)?(?: out)?",
        r"i have (?:a|some|one) (?:questions?|doubts?|query|queries)|(?:can|may) i ask (?:you )?(?:a |some )?(?:questions?|something)",
        r"what (?:all )?(?:can|could|do|will) (?:you|u) (?:all )?(?:do|know|answer|help with|help me with|do for me|talk about|know about)",
        r"what (?:all )?(?:can|could|should|may) i (?:do here|ask|ask you|ask here|ask about|ask you about)",
        r"what (?:kind of |sort of |type of )?(?:questions|topics|things) (?:can|may|could) (?:i ask|i ask you|you answer)",
        r"how (?:can|do|could|will) (?:you|u) (?:help|help me|assist me|work)|how does this (?:bot|chat|chatbot) work|what is this (?:bot|chat|chatbot)",
    ),
    "mood": (
        r"how (?:are|r) (?:you|u|things|ya)(?: doing| going| feeling)?|how (?:you|u) doing|how (?:is it|s it|is everything|is life) going|hows it going",
        r"how do you do|how have you been|how (?:is|was|s) your day(?: going)?|what s up|whats up|what is up|was+up|sup|(?:i am|im|i m) (?:fine|good|ok|okay|well)",
    ),
    "farewell": (
        r"(?:good ?)?by+e+|good night|see (?:you|u|ya)(?: later| soon| tomorrow| around)?|cya|ciao|ta ?ta|take care|talk (?:to you )?later",
        r"have a (?:nice|good|great|lovely) (?:day|evening|night|weekend|one|time)|(?:that is|that s|thats) (?:all|it)(?: for now| for today)?|i (?:am|m) done",
    ),
    "thanks": (
        rf"(?:(?:many|no|big) )?(?:thank+s+|thank+ ?(?:you|u)|thnx|thx|tnx|tysm|ty|dhanyavaad|dhanyawad|shukriya|धन्यवाद|शुक्रिया){_MUCH}{_FOR}",
        r"much appreciated|(?:i )?appreciate (?:it|that|your help)|(?:very |so )?helpful",
        r"(?:that|it|this) (?:helps|helped|was helpful|is helpful|was useful|answers my question)(?: a lot)?",
    ),
    "greeting": (
        r"hi+|hello+|hel+o|hallo|he+y+|hiya|hola|howdy|yo|namaste+|namaskar|namaskaram|vanakkam|salaa?m|greetings|नमस्ते|नमस्कार",
        r"gm|good (?:morning|afternoon|evening|day)|(?:is )?any(?:one|body) (?:there|here)|(?:are )?(?:you|u) there|nice to meet you",
    ),
    "filler": (
        r"ok+|oka+y+|okie|okey|k+|yes+|yeah|yep|yup|ya|no+|nope|nah|sure|fine|al+right|all right|right|great|cool|nice|good|awesome|perfect|excellent",
        r"wow|oh|ah|lol|hm+|haha+|got it|i see|i understand|understood|never ?mind|nothing|please|well|so",
    ),
}
_TO_WHOM = (
    r"(?: (?:there|all|everyone|everybody|team|bot|chatbot|sir|madam|maam|ma am|mam|friend|dear|ji|buddy|bro|again|guys|then|please|now|today))*"
)
_ANY = rf"(?:{'|'.join(phrase for phrases in _PHRASES.values() for phrase in phrases)}){_TO_WHOM}"
_LONGEST = 12
"""Words: more is never small talk alone."""

_ABOUT = "I answer questions about {categories} in the words of the articles, with their source."
_ABOUT_BARE = "I answer questions in the words of the articles, with their source."
_REPLIES: dict[Talk, str] = {
    "identity": "I am a program, not a person. {about}",
    "help": "{about} Ask in a few words of your own.",
    "mood": "All well here, thank you. {about}",
    "farewell": "Goodbye, and come back whenever you have a question.",
    "thanks": "You are welcome. {about}",
    "greeting": "Hello! {about}",
    "filler": "{about} What would you like to know?",
}
_NAMED = 3
_WORD = re.compile(r"[^\W_\u0900-\u097f]+|[\u0900-\u097f]+")
"""A word; of Devanagari with its vowel signs, which are no letters of their own."""


def small_talk(words: str) -> Talk | None:
    """What kind of small talk a message is, when all of it is such; None for a question, also for one that begins with a greeting."""
    bare = _WORD.findall(words.casefold())
    if len(bare) > _LONGEST:
        return None
    return next((talk for talk, pattern in _patterns().items() if pattern.fullmatch(" ".join(bare))), None)


@cache
def _patterns() -> Mapping[Talk, re.Pattern[str]]:
    """Made when they are first needed: that takes longer than importing most of what answers."""
    return {talk: re.compile(rf"(?:{_ANY} )*?(?:{'|'.join(phrases)}){_TO_WHOM}(?: {_ANY})*") for talk, phrases in _PHRASES.items()}


def reply_to(talk: Talk, categories: Sequence[str]) -> str:
    """The sentence that small talk gets; it names the first few categories, the largest ones."""
    about = _ABOUT.format(categories=_named(categories)) if categories else _ABOUT_BARE
    return _REPLIES[talk].format(about=about)


def _named(categories: Sequence[str]) -> str:
    *first, last = [*categories[:_NAMED], "more"] if len(categories) > _NAMED else categories
    return f"{', '.join(first)} and {last}" if first else last
