"""Code of a host application: type-checked by mypy and never run; test_embedding.py tests what it does."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot import Answer, Article, Bot, Hit, Passage, Retriever
from bot.build.build import BuildReport, build
from bot.corpus import read_corpus
from bot.errors import ArticlebotError, IndexMissing, QuestionError
from bot.settings import AnswerSettings, BuildSettings
from bot.testing import QUESTIONS, tiny_bot, tiny_index

retriever = Retriever.open("index")
hits: tuple[Hit, ...] = retriever.search(
    "how long is a probation period", k=5, category="HRM", since=date(2025, 1, 1), history=["what is probation"]
)
for hit in hits:
    passage: Passage = hit.passage
    article: Article = passage.article
    numbers: tuple[float, float] = (hit.probability, hit.score)
    words: tuple[str, str, str | None, date | None] = (passage.text, article.title, article.url, article.published)
    headings: tuple[str, ...] = passage.section
many: list[tuple[Hit, ...]] = retriever.search_many(["notice period", "gratuity"], k=1, article="gratuity")

faq = Bot.open(Path("index"), settings=AnswerSettings(threshold=0.6))
answer: Answer = faq.ask(
    "and can it be extended?", history=[{"role": "user", "content": "how long is a probation period"}]
)
match answer.status:
    case "answered":
        shown: str = f"{answer.text} {answer.sources[0].passage.article.url}"
    case "closest":
        hedged: str = f"This may not answer it: {answer.text} {answer.sources[0].passage.article.url}"
    case "ambiguous":
        offered: tuple[str, ...] = answer.did_you_mean
    case "no_answer":
        near: tuple[str, ...] = answer.suggestions
as_json: dict[str, object] = answer.to_dict()


async def handle(question: str) -> str:
    found: tuple[Hit, ...] = await retriever.asearch(question, 3, category="HRM")
    return (await faq.aask(question)).text or found[0].passage.text


def newest_first(question: str, found: Sequence[Hit]) -> list[float]:
    """A custom reranker: a callable."""
    return [(hit.passage.article.published or date.min).toordinal() + hit.probability * len(question) for hit in found]


class Letters:
    """A custom encoder with the members of `bot.encoder.Encoder`."""

    name = "letters-1"
    dimension = 26
    max_tokens = 200

    def token_starts(self, texts: Sequence[str]) -> list[Sequence[int]]:
        return [range(len(text)) for text in texts]

    def encode_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        counts = np.array([[1 + text.lower().count(chr(97 + n)) for n in range(26)] for text in texts], np.float32)
        return np.asarray(counts / np.linalg.norm(counts, axis=1, keepdims=True), np.float32)

    def encode_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self.encode_questions(texts)


own = Retriever.open("index", reranker=newest_first, encoder=Letters())
from_fields = Retriever.from_articles(
    [{"id": "a", "title": "A", "text": "Words.", "faqs": [{"question": "Why?", "answer": "So."}]}], encoder=Letters()
)
from_files = Bot.from_articles(read_corpus("corpus").articles)
report: BuildReport = build(
    read_corpus("corpus").articles, "index", BuildSettings(passage_tokens=120), encoder=Letters()
)
folder: Path = tiny_index("tiny")
in_tests: Answer = tiny_bot().ask(QUESTIONS["ambiguous"])

try:
    faq.ask("")
except QuestionError:
    pass
except (IndexMissing, ArticlebotError) as error:
    sentence: str = str(error)
