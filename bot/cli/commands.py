"""The verbs of the command line, and how one is run.

Facts go to stdout, progress and errors to stderr. Exit status: 0 done, 1 a known error in one line, 2 wrong usage.
"""

import sys
from typing import Annotated

import typer

from bot.cli import asking, building, exporting, improving, serving
from bot.cli.output import say
from bot.errors import ArticlebotError
from bot.version import __version__

cli = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Answer questions from your own articles, word for word.",
)
_BUILD, _ASK, _SERVE, _IMPROVE, _EXPORT = "Build an index", "Ask it", "Serve it", "Improve it", "Export it"
cli.command(rich_help_panel=_BUILD)(building.build)
cli.command(rich_help_panel=_BUILD)(building.update)
cli.command(rich_help_panel=_BUILD)(building.status)
cli.command(rich_help_panel=_BUILD)(building.check)
cli.command(rich_help_panel=_BUILD)(building.rollback)
cli.command(rich_help_panel=_BUILD)(building.pull)
cli.command(rich_help_panel=_ASK)(asking.ask)
cli.command(rich_help_panel=_ASK)(asking.search)
cli.command(rich_help_panel=_SERVE)(serving.serve)
cli.command(rich_help_panel=_SERVE)(serving.mcp)
cli.command(rich_help_panel=_SERVE)(serving.key)
cli.command(rich_help_panel=_SERVE)(serving.password)
cli.add_typer(improving.questions, name="questions", rich_help_panel=_IMPROVE)
cli.command("eval", rich_help_panel=_IMPROVE)(improving.evaluate)
cli.command(rich_help_panel=_IMPROVE)(improving.tune)
cli.command(rich_help_panel=_EXPORT)(exporting.export)
cli.command("map", rich_help_panel=_EXPORT)(exporting.draw_map)


@cli.callback(invoke_without_command=True)
def print_version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        sys.stdout.write(f"articlebot {__version__}\n")
        raise typer.Exit


def main() -> None:
    """Run the command line of this process."""
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
