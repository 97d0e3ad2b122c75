"""Which generation is served: one that stays, or what an index folder serves at the moment."""

import ctypes
import logging
import os
import threading
import weakref
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from bot.encoder import QuestionEncoder
from bot.errors import ArticlebotError, IndexUnreachable
from bot.index.generation import Generation, check_encoder
from bot.index.store import Store

_log = logging.getLogger(__name__)

_EVERY = 0.5
"""Seconds between two looks at the pointer."""
_AGAIN = 30.0
"""Seconds after which a generation that did not open is tried again: its files may still be on their way."""


class IndexHandle(Protocol):
    """Where the generation comes from that answers questions."""

    @property
    def generation(self) -> Generation: ...

    @property
    def refused(self) -> "RejectedGeneration | None": ...

    @property
    def unreachable(self) -> str | None:
        """Why what is served cannot be asked at the moment, where that is so."""


@dataclass(frozen=True, slots=True)
class RejectedGeneration:
    """A generation that an index folder names, but that does not open."""

    generation: str
    reason: str


@dataclass(frozen=True, slots=True)
class StaticIndex:
    """One generation, for ever."""

    generation: Generation
    refused: RejectedGeneration | None = None
    unreachable: str | None = None


class LiveIndex:
    """The generation that an index folder, or a Milvus server, serves; a new one takes its place within a second.

    It is opened in a thread of its own while the old one answers, and the old one is freed when the last question lets go of it. One that does
    not open is refused and logged, and the old one goes on. `encoder` is that of a program which built the index with its own.
    Raises `IndexMissing` or `IndexCorrupt` when there is none to begin with.
    """

    def __init__(self, store: Store, encoder: QuestionEncoder | None = None) -> None:
        self._store = store
        self._seen = self._store.current_name()
        self._encoder = encoder
        self._generation = self._store.open_current() if encoder is None else self._open_checked()
        self._process = 0
        self._tried = 0.0
        self._replaced = False
        """Whether the last look has put another generation in place of one whose memory can be given back by now."""
        self.refused: RejectedGeneration | None = None
        """The newest generation, when it could not be opened."""
        self.unreachable: str | None = None

    @property
    def generation(self) -> Generation:
        """What is served at this moment."""
        # The first time, and after a fork, which takes no threads along.
        if self._process != os.getpid():
            self._process = os.getpid()
            _follow(self)
        return self._generation

    def look(self) -> None:
        """Open what is served now, where that has changed."""
        if self._replaced:
            self._replaced = False
            _give_memory_back()
        try:
            seen, self.unreachable = self._store.current_name(), None
        except IndexUnreachable as error:
            if self.unreachable is None:
                _log.error("%s", error)
            self.unreachable = str(error)
            return
        except ArticlebotError as error:
            seen, self.unreachable = str(error), None
        if seen == self._seen and not (self.refused and monotonic() > self._tried + _AGAIN):
            return
        self._seen, self._tried = seen, monotonic()
        try:
            self._take()
        except ArticlebotError as error:
            self._refuse(str(error))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the old one is whole
            _log.exception("a generation could not be opened")
            self._refuse(repr(error))

    def _take(self) -> None:
        if self._store.current_name() != self._generation.name:
            self._generation = self._open_checked()
            self._replaced = True
            _log.info("serving %s", self._generation.name)
        self.refused = None

    def _open_checked(self) -> Generation:
        """Open a generation whose question encoder is what it was: this also warms it, so that no visitor waits for it."""
        generation = self._store.open_current(self._encoder)
        check_encoder(generation)
        return generation

    def _refuse(self, reason: str) -> None:
        name = ""
        with suppress(ArticlebotError):
            name = self._store.current_name()
        self.refused = RejectedGeneration(name, reason)
        _log.error("%s is not served, %s goes on: %s", name or "what the pointer names", self._generation.name, reason)


def _give_memory_back() -> None:
    """glibc keeps what was freed, in pieces: after fifty generations the process would hold twice what it needs (benchmarks/robustness/rebuilds.py)."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _follow(followed: LiveIndex) -> None:
    ended = threading.Event()
    thread = threading.Thread(
        target=_look_on, args=(weakref.ref(followed), ended), name="articlebot-follows-index", daemon=True
    )
    weakref.finalize(followed, _end, thread, ended)
    thread.start()


def _look_on(reference: "weakref.ref[LiveIndex]", ended: threading.Event) -> None:
    while not ended.wait(_EVERY):
        followed = reference()
        if followed is not None:
            followed.look()
        del followed


def _end(thread: threading.Thread, ended: threading.Event) -> None:
    """Let no thread open files while the interpreter shuts down."""
    ended.set()
    if thread is not threading.current_thread() and thread.is_alive():
        thread.join()
