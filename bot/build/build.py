"""Brings an index up to date with a folder, or a list, of articles."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bot.build.generation_writer import BuildInputs, BuildPlan, GenerationWriter, OnProgress
from bot.build.publish import publish_generation, unfinished_generation
from bot.build.workers import LocalWorkers, Workers
from bot.corpus.corpus import FolderSource
from bot.corpus.in_memory import ArticleInput, InMemorySource
from bot.corpus.refused import Refused, read_refused
from bot.corpus.source import ArticleSource
from bot.encoder import Encoder, find_model, model_hash, multilingual_weights_hash, open_encoder
from bot.encoder.encoder import no_progress
from bot.errors import IndexCorrupt, IndexMissing, IndexUnwritable
from bot.index.generation import Generation
from bot.index.local_generation import LocalGeneration
from bot.index.manifest import MANIFEST, REFUSED, ChangedAnswers, Manifest, verify_files
from bot.index.store import LocalStore
from bot.settings import BuildSettings
from bot.version import __version__

_CUSTOM = "custom:"  # prefix of the `weights` of a custom encoder, before its name

Review = Callable[[Generation | None, Generation], ChangedAnswers]
"""Compares the current generation, if it can be opened, with the new one; may raise `BuildRefused`."""


@dataclass(frozen=True, slots=True)
class BuildReport:
    """The result of a build."""

    generation: str
    manifest: Manifest
    refused: tuple[Refused, ...]
    built: bool
    """False if the index was up to date."""
    published: bool
    """False after a dry run."""

    @property
    def encoded(self) -> int:
        """Number of encoded texts; the other vectors came from the cache."""
        return self.manifest.encoded if self.built else 0


def build(
    corpus: Path | str | Iterable[ArticleInput],
    index: Path | str,
    settings: BuildSettings = BuildSettings(),
    progress: OnProgress = no_progress,
    review: Review | None = None,
    *,
    publish: bool = True,
    encoder: Encoder | None = None,
    workers: Workers = LocalWorkers(),
) -> BuildReport:
    """Bring an index up to date with a folder, or a list, of articles.

    Does nothing, and loads no model, if the current generation was built from the same articles with the same settings
    and version. With `publish=False` the new generation is written, reviewed and thrown away. A custom `encoder`
    replaces `settings.model`; its name identifies it, so an encoder that gives other vectors needs another name.
    `workers` can distribute the work; the index is the same.

    Raises `CorpusError` if there is nothing to read, `ModelError` or `MissingExtra` if the model is not available,
    `IndexBusy` if another build is writing, `IndexUnwritable` if the folder cannot be written, and whatever `review`
    raises; after an exception the current generation is the one before.
    """
    store = LocalStore(index)
    source = FolderSource(corpus) if isinstance(corpus, (Path, str)) else InMemorySource(corpus)
    inputs = _inputs(source, settings, encoder)
    with store.lock(), _translate_write_errors(store.name):
        previous = _find_intact(store)
        if previous is not None and _is_up_to_date(previous, inputs):
            refused = read_refused(previous / REFUSED)
            return BuildReport(previous.name, Manifest.read(previous), refused, built=False, published=True)
        with unfinished_generation(store) as folder:
            used = encoder or _open_encoder(inputs, store, progress)
            refused = GenerationWriter(folder, store, source, inputs, previous, used, workers, progress).write()
            # A generation that does not open must not be published.
            manifest = _review(folder, previous, LocalGeneration.open(folder, encoder=encoder), review)
            if publish:
                publish_generation(store, folder, manifest.name)
    return BuildReport(manifest.name, manifest, refused, built=True, published=publish)


def plan_build(
    corpus: Path, index: Path, settings: BuildSettings = BuildSettings(), progress: OnProgress = no_progress,
    *, workers: Workers = LocalWorkers(),
) -> BuildPlan | None:  # fmt: skip
    """Return what `build` would do, without encoding or writing an index; None if the index is up to date.

    Raises what `build` raises.
    """
    store, source = LocalStore(index), FolderSource(corpus)
    inputs = _inputs(source, settings, None)
    with store.lock(), _translate_write_errors(store.name):
        previous = _find_intact(store)
        if previous is not None and _is_up_to_date(previous, inputs):
            return None
        with unfinished_generation(store) as folder:
            encoder = _open_encoder(inputs, store, progress)
            return GenerationWriter(folder, store, source, inputs, previous, encoder, workers, progress).plan()


def _inputs(source: ArticleSource, settings: BuildSettings, encoder: Encoder | None) -> BuildInputs:
    settings = replace(settings, model=encoder.name) if encoder else settings
    weights = f"{_CUSTOM}{encoder.name}" if encoder else model_hash(find_model(settings.model), settings.model)
    multilingual = multilingual_weights_hash(settings.multilingual_model) if settings.is_multilingual else None
    return BuildInputs(settings, source.digest(), weights, multilingual)


def _open_encoder(inputs: BuildInputs, store: LocalStore, progress: OnProgress) -> Encoder:
    progress("model", 0, 1)
    encoder = open_encoder(inputs.settings.model, inputs.weights, store.encoder_folder)
    progress("model", 1, 1)
    return encoder


@contextmanager
def _translate_write_errors(root: Path | str) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        problem = f"The index folder {root} cannot be written ({getattr(error, 'strerror', None) or error})"
        raise IndexUnwritable(f"{problem}: fix that and build again; the current index is unchanged.") from error


def _find_intact(store: LocalStore) -> Path | None:
    """Return the folder of the current generation if all its files are intact."""
    try:
        folder = store.current_folder()
        verify_files(folder, Manifest.read(folder))
    except (IndexMissing, IndexCorrupt):
        return None
    return folder


def _is_up_to_date(folder: Path, inputs: BuildInputs) -> bool:
    manifest = Manifest.read(folder)
    multilingual = manifest.multilingual.weights if manifest.multilingual else None
    before = BuildInputs(manifest.settings, manifest.corpus, manifest.weights, multilingual)
    return before == inputs and manifest.version == __version__


def _review(folder: Path, previous: Path | None, new: Generation, review: Review | None) -> Manifest:
    """Return the manifest of the new generation, with the changed answers that the review found."""
    manifest = new.manifest
    if review is None:
        return manifest
    answers = review(LocalGeneration.open(previous) if previous else None, new)
    if manifest.changes:
        manifest = replace(manifest, changes=replace(manifest.changes, answers=answers))
        (folder / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
    return manifest
