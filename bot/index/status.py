"""What an index holds, and whether it can be served."""

from pathlib import Path
from typing import Any

from bot.corpus.corpus import corpus_digest
from bot.errors import ArticlebotError, CorpusError, IndexCorrupt
from bot.index.generation import check_encoder
from bot.index.manifest import Manifest
from bot.index.store import Store


def index_status(store: Store, corpus: Path | str) -> dict[str, Any]:
    """Facts about the served generation and about those kept; `corpus_changed` is None when the corpus is not there to compare.

    `fault` says why the served generation does not open; a chat that runs goes on with the one before it. Raises `IndexMissing` when nothing was
    built here, `IndexCorrupt` when the pointer leads nowhere.
    """
    served, kept = store.current_name(), list(store.kept())
    manifest = dict(kept).get(served)
    return {
        "generation": served,
        **(_facts(manifest, corpus) if isinstance(manifest, Manifest) else {}),
        **store.facts(),
        "fault": _fault(store),
        "generations": [_kept(name, manifest, served=name == served) for name, manifest in kept],
    }


def _facts(manifest: Manifest, corpus: Path | str) -> dict[str, Any]:
    return {
        "created": manifest.created.isoformat(timespec="seconds"),
        "articles": manifest.articles,
        "passages": manifest.passages,
        "vectors": manifest.vectors,
        "model": manifest.settings.model,
        "question_encoder": manifest.question_encoder,
        "languages": list(manifest.settings.languages),
        "encoder_fidelity": manifest.encoder_fidelity.overlap,
        "search": f"{manifest.search.looked_through} of {manifest.search.lists} lists"
        if manifest.search.lists
        else "exact",
        "bytes": manifest.bytes,
        "format": manifest.format,
        "version": manifest.version,
        "corpus_changed": _changed(corpus, manifest),
    }


def _changed(corpus: Path | str, manifest: Manifest) -> bool | None:
    try:
        return corpus_digest(corpus) != manifest.corpus
    except CorpusError:
        return None


def _fault(store: Store) -> str | None:
    try:
        check_encoder(store.open_current())
    except ArticlebotError as error:
        return str(error)
    return None


def _kept(name: str, manifest: Manifest | IndexCorrupt, *, served: bool) -> dict[str, Any]:
    """One generation in a line."""
    named = {"name": name, "served": served}
    if isinstance(manifest, IndexCorrupt):
        return {**named, "fault": str(manifest)}
    created = manifest.created.isoformat(timespec="seconds")
    counts = {"articles": manifest.articles, "passages": manifest.passages, "bytes": manifest.bytes}
    return {**named, "created": created, **counts, "model": manifest.settings.model, "fault": None}
