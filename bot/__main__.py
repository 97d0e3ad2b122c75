"""`python -m bot VERB`: the command line."""

from bot.cli import main

main()
