"""The work of a build shared out to the machines of a Ray cluster by Ray Data, whose are scheduling, back-pressure and the repetition of what is lost."""

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
from typing import TYPE_CHECKING, Any

from bot.build.cache import Encoded, UncachedTexts
from bot.corpus.article import Article
from bot.corpus.refused import Refused
from bot.corpus.source import ArticleSource, PartReader
from bot.encoder import Encoder, remote_encoder, remote_token_starts
from bot.encoder.encoder import OnBatch
from bot.errors import ClusterError, MissingExtra
from bot.passages import Passage, TokenStarts, split_each
from bot.version import __version__

if TYPE_CHECKING:
    from ray.data import Dataset

_FILES, _ARTICLES, _TEXTS = 64, 64, 512
"""Read, split and encoded at once: what is done again when a process is lost."""
_ENCODER_CPUS = 4
"""Of an encoder at most, where there are no GPUs: more threads than that get in each other's way in batches as small as a processor likes."""
_BLOCK = 16 * 2**20
"""Bytes of what comes back at once: several times as much memory while it is taken in."""
_PATIENCE = 5.0
"""Seconds until a machine has answered that it is there."""
_ADDRESS = re.compile(r"(?:ray://)?(?P<host>[^/:]+|\[[^\]/]+\]):(?P<port>\d{1,5})")


@contextmanager
def ray_workers(named: str) -> Iterator["RayWorkers"]:
    """The machines of a Ray cluster, of which this one must be one: `ray://HOST:PORT`, of its head; `ray` for the processors of this machine alone.

    Where the program has a Ray of its own, that one is used and goes on. Raises `ClusterError` when the cluster does not answer, `MissingExtra` when Ray is
    not installed.
    """
    with _environment_as_it_was():
        try:
            import ray.data
        except ModuleNotFoundError:
            raise MissingExtra("ray", "ray") from None
        head = None if named == "ray" else _head(named)
        if ray.is_initialized():
            yield RayWorkers()
            return
        _connect(head)
        try:
            with _unlogged():
                yield RayWorkers()
        finally:
            ray.shutdown()


def _head(named: str) -> str:
    """HOST:PORT of a head that answers."""
    found = _ADDRESS.fullmatch(named)
    if not found:
        raise ClusterError(
            f"{named!r} names no cluster: write ray for the processors of this machine, or ray://HOST:PORT, such as ray://10.0.0.5:6379."
        )
    head = f"{found['host']}:{found['port']}"
    try:
        socket.create_connection((found["host"].strip("[]"), int(found["port"])), _PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise ClusterError(
            f"The Ray cluster at {named} does not answer ({error}): is it running? Start it there with ray start --head."
        ) from None
    # Ray itself waits for minutes, and in the end for good, for what answers but is no head.
    command = [sys.executable, "-m", "ray.scripts.scripts", "health-check", "--skip-version-check", "--address", head]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=4 * _PATIENCE)  # noqa: S603
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        raise ClusterError(
            f"What answers at {named} is no head of a Ray cluster: give the port that ray start --head names, mostly 6379."
        ) from None
    return head


def _connect(head: str | None) -> None:
    import ray

    on_term = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(
            address=head or "local",
            include_dashboard=None if head else False,
            logging_level=logging.ERROR,
            log_to_driver=False,
        )
    except (RuntimeError, ValueError, ConnectionError, TimeoutError) as error:
        reason = str(error).strip().splitlines()[0]
        told = (
            f"The Ray cluster at {head} does not take this machine in" if head else "Ray does not start on this machine"
        )
        raise ClusterError(
            f"{told} ({reason}): {f'run ray start --address={head} here' if head else 'mend that'} and build again."
        ) from error
    finally:
        # Ray would end the process at once, where the build still cleans up.
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, on_term)


@contextmanager
def _environment_as_it_was() -> Iterator[None]:
    """Ray, which sets variables of its own, finds there that it is to report nothing home."""
    before = dict(os.environ)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)


@contextmanager
def _unlogged() -> Iterator[None]:
    """Data sets log nothing: what goes wrong is raised."""
    log = logging.getLogger("ray.data")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


class RayWorkers:
    """The machines of the Ray cluster that this process belongs to; each needs this articlebot, and the corpus at the same path."""

    def passages(self, reading: ArticleSource, encoder: Encoder, limit: int) -> Iterator[Passage]:
        from ray.data import from_items

        groups = [_Some(first, reading.parts[first : first + _FILES]) for first in range(0, len(reading.parts), _FILES)]
        with _quietly(in_order=True):
            read = from_items(groups, override_num_blocks=max(1, len(groups))).map_batches(
                _Splitter, fn_constructor_args=(__version__, reading.part_reader(), remote_token_starts(encoder), limit),
                compute=_pool(sum(_cpus())), num_cpus=1, batch_size=1,
            )  # fmt: skip
        for chunk in (chunk for batch in _batches(read) for chunk in batch["chunk"]):
            for item, passages in chunk.items:
                if reading.admit(item):
                    yield from passages
            reading.files_read = chunk.part
        reading.finish()

    def encode(
        self,
        texts: Iterator[UncachedTexts],
        count: int,  # noqa: ARG002
        encoder: Encoder,
        weights: str,
        done: OnBatch,
    ) -> Iterator[Encoded]:
        import pyarrow as pa
        import ray
        from ray.data import from_arrow_refs

        # In Ray's store, which takes to the disk what does not fit in memory.
        blocks: list[Any] = [ray.put(pa.table({"key": some.keys, "text": some.texts})) for some in _in_batches(texts)]
        actors, needs = _encoders()
        with _quietly():
            vectors = from_arrow_refs(blocks).map_batches(
                _Encoding,
                fn_constructor_args=(__version__, remote_encoder(encoder, weights)),
                compute=_pool(actors),
                batch_size=None,
                **needs,
            )
        for batch in _batches(vectors):
            done(len(batch["key"]))
            yield list(batch["key"]), batch["vector"]


@dataclass(frozen=True, slots=True)
class _Some:
    """Neighbouring parts of what is read, and the number of the first."""

    first: int
    parts: Sequence[Any]


@dataclass(frozen=True, slots=True)
class _Chunk:
    """What was read up to a part: refusals, and articles with their passages."""

    part: int
    items: tuple[tuple[Article | Refused, tuple[Passage, ...]], ...]


class _Splitter:
    """Reads and splits, in a process of its own."""

    def __init__(self, version: str, read: PartReader, token_starts: TokenStarts, limit: int) -> None:
        self._version, self._read, self._token_starts, self._limit = version, read, token_starts, limit

    def __call__(self, batch: dict[str, Sequence[_Some]]) -> Iterator[dict[str, list[_Chunk]]]:
        _check_version(self._version)
        for some in batch["item"]:
            read = ((number, item) for number, part in enumerate(some.parts, some.first) for item in self._read(part))
            while together := list(islice(read, _ARTICLES)):
                yield {"chunk": [_Chunk(together[-1][0], tuple(self._split([item for _, item in together])))]}

    def _split(self, items: Sequence[Article | Refused]) -> Iterator[tuple[Article | Refused, tuple[Passage, ...]]]:
        split = split_each((item for item in items if isinstance(item, Article)), self._token_starts, self._limit)
        for item in items:
            yield (item, ()) if isinstance(item, Refused) else (item, tuple(next(split)[1]))


class _Encoding:
    """Holds one encoder, in a process of its own."""

    def __init__(self, version: str, open_encoder: Callable[[], Encoder]) -> None:
        self._version, self._open = version, open_encoder

    # Opened by the first call: a process that cannot be set up is started again and again.
    @cached_property
    def _encoder(self) -> Encoder:
        _check_version(self._version)
        return self._open()

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        # With as many bits as the cache keeps.
        return {"key": batch["key"], "vector": self._encoder.encode_passages(list(batch["text"])).astype("float16")}


def _check_version(version: str) -> None:
    if version != __version__:
        raise ClusterError(
            f"The machine {node()} has articlebot {__version__}, the one that builds {version}: install the same on both."
        )


def _in_batches(texts: Iterator[UncachedTexts]) -> Iterator[UncachedTexts]:
    for some in texts:
        for start in range(0, len(some.keys), _TEXTS):
            yield UncachedTexts(some.keys[start : start + _TEXTS], some.texts[start : start + _TEXTS])


def _cpus() -> list[int]:
    """The processors of each machine that has any."""
    import ray

    machines: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    found = [int(machine["Resources"].get("CPU", 0)) for machine in machines if machine["Alive"]]
    if not any(found):
        raise ClusterError("No machine of the Ray cluster offers processors: start one with ray start --num-cpus.")
    return [count for count in found if count]


def _encoders() -> tuple[int, dict[str, Any]]:
    """How many encoders there can be at once, and what each needs: a GPU where there are any, else some processors of one machine."""
    import ray

    if gpus := int(ray.cluster_resources().get("GPU", 0)):  # type: ignore[no-untyped-call]
        return gpus, {"num_gpus": 1}
    cpus = _cpus()
    each = min(_ENCODER_CPUS, *cpus)
    return sum(count // each for count in cpus), {"num_cpus": each}


def _pool(most: int) -> Any:
    """As many processes as there is room for, and fewer where machines go away."""
    from ray.data import ActorPoolStrategy

    return ActorPoolStrategy(min_size=1, max_size=most, initial_size=most)


@contextmanager
def _quietly(*, in_order: bool = False) -> Iterator[None]:
    """Data sets made meanwhile draw no bars; they give what comes first first, unless it is to be in order."""
    from ray.data import DataContext

    context = DataContext.get_current().copy()
    context.enable_progress_bars = context.print_on_execution_start = False
    context.execution_options.preserve_order = in_order
    context.target_max_block_size = _BLOCK
    with DataContext.current(context):
        yield


def _batches(made: "Dataset") -> Iterator[dict[str, Any]]:
    """What comes of a data set. Raises `ClusterError` when something is wrong that trying again does not mend."""
    import ray

    batches = iter(made.iter_batches(batch_size=None, batch_format="numpy"))
    while True:
        try:
            batch = next(batches)
        except StopIteration:
            return
        except ray.exceptions.RayError as error:
            raise ClusterError(_in_a_sentence(error)) from error
        yield batch


def _in_a_sentence(error: Exception) -> str:
    """What an error of Ray says: a sentence of ours where it tells of one, else its last words."""
    said = str(error).strip()
    if ours := re.search(r"^bot\.errors\.\w+: (.+)$", said, re.MULTILINE):
        return f"A machine of the Ray cluster says: {ours[1]}"
    return f"The Ray cluster gave up ({(said.splitlines() or [type(error).__name__])[-1].strip()}): mend that and build again; what was encoded is kept."
