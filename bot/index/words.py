"""The words of a generation, written from its passages by a process of its own while another one encodes them: `python -m bot.index.words FOLDER`."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bot.version
from bot.errors import IndexMissing
from bot.index.lexical import LEXICAL, LexicalWriter
from bot.index.passage_table import PASSAGES, PassageTable
from bot.index.vocabulary import VocabularyWriter, check_dictionaries


def write_words(folder: Path) -> None:
    """Write `lexical/` and the vocabulary of a folder that has its passages."""
    lexical, vocabulary = LexicalWriter(folder / LEXICAL), VocabularyWriter(folder)
    for passage in PassageTable(folder / PASSAGES).all_passages():
        lexical.add(passage)
        vocabulary.add(passage)
    lexical.close()
    vocabulary.close()


@contextmanager
def words_written_beside(folder: Path) -> Iterator[None]:
    """Write the words of a folder in another process while the body runs; they are there when it ends.

    Raises `MissingExtra` when a dictionary is not installed, `IndexMissing` when the words cannot be written.
    """
    check_dictionaries()
    command = [sys.executable, "-m", "bot.index.words", str(folder.absolute())]
    process = subprocess.Popen(command, cwd=Path(bot.version.__file__).parents[1], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)  # noqa: S603
    try:
        yield
        _, said = process.communicate()
    finally:
        process.kill()
        process.wait()
    if process.returncode:
        reason = (said.strip().splitlines() or ["it was killed"])[-1]
        raise IndexMissing(f"The words of the articles cannot be written to {folder.parent} ({reason}): build again.")


if __name__ == "__main__":
    write_words(Path(sys.argv[1]))
