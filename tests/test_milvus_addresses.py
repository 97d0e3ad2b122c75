"""Addresses of indexes on Milvus, and what is said when no server answers there."""

from pathlib import Path

import pytest
from command_line import articlebot

from bot.backends.location import with_credentials
from bot.backends.milvus.address import MilvusAddress
from bot.backends.milvus.layout import Collections
from bot.errors import SettingsError
from bot.settings import AnswerSettings, ChatSettings

pytestmark = pytest.mark.server

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("milvus://host", "ends with its name"),
        ("milvus:///name", "ends with its name"),
        ("milvus://host/a-b", "ends with its name"),
        ("milvus://host:port/name", "not the address"),
        ("milvus://[::1:19530/name", "not the address"),
        ("milvus://host/name?colour=red", "no option colour"),
        ("milvus://host/name?index=MAGIC", "'MAGIC'"),
    ],
)
def test_an_invalid_address_is_refused_in_one_sentence(text: str, fault: str):
    with pytest.raises(SettingsError, match=fault) as raised:
        MilvusAddress.parse(text)
    assert "\n" not in str(raised.value)


def test_an_address_holds_host_and_credentials():
    address = MilvusAddress.parse("milvus+tls://reader:p%40ss@db.example:443/articles?ca=/etc/ca.pem&index=diskann")
    assert (address.host, address.port, address.name, address.secure) == ("db.example", 443, "articles", True)
    assert (address.user, address.secret, address.ca, address.kind) == ("reader", "p@ss", "/etc/ca.pem", "DISKANN")
    assert "p@ss" not in repr(address)


def test_credentials_come_from_the_environment_if_the_address_has_none():
    assert with_credentials("milvus://h:1/n", "reader", "p@ss", "") == "milvus://reader:p%40ss@h:1/n"
    assert (
        with_credentials("milvus://h:1/n?index=IVF_SQ8", "", "", "tok/en") == "milvus://:tok%2Fen@h:1/n?index=IVF_SQ8"
    )
    assert MilvusAddress.parse(with_credentials("milvus://h/n", "", "", "tok/en")).secret == "tok/en"
    assert with_credentials("milvus://me:x@h/n", "reader", "p", "") == "milvus://me:x@h/n"
    assert with_credentials("index", "reader", "p", "t") == "index"
    assert with_credentials("milvus://[::1:19530/n", "reader", "p", "t") == "milvus://[::1:19530/n"


def test_the_server_of_an_ipv6_address_has_brackets():
    assert MilvusAddress.parse("milvus://[::1]:19530/n").server == "[::1]:19530"


def test_collection_names_contain_the_generation():
    collections = Collections.of("articles", "20261126T213454.123456Z-ab12cd34")
    assert (
        Collections.parse("articles", collections.rows)
        == Collections.parse("articles", collections.records)
        == collections
    )
    assert collections.generation == "20261126T213454.123456Z-ab12cd34"
    assert Collections.parse("article", collections.rows) is None


def test_a_server_that_does_not_answer_is_reported_in_one_sentence():
    ended = articlebot("ask", "anything", "--index", "milvus://127.0.0.1:9/none")
    assert ended.returncode == 1
    (line,) = ended.stderr.strip().splitlines()
    assert line.startswith("articlebot: Milvus at 127.0.0.1:9 does not answer")
    assert "is it running" in line


def test_a_replica_that_starts_before_the_server_waits_for_it(capsys: pytest.CaptureFixture[str]):
    from fastapi.testclient import TestClient

    from bot.serve.pending_app import PendingApp
    from bot.serve.server import open_app

    app = PendingApp(
        lambda: open_app("milvus://127.0.0.1:9/none", AnswerSettings(), ChatSettings(), ROOT / "corpus", ui=False)
    )
    app.try_open()
    answer = TestClient(app).get("/readyz")
    assert answer.status_code == 503
    assert "127.0.0.1" not in answer.text
    assert "milvus" not in answer.text.lower()
    assert "Milvus at 127.0.0.1:9 does not answer" in capsys.readouterr().err
