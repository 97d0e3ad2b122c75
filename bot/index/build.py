"""A folder of articles → a new generation."""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from bot.corpus.corpus import corpus_digest, read_corpus
from bot.corpus.refused import Refused, read_refused, write_refused
from bot.encoder import Encoder, Matrix, SentenceEncoder, find_model, model_hash, open_question_encoder
from bot.errors import CorpusError, IndexCorrupt, IndexMissing
from bot.index.cache import VectorCache
from bot.index.closeness import measure_closeness
from bot.index.generation import (
    ENCODER,
    FORMAT,
    LEXICAL,
    MANIFEST,
    PASSAGES,
    PROBE,
    REFUSED,
    VECTORS,
    Generation,
    Manifest,
    record_files,
    verify_files,
)
from bot.index.lexical import write_lexical
from bot.index.passage_table import texts_to_encode, write_passages
from bot.index.store import IndexStore
from bot.index.vectors import Vectors
from bot.index.vocabulary import vocabulary_of
from bot.passages import Passage, split_corpus
from bot.settings import BuildSettings
from bot.version import __version__

OnProgress = Callable[[int, int], None]
"""Hears how many of how many texts are encoded."""

_SAMPLES = 200
"""How many of the corpus's own questions the exported question encoder is checked on."""
_STRIDE = 1024
"""Texts encoded between two writes to the cache: what a build that is broken off can lose."""


@dataclass(frozen=True, slots=True)
class _Source:
    """What an index is made from: when this and the version are the same, so is the index."""

    settings: BuildSettings
    corpus: str
    weights: str


def _unheard(_done: int, _total: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did."""

    generation: str
    manifest: Manifest
    refused: tuple[Refused, ...]
    encoded: int
    """Texts encoded; the other vectors came from the cache."""
    built: bool
    """False when the index was up to date, and nothing was done."""


def build(corpus: Path | str, index: Path | str, settings: BuildSettings = BuildSettings(), progress: OnProgress = _unheard) -> BuildReport:
    """Bring an index up to date with a folder of articles.

    Does nothing, and loads no model, when the served generation was made from the same files with the same settings and version.
    Raises `CorpusError` when there is nothing to read, `ModelError` or `MissingExtra` when the model cannot be had, `IndexBusy` when another
    build is writing, `IndexMissing` when the folder cannot be written; whatever happens, the served generation stays as it was.
    """
    store, source = IndexStore(index), _Source(settings, corpus_digest(corpus), model_hash(find_model(settings.model)))
    with store.lock():
        served = _up_to_date(store, source)
        if served is not None:
            return BuildReport(served.name, Manifest.read(served), read_refused(served / REFUSED), 0, built=False)
        read = read_corpus(corpus)
        encoder = SentenceEncoder(settings.model)
        passages, unplaced = split_corpus(read, encoder.count_tokens, min(settings.passage_tokens, encoder.max_tokens))
        refused = (*read.refused, *unplaced)
        if not passages:
            raise CorpusError(f"The articles in {corpus} hold no text to answer from.")
        folder = store.start()
        write_refused(folder / REFUSED, refused)
        with closing(VectorCache(store.cache_folder, source.weights)) as cache:
            manifest, encoded = _write_generation(folder, passages, encoder, cache, source, progress)
        # What cannot be opened must not be served.
        Generation.open(folder)
        name = f"{manifest.created:%Y%m%dT%H%M%S.%fZ}-{hashlib.sha256(manifest.to_json().encode()).hexdigest()[:8]}"
        store.publish(folder, name)
    return BuildReport(name, manifest, refused, encoded, built=True)


def _up_to_date(store: IndexStore, source: _Source) -> Path | None:
    """The served generation, when building again would make the same."""
    try:
        folder = store.current()
        manifest = Manifest.read(folder)
        verify_files(folder, manifest)
    except (IndexMissing, IndexCorrupt):
        return None
    same = (_Source(manifest.settings, manifest.corpus, manifest.weights), manifest.version) == (source, __version__)
    return folder if same else None


def _write_generation(
    folder: Path, passages: Sequence[Passage], encoder: Encoder, cache: VectorCache, source: _Source, progress: OnProgress
) -> tuple[Manifest, int]:
    """Write all files, the manifest last; returns it and the number of texts that had to be encoded."""
    texts = texts_to_encode(passages)
    write_passages(folder / PASSAGES, passages, ((number, role) for number, role, _ in texts), vocabulary_of(passages))
    write_lexical(folder / LEXICAL, passages)
    matrix, encoded = _vectors([text for _, _, text in texts], encoder, cache, progress)
    vectors = Vectors.of(matrix)
    vectors.write(folder / VECTORS)
    kind = _write_question_encoder(folder / ENCODER, passages, encoder)
    questions = open_question_encoder(folder / ENCODER, kind)
    probe = questions.encode_questions([PROBE])[0]
    closeness = measure_closeness(passages, np.array([number for number, _, _ in texts]), vectors, questions)
    manifest = Manifest(
        format=FORMAT, version=__version__, created=datetime.now(UTC), settings=source.settings, weights=source.weights,
        dimension=encoder.dimension, question_encoder=kind, corpus=source.corpus, articles=len({passage.article.id for passage in passages}),
        passages=len(passages), vectors=len(matrix), closeness=closeness, probe=tuple(round(float(x), 6) for x in probe), files=record_files(folder),
    )  # fmt: skip
    (folder / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
    return manifest, encoded


def _write_question_encoder(folder: Path, passages: Sequence[Passage], encoder: Encoder) -> str:
    folder.mkdir()
    questions = [passage.question for passage in passages if passage.question] or [passage.text for passage in passages]
    return encoder.export_questions(folder, questions[:: max(1, len(questions) // _SAMPLES)])


def _vectors(texts: Sequence[str], encoder: Encoder, cache: VectorCache, progress: OnProgress) -> tuple[Matrix, int]:
    """The vectors of texts, row by row, and how many texts were encoded: each different one once, and none that the cache has."""
    known = cache.known(list(dict.fromkeys(texts)))
    new = [text for text in dict.fromkeys(texts) if text not in known]
    # Long and short texts apart, so that the pace says how much is left, and batches need little padding.
    new.sort(key=len, reverse=True)
    done = 0

    def count(finished: int) -> None:
        nonlocal done
        done += finished
        progress(done, len(new))

    for start in range(0, len(new), _STRIDE):
        stretch = new[start : start + _STRIDE]
        vectors = encoder.encode_passages(stretch, count)
        cache.add(stretch, vectors)
        known.update(zip(stretch, vectors, strict=True))
    cache.keep_only(known)
    return np.stack([known[text] for text in texts]), len(new)
