"""Prometheus metrics of a running server: https://prometheus.io/docs/instrumenting/exposition_formats/."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest, start_http_server
from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.answering.bot import Bot
from bot.errors import ServeError
from bot.version import __version__

_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
_APIS = {"/api/v1": "rest", "/v1": "openai", "/mcp": "mcp", "/gradio_api": "chat"}


class Metrics(Collector):
    """Counters of one server since it started, and facts of the generation. Safe to call from many threads."""

    def __init__(self, bot: Bot) -> None:
        self._bot, self._registry = bot, CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._registry.register(self)
        self.questions = self._counter("questions", "Answered questions.", "channel", "status")
        self.rate_limited = self._counter("turned_away", "Questions refused by the rate limit.", "channel")
        self.votes = self._counter("votes", "Votes on answers.", "helpful")
        self._responses = self._counter("responses", "HTTP responses by API and status.", "door", "status")
        meaning = "Seconds to answer a question, without the network."
        self.seconds = Histogram(
            "articlebot_question_seconds", meaning, ["channel"], buckets=_SECONDS, registry=self._registry
        )

    def count_responses(self, app: ASGIApp) -> ASGIApp:
        """Return an ASGI application around another one whose responses it counts."""

        async def call(scope: Scope, receive: Receive, send: Send) -> None:
            async def counting_send(message: Message) -> None:
                if message["type"] == "http.response.start":
                    api = next((name for prefix, name in _APIS.items() if scope["path"].startswith(prefix)), "page")
                    self._responses.labels(api, str(message["status"])).inc()
                await send(message)

            await app(scope, receive, counting_send if scope["type"] == "http" else send)

        return call

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of the generation that is served when Prometheus asks."""
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
