"""The verbs of the command line, and how one is run.

Facts go to stdout, progress and errors to stderr. Exit status: 0 done, 1 a known error in one line, 2 wrong usage.
"""

import logging
import sys
from typing import Annotated

import typer

from bot.cli import exporting, improving
from bot.cli.asking import ask, search
from bot.cli.building import build, check, pull, rollback, status, update
from bot.cli.output import say
from bot.cli.serving import key, mcp, password, serve
from bot.errors import ArticlebotError, MissingExtra
from bot.version import __version__

_HELP = "Answer questions from your own articles, word for word."
cli = typer.Typer(help=_HELP, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
_FAMILIES = {
    "Build an index": (build, update, status, check, rollback, pull),
    "Ask questions": (ask, search),
    "Serve": (serve, mcp, key, password),
    "Improve the answers": (improving.forget, improving.evaluate, improving.tune),
    "Export": (exporting.export, exporting.draw_map),
}
_NAMES = {improving.evaluate: "eval", exporting.draw_map: "map"}
"""Verbs that are not called like their function."""
_EXTRAS = {"serve": "chat", "mcp": "mcp", "key": "serve", "password": "serve", "questions": "eval", "forget": "serve"}
_EXTRAS |= {"eval": "build,eval", "tune": "tune", "export": "export", "map": "map"}
"""What brings all packages of a verb; of the other verbs that is "build"."""
for family, verbs in _FAMILIES.items():
    for verb in verbs:
        cli.command(_NAMES.get(verb), rich_help_panel=family)(verb)
cli.add_typer(improving.questions, name="questions", rich_help_panel="Improve the answers")


@cli.callback(invoke_without_command=True)
def print_version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        sys.stdout.write(f"articlebot {__version__}\n")
        raise typer.Exit


def main() -> None:
    """Run the command line of this process."""
    # pymilvus logs with a traceback what becomes one line here.
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL + 1)
    run(*sys.argv[1:])


def run(*words: str) -> None:
    """Run one command; a known error becomes one line on stderr and exit status 1, wrong usage exit status 2."""
    try:
        cli(list(words))
    except SystemExit as end:
        if end.code:
            raise
    except ArticlebotError as error:
        say(f"articlebot: {error}")
        sys.exit(1)
    except ModuleNotFoundError as error:
        package, verb = str(error.name).partition(".")[0], next(iter(words), "")
        if package == "bot":
            raise
        say(f"articlebot: {MissingExtra(package, _EXTRAS.get(verb, 'build'))}")
        sys.exit(1)
