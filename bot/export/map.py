"""A map of the corpus, on which passages of similar meaning are close: the only module that imports plotly."""

import html
from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bot.errors import requires
from bot.export.atomic import atomic_file
from bot.index.generation import Generation, numbers_of
from bot.passages import Passage, context

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MAX_POINTS = 5_000
"""Maximum number of passages drawn, spread evenly; more points would cover one another."""
_PERPLEXITY = 30
_MAX_HOVER = 160  # maximum number of characters of a passage shown over its point
_WIDTH = 61
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#4d4d4d")
"""The palette of Okabe and Ito (2008) for the colour-blind; grey replaces yellow, which is invisible on white."""
_SHAPES = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star")
"""One for each repetition of the colours."""
_NO_CATEGORY = "no category"
_OPEN = """
const map = document.querySelector('.plotly-graph-div');
map.on('plotly_click', (event) => {
  const address = event.points[0].customdata;
  if (/^https?:/.test(address)) window.open(address, '_blank', 'noopener');
});
"""


def write_map(generation: Generation, path: Path) -> int:
    """Write a self-contained HTML page with the map and return the number of passages drawn.

    Raises `MissingExtra` without plotly or scikit-learn, `OutputUnwritable` if the page cannot be written.
    """
    with requires("plotly", "map"):
        import plotly.io as pio
    passages = generation.table.sample(MAX_POINTS)
    vectors = generation.role_vectors(numbers_of(generation.table, passages), "both")
    figure = _figure(generation, passages, _project(vectors))
    buttons = [["zoomIn2d", "zoomOut2d", "resetScale2d"]]
    config = {"displaylogo": False, "responsive": True, "modeBarButtons": buttons, "scrollZoom": True}
    page = pio.to_html(figure, config=config, post_script=_OPEN, default_height="100vh")
    title = f"<title>What the articles cover, {generation.manifest.created:%Y-%m-%d}</title>"
    head = f'<head>{title}<meta name="viewport" content="width=device-width"><style>body {{ margin: 0 }}</style>'
    page = page.replace("<html>", '<!doctype html><html lang="en">', 1).replace("<head>", head, 1)
    with atomic_file(path) as pending:
        pending.write_text(page, encoding="utf-8")
    return len(passages)


def _project(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Project vectors to two dimensions by t-SNE (van der Maaten and Hinton 2008), deterministically."""
    with requires("scikit-learn", "map"):
        from sklearn.manifold import TSNE
    if len(vectors) < 4:
        return np.eye(max(2, len(vectors)), 2, dtype=np.float32)[: len(vectors)]
    perplexity = min(_PERPLEXITY, (len(vectors) - 1) / 3)
    projection = TSNE(perplexity=perplexity, metric="cosine", init="pca", random_state=0)
    return np.asarray(projection.fit_transform(vectors), np.float32)


def _figure(generation: Generation, passages: Sequence[Passage], points: NDArray[np.float32]) -> "Figure":
    from plotly.graph_objects import Figure, Layout

    facts = generation.table.facts
    sampled = "" if len(passages) == facts.passages else f", spread evenly over all {facts.passages:,}"
    drawn = f"{len(passages):,} passages{sampled}, of {facts.articles:,} articles"
    subtitle = f"{drawn}.<br>Passages of similar meaning are close together."
    layout = Layout(
        template="plotly_white", font={"family": "system-ui, sans-serif", "size": 14},
        title={"text": f"What the articles cover<br><sub>{subtitle}</sub>", "x": 0.02, "xanchor": "left"},
        hoverlabel={"align": "left", "bgcolor": "white"}, margin={"l": 16, "r": 16, "t": 104, "b": 16},
        legend={"orientation": "h", "itemsizing": "constant", "x": 0, "y": 0, "yanchor": "top"}, dragmode="pan",
        xaxis={"visible": False}, yaxis={"visible": False},
    )  # fmt: skip
    return Figure(list(_traces(generation, passages, points)), layout)


def _traces(generation: Generation, passages: Sequence[Passage], points: NDArray[np.float32]) -> Iterator[Any]:
    """Yield a trace for each category, the largest first."""
    from plotly.graph_objects import Scattergl

    named = np.array([passage.article.category or _NO_CATEGORY for passage in passages])
    categories = [*generation.table.facts.categories, *([_NO_CATEGORY] if _NO_CATEGORY in named else [])]
    for number, category in enumerate(categories):
        own = np.flatnonzero(named == category)
        if not len(own):
            continue
        colour, shape = _COLOURS[number % len(_COLOURS)], _SHAPES[number // len(_COLOURS) % len(_SHAPES)]
        look = {"color": colour, "symbol": shape, "size": 7, "opacity": 0.75}
        shown = [passages[place] for place in own.tolist()]
        texts, urls = [_hover(passage) for passage in shown], [passage.article.url or "" for passage in shown]
        data = {"x": points[own, 0].round(3), "y": points[own, 1].round(3), "text": texts, "customdata": urls}
        name = f"{_escape(category)} ({len(own)})"
        yield Scattergl(data, mode="markers", name=name, marker=look, hovertemplate="%{text}<extra></extra>")


def _hover(passage: Passage) -> str:
    text = " ".join(passage.text.split())
    shown = text if len(text) <= _MAX_HOVER else f"{text[:_MAX_HOVER].rsplit(' ', 1)[0]} …"
    head = context(passage) if passage.question is None else f"{passage.article.title}: {passage.question}"
    return f"<b>{_wrap(head)}</b><br>{_wrap(shown)}"


def _wrap(text: str) -> str:
    """Return the text on lines short enough for a phone."""
    lines = wrap(" ".join(text.split()), _WIDTH, break_long_words=False, break_on_hyphens=False)
    return "<br>".join(map(_escape, lines))


def _escape(text: str) -> str:
    """Return the text as plotly draws it literally: it interprets HTML tags and `%{`."""
    return html.escape(text, quote=False).replace("%{", "%\u200b{")
