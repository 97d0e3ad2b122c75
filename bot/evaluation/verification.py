"""Verify a served index: every byte, the counts, the encoders, and that FAQs find themselves."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from bot.backends.location import store_at
from bot.encoder import find_model, model_hash, open_encoder
from bot.encoder.encoder_input import FIRST_SENTENCE, encode_inputs
from bot.errors import IndexCorrupt, MissingExtra, ModelError
from bot.index.generation import Generation, check_encoder, encoder_inputs, numbers_of, roles_of
from bot.passages import Passage
from bot.retrieval.finder import LONGEST_QUESTION, Finder

_SAMPLE, _FAQS = 32, 100  # number of passages that are encoded again, and of FAQs that are asked
_MIN_COSINE = 0.99
"""Minimum cosine of a stored vector and a new one of the same text; 16-bit rounding leaves 0.9999."""

_MIN_FOUND = 0.5
"""Minimum share of FAQs found by their own question; nearly none are if vectors and passages do not match."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What was checked without a fault."""

    generation: str
    files: int
    passages: int
    vectors: int
    encoded_again: int
    """Number of vectors compared with newly encoded ones."""
    not_encoded: str | None
    """Why no vector was compared, if so."""
    faqs_asked: int
    faqs_found: int
    """Number of FAQs that come first for their own question."""


def verify(index: Path | str) -> tuple[Verification, Generation]:
    """Check every file of the served generation, its encoder and its answers.

    Raises `IndexMissing` if there is none and `IndexCorrupt` if a file differs from the one that was built, counts
    disagree, the model gives other vectors than at build time, or FAQs no longer find themselves.
    """
    generation = store_at(index).open_current(whole=True)
    check_encoder(generation)
    encoded, not_encoded = _encode_again(generation)
    asked, found = _ask_faqs(generation)
    counts = len(generation.manifest.files), generation.table.facts.passages, generation.manifest.vectors
    return Verification(generation.name, *counts, encoded, not_encoded, asked, found), generation


def _encode_again(generation: Generation) -> tuple[int, str | None]:
    """Return the number of vectors compared, or 0 and the reason: the model may not be installed where the index is."""
    settings, weights = generation.manifest.settings, generation.manifest.weights
    if generation.manifest.question_encoder == "hashing":
        return 0, "it was built for tests, without a model"
    try:
        if model_hash(find_model(settings.model), settings.model) != weights:
            reason = f"is not the one that {generation.name} was built with"
            raise IndexCorrupt(f"The model {settings.model} {reason}: run articlebot build.")
        passages = generation.table.sample(_SAMPLE)
        roles = [(passage, role) for passage in passages for role in roles_of(passage)]
        inputs = [each for passage in passages for each in encoder_inputs(passage)]
        # By the model itself, not by what a build left in the cache.
        with TemporaryDirectory() as folder:
            found = encode_inputs(open_encoder(settings.model, weights, Path(folder, "encoder")), inputs)
    except (ModelError, MissingExtra) as error:
        return 0, str(error)
    vectors = np.concatenate([own.rows[:FIRST_SENTENCE] for own in found])
    cosines = np.sum(vectors * generation.vectors_of(numbers_of(generation.table, passages)).rows, axis=1)
    if cosines.min() < _MIN_COSINE:
        passage, role = roles[int(cosines.argmin())]
        place = f"{passage.id} ({role}, cosine {cosines.min():.3f})"
        raise IndexCorrupt(f"The model {settings.model} now gives another vector for {place}: run articlebot build.")
    return len(roles), None


def _ask_faqs(generation: Generation) -> tuple[int, int]:
    """Return the number of FAQs asked and of those that came first."""
    faqs, finder = generation.table.sample(_FAQS, faqs=True), Finder(generation)
    found = sum(_finds_itself(finder, faq) for faq in faqs)
    if found < _MIN_FOUND * len(faqs):
        counts = f"Only {found} of {len(faqs)} FAQs of {generation.name}"
        raise IndexCorrupt(f"{counts} are found by their own question: run articlebot build.")
    return len(faqs), found


def _finds_itself(finder: Finder, faq: Passage) -> bool:
    found = (hit.passage for hit in finder.find((faq.question or "")[:LONGEST_QUESTION], 1).hits)
    return any(one.id == faq.id or one.question == faq.question or one.text == faq.text for one in found)
