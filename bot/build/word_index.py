"""The words of a generation, written from its passages by a process of its own while another one encodes them: `python -m bot.build.word_index FOLDER`."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import bot.version
from bot.errors import IndexUnwritable
from bot.index.lexical import LEXICAL, LexicalWriter
from bot.index.passage_table import PASSAGES, PassageTable
from bot.index.vocabulary import VocabularyWriter, check_dictionaries

FEW_PASSAGES = 2000
"""Up to this many passages, writing the word index takes less time than starting a process for it."""


def write_word_index(folder: Path) -> None:
    """Write `lexical/` and the vocabulary of a folder that has its passages."""
    lexical, vocabulary = LexicalWriter(folder / LEXICAL), VocabularyWriter(folder)
    for passage in PassageTable(folder / PASSAGES).all_passages():
        lexical.add(passage)
        vocabulary.add(passage)
    lexical.close()
    vocabulary.close()


@contextmanager
def word_index_in_background(folder: Path, passages: int) -> Iterator[None]:
    """Write the word index of a folder while the body runs: in another process, or before the body if there are few passages.

    Raises `MissingExtra` if a dictionary is not installed, `IndexUnwritable` if the word index cannot be written.
    """
    check_dictionaries()
    if passages > FEW_PASSAGES:
        with _in_another_process(folder):
            yield
    else:
        try:
            write_word_index(folder)
        # tantivy raises bare ValueErrors on a full disk.
        except (OSError, ValueError, sqlite3.Error) as error:
            raise _unwritable(folder, str(error)) from error
        yield


@contextmanager
def _in_another_process(folder: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "bot.build.word_index", str(folder.absolute())]
    parent = Path(bot.version.__file__).parents[1]
    with subprocess.Popen(  # noqa: S603
        command, cwd=parent, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield
            # Its standard input stays open: when that ends, the process knows that this one is gone.
            said = process.stderr.read() if process.stderr else ""
            process.wait()
        finally:
            process.kill()
    if process.returncode:
        reason = (said.strip().splitlines() or ["it was killed"])[-1]
        raise _unwritable(folder, reason)


def _unwritable(folder: Path, reason: str) -> IndexUnwritable:
    return IndexUnwritable(
        f"The words of the articles cannot be written to {folder.parent} ({reason}): mend that and build again."
    )


def _end_with_parent() -> None:
    """End this process when its parent has: only then nothing more can be read from it."""
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    Thread(target=_end_with_parent, daemon=True).start()
    write_word_index(Path(sys.argv[1]))
