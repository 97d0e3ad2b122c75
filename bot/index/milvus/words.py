"""The words of a generation on this machine, which follow when single articles are changed."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from tempfile import mkdtemp
from weakref import finalize

from bot.index.lexical import LEXICAL, Lexical, LexicalWriter, link_lexical
from bot.index.milvus.layout import number_of
from bot.passages import Passage


class WordsFolder:
    """The words of a generation as they were copied to this machine; changes go to a folder of this process alone, which goes with it."""

    def __init__(self, copy: Path) -> None:
        self._folder = copy / LEXICAL
        self._own = False
        self.lexical = Lexical(self._folder)

    def change(self, article: str, passages: Iterable[Passage]) -> None:
        """Have these passages in place of those that the article with an id had."""
        if not self._own:
            self._take_over()
        writer = LexicalWriter(self._folder, number_of)
        writer.remove(article)
        for passage in passages:
            writer.add(passage)
        writer.close()
        self.lexical = Lexical(self._folder)

    def _take_over(self) -> None:
        scratch = Path(mkdtemp(prefix="articlebot-words-"))
        finalize(self, shutil.rmtree, scratch, ignore_errors=True)
        link_lexical(self._folder, scratch / LEXICAL)
        self._folder, self._own = scratch / LEXICAL, True
