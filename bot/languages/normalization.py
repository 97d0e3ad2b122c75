"""One form for texts that differ only in case, spaces, final punctuation or spelling of Devanagari."""

from bot.languages.hindi.devanagari import folded


def normalize(text: str) -> str:
    """Return the text in the form in which questions are compared."""
    return " ".join(folded(text).casefold().split()).rstrip("?.!। ")
