"""The command line: `articlebot VERB`, or `python -m bot VERB`."""

from bot.cli.commands import cli, main, run

__all__ = ["cli", "main", "run"]
