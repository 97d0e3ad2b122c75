"""The verbs that ask an index: ask and search."""

from collections.abc import Sequence
from dataclasses import replace
from textwrap import indent
from typing import Annotated, Any

from typer import Option

from bot.answering.answer import hit_to_dict
from bot.answering.bot import Bot
from bot.cli.options import ArticleId, AsJson, Category, History, Index, Question, Reranker, SettingsFile, Since
from bot.cli.output import print_facts
from bot.cli.settings import read_settings_file
from bot.index.filters import Filters
from bot.retrieval.finder import require_known
from bot.retrieval.hit import Hit
from bot.retrieval.retriever import Retriever

_CORRECTED = "Showing results for “{}”."
_CLOSEST = "The articles do not say this in so many words. This passage comes closest:"
_ALSO_CLOSE = "This passage also comes close:"
_ALSO_LIKELY = "Another possible answer:"


def ask(
    words: Question,
    index: Index = "index",
    category: Category = None,
    article: ArticleId = None,
    since: Since = None,
    history: History = None,
    reranker: Reranker = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Answer a question in the words of the articles."""
    answers = read_settings_file(settings).answers
    bot = Bot.open(index, settings=replace(answers, reranker=reranker or answers.reranker))
    require_known(bot.generation.table, Filters(category, article))
    answer = bot.ask(" ".join(words), history or (), category=category, article=article, since=since).to_dict()
    print_facts(answer, as_json, lambda: answer_text(answer))


def answer_text(answer: dict[str, Any]) -> str:
    """Return an answer as a person reads it, with its sources and what to ask next."""
    lines = [_CORRECTED.format(answer["corrected"]), ""] if answer["corrected"] else []
    if answer["unknown"]:
        lines += [f"The articles do not mention {', '.join(answer['unknown'])}. In general:", ""]
    for number, part in enumerate([answer, *answer["answers"]]):
        lines += [*[""][:number], part["asked"], ""] if part["asked"] else []
        lines += _words_lines(part) if part["text"] else []
    if not answer["text"]:
        without = "Did you mean:" if answer["did_you_mean"] else "The articles do not answer this."
        lines.append(answer["reply"] or without)
    if answer["categories"]:
        lines.append(f"They are about {', '.join(answer['categories'])}.")
    lines += [f"  {question}" for question in answer["did_you_mean"]]
    if newer := answer["newer"]:
        day = newer["updated"] or newer["published"]
        lines += ["", f"There is a newer article on this: {newer['title']}, {day}", newer["link"] or ""]
    if answer["suggestions"]:
        lead = "Did you mean:" if answer["status"] == "closest" else "You can ask:"
        lines += ["", lead, *(f"  {question}" for question in answer["suggestions"])]
    return "\n".join(lines).rstrip()


def _words_lines(answer: dict[str, Any]) -> list[str]:
    """Return the words below the question of their FAQ, and sources; below a notice, indented, if they come closest."""
    is_closest, lines = answer["status"] == "closest", []
    for number, source in enumerate(answer["sources"]):
        notice = _ALSO_CLOSE if is_closest else _ALSO_LIKELY
        lines += ["", notice, ""] if number else [_CLOSEST, ""] if is_closest else []
        words = (source["question"], source["words"]) if source["question"] else (source["words"],)
        lines += [indent(each, "  ") for each in words] if is_closest else words
        if answer["passed"] and number == len(answer["sources"]) - 1:
            lines += ["", " ".join(f"{day} has passed." for day in answer["passed"])]
        lines += ["", _source_line(source), source["link"] or ""]
    return lines


def _source_line(source: dict[str, Any]) -> str:
    title = " › ".join((source["title"], *source["section"]))
    days = [f"{event} {source[event]}" for event in ("published", "updated") if source[event]]
    return " · ".join(part for part in (f"— {title}", source["category"], *days) if part)


def search(
    words: Question,
    index: Index = "index",
    k: Annotated[int, Option("-k", min=1, help="Maximum number of passages.")] = 5,
    category: Category = None,
    article: ArticleId = None,
    since: Since = None,
    history: History = None,
    reranker: Reranker = None,
    settings: SettingsFile = None,
    explain: Annotated[bool, Option("--explain", help="Print the features of each passage as a table.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the passages that most likely answer a question."""
    answers = read_settings_file(settings).answers
    retriever = Retriever.open(index, settings=replace(answers, reranker=reranker or answers.reranker))
    finder, filters = retriever.finder(), Filters(category, article, since)
    require_known(finder.generation.table, filters)
    found = finder.find(" ".join(words), k, filters, history or ())
    hits = [_hit_facts(hit) for hit in found.hits]
    notes = [_CORRECTED.format(found.corrected)] if found.corrected else []
    if explain:
        notes += [f"Read as “{variant.text}”." for variant in found.variants if variant.form != "original"]
    print_facts(hits, as_json, lambda: _hits_text(hits, notes, explain))


def _hit_facts(hit: Hit) -> dict[str, Any]:
    signals = {name: round(value, 4) for name, value in hit.signals.items()}
    return {**hit_to_dict(hit), "score": round(hit.score, 4), "signals": signals}


def _hits_text(hits: Sequence[dict[str, Any]], notes: Sequence[str], explain: bool) -> str:
    lines = [f"{note}\n" for note in notes]
    if not hits:
        lines.append("no passage")
    elif explain:
        lines += _explanation(hits)
    else:
        lines += [f"{hit['probability']:.2f}  {hit['passage']}\n{indent(hit['text'], '      ')}\n" for hit in hits]
    return "\n".join(lines).rstrip()


def _explanation(hits: Sequence[dict[str, Any]]) -> list[str]:
    """Return a table of the features that each hit's score and probability come from."""
    names = [*hits[0]["signals"]]
    numbers = (
        [hit["probability"], hit["score"], *(hit["signals"].get(name, float("nan")) for name in names)] for hit in hits
    )
    head = "".join(f"{name:>15}" for name in ("probability", "score", *names))
    rows = ("".join(f"{number:15.3f}" for number in row) for row in numbers)
    return [f"{head}  passage", *(f"{row}  {hit['passage']}" for row, hit in zip(rows, hits, strict=True))]
