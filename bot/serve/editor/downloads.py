"""What an editor downloads as CSV: questions, decisions, and figures."""

from collections.abc import Callable, Mapping
from dataclasses import astuple, fields
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Query
from fastapi.responses import Response

from bot.corpus.decisions.history import Decision, in_force, read_history
from bot.errors import ArticlebotError
from bot.serve.editor.service import EditorService
from bot.serve.editor.sign_in import EDITOR
from bot.usage.report_text import csv_table, gaps_csv
from bot.usage.seen import Tally

Kind = Literal["waiting", "asked", "unhelpful"]
"""Questions that wait for an editor, all questions, or questions voted not helpful."""

_MARK = "\ufeff"  # by which spreadsheets know UTF-8
_SEEN = ("question", "times", "certainty", "helpful", "unhelpful", "passages", "asked as")
_DECISIONS = ("when", "who", "action", "question", "passage", "in force", "files", "former words", "new words")
_TALLIES = ("by", "name", *(field.name for field in fields(Tally)))


def download_routes(service: EditorService, user: Callable[..., Any]) -> APIRouter:
    """Return the routes of the tables, which need a signed-in `user`."""
    router = APIRouter(prefix=EDITOR, include_in_schema=False, dependencies=[Depends(user)])

    @router.get("/questions.csv")
    def questions(days: Annotated[int, Query(ge=1, le=366)] = 7, kind: Kind = "waiting") -> Response:
        return _download(f"questions-{kind}-{days}-days", lambda: _questions(service, days, kind))

    @router.get("/history.csv")
    def history() -> Response:
        return _download("history", lambda: _history(read_history(service.corpus)))

    @router.get("/figures.csv")
    def figures() -> Response:
        return _download("figures", lambda: _figures(*service.tallies()))

    return router


def _download(name: str, table: Callable[[], str]) -> Response:
    try:
        content = _MARK + table()
    except ArticlebotError as error:
        raise HTTPException(409, str(error)) from error
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


def _questions(service: EditorService, days: int, kind: Kind) -> str:
    if kind == "waiting":
        return gaps_csv(service.report(days))
    rows = []
    for one in service.seen(days, only_unhelpful=kind == "unhelpful"):
        facts = one.question, one.times, one.answers[0].certainty, one.helpful, one.unhelpful
        rows.append([*facts, " | ".join(one.answers[0].passages), " | ".join(one.wordings)])
    return csv_table(_SEEN, rows)


def _history(decisions: list[Decision]) -> str:
    holds, rows = in_force(decisions), []
    for one in decisions:
        files = " | ".join(dict.fromkeys(change.file for change in one.changes))
        words = [(each.cells["old"], each.cells["new"])[:: 1 if each.is_added else -1] for each in one.corrections]
        facts = one.when, one.who, one.action, one.question, one.passage, "yes" if holds[one.id] else "no", files
        rows.append([*facts, *(words[0] if words else ())])
    return csv_table(_DECISIONS, rows)


def _figures(by_week: Mapping[str, Tally], by_category: Mapping[str, Tally]) -> str:
    both = {"week": by_week, "category": by_category}
    return csv_table(_TALLIES, ((by, name, *astuple(one)) for by, part in both.items() for name, one in part.items()))
