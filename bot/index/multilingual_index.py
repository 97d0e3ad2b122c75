"""The vectors of a multilingual model, for questions in other languages than English.

They are in a folder of their own, written only if the settings name another language. Row i of these vectors belongs
to the same text as row i of the others.
"""

from pathlib import Path

from bot.encoder import open_question_encoder
from bot.errors import IndexCorrupt
from bot.index.manifest import ENCODER, MultilingualRecord
from bot.index.passage_rows import PassageRows
from bot.index.passage_table import PassageTable
from bot.index.vectors import Vectors

MULTILINGUAL = "multilingual"


def open_multilingual_index(folder: Path, record: MultilingualRecord, table: PassageTable) -> PassageRows:
    """Open the multilingual index in the folder of a generation.

    Raises `IndexCorrupt` if the folder does not hold it, `MissingExtra` without its model's package.
    """
    part = folder / MULTILINGUAL
    vectors, encoder = Vectors.open(part, record.search), open_question_encoder(part / ENCODER, record.question_encoder)
    if (len(vectors), vectors.dimension) != (len(table.passage_of_row), encoder.dimension):
        problem = f"The multilingual vectors of the index {folder} are not those of its passages"
        raise IndexCorrupt(f"{problem}: run articlebot build.")
    return PassageRows(table, vectors, encoder)
