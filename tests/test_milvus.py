"""An index on a real Milvus server: the same answers as from a folder, generations, updates, unreachable servers."""

import csv
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from articles import GRATUITY, NOTICE, PROBATION
from command_line import articlebot
from milvus_articles import answer_of, ignore_progress, leave
from milvus_server import MilvusServer
from quick_build import build
from waiting import wait_for

from bot import Bot, Retriever
from bot.backends.location import publish_to, store_at, update_at
from bot.backends.milvus.address import MilvusAddress
from bot.backends.milvus.client import MilvusClient
from bot.backends.milvus.layout import numeric_id
from bot.backends.milvus.publish import list_generations
from bot.errors import CorpusError, IndexCorrupt, IndexMissing, IndexUnreachable, ModelError
from bot.index.generation import all_articles, newest_articles, passage_by_id
from bot.index.status import index_status
from bot.settings import BuildSettings

pytestmark = pytest.mark.server

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusServer]:
    server = MilvusServer(tmp_path_factory.mktemp("milvus"))
    yield server
    server.kill()


@pytest.fixture(scope="module")
def shipped_address(server: MilvusServer, shipped_index: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the shipped corpus on the server."""
    address = server.index("shipped", tmp_path_factory.mktemp("copies"))
    assert publish_to(address, shipped_index, ignore_progress)
    return address


@pytest.fixture(scope="module")
def there(shipped_address: str) -> Bot:
    return Bot.open(shipped_address)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, tiny_model: str) -> Path:
    """A folder with two small articles and their index."""
    folder = tmp_path_factory.mktemp("workspace")
    (folder / "corpus").mkdir()
    (folder / "corpus" / "notice.md").write_text(NOTICE, encoding="utf-8")
    (folder / "corpus" / "gratuity.md").write_text(GRATUITY, encoding="utf-8")
    (folder / "corpus" / "synonyms.csv").write_text("term,also\ngratuity,long service money\n", encoding="utf-8")
    build(folder / "corpus", folder / "index", BuildSettings(model=tiny_model))
    return folder


@pytest.fixture(scope="module")
def folder(workspace: Path) -> Path:
    return workspace / "index"


@pytest.fixture(scope="module")
def small(server: MilvusServer, workspace: Path) -> str:
    """The two small articles on the server; tests that write add other articles."""
    address = server.index("small", workspace / "copies")
    publish_to(address, workspace / "index", ignore_progress)
    return address


def visitors() -> list[str]:
    with (ROOT / "tests" / "questions" / "visitors.csv").open(encoding="utf-8", newline="") as file:
        return [row["question"] for row in csv.DictReader(file)]


# --- the same answers


def test_three_hundred_questions_get_the_same_first_passage_and_probability(
    shipped: Bot, there: Bot, figures: list[str]
):
    faqs = [passage.question or "" for passage in shipped.generation.table.sample(300 - len(visitors()), faqs=True)]
    questions = [*visitors(), *faqs]
    pairs = [
        (shipped.retriever.search(question, k=3)[0], there.retriever.search(question, k=3)[0]) for question in questions
    ]
    same = [(here, far) for here, far in pairs if here.passage == far.passage]
    figures.append(f"Milvus: the same first passage for {len(same)} of {len(questions)} questions")
    assert len(same) >= 0.99 * len(questions)
    assert max(abs(here.probability - far.probability) for here, far in same) < 1e-3


def test_answers_are_the_same_to_the_letter(shipped: Bot, there: Bot):
    for question in (*visitors()[:25], "hello", "promtion leter", "documents needed?"):
        here, far = (bot.ask(question, ["what is a probation letter"]).to_dict() for bot in (shipped, there))
        for answer in (here, far):
            answer["id"] = ""
            answer["probability"] = round(answer["probability"], 2)
            for source in answer["sources"]:
                source["probability"] = round(source["probability"], 2)
        assert far == here


@pytest.mark.parametrize(
    "filters",
    [
        {"category": "hrm"},
        {"article": "hrm/probation-letter"},
        {"since": date(2025, 6, 1)},
        {"category": 'no "such" \\ one'},
    ],
    ids=str,
)
def test_filters_admit_the_same_passages(shipped: Bot, there: Bot, filters: dict[str, object]):
    article = next(iter(all_articles(shipped.generation.table))).id
    wanted = {**filters, **({"article": article} if "article" in filters else {})}
    here, far = (bot.retriever.search("what documents are needed", k=10, **wanted) for bot in (shipped, there))
    assert [hit.passage.id for hit in far] == [hit.passage.id for hit in here]


def test_passages_and_articles_are_the_same(shipped: Bot, there: Bot):
    here, far = shipped.generation.table, there.generation.table
    assert {passage.id: passage for passage in far.all_passages()} == {
        passage.id: passage for passage in here.all_passages()
    }
    assert list(all_articles(far)) == list(all_articles(here))
    assert {name: getattr(far.facts, name) for name in ("articles", "passages", "faqs", "categories")} == {
        name: getattr(here.facts, name) for name in ("articles", "passages", "faqs", "categories")
    }
    category = next(iter(here.facts.categories))
    assert far.listed(None, 5, 7) == here.listed(None, 5, 7)
    assert far.listed(category, 2, 3) == here.listed(category, 2, 3)
    assert newest_articles(far, 5) == newest_articles(here, 5)
    assert set(far.all_passages(faqs=True)) == set(here.all_passages(faqs=True))
    article = next(all_articles(here)).id
    assert (far.article(article), far.faqs(article)) == (here.article(article), here.faqs(article))
    assert (far.article("no such"), passage_by_id(far, "no#such"), far.faqs("no such")) == (None, None, [])
    assert there.suggestions.examples() == shipped.suggestions.examples()


def test_sentences_and_tokens_have_the_same_vectors(shipped: Bot, there: Bot):
    passages = shipped.generation.table.sample(150)
    here, far = shipped.generation.sentence_vectors(passages), there.generation.sentence_vectors(passages)
    assert len(here.tokens.places) > 3000
    for name in ("rows", "starts", "token_starts"):
        assert np.array_equal(getattr(here, name), getattr(far, name)), name
    assert all(map(np.array_equal, here.tokens, far.tokens))


def test_synonyms_are_published_with_the_index(small: str):
    retriever = Retriever.open(small)
    assert retriever.generation.synonyms == {"long service money": "gratuity"}
    assert retriever.finder().find("who pays long service money", 1).query == "who pays gratuity"


# --- generations


def test_running_retrievers_follow_each_new_generation_and_two_are_kept(
    server: MilvusServer, corpus: Path, tmp_path: Path, tiny_settings: BuildSettings, figures: list[str]
):
    address = server.index("generations", tmp_path / "copies")

    def rebuilt() -> str:
        name = build(corpus, tmp_path / "index", tiny_settings).generation
        publish_to(address, tmp_path / "index", ignore_progress)
        return name

    first = rebuilt()
    assert not publish_to(address, tmp_path / "index", ignore_progress), "what is served already is not written again"
    assert index_status(store_at(address), corpus)["corpus_changed"] is False
    replicas = [Retriever.open(address) for _ in range(3)]
    (corpus / "probation.md").write_text(PROBATION, encoding="utf-8")
    assert index_status(store_at(address), corpus)["corpus_changed"] is True
    second = rebuilt()
    apart = followed(replicas, second)
    figures.append(f"Milvus: three replicas served a new generation within {1000 * apart:.0f} ms of one another")
    assert len({tuple(hit.passage.id for hit in replica.search("notice period")) for replica in replicas}) == 1
    assert replicas[0].generation.table.facts.articles == 3
    facts = index_status(store_at(address), corpus)
    assert (facts["generation"], facts["articles"], facts["fault"]) == (second, 3, None)
    assert "each replica keeps: Milvus has BM25 from 2.5 on" in facts["words"]
    assert [(one["served"], one["articles"]) for one in facts["generations"]] == [(False, 2), (True, 3)]
    assert store_at(address).roll_back() == first
    followed(replicas, first)
    assert replicas[0].generation.table.facts.articles == 2
    with pytest.raises(IndexMissing, match="nothing to roll back to"):
        store_at(address).roll_back()
    (corpus / "more.md").write_text(PROBATION.replace("probation", "trial"), encoding="utf-8")
    third = rebuilt()
    assert [name for name, _ in store_at(address).manifests()] == [first, third], (
        "the generation that was served before is kept, not the one built before"
    )


def followed(replicas: list[Retriever], name: str) -> float:
    """Wait until all replicas serve a generation; return the seconds between the first and the last."""
    seen: dict[int, float] = {}

    def all_there() -> bool:
        for number, replica in enumerate(replicas):
            if replica.generation.name == name:
                seen.setdefault(number, time.monotonic())
        return len(seen) == len(replicas)

    wait_for(all_there)
    return max(seen.values()) - min(seen.values())


def test_a_killed_publication_leaves_the_old_generation_and_the_next_one_succeeds(
    server: MilvusServer, corpus: Path, tmp_path: Path, tiny_settings: BuildSettings
):
    address, index = server.index("killed", tmp_path / "copies"), tmp_path / "index"
    first = build(corpus, index, tiny_settings).generation
    publish_to(address, index, ignore_progress)
    (corpus / "probation.md").write_text(PROBATION, encoding="utf-8")
    second = build(corpus, index, tiny_settings).generation
    code = (
        "import os, sys, signal\n"
        "from bot.backends.milvus.client import MilvusClient\n"
        "from bot.backends.location import publish_to\n"
        "MilvusClient.build_indexes = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "publish_to(sys.argv[1], sys.argv[2], lambda *_: None)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, address, str(index)], cwd=ROOT, check=False, capture_output=True
    )
    assert ended.returncode == -9
    assert store_at(address).current_name() == first
    assert Retriever.open(address).search("notice period", k=1)
    (corpus / "more.md").write_text(PROBATION.replace("probation", "trial"), encoding="utf-8")
    third = build(corpus, index, tiny_settings).generation
    assert publish_to(address, index, ignore_progress)
    assert [name for name, _ in store_at(address).manifests()] == [first, third], (
        f"nothing is left of {second}, which was broken off"
    )


def test_another_vector_index_type_finds_the_same_hits(server: MilvusServer, small: str, folder: Path, tmp_path: Path):
    lists = server.index("by_lists", tmp_path / "copies") + "&index=IVF_SQ8"
    publish_to(lists, folder, ignore_progress)
    lists = server.index("by_lists", tmp_path / "copies")  # unknown to the retriever that searches
    assert Retriever.open(lists).generation.table.facts.kind == "IVF_SQ8"
    for question in ("how long is the notice period", "what is gratuity"):
        assert Retriever.open(lists).search(question)[0].passage == Retriever.open(small).search(question)[0].passage


# --- the command line


def test_every_verb_accepts_the_address_of_a_server(shipped_address: str, tmp_path: Path):
    answered = json.loads(
        articlebot("ask", "how long does probation last", "--index", shipped_address, "--json").stdout
    )
    assert answered["status"] == "answered"
    assert "probation" in answered["sources"][0]["article"]
    assert (
        json.loads(articlebot("search", "notice period", "--index", shipped_address, "--json").stdout)[0]["probability"]
        > 0.5
    )
    assert json.loads(articlebot("status", "--json", ARTICLEBOT_INDEX=shipped_address).stdout)["fault"] is None
    checked = json.loads(
        articlebot("check", "--index", shipped_address, "--corpus", str(tmp_path / "none"), "--json").stdout
    )
    assert checked["encoded_again"] > 90
    assert checked["faqs_found"] > 95
    figures = json.loads(
        articlebot("eval", "tests/questions/visitors.csv", "--index", shipped_address, "--json").stdout
    )
    assert figures["all"]["hit@1"] > 0.9


def test_the_command_builds_to_a_server_and_updates_there(
    server: MilvusServer, corpus: Path, tmp_path: Path, tiny_model: str
):
    address, index = server.index("by_command", tmp_path / "copies"), str(tmp_path / "index")
    built = articlebot("build", "--corpus", str(corpus), "--index", index, "--model", tiny_model, "--to", address)
    assert (built.returncode, "served by Milvus from now on" in built.stderr) == (0, True), built.stderr
    again = articlebot("build", "--corpus", str(corpus), "--index", index, "--model", tiny_model, "--to", address)
    assert "served by Milvus already" in again.stderr
    (corpus / "probation.md").write_text(PROBATION, encoding="utf-8")
    words = (
        "update",
        "probation.md",
        "--remove",
        "gratuity",
        "--remove",
        "gone",
        "--to",
        address,
        "--corpus",
        str(corpus),
        "--index",
        index,
        "--json",
    )
    written = articlebot(*words)
    assert written.returncode == 0, written.stderr
    assert json.loads(written.stdout) == {
        "written": ["probation-letter"],
        "unchanged": [],
        "removed": ["gratuity"],
        "missing": ["gone"],
    }
    assert {article.id for article in all_articles(Retriever.open(address).generation.table)} == {
        "notice-period",
        "probation-letter",
    }
    assert articlebot("update", "nothing.md", "--to", address, "--corpus", str(corpus)).returncode == 2
    assert articlebot("update", "notice-period", "--to", "index", "--corpus", str(corpus)).returncode == 2
    assert json.loads(articlebot("rollback", "--index", address, "--json").stdout or "{}") == {}


# --- damage


def test_an_alias_of_another_program_is_not_read_as_an_index(server: MilvusServer, small: str, tmp_path: Path):
    milvus = MilvusClient(MilvusAddress.parse(small))
    milvus.set_alias("somebody_elses", list_generations(milvus)[0].rows)
    with pytest.raises(IndexCorrupt, match="is not an index of articlebot"):
        store_at(server.index("somebody_elses", tmp_path / "copies")).current_name()
    with pytest.raises(IndexMissing, match="There is no index 'nobody'"):
        Retriever.open(server.index("nobody", tmp_path / "copies"))


def test_a_file_that_differs_from_its_manifest_is_refused(small: str):
    milvus = MilvusClient(MilvusAddress.parse(small))
    (collections,) = list_generations(milvus)
    number = numeric_id("vocabulary.sqlite")
    (part,) = milvus.find(
        collections.records, f'kind == "file" and number == {number} and part == 0', ("*",), strong=True
    )
    middle = len(part["body"]) // 2
    changed = "A" if part["body"][middle] != "A" else "B"
    milvus.write(collections.records, [{**part, "body": part["body"][:middle] + changed + part["body"][middle + 1 :]}])
    try:
        with pytest.raises(IndexCorrupt, match="Milvus"):
            store_at(small).open_current(whole=True)
    finally:
        milvus.write(collections.records, [part])
    store_at(small).open_current(whole=True)


def test_damaged_local_copies_are_downloaded_again(small: str, workspace: Path):
    Retriever.open(small)
    (copy,) = workspace.glob("copies/*/*/vocabulary.sqlite")
    whole = copy.read_bytes()
    copy.write_bytes(whole[:-1] + b"!")
    Retriever.open(small)
    assert copy.read_bytes() == whole


# --- single articles


def test_an_article_answers_as_soon_as_it_is_written_and_until_it_is_removed(small: str, folder: Path):
    reader = Bot.open(small)
    before = reader.generation.table
    assert answer_of(reader) != "It lasts 90 days."
    assert update_at(small, [leave()], folder=folder).written == ("leave",)
    assert answer_of(reader) == "It lasts 90 days."
    assert reader.generation.lexical.has("words", "sabbatical")
    table = reader.generation.table
    assert (table.facts.articles, table.facts.faqs) == (before.facts.articles + 1, before.facts.faqs + 2)
    assert table.facts.passages == len(list(table.all_passages()))
    assert (table.facts.categories["HRM"], newest_articles(table, 1)[0].id) == (
        before.facts.categories["HRM"] + 1,
        "leave",
    )
    assert [article.id for article in table.listed(None, 2, 5)] == ["leave"]
    assert update_at(small, removed=["leave", "leave"], folder=folder).missing == ("leave",)
    assert answer_of(reader) != "It lasts 90 days."
    table = reader.generation.table
    assert not reader.generation.lexical.has("words", "sabbatical")
    assert (table.facts.articles, table.facts.passages, table.facts.categories) == (
        before.facts.articles,
        before.facts.passages,
        before.facts.categories,
    )
    assert "leave" not in {article.id for article in newest_articles(table, 9)}
    assert table.article("leave") is None


def test_writing_an_unchanged_article_does_nothing(small: str, folder: Path):
    update_at(small, [leave(ident="idle", word="furlough")], folder=folder)
    name = store_at(small).current_name()
    assert update_at(small, [leave(ident="idle", word="furlough")], folder=folder).unchanged == ("idle",)
    assert store_at(small).current_name() == name


def test_an_edited_article_has_only_its_new_words_and_passages(small: str, folder: Path):
    reader = Bot.open(small)
    update_at(small, [leave(ident="edited", word="secondment")], folder=folder)
    shorter = [{"question": "How long does a secondment last?", "answer": "It lasts 120 days."}]
    update_at(small, [leave(ident="edited", word="secondment", faqs=shorter, category="Letters")], folder=folder)
    assert answer_of(reader, "secondment") == "It lasts 120 days."
    assert [passage.question for passage in reader.generation.table.faqs("edited")] == [
        "How long does a secondment last?"
    ]
    milvus = MilvusClient(MilvusAddress.parse(small))
    (collections,) = list_generations(milvus)
    passages = [passage for passage in reader.generation.table.all_passages() if passage.article.id == "edited"]
    assert milvus.count(collections.rows, f"article == {numeric_id('edited')}") == 3 * len(passages)
    assert [article.id for article in reader.generation.table.listed("letters", 0, 9)] == ["edited"]
    assert {hit.passage.article.id for hit in reader.retriever.search("secondment", k=9, category="Letters")} == {
        "edited"
    }
    assert reader.generation.table.facts.categories["Letters"] == 1


def test_an_index_opened_later_has_the_changes(small: str, folder: Path):
    update_at(small, [leave(ident="late", word="gardening")], folder=folder)
    late = Bot.open(small)
    assert "+" in late.generation.name
    assert answer_of(late, "gardening") == "It lasts 90 days."
    assert late.generation.lexical.has("words", "gardening")


def test_an_unreadable_article_is_reported_and_nothing_is_written(small: str, folder: Path):
    with pytest.raises(CorpusError, match="Article 2 of the list cannot be read"):
        update_at(
            small, [leave(ident="never", word="exile"), {"id": "empty", "title": "Nothing", "text": ""}], folder=folder
        )
    assert Retriever.open(small).generation.table.article("never") is None


def test_an_update_without_the_model_is_refused(
    small: str, tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # It only seems to be gone: all processes of the test run share it.
    is_dir = Path.is_dir
    monkeypatch.setattr(Path, "is_dir", lambda path: str(path) != tiny_model and is_dir(path))
    with pytest.raises(ModelError):
        update_at(small, [leave()], folder=tmp_path / "none")


def test_eight_threads_that_ask_during_updates_get_no_error_and_no_stale_answer(
    small: str, folder: Path, figures: list[str]
):
    """See benchmarks/scale/milvus_index.py for a hundred threads."""
    update_at(small, [leave(0, "busy", "transit")], folder=folder)
    readers = [Bot.open(small) for _ in range(2)]
    acknowledged, ended, asked = [0], threading.Event(), [0]
    faults: list[str] = []

    def ask(bot: Bot) -> None:
        # Without pauses, the readers leave the updates little of this process.
        while not ended.wait(0.1):
            least = acknowledged[0]
            try:
                said = answer_of(bot, "transit")
                asked[0] += 1
                if int(said.removeprefix("It lasts ").removesuffix(" days.")) < least:
                    faults.append(f"{said!r} after {least} was acknowledged")
            except Exception as error:  # noqa: BLE001 - any error is a failure
                faults.append(repr(error))

    threads = [threading.Thread(target=ask, args=(readers[number % 2],)) for number in range(8)]
    for thread in threads:
        thread.start()
    for days in range(1, 6):
        update_at(small, [leave(days, "busy", "transit")], folder=folder)
        acknowledged[0] = days
    ended.set()
    for thread in threads:
        thread.join()
    figures.append(f"Milvus: 5 updates, {asked[0]} answers meanwhile, {len(faults)} faults")
    assert faults == []
    assert asked[0] > 20


# --- an unreachable server


def test_a_killed_server_is_reported_and_loses_no_acknowledged_update(
    small: str, folder: Path, server: MilvusServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.backends.milvus.client._TIMEOUT", 2.0)
    update_at(small, [leave(ident="stays", word="quarantine")], folder=folder)
    reader = Bot.open(small)
    assert answer_of(reader, "quarantine") == "It lasts 90 days."
    server.kill()
    with pytest.raises(IndexUnreachable, match="does not answer"):
        reader.ask("Is a quarantine paid or unpaid time?")
    wait_for(lambda: reader.retriever.index.unreachable is not None)
    server.start()

    def answers() -> bool:
        try:
            return answer_of(reader, "quarantine") == "It lasts 90 days." and reader.retriever.index.unreachable is None
        except (IndexUnreachable, IndexCorrupt):
            return False

    wait_for(answers, 120)
    assert reader.ask("Is a quarantine paid?").text == "It is not paid."


def test_a_replica_is_not_ready_while_the_server_is_down(
    small: str, server: MilvusServer, monkeypatch: pytest.MonkeyPatch
):
    from fastapi.testclient import TestClient

    from bot.serve.application import create_app

    monkeypatch.setattr("bot.backends.milvus.client._TIMEOUT", 2.0)
    bot = Bot.open(small)
    client = TestClient(create_app(bot, ui=False))
    assert (client.get("/readyz").status_code, client.get("/healthz").status_code) == (200, 200)
    server.kill()
    try:
        wait_for(lambda: client.get("/readyz").status_code == 503)
        assert client.get("/healthz").status_code == 200
        refused = client.post("/api/v1/ask", json={"question": "what is gratuity"})
        assert refused.status_code == 503
        assert refused.json()["title"] == "The articles cannot be searched at the moment: try again later."
        assert "127.0.0.1" not in client.get("/readyz").text
    finally:
        server.start()
    wait_for(lambda: client.get("/readyz").status_code == 200, 120)
