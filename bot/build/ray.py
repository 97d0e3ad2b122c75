"""A build distributed over a Ray cluster by Ray Data, which schedules the work and repeats what is lost."""

import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from platform import node
from typing import Any

import numpy as np

from bot.build.cache import Encoded, Uncached, UncachedTexts, pack_rows, parse_input, unpack_rows
from bot.build.part_cache import PartCache
from bot.corpus.source import ArticleSource, PartReader
from bot.encoder import Encoder, PassageEncoder, picklable_encoder_opener, remote_token_starts
from bot.encoder.encoder import OnBatch
from bot.encoder.encoder_input import TextVectors, encode_inputs
from bot.encoder.tokens import pack_tokens, parse_tokens
from bot.errors import ClusterError, requires
from bot.passages import Passage, SplitItem, TokenStarts, split_items
from bot.version import __version__

_log = logging.getLogger("ray.data")

_FILES, _ARTICLES, _TEXTS = 64, 64, 512
"""Files read, articles split and texts encoded per task, which is repeated if its process is lost."""
_ENCODER_CPUS = 4
"""Maximum processors per encoder without GPUs: with small batches, more threads slow each other down."""
_BLOCK = 16 * 2**20
"""Bytes of a result block; the builder needs several times as much memory while it reads one."""
_CONNECT_TIMEOUT = 5.0  # seconds to wait for a machine to answer
_ADDRESS = re.compile(r"(?:ray://)?(?P<host>[^/:]+|\[[^\]/]+\]):(?P<port>\d{1,5})")


@contextmanager
def ray_workers(address: str) -> Iterator["RayWorkers"]:
    """Connect to the Ray cluster of this machine: `ray://HOST:PORT` of its head, or `ray` for this machine alone.

    If the program has initialized Ray already, that connection is used and left open. Raises `ClusterError` if the
    cluster does not answer, `MissingExtra` if Ray is not installed.
    """
    with _restored_process():
        with requires("ray", "ray"):
            import ray.data
        head = None if address == "ray" else _checked_head(address)
        if ray.is_initialized():
            yield RayWorkers()
            return
        _connect(head)
        # Ray sets the level when it starts. Failures are raised.
        _log.setLevel(logging.CRITICAL)
        try:
            yield RayWorkers()
        finally:
            ray.shutdown()


def _checked_head(address: str) -> str:
    """Return HOST:PORT of a head that answers."""
    found = _ADDRESS.fullmatch(address)
    if not found:
        forms = "ray for the processors of this machine, or ray://HOST:PORT, such as ray://10.0.0.5:6379"
        raise ClusterError(f"{address!r} names no cluster: write {forms}.")
    head = f"{found['host']}:{found['port']}"
    try:
        socket.create_connection((found["host"].strip("[]"), int(found["port"])), _CONNECT_TIMEOUT).close()
    except (OSError, OverflowError) as error:
        problem = f"The Ray cluster at {address} does not answer ({error})"
        raise ClusterError(f"{problem}: is it running? Start it there with ray start --head.") from None
    # Ray itself waits for minutes, or forever, if something else than a head answers.
    command = [sys.executable, "-m", "ray.scripts.scripts", "health-check", "--skip-version-check", "--address", head]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=4 * _CONNECT_TIMEOUT)  # noqa: S603
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        problem = f"What answers at {address} is no head of a Ray cluster"
        raise ClusterError(f"{problem}: give the port that ray start --head prints, usually 6379.") from None
    return head


def _connect(head: str | None) -> None:
    import ray

    on_term = signal.getsignal(signal.SIGTERM)
    try:
        dashboard = None if head else False
        ray.init(head or "local", include_dashboard=dashboard, logging_level=logging.ERROR, log_to_driver=False)
    except (RuntimeError, ValueError, ConnectionError, TimeoutError) as error:
        reason = str(error).strip().splitlines()[0]
        if not head:
            raise ClusterError(f"Ray does not start on this machine ({reason}): fix that and build again.") from error
        advice = f"run ray start --address={head} here and build again"
        raise ClusterError(f"The Ray cluster at {head} does not accept this machine ({reason}): {advice}.") from error
    finally:
        # Ray installs a handler that ends the process at once, but the build must clean up.
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, on_term)


@contextmanager
def _restored_process() -> Iterator[None]:
    """Turn off Ray's usage reports; restore the environment and the level of Ray Data's log afterwards."""
    environment, level = dict(os.environ), _log.level
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        yield
    finally:
        _log.setLevel(level)
        for name in os.environ.keys() - environment.keys():
            del os.environ[name]
        os.environ.update(environment)


class RayWorkers:
    """The machines of a Ray cluster. Each needs the same version of articlebot, and the corpus at the same path."""

    def passages(
        self, source: ArticleSource, encoder: Encoder, limit: int, cache: PartCache | None = None
    ) -> Iterator[Passage]:
        from ray.data import from_items

        del cache  # only the machine that builds has it
        starts = range(0, len(source.parts), _FILES)
        groups = [_Parts(start, source.parts[start : start + _FILES]) for start in starts]
        arguments = (__version__, source.part_reader(), remote_token_starts(encoder), limit)
        workers = min(sum(_cpus()), max(1, len(groups)))
        with _data_context(in_order=True):
            read = from_items(groups, override_num_blocks=max(1, len(groups))).map_batches(
                _Splitter, fn_constructor_args=arguments, compute=_pool(workers), num_cpus=1, batch_size=1
            )
        for chunk in (chunk for batch in _batches(read) for chunk in batch["chunk"]):
            for item, passages in chunk.items:
                if source.admit(item):
                    yield from passages
            source.count_read(chunk.part + 1)
        source.finish()

    def encode(self, texts: Uncached, count: int, encoder: PassageEncoder, weights: str, done: OnBatch) -> Encoded:
        import pyarrow as pa
        import ray
        from ray.data import from_arrow_refs

        # In Ray's object store, which spills to disk what does not fit in memory.
        batches = _in_batches(texts)
        blocks: list[Any] = [ray.put(pa.table({"key": each.keys, "text": each.texts})) for each in batches]
        actors, resources = _encoder_resources()
        arguments = (__version__, picklable_encoder_opener(encoder, weights))
        resources |= {"compute": _pool(min(actors, 1 + count // _TEXTS)), "fn_constructor_args": arguments}
        with _data_context():
            vectors = from_arrow_refs(blocks).map_batches(_EncoderActor, batch_size=None, **resources)
        for batch in _batches(vectors):
            done(len(batch["key"]))
            packed = zip(batch["rows"], batch["tokens"], strict=True)
            yield (
                list(batch["key"]),
                [TextVectors(unpack_rows(rows).astype(np.float32), parse_tokens(own)) for rows, own in packed],
            )


@dataclass(frozen=True, slots=True)
class _Parts:
    """Consecutive parts of the source, and the number of the first."""

    first: int
    parts: Sequence[Any]


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Articles with their passages, and refusals, up to a part."""

    part: int
    items: tuple[SplitItem, ...]


class _Splitter:
    """Reads and splits, in a worker process."""

    def __init__(self, version: str, read: PartReader, token_starts: TokenStarts, limit: int) -> None:
        self._version, self._read, self._token_starts, self._limit = version, read, token_starts, limit

    def __call__(self, batch: dict[str, Sequence[_Parts]]) -> Iterator[dict[str, list[_Chunk]]]:
        _check_version(self._version)
        for group in batch["item"]:
            read = ((number, item) for number, part in enumerate(group.parts, group.first) for item in self._read(part))
            while numbered := list(islice(read, _ARTICLES)):
                split = split_items((item for _, item in numbered), self._token_starts, self._limit)
                yield {"chunk": [_Chunk(numbered[-1][0], tuple(split))]}


class _EncoderActor:
    """Encodes, in a worker process."""

    def __init__(self, version: str, open_encoder: Callable[[], PassageEncoder]) -> None:
        self._version, self._open = version, open_encoder

    # Opened by the first call: Ray restarts a process whose constructor fails again and again.
    @cached_property
    def _encoder(self) -> PassageEncoder:
        _check_version(self._version)
        return self._open()

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        vectors = encode_inputs(self._encoder, [parse_input(text) for text in batch["text"]])
        # With the precision of the cache. Texts have different numbers of vectors, which Ray's tables do not hold.
        rows, tokens = [pack_rows(own.rows) for own in vectors], [pack_tokens(own.tokens) for own in vectors]
        return {"key": batch["key"], "rows": rows, "tokens": tokens}


def _check_version(version: str) -> None:
    if version != __version__:
        versions = f"The machine {node()} has articlebot {__version__}, the one that builds has {version}"
        raise ClusterError(f"{versions}: install the same version on both.")


def _in_batches(texts: Uncached) -> Uncached:
    for some in texts:
        for start in range(0, len(some.keys), _TEXTS):
            yield UncachedTexts(some.keys[start : start + _TEXTS], some.texts[start : start + _TEXTS])


def _cpus() -> list[int]:
    """Return the number of processors of each machine that has any."""
    import ray

    machines: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    found = [int(machine["Resources"].get("CPU", 0)) for machine in machines if machine["Alive"]]
    if not any(found):
        raise ClusterError("No machine of the Ray cluster offers processors: start one with ray start --num-cpus.")
    return [count for count in found if count]


def _encoder_resources() -> tuple[int, dict[str, Any]]:
    """Return how many encoders run at once, and the resources of each: a GPU if there are any, else processors."""
    import ray

    if gpus := int(ray.cluster_resources().get("GPU", 0)):  # type: ignore[no-untyped-call]
        return gpus, {"num_gpus": 1}
    cpus = _cpus()
    each = min(_ENCODER_CPUS, *cpus)
    return sum(count // each for count in cpus), {"num_cpus": each}


def _pool(size: int) -> Any:
    from ray.data import ActorPoolStrategy

    return ActorPoolStrategy(min_size=1, max_size=size, initial_size=size)


@contextmanager
def _data_context(*, in_order: bool = False) -> Iterator[None]:
    """Settings for data sets created meanwhile: no progress bars, results as they arrive or in order."""
    from ray.data import DataContext

    context = DataContext.get_current().copy()
    context.enable_progress_bars = context.print_on_execution_start = False
    context.execution_options.preserve_order = in_order
    context.target_max_block_size = _BLOCK
    with DataContext.current(context):
        yield


def _batches(dataset: Any) -> Iterator[dict[str, Any]]:
    """Yield the results of a data set. Raises `ClusterError` if Ray gives up."""
    import ray

    try:
        yield from dataset.iter_batches(batch_size=None, batch_format="numpy")
    except ray.exceptions.RayError as error:
        message = str(error).strip()
        if ours := re.search(r"^bot\.errors\.\w+: (.+)$", message, re.MULTILINE):
            raise ClusterError(f"A machine of the Ray cluster says: {ours[1]}") from error
        reason = (message.splitlines() or [type(error).__name__])[-1].strip()
        advice = "fix that and build again; what was encoded is not lost"
        raise ClusterError(f"The Ray cluster gave up ({reason}): {advice}.") from error
