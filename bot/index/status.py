"""What an index folder holds, without opening its parts."""

from pathlib import Path
from typing import Any

from bot.corpus.corpus import corpus_digest
from bot.errors import CorpusError
from bot.index.generation import Manifest
from bot.index.store import IndexStore


def index_status(index: Path | str, corpus: Path | str) -> dict[str, Any]:
    """Facts about the served generation; `corpus_changed` is None when the corpus is not there to compare.

    Raises `IndexMissing` or `IndexCorrupt` when there is none that could be served.
    """
    store = IndexStore(index)
    folder = store.current()
    manifest = Manifest.read(folder)
    return {
        "generation": folder.name,
        "created": manifest.created.isoformat(timespec="seconds"),
        "articles": manifest.articles,
        "passages": manifest.passages,
        "vectors": manifest.vectors,
        "model": manifest.settings.model,
        "question_encoder": manifest.question_encoder,
        "agreement": manifest.agreement.overlap,
        "search": f"{manifest.search.looked_through} of {manifest.search.lists} lists" if manifest.search.lists else "exact",
        "bytes": sum(record.size for record in manifest.files.values()),
        "format": manifest.format,
        "version": manifest.version,
        "corpus_changed": _changed(corpus, manifest),
        "generations": [path.name for path in store.generations()],
    }


def _changed(corpus: Path | str, manifest: Manifest) -> bool | None:
    try:
        return corpus_digest(corpus) != manifest.corpus
    except CorpusError:
        return None
