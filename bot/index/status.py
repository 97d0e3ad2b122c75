"""The status of an index: what it contains, and whether it can be opened."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from bot.corpus.corpus import corpus_digest
from bot.errors import ArticlebotError, CorpusError, IndexCorrupt
from bot.index.generation import check_encoder
from bot.index.manifest import Manifest
from bot.index.store import Store


def index_status(store: Store, corpus: Path | str) -> dict[str, Any]:
    """Return facts about the current generation and the others that are stored.

    `corpus_changed` is None if the corpus cannot be read. `fault` is the reason why the current generation cannot be
    opened, if so. Raises `IndexMissing` if there is no index, `IndexCorrupt` if the pointer names no generation.
    """
    current, stored = store.current_name(), list(store.manifests())
    manifest = dict(stored).get(current)
    return {
        "generation": current,
        **(_facts(manifest, corpus) if isinstance(manifest, Manifest) else {}),
        **store.facts(),
        "fault": _fault(store),
        "generations": [_summary(name, manifest, served=name == current) for name, manifest in stored],
    }


def _facts(manifest: Manifest, corpus: Path | str) -> dict[str, Any]:
    plan = manifest.search
    return {
        "created": manifest.created.isoformat(timespec="seconds"),
        "articles": manifest.articles,
        "passages": manifest.passages,
        "vectors": manifest.vectors,
        "model": manifest.settings.model,
        "question_encoder": manifest.question_encoder,
        "languages": list(manifest.settings.languages),
        "encoder_fidelity": manifest.encoder_fidelity.overlap,
        "search": f"{plan.searched_lists} of {plan.lists} lists" if plan.lists else "exact",
        "bytes": manifest.bytes,
        "format": manifest.format,
        "version": manifest.version,
        "corpus_changed": _has_changed(corpus, manifest),
    }


def _has_changed(corpus: Path | str, manifest: Manifest) -> bool | None:
    with suppress(CorpusError):
        return corpus_digest(corpus) != manifest.corpus
    return None


def _fault(store: Store) -> str | None:
    try:
        check_encoder(store.open_current())
    except ArticlebotError as error:
        return str(error)
    return None


def _summary(name: str, manifest: Manifest | IndexCorrupt, *, served: bool) -> dict[str, Any]:
    named = {"name": name, "served": served}
    if isinstance(manifest, IndexCorrupt):
        return {**named, "fault": str(manifest)}
    created = manifest.created.isoformat(timespec="seconds")
    counts = {"articles": manifest.articles, "passages": manifest.passages, "bytes": manifest.bytes}
    return {**named, "created": created, **counts, "model": manifest.settings.model, "fault": None}
