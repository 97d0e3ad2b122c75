"""The command line: `articlebot VERB`, the same as `python -m bot VERB`."""

from bot.cli.cli import cli, main, run

__all__ = ["cli", "main", "run"]
