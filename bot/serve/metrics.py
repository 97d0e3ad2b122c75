"""Prometheus metrics of a running server: https://prometheus.io/docs/instrumenting/exposition_formats/."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest, start_http_server
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
_APIS = {"/api/v1": "rest", "/v1": "openai", "/mcp": "mcp", "/gradio_api": "chat"}


class Metrics:
    """Counters of one server since it started. Safe to call from many threads."""

    def __init__(self, bot: Bot) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._registry.register(_GenerationCollector(bot))
        self._questions = self._counter("questions", "Answered questions.", "channel", "status")
        self._rate_limited = self._counter("turned_away", "Questions refused by the rate limit.", "channel")
        self._votes = self._counter("votes", "Votes on answers.", "helpful")
        self._responses = self._counter("responses", "HTTP responses by API and status.", "door", "status")
        meaning = "Seconds to answer a question, without the network."
        self._seconds = Histogram(
            "articlebot_question_seconds", meaning, ["channel"], buckets=_SECONDS, registry=self._registry
        )

    def count_answer(self, channel: Channel, answer: Answer, seconds: float) -> None:
        self._questions.labels(channel, "small_talk" if answer.talk else answer.status).inc()
        self._seconds.labels(channel).observe(seconds)

    def count_rate_limited(self, channel: Channel) -> None:
        self._rate_limited.labels(channel).inc()

    def count_vote(self, *, helpful: bool) -> None:
        self._votes.labels("yes" if helpful else "no").inc()

    def count_response(self, path: str, status: int) -> None:
        api = next((name for prefix, name in _APIS.items() if path.startswith(prefix)), "page")
        self._responses.labels(api, str(status)).inc()

    def response(self) -> Response:
        """Return all metrics as a response to Prometheus."""
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    def listen(self, host: str, port: int) -> None:
        """Serve the metrics on a separate port. Raises `ServeError` if it is taken or not allowed."""
        try:
            start_http_server(port, host, self._registry)
        except OSError as error:
            reason = f"Cannot listen on {host}:{port} for metrics ({error.strerror})"
            raise ServeError(f"{reason}: name another [metrics] port.") from error

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"articlebot_{name}", meaning, labels, registry=self._registry)


class MetricsMiddleware:
    """An ASGI middleware that counts responses."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def counting_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.count_response(scope["path"], message["status"])
            await send(message)

        await self._app(scope, receive, counting_send if scope["type"] == "http" else send)


class _GenerationCollector(Collector):
    """Metrics of the generation that is served when Prometheus asks."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    def collect(self) -> Iterator[Metric]:
        generation = self._bot.generation
        facts = {"version": __version__, "generation": generation.name, "model": generation.manifest.settings.model}
        yield InfoMetricFamily("articlebot", "The program and the generation that answers.", facts)
        refused, created = self._bot.retriever.index.rejected is not None, generation.manifest.created.timestamp()
        for name, meaning, value in (
            ("articles", "Number of articles.", generation.table.facts.articles),
            ("passages", "Number of passages.", generation.table.facts.passages),
            ("generation_created_seconds", "Unix time when the generation was built.", created),
            ("generation_refused", "1 if the newest generation cannot be opened and an older one answers.", refused),
        ):
            yield GaugeMetricFamily(f"articlebot_{name}", meaning, value)
