"""An index on Milvus Lite, a server with its own BM25."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from milvus_articles import answer_of, ignore_progress, leave
from milvus_server import lite_server
from quick_build import build
from waiting import wait_for

from bot import Bot, Retriever
from bot.backends.location import publish_to, store_at, update_at
from bot.backends.milvus.address import MilvusAddress
from bot.index.filters import Filters
from bot.index.status import index_status
from bot.settings import BuildSettings

pytestmark = pytest.mark.server


@pytest.fixture
def newer(tmp_path: Path, corpus: Path, tiny_settings: BuildSettings) -> Iterator[str]:
    """The small corpus on Milvus Lite, a server with BM25."""
    with lite_server(tmp_path / "lite") as port:
        build(corpus, tmp_path / "index", tiny_settings)
        address = f"milvus://127.0.0.1:{port}/newer?cache={tmp_path / 'copies'}"
        publish_to(address, tmp_path / "index", ignore_progress)
        yield address


def test_a_server_with_bm25_ranks_lexical_hits_as_a_folder_does(newer: str, tmp_path: Path):
    near, far = Retriever.open(tmp_path / "index").generation, Retriever.open(newer).generation
    assert not list(tmp_path.glob("copies/*/*/lexical"))
    assert index_status(store_at(newer), tmp_path / "corpus")["words"] == "ranked by the server"
    for question in ("how long does the notice period run", "who pays gratuity", "provident fund"):
        for field in ("words", "pairs"):
            here, there = (generation.lexical.search(field, question, 3) for generation in (near, far))
            assert [passage.id for passage in far.table.passages(there.numbers)] == [
                passage.id for passage in near.table.passages(here.numbers)
            ]
            assert np.allclose(there.scores, here.scores, rtol=0.15)
            assert np.allclose(there.shares, here.shares, rtol=0.15)
    assert (far.lexical.has("words", "periods"), far.lexical.has("words", "sabbatical")) == (True, False)
    assert (far.lexical.has("pairs", "notice period"), far.lexical.has("pairs", "period notice")) == (True, False)


def test_changed_articles_are_found_by_their_words_on_a_server_with_bm25(newer: str, tmp_path: Path):
    reader = Bot.open(newer)
    update_at(newer, [leave()], folder=tmp_path / "index")
    wait_for(lambda: reader.generation.name.endswith("+1"))
    assert reader.generation.lexical.has("words", "sabbatical")
    assert answer_of(reader) == "It lasts 90 days."
    update_at(newer, removed=["leave"], folder=tmp_path / "index")
    wait_for(lambda: reader.generation.name.endswith("+2"))
    assert not reader.generation.lexical.has("words", "sabbatical")
    assert answer_of(reader) != "It lasts 90 days."


def test_filters_apply_to_lexical_search_on_a_server_with_bm25(newer: str):
    found = Retriever.open(newer).generation.lexical.search(
        "words", "notice period gratuity employer", 9, Filters(category="epfo")
    )
    articles = {passage.article.id for passage in Retriever.open(newer).generation.table.passages(found.numbers)}
    assert articles == {"gratuity"}


def test_a_replica_loads_the_collections_again_that_a_restarted_server_has_not_in_memory(newer: str):
    from pymilvus import MilvusClient as Client

    reader = Retriever.open(newer)
    assert reader.search("notice period")
    server = Client(f"http://{MilvusAddress.parse(newer).server}")
    for name in server.list_collections():
        server.release_collection(name)
    wait_for(lambda: "has not loaded the index yet" in (reader.index.unreachable or ""))
    wait_for(lambda: reader.index.unreachable is None)
    assert reader.search("notice period")
