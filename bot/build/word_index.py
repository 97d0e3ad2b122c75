"""Writes the word index of a generation in a second process: `python -m bot.build.word_index FOLDER`."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import bot.version
from bot.build.vocabulary_writer import VocabularyWriter, check_packages
from bot.errors import IndexUnwritable
from bot.index.lexical import LEXICAL, LexicalWriter
from bot.index.passage_table import PASSAGES, PassageTable

FEW_TEXTS = 6000
"""Up to this many vectors of passages, writing the word index takes less time than starting a process for it."""


def write_lexical_index(folder: Path) -> None:
    """Write `lexical/` and the vocabulary of a folder that contains the passages."""
    lexical, vocabulary = LexicalWriter(folder / LEXICAL), VocabularyWriter(folder)
    for passage in PassageTable(folder / PASSAGES).all_passages():
        lexical.add(passage)
        vocabulary.add(passage)
    lexical.close()
    vocabulary.close()


@contextmanager
def lexical_index_in_background(folder: Path, texts: int) -> Iterator[None]:
    """Write the word index while the body runs, in another process; of few texts in this one, before the body.

    Raises `MissingExtra` if a dictionary is not installed, `IndexUnwritable` if the word index cannot be written.
    """
    check_packages()
    if texts > FEW_TEXTS:
        with _in_another_process(folder):
            yield
        return
    try:
        write_lexical_index(folder)
    # tantivy raises bare ValueErrors on a full disk.
    except (OSError, ValueError, sqlite3.Error) as error:
        raise _unwritable(folder, str(error)) from error
    yield


@contextmanager
def _in_another_process(folder: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "bot.build.word_index", str(folder.absolute())]
    root, pipe = Path(bot.version.__file__).parents[1], subprocess.PIPE
    with subprocess.Popen(command, cwd=root, stdin=pipe, stdout=subprocess.DEVNULL, stderr=pipe, text=True) as process:  # noqa: S603
        try:
            yield
            # Standard input stays open: the process ends itself when it closes, which means that this one has died.
            errors = process.stderr.read() if process.stderr else ""
            process.wait()
        finally:
            process.kill()
    if process.returncode:
        raise _unwritable(folder, (errors.strip().splitlines() or ["it was killed"])[-1])


def _unwritable(folder: Path, reason: str) -> IndexUnwritable:
    return IndexUnwritable(f"The word index cannot be written to {folder.parent} ({reason}): fix that and build again.")


def _end_with_parent() -> None:
    """Wait until the parent process has ended, which closes standard input, and end this process."""
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    Thread(target=_end_with_parent, daemon=True).start()
    write_lexical_index(Path(sys.argv[1]))
