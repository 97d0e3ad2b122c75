"""The verbs that serve an index to visitors and programs: serve, mcp, key and password."""

import json
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event
from typing import Annotated

from typer import BadParameter, Exit, Option

from bot.answering.bot import Bot
from bot.backends.location import is_remote
from bot.cli.options import AsJson, Corpus, Index, Reranker, SettingsFile
from bot.cli.output import print_facts
from bot.cli.settings import read_settings_file
from bot.errors import requires
from bot.index.store import LocalStore
from bot.settings import Limits

_secret = partial(Option, hide_input=True, confirmation_prompt=True)
_UNLIMITED = 1_000_000  # questions per minute


def serve(
    index: Index = "index",
    host: Annotated[str, Option(help="Address to listen on.", envvar="ARTICLEBOT_HOST")] = "127.0.0.1",
    port: Annotated[int, Option(help="Port; 0 picks a free one.", min=0, max=65535, envvar="ARTICLEBOT_PORT")] = 7860,
    reranker: Reranker = None,
    watch: Annotated[bool, Option("--watch", help="Build in a second process whenever the articles change.")] = False,
    corpus: Corpus = Path("corpus"),
    settings: SettingsFile = None,
    ui: Annotated[bool, Option("--ui/--no-ui", help="Serve the chat page, or the REST API alone.")] = True,
) -> None:
    """Serve the chat, the REST API and MCP; a new index is picked up within a second."""
    from bot.serve.server import open_app
    from bot.serve.server import serve as run
    from bot.serve.watch import build_command

    chat = read_settings_file(settings)
    answers = replace(chat.answers, reranker=reranker or chat.answers.reranker)
    command = build_command(corpus, Path(index), settings)
    with _rebuilding(command, corpus, index) if watch else nullcontext():
        # Gradio and Hugging Face's libraries read these when imported: nothing is reported or looked up.
        os.environ.update(GRADIO_ANALYTICS_ENABLED="False", HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")
        run(lambda: open_app(index, answers, chat, corpus, ui=ui, build=command), host, port, chat, ui=ui)


def _rebuilding(command: Sequence[str], corpus: Path, index: str) -> AbstractContextManager[None]:
    """Build the index if there is none, and return a context in which it is built whenever the articles change."""
    from bot.serve.watch import rebuild_on_change, run_build

    if is_remote(index):
        message = "articlebot build --to builds an index on Milvus, once for all replicas."
        raise BadParameter(message, param_hint="--watch")
    if LocalStore(index).find_current() is None and not run_build(command, Event()):
        # The build has printed the reason on stderr.
        raise Exit(1)
    return rebuild_on_change(corpus, command)


def mcp(index: Index = "index", settings: SettingsFile = None) -> None:
    """Serve an agent by the Model Context Protocol on standard input and output."""
    with requires(None, "mcp"):
        from bot.serve.api.mcp_server import serve_stdio
    from bot.serve.chat_service import ChatService
    from bot.serve.server import open_usage_store

    # The only client is an agent on this machine: it needs no rate limit.
    chat = replace(read_settings_file(settings), limits=Limits(questions_per_minute=_UNLIMITED))
    serve_stdio(ChatService(Bot.open(index, settings=chat.answers), chat, open_usage_store(index, chat)))


def key(name: str, as_json: AsJson = False) -> None:
    """Make an API key for a program; it is printed once, and articlebot.toml gets only its hash."""
    with requires(None, "serve"):
        from bot.serve.api.keys import new_key
    made, sha256 = new_key()
    table = f'[keys.{json.dumps(name, ensure_ascii=False)}]\nsha256 = "{sha256}"'
    text = f"{made}\n\nGive this key to {name}; it is stored nowhere. Add to articlebot.toml:\n\n{table}"
    print_facts({"name": name, "key": made, "sha256": sha256}, as_json, lambda: text)


def password(
    plain: Annotated[str, _secret("--password", prompt="Password", help="Prompted for if missing.")],
    name: Annotated[str, Option(help="Name of an editor who gets a password of their own.")] = "",
    as_json: AsJson = False,
) -> None:
    """Hash a password of the editor's page for articlebot.toml."""
    from bot.serve.editor.password import MIN_LENGTH, hash_password

    if len(plain) < MIN_LENGTH:
        raise BadParameter(f"A password has at least {MIN_LENGTH} characters.", param_hint="--password")
    hashed = hash_password(plain)
    table = f"[editor.people]\n{json.dumps(name, ensure_ascii=False)}" if name else "[editor]\npassword"
    text = f'Add to articlebot.toml to open the editor\'s page at /editor:\n\n{table} = "{hashed}"'
    print_facts({"password": hashed}, as_json, lambda: text)
