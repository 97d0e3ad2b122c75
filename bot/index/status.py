"""What an index folder holds, and whether it can be served."""

from pathlib import Path
from typing import Any

from bot.corpus.corpus import corpus_digest
from bot.errors import ArticlebotError, CorpusError, IndexCorrupt
from bot.index.generation import Generation, Manifest
from bot.index.store import IndexStore


def index_status(index: Path | str, corpus: Path | str) -> dict[str, Any]:
    """Facts about the served generation and about those kept; `corpus_changed` is None when the corpus is not there to compare.

    `fault` says why the served generation does not open; a chat that runs goes on with the one before it. Raises `IndexMissing` when nothing was
    built here, `IndexCorrupt` when the pointer leads nowhere.
    """
    store = IndexStore(index)
    served = store.current()
    return {
        "generation": served.name,
        **_facts(served, corpus),
        "fault": _fault(served),
        "generations": [_kept(folder, served) for folder in store.generations()],
    }


def _facts(served: Path, corpus: Path | str) -> dict[str, Any]:
    try:
        manifest = Manifest.read(served)
    except IndexCorrupt:
        return {}
    return {
        "created": manifest.created.isoformat(timespec="seconds"),
        "articles": manifest.articles,
        "passages": manifest.passages,
        "vectors": manifest.vectors,
        "model": manifest.settings.model,
        "question_encoder": manifest.question_encoder,
        "agreement": manifest.agreement.overlap,
        "search": f"{manifest.search.looked_through} of {manifest.search.lists} lists" if manifest.search.lists else "exact",
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


def _fault(served: Path) -> str | None:
    try:
        Generation.open(served).check_encoder()
    except ArticlebotError as error:
        return str(error)
    return None


def _kept(folder: Path, served: Path) -> dict[str, Any]:
    """One generation in a line."""
    named = {"name": folder.name, "served": folder == served}
    try:
        manifest = Manifest.read(folder)
    except IndexCorrupt as error:
        return {**named, "fault": str(error)}
    created = manifest.created.isoformat(timespec="seconds")
    counts = {"articles": manifest.articles, "passages": manifest.passages, "bytes": manifest.bytes}
    return {**named, "created": created, **counts, "model": manifest.settings.model, "fault": None}
