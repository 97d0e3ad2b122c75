"""Whether an index is what was built, and does what it did: every byte, the counts, the encoders, and that FAQs find themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.encoder import SentenceEncoder, find_model, model_hash
from bot.errors import IndexCorrupt, MissingExtra, ModelError
from bot.index.generation import Generation
from bot.index.passage_table import ROLES, texts_to_encode
from bot.index.store import IndexStore
from bot.retrieval.finder import LONGEST_QUESTION, Finder

_SAMPLE = 32
"""Passages whose vectors are made again."""
_SAME = 0.99
"""The least cosine between a vector and the same text's, made again: 16 bits in the encoder and in the index leave 0.9999."""
_FAQS = 100
_FOUND = 0.5
"""The least share of FAQs that their own question finds first; nearly none does where vectors and passages do not belong together."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What was looked at, all of it right."""

    generation: str
    files: int
    passages: int
    vectors: int
    encoded_again: int
    """Vectors made again from their texts."""
    not_encoded: str | None
    """Why none was made again, where that is so."""
    faqs_asked: int
    faqs_found: int
    """Those that come first when their question is asked."""


def verify(index: Path | str) -> tuple[Verification, Generation]:
    """Look at every file of the served generation, and at what it does.

    Raises `IndexMissing` when there is none, `IndexCorrupt` when a file is not the one that was built, counts differ, the model or its library gives
    other vectors than at build time, or FAQs no longer find themselves.
    """
    generation = IndexStore(index).open_current(lambda folder: Generation.open(folder, whole=True))
    generation.check_encoder()
    encoded, not_encoded = _encode_again(generation)
    asked, found = _ask_faqs(generation)
    counts = len(generation.manifest.files), len(generation.table), len(generation.vectors)
    return Verification(generation.name, *counts, encoded, not_encoded, asked, found), generation


def _encode_again(generation: Generation) -> tuple[int, str | None]:
    """How many vectors were made again, and why none where that is so: an index may be served where its model is not installed."""
    settings, weights = generation.manifest.settings, generation.manifest.weights
    if generation.manifest.question_encoder == "hashed-words":
        return 0, "it was built for tests, without a model"
    try:
        if model_hash(find_model(settings.model), settings.model) != weights:
            raise IndexCorrupt(f"The model {settings.model} is not the one that {generation.name} was built with: run articlebot build.")
        encoder = SentenceEncoder(settings.model)
    except (ModelError, MissingExtra) as error:
        return 0, str(error)
    numbers = np.unique(np.linspace(0, len(generation.table) - 1, _SAMPLE).astype(int)).tolist()
    texts = [text for number in numbers for _, text in texts_to_encode(generation.table.passage(number))]
    starts = generation.table.row_start
    rows = np.concatenate([np.arange(starts[number], starts[number + 1]) for number in numbers])
    cosines = np.sum(encoder.encode_passages(texts) * generation.vectors.rows(rows), axis=1)
    if cosines.min() < _SAME:
        role = ROLES[generation.table.role_of_row[rows[int(cosines.argmin())]]]
        passage = generation.table.passage(int(generation.table.passage_of_row[rows[int(cosines.argmin())]]))
        raise IndexCorrupt(
            f"The model {settings.model} now gives another vector for {passage.id} ({role}, cosine {cosines.min():.3f}): run articlebot build."
        )
    return len(texts), None


def _ask_faqs(generation: Generation) -> tuple[int, int]:
    """How many FAQs were asked, and how many came first."""
    faqs, finder = generation.table.faq_numbers(), Finder(generation)
    numbers: Sequence[int] = faqs[np.unique(np.linspace(0, len(faqs) - 1, min(_FAQS, len(faqs))).astype(int))].tolist()
    found = sum(_finds_itself(finder, number) for number in numbers)
    if found < _FOUND * len(numbers):
        raise IndexCorrupt(f"Only {found} of {len(numbers)} FAQs of {generation.name} are found by their own question: run articlebot build.")
    return len(numbers), found


def _finds_itself(finder: Finder, number: int) -> bool:
    faq = finder.generation.table.passage(number)
    hits = finder.find((faq.question or "")[:LONGEST_QUESTION], 1).hits
    return bool(hits) and (hits[0].passage.id == faq.id or hits[0].passage.question == faq.question or hits[0].passage.text == faq.text)
