"""The retrievers for LangChain, LlamaIndex and Haystack return the hits of `Retriever.search`."""

import asyncio
import os
import re
import socket
import subprocess
import sys
import threading
import tomllib
from collections.abc import Coroutine, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from haystack import Document as HaystackDocument
from haystack import Pipeline
from haystack.components.builders import PromptBuilder
from haystack.core.errors import DeserializationError
from langchain_core.documents import Document
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate
from langchain_core.runnables import ConfigurableField, RunnableLambda, RunnablePassthrough
from langchain_core.tools import create_retriever_tool
from langchain_tests.integration_tests import RetrieversIntegrationTests
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import MetadataMode, NodeWithScore

from bot import Bot, Hit, Retriever
from bot.answering.answer import hit_to_dict
from bot.errors import IndexMissing, QuestionError
from bot.integrations import haystack, langchain, llama_index

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
QUESTION = "how long is a probation period"


@pytest.fixture(autouse=True)
def nothing_from_the_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail each test that opens a connection, even if a framework hides the error."""
    attempts: list[Any] = []

    def refuse(*arguments: Any, **_: Any) -> None:
        attempts.append(arguments)
        raise OSError(f"reaches out: {arguments}")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    yield
    assert attempts == []


@pytest.fixture(scope="module")
def index(bot: Bot) -> Path:
    """The index folder of `bot`."""
    return bot.retriever.index._store.root


class BlockedMethod:
    """A method of `Retriever` that blocks until the event loop has run meanwhile."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str):
        self.begun, self.gone_on = threading.Event(), threading.Event()
        method = getattr(Retriever, name)

        def held(*arguments: Any, **options: Any) -> Any:
            self.begun.set()
            assert self.gone_on.wait(5), "the event loop stands still"
            return method(*arguments, **options)

        monkeypatch.setattr(Retriever, name, held)

    async def result(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        task = asyncio.ensure_future(coroutine)
        while not task.done():
            if self.begun.is_set():
                self.gone_on.set()
            await asyncio.sleep(0.001)
        return task.result()


@pytest.fixture
def blocked_search(monkeypatch: pytest.MonkeyPatch) -> BlockedMethod:
    return BlockedMethod(monkeypatch, "search")


def metadata(hits: Sequence[Hit]) -> list[dict[str, Any]]:
    return [{name: value for name, value in hit_to_dict(hit).items() if name not in ("text", "words")} for hit in hits]


def assert_documents_are(documents: Sequence[Document], hits: Sequence[Hit]):
    assert [(document.id, document.page_content) for document in documents] == [
        (hit.passage.id, hit.passage.text) for hit in hits
    ]
    assert [document.metadata for document in documents] == metadata(hits)


def assert_nodes_are(nodes: Sequence[NodeWithScore], hits: Sequence[Hit]):
    assert [(node.node_id, node.text, node.score) for node in nodes] == [
        (hit.passage.id, hit.passage.text, hit.probability) for hit in hits
    ]
    assert [node.metadata for node in nodes] == metadata(hits)


def assert_haystack_documents_are(documents: Sequence[HaystackDocument], hits: Sequence[Hit]):
    found = [(document.id, document.content, document.score) for document in documents]
    assert found == [(hit.passage.id, hit.passage.text, hit.probability) for hit in hits]
    assert [document.meta for document in documents] == metadata(hits)
    assert [HaystackDocument.from_dict(document.to_dict()) for document in documents] == documents


class TestLangChainsStandard(RetrieversIntegrationTests):
    """LangChain's own tests of a retriever."""

    @pytest.fixture(autouse=True)
    def over_the_bots_index(self, bot: Bot):
        self.bot = bot

    @property
    def retriever_constructor(self) -> type[langchain.ArticleRetriever]:
        return langchain.ArticleRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"retriever": self.bot.retriever}

    @property
    def retriever_query_example(self) -> str:
        return QUESTION


def test_langchain_gets_the_hits_in_their_order(bot: Bot, index: Path):
    retriever = langchain.ArticleRetriever.open(index, k=3)
    hits = bot.retriever.search(QUESTION, 3)
    assert hits[0].passage.text == "It is often three to six months."
    assert_documents_are(retriever.invoke(QUESTION), hits)
    assert retriever.invoke(QUESTION)[0].metadata["question"] == "How long is a probation period?"


async def test_langchain_does_not_block_the_event_loop(bot: Bot, blocked_search: BlockedMethod):
    retriever = langchain.ArticleRetriever(retriever=bot.retriever, k=4, category="HRM")
    assert_documents_are(
        await blocked_search.result(retriever.ainvoke(QUESTION)), bot.retriever.search(QUESTION, 4, category="HRM")
    )
    assert_documents_are(await retriever.ainvoke(QUESTION, k=2, category=None), bot.retriever.search(QUESTION, 2))


def test_langchain_answers_a_batch_of_questions(bot: Bot):
    questions = [QUESTION, "who pays gratuity", "can a notice period be bought out"]
    found = langchain.ArticleRetriever(retriever=bot.retriever, k=2).batch(questions)
    assert len({documents[0].id for documents in found}) == len(questions)
    for documents, question in zip(found, questions, strict=True):
        assert_documents_are(documents, bot.retriever.search(question, 2))


@pytest.mark.parametrize(
    "options", [{"category": "EPFO"}, {"article": "probation-letter"}, {"since": date(2026, 1, 1)}], ids=str
)
def test_langchain_filters_by_field_and_by_call(bot: Bot, options: dict[str, Any]):
    hits = bot.retriever.search("how long does it run", 9, **options)
    assert 0 < len(hits) < len(bot.retriever.search("how long does it run", 9))
    assert_documents_are(
        langchain.ArticleRetriever(retriever=bot.retriever, k=9, **options).invoke("how long does it run"), hits
    )
    assert_documents_are(
        langchain.ArticleRetriever(retriever=bot.retriever).invoke("how long does it run", k=9, **options), hits
    )


def test_langchain_searches_a_follow_up_with_the_earlier_questions(bot: Bot):
    retriever = langchain.ArticleRetriever(retriever=bot.retriever, k=1)
    (document,) = retriever.invoke("and for how long?", history=[QUESTION])
    assert document.metadata["question"] == "How long is a probation period?"
    assert document.metadata["probability"] > 2 * retriever.invoke("and for how long?")[0].metadata["probability"]


def test_langchain_refuses_a_field_or_an_option_that_does_not_exist(bot: Bot):
    with pytest.raises(ValueError, match="categroy"):
        langchain.ArticleRetriever(retriever=bot.retriever, categroy="HRM")
    with pytest.raises(TypeError, match="categroy"):
        langchain.ArticleRetriever(retriever=bot.retriever).invoke(QUESTION, categroy="HRM")


def test_a_langchain_chain_gives_the_model_the_passages(bot: Bot):
    retriever = langchain.ArticleRetriever(retriever=bot.retriever, k=2)
    prompts: list[str] = []

    def together(documents: list[Document]) -> str:
        return "\n\n".join(document.page_content for document in documents)

    def listen(prompt: Any) -> Any:
        prompts.append(prompt.to_string())
        return prompt

    prompt = ChatPromptTemplate.from_template("{context}\n\nQuestion: {question}")
    model = FakeListChatModel(responses=["Three to six months."])
    chain = (
        {"context": retriever | together, "question": RunnablePassthrough()}
        | prompt
        | RunnableLambda(listen)
        | model
        | StrOutputParser()
    )
    assert chain.invoke(QUESTION) == "Three to six months."
    passages = "\n\n".join(hit.passage.text for hit in bot.retriever.search(QUESTION, 2))
    assert prompts == [f"Human: {passages}\n\nQuestion: {QUESTION}"]


def test_a_langchain_field_can_be_configured_per_call(bot: Bot):
    retriever = langchain.ArticleRetriever(retriever=bot.retriever).configurable_fields(
        category=ConfigurableField(id="category")
    )
    found = retriever.invoke(QUESTION, config={"configurable": {"category": "EPFO"}})
    assert_documents_are(found, bot.retriever.search(QUESTION, category="EPFO"))
    assert {document.metadata["category"] for document in found} == {"EPFO"}


def test_a_langchain_tool_gives_questions_and_answers(bot: Bot):
    prompt = PromptTemplate.from_template("{question}\n{page_content}")
    retriever = langchain.ArticleRetriever(retriever=bot.retriever, k=1)
    tool = create_retriever_tool(retriever, "articles", "Finds passages of our articles.", document_prompt=prompt)
    assert tool.invoke({"query": QUESTION}) == "How long is a probation period?\nIt is often three to six months."


def test_llama_index_gets_the_hits_in_their_order(bot: Bot, index: Path):
    retriever = llama_index.ArticleRetriever.open(index, k=3)
    assert_nodes_are(retriever.retrieve(QUESTION), bot.retriever.search(QUESTION, 3))


async def test_llama_index_does_not_block_the_event_loop(bot: Bot, blocked_search: BlockedMethod):
    retriever = llama_index.ArticleRetriever(bot.retriever, k=4)
    assert_nodes_are(await blocked_search.result(retriever.aretrieve(QUESTION)), bot.retriever.search(QUESTION, 4))


@pytest.mark.parametrize(
    "options", [{"category": "EPFO"}, {"article": "probation-letter"}, {"since": date(2026, 1, 1)}], ids=str
)
def test_llama_index_filters_hits(bot: Bot, options: dict[str, Any]):
    hits = bot.retriever.search("how long does it run", 9, **options)
    assert 0 < len(hits) < len(bot.retriever.search("how long does it run", 9))
    assert_nodes_are(llama_index.ArticleRetriever(bot.retriever, 9, **options).retrieve("how long does it run"), hits)


async def test_a_llama_index_engine_gives_the_model_question_answer_and_source(bot: Bot):
    engine = RetrieverQueryEngine.from_args(llama_index.ArticleRetriever(bot.retriever, k=1), llm=MockLLM())
    shown = (
        "title: Probation letter\nsection: ['FAQs']\nquestion: How long is a probation period?\n"
        "url: https://example.com/probation-letter/\npublished: 2025-10-10\ncategory: HRM\n\n"
        "It is often three to six months."
    )
    for response in (engine.query(QUESTION), await engine.aquery(QUESTION)):
        assert shown in str(response)
        assert_nodes_are(response.source_nodes, bot.retriever.search(QUESTION, 1))
        assert response.source_nodes[0].get_content(MetadataMode.NONE) == "It is often three to six months."


TEMPLATE = (
    "{% for document in documents %}{{ document.meta.question }} {{ document.content }}\n{% endfor %}{{ question }}"
)


def with_a_prompt(retriever: haystack.ArticleRetriever) -> Pipeline:
    pipeline = Pipeline()
    pipeline.add_component("retriever", retriever)
    pipeline.add_component("prompt", PromptBuilder(TEMPLATE))
    pipeline.connect("retriever.documents", "prompt.documents")
    return pipeline


def asked(**options: Any) -> dict[str, Any]:
    return {"retriever": {"query": QUESTION, **options}, "prompt": {"question": QUESTION}}


def test_haystack_gets_the_hits_in_their_order(bot: Bot, index: Path):
    assert_haystack_documents_are(
        haystack.ArticleRetriever(index).run(QUESTION)["documents"], bot.retriever.search(QUESTION)
    )
    assert_haystack_documents_are(
        haystack.ArticleRetriever(index, top_k=2).run(QUESTION, top_k=3)["documents"], bot.retriever.search(QUESTION, 3)
    )


async def test_haystack_does_not_block_the_event_loop(bot: Bot, index: Path, blocked_search: BlockedMethod):
    found = await blocked_search.result(haystack.ArticleRetriever(index, top_k=4).run_async(QUESTION, category="HRM"))
    assert_haystack_documents_are(found["documents"], bot.retriever.search(QUESTION, 4, category="HRM"))


@pytest.mark.parametrize(
    "options", [{"category": "EPFO"}, {"article": "probation-letter"}, {"since": date(2026, 1, 1)}], ids=str
)
def test_haystack_filters_by_component_and_by_run(bot: Bot, index: Path, options: dict[str, Any]):
    hits = bot.retriever.search("how long does it run", 9, **options)
    assert 0 < len(hits) < len(bot.retriever.search("how long does it run", 9))
    assert_haystack_documents_are(
        haystack.ArticleRetriever(index, 9, **options).run("how long does it run")["documents"], hits
    )
    assert_haystack_documents_are(
        haystack.ArticleRetriever(index, 9).run("how long does it run", **options)["documents"], hits
    )


async def test_a_haystack_pipeline_builds_the_prompt_from_the_passages(bot: Bot, index: Path):
    pipeline = with_a_prompt(haystack.ArticleRetriever(index, top_k=2))
    passages = "".join(f"{hit.passage.question} {hit.passage.text}\n" for hit in bot.retriever.search(QUESTION, 2))
    assert pipeline.run(asked())["prompt"]["prompt"] == passages + QUESTION
    assert (await pipeline.run_async(asked()))["prompt"]["prompt"] == passages + QUESTION
    one = "How long is a probation period? It is often three to six months.\n"
    assert pipeline.run(asked(top_k=1))["prompt"]["prompt"] == one + QUESTION


def test_a_haystack_pipeline_is_saved_and_loaded_with_all_its_settings(index: Path):
    pipeline = with_a_prompt(
        haystack.ArticleRetriever(index, 1, category="HRM", article="probation-letter", since=date(2025, 10, 10))
    )
    saved = pipeline.dumps()
    again = Pipeline.loads(saved, allowed_modules=["bot.integrations"])
    assert again == pipeline
    assert again.run(asked()) == pipeline.run(asked())
    retriever = again.get_component("retriever")
    assert (retriever.top_k, retriever.category, retriever.article, retriever.since) == (
        1,
        "HRM",
        "probation-letter",
        date(2025, 10, 10),
    )


def test_a_haystack_pipeline_may_have_an_unquoted_date(index: Path):
    saved = with_a_prompt(haystack.ArticleRetriever(index, since=date(2026, 1, 1))).dumps()
    assert "since: '2026-01-01'" in saved
    loaded = Pipeline.loads(saved.replace("'2026-01-01'", "2026-01-01"), allowed_modules=["bot.integrations"])
    assert loaded.get_component("retriever").since == date(2026, 1, 1)


def test_haystack_loads_the_retriever_only_if_it_is_allowed(index: Path):
    with pytest.raises(DeserializationError, match="allow"):
        Pipeline.loads(with_a_prompt(haystack.ArticleRetriever(index)).dumps())


async def test_haystack_opens_the_index_once_at_warm_up(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    retriever = haystack.ArticleRetriever(index)
    await BlockedMethod(monkeypatch, "open").result(retriever.warm_up_async())
    opened = retriever._retriever
    assert opened is not None
    retriever.warm_up()
    retriever.run(QUESTION)
    assert retriever._retriever is opened
    with pytest.raises(IndexMissing):
        haystack.ArticleRetriever(tmp_path / "none").warm_up()


@pytest.mark.parametrize(("telemetry", "written"), [("False", []), ("True", [".haystack"])])
def test_haystack_stores_no_machine_id_if_its_telemetry_is_off(telemetry: str, written: list[str], tmp_path: Path):
    surroundings = {
        **os.environ,
        "HOME": str(tmp_path),
        "USERPROFILE": str(tmp_path),
        "HAYSTACK_TELEMETRY_ENABLED": telemetry,
    }
    subprocess.run([sys.executable, "-c", "import bot.integrations.haystack"], check=True, cwd=ROOT, env=surroundings)
    assert [path.name for path in tmp_path.iterdir()] == written


def test_every_integration_raises_for_an_invalid_question(bot: Bot, index: Path):
    for ask in (
        langchain.ArticleRetriever(retriever=bot.retriever).invoke,
        llama_index.ArticleRetriever(bot.retriever).retrieve,
        haystack.ArticleRetriever(index).run,
    ):
        with pytest.raises(QuestionError):
            ask(" ")


@pytest.mark.parametrize(
    ("module", "framework", "package"),
    [
        ("langchain", "langchain_core", "langchain-core"),
        ("llama_index", "llama_index", "llama-index-core"),
        ("haystack", "haystack", "haystack-ai"),
    ],
)
def test_a_missing_framework_is_reported_with_the_line_that_installs_it(module: str, framework: str, package: str):
    code = f"import sys; sys.modules[{framework!r}] = None; import bot.integrations.{module}"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    extra = module.replace("_", "-")
    message = run.stderr.strip().splitlines()[-1]
    assert (
        message
        == f"bot.errors.MissingExtra: The package {package} is not installed: run pip install 'articlebot[{extra}]'."
    )
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert [line.split(">=")[0] for line in extras[extra]] == [package]


def test_the_documentation_of_the_integrations_runs(shipped_index: Path, capsys: pytest.CaptureFixture[str]):
    blocks = re.findall(
        r"^```python\n(.*?)^```",
        (ROOT / "docs" / "frameworks.md").read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    assert len(blocks) == 3
    for block in blocks:
        exec(block.replace('"index"', repr(str(shipped_index))), {})
        assert (
            "Question: how long does probation last" in (out := capsys.readouterr().out)
            or "Query: how long does probation last" in out
        )
        assert "months" in out
