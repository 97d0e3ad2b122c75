"""The corpus as a picture: passages that mean alike lie close together. The one door to plotly and scikit-learn."""

import html
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bot.errors import MissingExtra
from bot.export.atomic import atomic_file
from bot.index.generation import Generation, numbers_of, role_vectors
from bot.passages import Passage, context

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MOST = 5_000
"""Passages drawn; of more, so many spread evenly: more points would cover one another."""
_PERPLEXITY = 30
_LONGEST = 160
"""Characters of a passage's text that are shown over its point."""
_WIDTH = 60
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#4d4d4d")
"""Told apart by the colour-blind (Okabe and Ito 2008); grey in place of yellow, which nobody sees on white."""
_SHAPES = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star")
"""One for each time that the colours begin anew."""
_NO_CATEGORY = "no category"
_OPEN = """
const map = document.querySelector('.plotly-graph-div');
map.on('plotly_click', (event) => {
  const address = event.points[0].customdata;
  if (/^https?:/.test(address)) window.open(address, '_blank', 'noopener');
});
"""


def write_map(generation: Generation, path: Path) -> int:
    """Write an HTML page that draws the passages by meaning and category, and needs nothing else; returns how many are drawn.

    Raises `MissingExtra` without plotly or scikit-learn, `OutputUnwritable` when the page cannot be written.
    """
    try:
        import plotly.io as pio
    except ModuleNotFoundError:
        raise MissingExtra("plotly", "map") from None
    passages = generation.table.sample(MOST)
    figure = _figure(
        generation, passages, _places(role_vectors(generation, numbers_of(generation.table, passages), "both"))
    )
    config = {
        "displaylogo": False,
        "responsive": True,
        "modeBarButtons": [["zoomIn2d", "zoomOut2d", "resetScale2d"]],
        "scrollZoom": True,
    }
    page = pio.to_html(
        figure, config=config, include_plotlyjs=True, full_html=True, post_script=_OPEN, default_height="100vh"
    )
    with atomic_file(path) as pending:
        pending.write_text(_complete(page, generation), encoding="utf-8")
    return len(passages)


def _places(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Two coordinates for each passage, by t-SNE (van der Maaten and Hinton 2008) of its vector; the same at each run."""
    try:
        from sklearn.manifold import TSNE
    except ModuleNotFoundError:
        raise MissingExtra("scikit-learn", "map") from None
    if len(vectors) < 4:
        return np.eye(max(2, len(vectors)), 2, dtype=np.float32)[: len(vectors)]
    perplexity = min(_PERPLEXITY, (len(vectors) - 1) / 3)
    return np.asarray(
        TSNE(perplexity=perplexity, metric="cosine", init="pca", random_state=0).fit_transform(vectors), np.float32
    )


def _figure(generation: Generation, passages: Sequence[Passage], places: NDArray[np.float32]) -> "Figure":
    from plotly.graph_objects import Figure, Layout

    drawn = f"{len(passages):,} passages" + (
        ""
        if len(passages) == generation.table.facts.passages
        else f", spread evenly over all {generation.table.facts.passages:,}"
    )
    told = f"{drawn}, of {generation.table.facts.articles:,} articles.<br>Those that mean alike lie close together."
    layout = Layout(
        template="plotly_white", font={"family": "system-ui, sans-serif", "size": 14}, margin={"l": 16, "r": 16, "t": 104, "b": 16},
        title={"text": f"What the articles cover<br><sub>{told}</sub>", "x": 0.02, "xanchor": "left"}, hoverlabel={"align": "left", "bgcolor": "white"},
        legend={"orientation": "h", "itemsizing": "constant", "x": 0, "y": 0, "yanchor": "top"}, dragmode="pan",
        xaxis={"visible": False}, yaxis={"visible": False},
    )  # fmt: skip
    return Figure(list(_points(generation, passages, places)), layout)


def _points(generation: Generation, passages: Sequence[Passage], places: NDArray[np.float32]) -> Iterator[Any]:
    """One trace for each category, the largest first."""
    from plotly.graph_objects import Scattergl

    named = np.array([passage.article.category or _NO_CATEGORY for passage in passages])
    categories = [*generation.table.facts.categories, *([_NO_CATEGORY] if _NO_CATEGORY in named else [])]
    for number, category in enumerate(categories):
        own = np.flatnonzero(named == category)
        if not len(own):
            continue
        look = {
            "color": _COLOURS[number % len(_COLOURS)],
            "symbol": _SHAPES[number // len(_COLOURS) % len(_SHAPES)],
            "size": 7,
            "opacity": 0.75,
        }
        yield Scattergl(
            x=places[own, 0].round(3), y=places[own, 1].round(3), mode="markers", name=f"{_safe(category)} ({len(own)})", marker=look,
            text=[_hover(passages[place]) for place in own.tolist()], hovertemplate="%{text}<extra></extra>", customdata=[passages[place].article.url or "" for place in own.tolist()],
        )  # fmt: skip


def _hover(passage: Passage) -> str:
    beginning = " ".join(passage.text.split())
    shown = beginning if len(beginning) <= _LONGEST else f"{beginning[:_LONGEST].rsplit(' ', 1)[0]} …"
    head = context(passage) if passage.question is None else f"{passage.article.title}: {passage.question}"
    return f"<b>{_broken(head)}</b><br>{_broken(shown)}"


def _broken(words: str) -> str:
    """Words on lines short enough for a phone."""
    lines = [""]
    for word in words.split():
        if lines[-1] and len(lines[-1]) + len(word) > _WIDTH:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(map(_safe, lines))


def _safe(words: str) -> str:
    """Words that plotly draws as they are: it takes some of HTML for markup, and a brace after a per cent sign for a name."""
    return html.escape(words, quote=False).replace("%{", "%\u200b{")


def _complete(page: str, generation: Generation) -> str:
    """The page with a title, a language, and no window of its own height to scroll in."""
    made = datetime.fromisoformat(generation.manifest.created.isoformat()).strftime("%Y-%m-%d")
    head = f'<head><title>What the articles cover, {made}</title><meta name="viewport" content="width=device-width"><style>body {{ margin: 0 }}</style>'
    return page.replace("<html>", '<!doctype html><html lang="en">', 1).replace("<head>", head, 1)
