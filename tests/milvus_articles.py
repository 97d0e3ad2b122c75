"""Articles that tests write to an index on Milvus."""

from bot import Bot


def ignore_progress(_done: int, _total: int) -> None:
    pass


def leave(days: int = 90, ident: str = "leave", word: str = "sabbatical", **changes: object) -> dict[str, object]:
    """Return an article with a FAQ that gives a number of days, about a word that no other article has."""
    faqs = [
        {"question": f"How long does a {word} last?", "answer": f"It lasts {days} days."},
        {"question": f"Is a {word} paid?", "answer": "It is not paid."},
    ]
    text = f"A {word} lasts for a while.\n\nAsk your manager first."
    return {
        "id": ident,
        "title": f"{word.title()} leave",
        "text": text,
        "category": "HRM",
        "published": "2026-11-01",
        "faqs": faqs,
        **changes,
    }


def answer_of(bot: Bot, word: str = "sabbatical") -> str:
    return bot.ask(f"How long does a {word} last?").text
