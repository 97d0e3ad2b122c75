"""A question as an editor sees it: what visitors saw, what is answered today, and what is near; as HTML.

It is one HTML block of a Markdown component, as `gr.HTML` needs scripts that the page's policy forbids. Words of
visitors and articles are escaped, or rendered by `article_html`, which makes no HTML of them.
"""

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from bot.answering.answer import Answer
from bot.index.generation import Passages, passage_by_id
from bot.passages import Passage, context
from bot.retrieval.hit import Hit
from bot.serve.page.article_html import article_html
from bot.usage.gaps import Gap
from bot.usage.seen import Remark, SeenAnswer, SeenQuestion, Tally, certainty

_LANGUAGES = {"en": "English", "hi": "Hindi", "hinglish": "Hindi in Latin letters"}
_CLASSES = {"sure": "sure", "unsure": "unsure", "closest passage only": "unsure", "not answered": "none"}
_MARKS = re.compile(r"(?<!\w)[|>#*-]+(?!\w)|\|")  # of tables, lists, headings and quotations
_LONGEST = 400  # maximum number of characters shown of a passage
_REASONS = {
    "wrong": "wrong",
    "outdated": "out of date",
    "incomplete": "incomplete",
    "unrelated": "about something else",
}


def question_html(
    seen: SeenQuestion, gap: Gap | None, remarks: Sequence[Remark], today: Answer, table: Passages
) -> str:  # fmt: skip
    """Return everything about a question as HTML."""
    title = f"<h2>{_text(seen.question)}</h2>"
    parts = [title, f"<p>{_chip(_LANGUAGES.get(today.language, today.language))} {_counts(seen, gap)}</p>"]
    if gap:
        parts.append(f"<p><strong>Why:</strong> {_text(gap.why)}.</p>")
    parts.append("<h3>What visitors saw</h3>")
    parts += [_seen(answer, seen.question, remarks, table) for answer in seen.answers]
    now = today.status, tuple(source.passage.id for source in today.sources)
    is_same = any((answer.status, answer.passages) == now for answer in seen.answers[:1])
    parts += ["<p>They see the same today.</p>"] if is_same else ["<h3>What they see today</h3>", answer_html(today)]
    parts.append(_details(seen, gap))
    return block("".join(parts))


def block(markup: str) -> str:
    """Return HTML as one block, in which no Markdown is rendered; it has no empty lines."""
    return f"<div>{markup}</div>" if markup else ""


def answer_html(answer: Answer) -> str:
    """Return an answer as visitors see it, below how sure it is."""
    chip = _chip(certainty(answer.status, answer.probability))
    head = f"{chip} {_percent(answer.probability)}" if answer.sources else chip
    notes = [f"Read as: {answer.corrected}"] if answer.corrected else []
    notes += [f"Did you mean: {' · '.join(answer.did_you_mean)}"] if answer.did_you_mean else []
    notes += [answer.reply] if answer.reply else []
    words = [article_html(one.words) + _origin(one.passage, answer.question) for one in answer.sources]
    words += [_plain("The articles do not answer this.")] if answer.status == "no_answer" and not answer.reply else []
    further = [answer_html(other) for other in answer.answers]
    return f'<div class="card"><div>{head}</div>{"".join(map(_plain, notes))}{"".join(words)}</div>{"".join(further)}'


def candidates_html(hits: Iterable[Hit], question: str) -> str:
    """Return passages with their probability and, folded away, the numbers behind it."""
    return f"<h2>Nearest passages</h2>{''.join(_candidate(hit, question) for hit in hits)}"


def passage_label(passage: Passage) -> str:
    """Return a passage as one choice: its question, or its headings and its first words."""
    if passage.question:
        return f"FAQ: {passage.question}"
    words = " ".join(_MARKS.sub(" ", passage.text).split())
    return f"Section: {context(passage)} — {_shorten(words, 90)}"


def tally_html(name: str, tallies: Mapping[str, Tally]) -> str:
    """Return a table with a row for each week or category, and the shares of what was asked in it."""
    heads = ("asked", "answered", "closest passage only", "refused", "voted helpful", "voted not helpful")
    head = "".join(f"<th>{each}</th>" for each in (name, *heads))
    rows = "".join(_tally_row(name, each) for name, each in tallies.items())
    return f'<h2>By {name}</h2><div class="wide"><table class="tally"><tr>{head}</tr>{rows}</table></div>'


def _tally_row(name: str, one: Tally) -> str:
    votes = one.helpful + one.unhelpful
    shares = [(one.answered, one.asked), (one.closest, one.asked), (one.refused, one.asked)]
    shares += [(one.helpful, votes), (one.unhelpful, votes)]
    cells = "".join(f"<td>{count}{f' ({count / total:.0%})' if count else ''}</td>" for count, total in shares)
    return f"<tr><th>{_text(name)}</th><td>{one.asked}</td>{cells}</tr>"


def _candidate(hit: Hit, question: str) -> str:
    signals = "".join(
        f"<tr><td>{_text(name.replace('_', ' '))}</td><td>{value:.2f}</td></tr>" for name, value in hit.signals.items()
    )
    ident = f"<p>Id: <code>{_text(hit.passage.id)}</code></p>"
    folded = f"<details><summary>Details</summary>{ident}<table>{signals}</table></details>"
    shown = f"{_plain(passage_label(hit.passage))}{_correct(hit.passage, question)}{folded}"
    return f'<div class="card"><div>{_percent(hit.probability)}</div>{shown}</div>'


def _counts(seen: SeenQuestion, gap: Gap | None) -> str:
    """Return how often a question was asked, and what was wrong with its answers."""
    if gap is None:
        votes = _votes(seen.helpful, seen.unhelpful)
        return f"Asked {_times(seen.times)}{f', {votes}' if votes else ''}."
    kinds = {
        "not answered": gap.unanswered, "closest passage only": gap.closest, "several meanings": gap.ambiguous,
        "unsure": gap.unsure,
    }  # fmt: skip
    counts = ", ".join(f"{count} {kind}" for kind, count in kinds.items() if count)
    visitors = f"{gap.conversations} visitor{'s' if gap.conversations != 1 else ''}"
    asked = f"Asked {_times(gap.times)} by {visitors}{f': {counts}' if counts else ''}."
    return f"{asked} {_votes(0, gap.unhelpful)}{'.' if gap.unhelpful else ''}"


def _seen(answer: SeenAnswer, question: str, remarks: Sequence[Remark], table: Passages) -> str:
    head = f"{_chip(answer.certainty)} {_times(answer.times)}"
    votes = _votes(answer.helpful, answer.unhelpful)
    head += f", {votes}" if votes else ""
    passages = {ident: passage_by_id(table, ident) for ident in answer.passages}
    known = [article_html(_shorten(one.text, _LONGEST)) + _origin(one, question) for one in passages.values() if one]
    gone = [_plain(f"{ident}: no longer in the articles") for ident, passage in passages.items() if passage is None]
    own = [one for one in remarks if (one.status, one.passages) == (answer.status, answer.passages)]
    said = "".join(f"<li>{_remark(one)}</li>" for one in own)
    shown = "".join([*known, *gone, f"<ul>{said}</ul>" if said else ""])
    return f'<div class="card"><div>{head}</div>{shown}</div>'


def _remark(remark: Remark) -> str:
    day = f"{datetime.fromtimestamp(remark.at, UTC):%d %b}"
    kind = "helpful" if remark.helpful else f"not helpful{f' ({_REASONS[remark.reason]})' if remark.reason else ''}"
    comment = f": “{_text(remark.comment)}”" if remark.comment else ""
    return f"{day}, {kind}{comment}"


def _origin(passage: Passage, question: str) -> str:
    """Return where a passage is from, and the button that opens it, asked for by this question."""
    source = _text(f"{_place(passage)} ({passage.article.source})")
    return f'<p class="origin">{source}</p>{_correct(passage, question)}'


def _place(passage: Passage) -> str:
    article = passage.article
    path = " › ".join([article.title, *passage.section] if not passage.question else [article.title])
    asked = f"FAQ “{passage.question}”, " if passage.question and passage.question != article.title else ""
    return f"{asked}{path}"


def _correct(passage: Passage, question: str) -> str:
    value = f"{html.escape(passage.id)}&#10;{_text(question)}"
    return f'<p><button type="button" class="correct" value="{value}">Correct these words</button></p>'


def place_html(passage: Passage, line: int) -> str:
    """Return what an editor corrects: a passage, its file in the corpus folder and the line where it begins."""
    file = f"<code>{_text(passage.article.source)}</code>, from line {line}"
    return f'<h2>{_text(_place(passage))}</h2><p class="origin">{file}</p>'


def _details(seen: SeenQuestion, gap: Gap | None) -> str:
    """Return what only some editors want to know, folded away."""
    lists = {"Asked as": list(dict.fromkeys([*(gap.examples if gap else ()), *seen.wordings]))}
    if gap and gap.nearest:
        lists["Nearest passages"] = [f"{one.probability:.0%} {one.about} ({one.passage})" for one in gap.nearest]
    items = {title: "".join(f"<li>{_text(line)}</li>" for line in lines) for title, lines in lists.items()}
    body = "".join(f"<h4>{title}</h4><ul>{lines}</ul>" for title, lines in items.items())
    return f"<details><summary>Details</summary>{body}</details>"


def _text(words: str) -> str:
    return html.escape(" ".join(words.split()))


def _chip(words: str) -> str:
    return f'<span class="chip {_CLASSES.get(words, "")}">{_text(words)}</span>'


def _plain(words: str) -> str:
    return f"<p>{_text(words)}</p>"


def _percent(probability: float) -> str:
    return f"answers it with a chance of {probability:.0%}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _votes(helpful: int, unhelpful: int) -> str:
    votes = {"voted helpful": helpful, "voted not helpful": unhelpful}
    return ", ".join(f"{count} {kind}" for kind, count in votes.items() if count)


def _shorten(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most].rsplit(' ', 1)[0]} …"
