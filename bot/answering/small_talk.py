"""Small talk: what is said to the bot rather than asked of the articles, and the sentence that it gets, in English, Hindi or Hinglish as it was said."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Literal, NamedTuple

from bot.languages.hindi.devanagari import has_devanagari
from bot.languages.hindi.rewriting import Language
from bot.languages.hindi.scripts import romanised, sound

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
_TO_WHOM = r"(?: (?:there|all|everyone|everybody|team|bot|chatbot|sir|madam|maam|ma am|mam|friend|dear|ji|buddy|bro|again|guys|then|please|now|today))*"
_ANY = rf"(?:{'|'.join(phrase for phrases in _PHRASES.values() for phrase in phrases)}){_TO_WHOM}"
_YOU = r"(?:ap|tum|tu)"
_ARE = r"(?: (?:ho|hen?|hun))?"
_HINDI: dict[Talk, tuple[str, ...]] = {
    # As it sounds (`bot.languages.hindi.scripts.sound`), so that one line is for both scripts and all spellings.
    "identity": (
        rf"{_YOU} (?:kon|kya|kya chij){_ARE}|kon{_ARE} {_YOU}|(?:apka|ap ka|tumhara|tera) (?:subh )?nam(?: kya)?{_ARE}",
        rf"(?:kya )?{_YOU} (?:(?:ek|koi|sach me|asli) )*(?:insan|manusya|admi|vyakti|robot|bot|masin|program|kampyutar)(?: ya \w+)?{_ARE}",
    ),
    "help": (
        rf"(?:(?:kripa?ya|kya|mujh?e|meri|hamari|{_YOU}|thodi|kuch) )*(?:madad|sahayata|help)(?: (?:chahie|kar\w*|kijie|do|dijie|sakt[ei]|milegi|he|ho|hen))*",
        rf"(?:{_YOU} )?(?:kya )+(?:kar|bata|jant)\w*(?: sakt[ei])?{_ARE}|(?:yaha|yahan|apse|me|men) (?:\w+ )?kya (?:kya )?puch\w*(?: sakt[aei])?{_ARE}",
        r"(?:mujhe|muje|mera|mere)? ?(?:ek|kuch) (?:saval|sval|puchna)(?: puchna)?(?: (?:he|tha|hen))?",
    ),
    "mood": (
        rf"(?:{_YOU} )?kes[aei]{_ARE}(?: {_YOU})?|kya (?:hal|chal|hal chal)(?: chal)?(?: raha)?(?: he)?|(?:ap |tum )?kya hal he",
        r"(?:men? )?(?:thik|badia|acha|achi) hun|sab (?:thik|badia|kusal)(?: he)?",
    ),
    "farewell": (
        r"alvida|fir mil(?:enge|te|ega)(?: hen?)?|(?:kal|bad me) mil(?:te|enge)(?: hen?)?|chalt[ai] hun|subh ratri|bas itna hi(?: (?:tha|puchna tha))?",
        r"(?:mera )?kam ho gaya|tata|khuda hafij|by+e?",
    ),
    "thanks": (
        r"(?:(?:apka|ap ka|tumhara|bahut|bohot|bahot|bhot) )*(?:dhanya?[vb]ad|sukria|abhar)(?: (?:apka|karta hun|(?:madad|jankari|batane) ke li?e))*",
        r"(?:bahut )?(?:acha|achi|badia|sahi) (?:jankari|bataya|javab)(?: (?:di|dia|he|tha|apne))*|(?:bahut )?madad (?:mili|hui)|thanks?|thank (?:you|yu|u)",
    ),
    "greeting": (
        r"namas(?:te|kar|karam)|pranam|ram ram|je (?:hind|sri (?:ram|krisna)|mata di)|radhe radhe|sat sri akal|adab|(?:asa?lam valekum|salam)",
        r"suprabhat|subh (?:prabhat|sandhya|din)|(?:kya )?(?:yaha |yahan )?koi he(?: (?:kya|yaha|yahan))?|helo|hi",
    ),
    "filler": (
        r"(?:thik|tik|acha|sahi|badia|mast|bilkul|jarur)(?: (?:he|bat he))?|han?(?: ji)?|ji(?: (?:han?|nahin?))?|nahin?|nhi|o?ke?",
        r"samajh? (?:gaya|ge|gayi|a gaya|me a gaya)|kuch nahin?|koi bat nahin?|rahne do|chodo|ore?|kya bat he|vah",
    ),
}
_TO_WHOM_HINDI = r"ji|bha?ea?|didi|dost|yar|sir|sar|madam|bro|pliz|plij|kripya|bahut|fir|abhi|phle"
_LONGEST_PHRASE = 6
"""Words of one of these."""
_LONGEST = 12
"""Words: more is never small talk alone."""


class _Replies(NamedTuple):
    """What small talk gets in one language."""

    to: Mapping[Talk, str]
    about: str
    about_bare: str
    both: str
    more: str


_REPLIES_IN: dict[Language, _Replies] = {
    "en": _Replies(
        {
            "identity": "I am a program, not a person. {about}",
            "help": "{about} Ask in a few words of your own.",
            "mood": "All well here, thank you. {about}",
            "farewell": "Goodbye, and come back whenever you have a question.",
            "thanks": "You are welcome. {about}",
            "greeting": "Hello! {about}",
            "filler": "{about} What would you like to know?",
        },
        "I answer questions about {categories} in the words of the articles, with their source.",
        "I answer questions in the words of the articles, with their source.",
        "{first} and {last}",
        "more",
    ),
    "hi": _Replies(
        {
            "identity": "मैं एक प्रोग्राम हूँ, कोई व्यक्ति नहीं। {about}",
            "help": "{about} अपने शब्दों में पूछिए।",
            "mood": "यहाँ सब ठीक है, धन्यवाद। {about}",
            "farewell": "नमस्ते, जब भी कोई सवाल हो, फिर आइए।",
            "thanks": "आपका स्वागत है। {about}",
            "greeting": "नमस्ते! {about}",
            "filler": "{about} आप क्या जानना चाहेंगे?",
        },
        "मैं {categories} से जुड़े सवालों के जवाब लेखों के शब्दों में, स्रोत के साथ देता हूँ।",
        "मैं सवालों के जवाब लेखों के शब्दों में, स्रोत के साथ देता हूँ।",
        "{first} और {last}",
        "अन्य विषयों",
    ),
    "hinglish": _Replies(
        {
            "identity": "Main ek program hoon, koi insaan nahin. {about}",
            "help": "{about} Apne shabdon mein poochhiye.",
            "mood": "Yahan sab theek hai, dhanyavaad. {about}",
            "farewell": "Namaste, jab bhi koi sawaal ho, phir aaiye.",
            "thanks": "Aapka swagat hai. {about}",
            "greeting": "Namaste! {about}",
            "filler": "{about} Aap kya jaanna chahenge?",
        },
        "Main {categories} se jude sawaalon ke jawaab lekhon ke shabdon mein, srot ke saath deta hoon.",
        "Main sawaalon ke jawaab lekhon ke shabdon mein, srot ke saath deta hoon.",
        "{first} aur {last}",
        "anya vishayon",
    ),
}
_NAMED = 3
_WORD = re.compile(r"[^\W_\u0900-\u097f]+|[\u0900-\u097f]+")
"""A word; of Devanagari with its vowel signs, which are no letters of their own."""


def small_talk(words: str) -> Talk | None:
    """What kind of small talk a message is, when all of it is such; None for a question, also for one that begins with a greeting."""
    bare = _WORD.findall(words.casefold())
    if len(bare) > _LONGEST:
        return None
    return _in_english(bare) or _in_hindi(bare)


def _in_english(words: Sequence[str]) -> Talk | None:
    said = " ".join(words)
    return next((talk for talk, pattern in _patterns().items() if pattern.fullmatch(said)), None)


def _in_hindi(words: Sequence[str]) -> Talk | None:
    """What kind of small talk words are that are made of such phrases alone, by their sound and in whatever script."""
    heard = [sound(romanised(word) if has_devanagari(word) else word) for word in words]
    talks: list[set[Talk] | None] = [set(), *(None for _ in heard)]
    for end in range(1, len(talks)):
        for start in range(max(0, end - _LONGEST_PHRASE), end):
            before, phrase = talks[start], " ".join(heard[start:end])
            if before is not None and (found := _phrase(phrase)) is not None:
                talks[end] = (talks[end] or set()) | before | found
    return next((talk for talk in _HINDI if talk in (talks[-1] or ())), None)


def _phrase(heard: str) -> set[Talk] | None:
    """The kinds of small talk that a phrase may be, none for one that only says to whom; None when it is no such phrase."""
    kinds, to_whom = _hindi_patterns()
    found = {talk for talk, pattern in kinds.items() if pattern.fullmatch(heard)}
    return found if found or to_whom.fullmatch(heard) else None


@cache
def _patterns() -> Mapping[Talk, re.Pattern[str]]:
    """Made when they are first needed: that takes longer than importing most of what answers."""
    return {
        talk: re.compile(rf"(?:{_ANY} )*?(?:{'|'.join(phrases)}){_TO_WHOM}(?: {_ANY})*")
        for talk, phrases in _PHRASES.items()
    }


@cache
def _hindi_patterns() -> tuple[Mapping[Talk, re.Pattern[str]], re.Pattern[str]]:
    return {talk: re.compile("|".join(phrases)) for talk, phrases in _HINDI.items()}, re.compile(_TO_WHOM_HINDI)


def reply_to(talk: Talk, categories: Sequence[str], said: str) -> str:
    """The sentence that small talk gets, in the language in which it was `said`; it names the first few categories, the largest ones."""
    replies = _REPLIES_IN[_language(said)]
    about = replies.about.format(categories=_named(categories, replies)) if categories else replies.about_bare
    return replies.to[talk].format(about=about)


def _language(said: str) -> Language:
    if has_devanagari(said):
        return "hi"
    return "en" if _in_english(_WORD.findall(said.casefold())) else "hinglish"


def _named(categories: Sequence[str], replies: _Replies) -> str:
    *first, last = [*categories[:_NAMED], replies.more] if len(categories) > _NAMED else categories
    return replies.both.format(first=", ".join(first), last=last) if first else last
