"""Figures of a running server in the form that Prometheus reads: https://prometheus.io/docs/instrumenting/exposition_formats/."""

from collections.abc import Iterator

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    generate_latest,
    start_http_server,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.answering.answer import Answer
from bot.answering.bot import Bot
from bot.errors import ServeError
from bot.serve.visitor import Channel
from bot.version import __version__

_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
_DOORS = {"/api/v1": "rest", "/v1": "openai", "/mcp": "mcp", "/gradio_api": "chat"}


class Metrics:
    """What one server was asked and answered since it started. Safe to tell from many threads."""

    def __init__(self, bot: Bot) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._registry.register(_Served(bot))
        self._questions = Counter(
            "articlebot_questions",
            "Questions that got an answer, by its status.",
            ["channel", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "articlebot_question_seconds",
            "How long an answer took, without the way there.",
            ["channel"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._turned_away = Counter(
            "articlebot_turned_away",
            "Questions refused since one address asked too many.",
            ["channel"],
            registry=self._registry,
        )
        self._votes = Counter(
            "articlebot_votes", "What visitors said of answers.", ["helpful"], registry=self._registry
        )
        self._responses = Counter(
            "articlebot_responses", "HTTP responses by door and status.", ["door", "status"], registry=self._registry
        )

    def answered(self, channel: Channel, answer: Answer, seconds: float) -> None:
        self._questions.labels(channel, "small_talk" if answer.talk else answer.status).inc()
        self._seconds.labels(channel).observe(seconds)

    def turned_away(self, channel: Channel) -> None:
        self._turned_away.labels(channel).inc()

    def voted(self, *, helpful: bool) -> None:
        self._votes.labels("yes" if helpful else "no").inc()

    def responded(self, path: str, status: int) -> None:
        self._responses.labels(
            next((door for start, door in _DOORS.items() if path.startswith(start)), "page"), str(status)
        ).inc()

    def told(self) -> Response:
        """All figures, as an answer to Prometheus."""
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    def listen(self, host: str, port: int) -> None:
        """Tell them on a port of their own. Raises `ServeError` when it cannot be listened on."""
        try:
            start_http_server(port, host, self._registry)
        except OSError as error:
            raise ServeError(
                f"Cannot listen on {host}:{port} for metrics ({error.strerror}): name another [metrics] port."
            ) from error


class MetricsMiddleware:
    """An ASGI middleware that counts responses."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def counting(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.responded(scope["path"], message["status"])
            await send(message)

        await self._app(scope, receive, counting if scope["type"] == "http" else send)


class _Served(Collector):
    """What is served at the moment of reading."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    def collect(self) -> Iterator[Metric]:
        generation = self._bot.generation
        facts = {"version": __version__, "generation": generation.name, "model": generation.manifest.settings.model}
        yield InfoMetricFamily("articlebot", "The program and the generation that it answers from.", facts)
        gauges = {
            "articles": ("Articles served.", generation.table.facts.articles),
            "passages": ("Passages served.", generation.table.facts.passages),
            "generation_created_seconds": ("When the generation was built, in Unix time.", generation.manifest.created.timestamp()),
            "generation_refused": ("1 while the newest generation does not open and an older one goes on.", int(self._bot.retriever.index.rejected is not None)),
        }  # fmt: skip
        for name, (meaning, value) in gauges.items():
            yield GaugeMetricFamily(f"articlebot_{name}", meaning, value)
