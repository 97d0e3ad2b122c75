"""Whether an index is what was built, and does what it did: every byte, the counts, the encoders, and that FAQs find themselves."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.backends.location import store_at
from bot.encoder import SentenceEncoder, find_model, model_hash
from bot.errors import IndexCorrupt, MissingExtra, ModelError
from bot.index.generation import Generation, check_encoder, numbers_of, texts_to_encode
from bot.passages import Passage
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
    generation = store_at(index).open_current(whole=True)
    check_encoder(generation)
    encoded, not_encoded = _encode_again(generation)
    asked, found = _ask_faqs(generation)
    counts = len(generation.manifest.files), generation.table.facts.passages, generation.manifest.vectors
    return Verification(generation.name, *counts, encoded, not_encoded, asked, found), generation


def _encode_again(generation: Generation) -> tuple[int, str | None]:
    """How many vectors were made again, and why none where that is so: an index may be served where its model is not installed."""
    settings, weights = generation.manifest.settings, generation.manifest.weights
    if generation.manifest.question_encoder == "hashing":
        return 0, "it was built for tests, without a model"
    try:
        if model_hash(find_model(settings.model), settings.model) != weights:
            raise IndexCorrupt(
                f"The model {settings.model} is not the one that {generation.name} was built with: run articlebot build."
            )
        encoder = SentenceEncoder(settings.model)
    except (ModelError, MissingExtra) as error:
        return 0, str(error)
    passages = generation.table.sample(_SAMPLE)
    texts = [(passage, role, text) for passage in passages for role, text in texts_to_encode(passage)]
    held = generation.vectors_of(numbers_of(generation.table, passages))
    cosines = np.sum(encoder.encode_passages([text for _, _, text in texts]) * held.rows, axis=1)
    if cosines.min() < _SAME:
        passage, role, _ = texts[int(cosines.argmin())]
        raise IndexCorrupt(
            f"The model {settings.model} now gives another vector for {passage.id} ({role}, cosine {cosines.min():.3f}): run articlebot build."
        )
    return len(texts), None


def _ask_faqs(generation: Generation) -> tuple[int, int]:
    """How many FAQs were asked, and how many came first."""
    faqs, finder = generation.table.sample(_FAQS, faqs=True), Finder(generation)
    found = sum(_finds_itself(finder, faq) for faq in faqs)
    if found < _FOUND * len(faqs):
        raise IndexCorrupt(
            f"Only {found} of {len(faqs)} FAQs of {generation.name} are found by their own question: run articlebot build."
        )
    return len(faqs), found


def _finds_itself(finder: Finder, faq: Passage) -> bool:
    hits = finder.find((faq.question or "")[:LONGEST_QUESTION], 1).hits
    return bool(hits) and (
        hits[0].passage.id == faq.id or hits[0].passage.question == faq.question or hits[0].passage.text == faq.text
    )
