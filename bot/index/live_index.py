"""Handles on the generation that answers questions: a fixed one, or always the current one of a store."""

import ctypes
import logging
import os
import threading
import weakref
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any, Protocol

from bot.encoder import QuestionEncoder
from bot.errors import ArticlebotError, IndexUnreachable
from bot.index.generation import Generation, check_encoder
from bot.index.store import Store

_log = logging.getLogger(__name__)

_POLL_INTERVAL = 0.5  # seconds between two polls of the store
_RETRY_AFTER = 30.0  # seconds until a rejected generation is tried again: its files may have been incomplete


@dataclass(frozen=True, slots=True)
class RejectedGeneration:
    """A generation that is current in the store, but cannot be opened."""

    generation: str
    reason: str


class IndexHandle(Protocol):
    """A source of the generation that answers questions."""

    @property
    def generation(self) -> Generation: ...

    @property
    def rejected(self) -> RejectedGeneration | None:
        """The current generation of the store, if it cannot be opened and an older one goes on answering."""

    @property
    def unreachable(self) -> str | None:
        """The reason why the store cannot be reached at the moment, if so."""


@dataclass(frozen=True, slots=True)
class StaticIndex:
    """A handle on one fixed generation."""

    generation: Generation
    rejected: RejectedGeneration | None = None
    unreachable: str | None = None


class LiveIndex:
    """A handle on the current generation of a store; follows a new one within a second.

    A background thread opens the new generation while the old one answers; the old one is freed after its last
    question. A generation that cannot be opened is rejected and logged, and the old one goes on answering. A custom
    index needs its `encoder`. Raises `IndexMissing` or `IndexCorrupt` if no generation can be opened at first.

    A forked process opens the index anew at its first question: locks and connections of the parent may be in use at
    the moment of the fork. A pickled or copied handle opens it anew as well. An index that does not `follow` is one of
    this process alone, and never changes.
    """

    def __init__(self, store: Store, encoder: QuestionEncoder | None = None, *, follow: bool = True) -> None:
        self._store, self._encoder, self._follow = store, encoder, follow
        self._seen = store.current_name()
        self._generation = store.open_current() if encoder is None else self._open()
        self._process, self._lock = os.getpid(), threading.Lock()
        self._of_parents: list[Generation] = []
        self._last_attempt = 0.0
        self._should_trim_memory = False
        self.rejected: RejectedGeneration | None = None
        self.unreachable: str | None = None
        if follow:
            _start_watching(self)

    @property
    def generation(self) -> Generation:
        """The generation to ask now."""
        if self._process != os.getpid():
            with self._lock:
                if self._process != os.getpid():
                    self._enter_process()
        return self._generation

    def __reduce__(self) -> tuple[Any, ...]:
        if not self._follow:
            raise TypeError("An index of a list of articles lives in one process: build it into a folder to share it.")
        return LiveIndex, (self._store, self._encoder)

    def _enter_process(self) -> None:
        """Open the index in a forked process, and follow it with a thread of its own."""
        opened = self._store.open_current(self._encoder)
        # Freeing it would close what the parent goes on using.
        self._of_parents.append(self._generation)
        self._generation, self._process = opened, os.getpid()
        if self._follow:
            _start_watching(self)

    def poll(self) -> None:
        """Open the current generation of the store if it has changed."""
        if self._should_trim_memory:
            self._should_trim_memory = False
            _trim_memory()
        try:
            seen, self.unreachable = self._store.current_name(), None
        except IndexUnreachable as error:
            if self.unreachable is None:
                _log.error("%s", error)
            self.unreachable = str(error)
            return
        except (ArticlebotError, OSError) as error:
            seen, self.unreachable = str(error), None
        should_retry = self.rejected is not None and monotonic() > self._last_attempt + _RETRY_AFTER
        if seen != self._seen or should_retry:
            self._seen, self._last_attempt = seen, monotonic()
            self._refresh()

    def _refresh(self) -> None:
        try:
            if self._store.current_name() != self._generation.name:
                self._generation = self._open()
                # By the next poll the last question to the old generation has probably ended.
                self._should_trim_memory = True
                _log.info("serving %s", self._generation.name)
            self.rejected = None
        except ArticlebotError as error:
            self._reject(str(error))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the new generation, the old one is intact
            _log.exception("a generation could not be opened")
            self._reject(repr(error))

    def _open(self) -> Generation:
        """Open the current generation and check its question encoder, which also warms it up for the first visitor."""
        generation = self._store.open_current(self._encoder)
        check_encoder(generation)
        return generation

    def _reject(self, reason: str) -> None:
        name = ""
        with suppress(ArticlebotError, OSError):
            name = self._store.current_name()
        self.rejected = RejectedGeneration(name, reason)
        _log.error("%s is not served, %s goes on: %s", name or "the new generation", self._generation.name, reason)


def _trim_memory() -> None:
    """Return freed memory to the system.

    glibc keeps it: after fifty generations the process would hold twice its need (benchmarks/robustness/rebuilds.py).
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _start_watching(index: LiveIndex) -> None:
    """Poll in a background thread until the index is garbage-collected."""
    ended = threading.Event()
    arguments = (weakref.ref(index), ended)
    thread = threading.Thread(target=_watch, args=arguments, name="articlebot-index-watcher", daemon=True)
    weakref.finalize(index, _stop_watching, thread, ended)
    thread.start()


def _watch(reference: "weakref.ref[LiveIndex]", ended: threading.Event) -> None:
    while not ended.wait(_POLL_INTERVAL):
        index = reference()
        if index is not None:
            index.poll()
        del index


def _stop_watching(thread: threading.Thread, ended: threading.Event) -> None:
    """End the thread, so that it does not open files while the interpreter shuts down."""
    ended.set()
    if thread is not threading.current_thread() and thread.is_alive():
        thread.join()
