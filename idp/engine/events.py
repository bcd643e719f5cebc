"""What the engine tells while it works: its event log, read as it grows."""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from types import TracebackType

from pulumi.automation.events import EngineEvent

POLL = 0.05
"""Seconds between two looks at a log that has not grown."""


class EventLog:
    """Follows the engine's events in a thread and hands each to `on_event`.

    The log is an unnamed file in memory, inherited by the engine as a descriptor: debug messages in it hold
    secrets in the clear, so it must never lie on disk; and an engine that outlives its `idp` must be able to
    go on writing, which rules out a socket or a pipe.
    """

    def __init__(self, on_event: Callable[[EngineEvent], None]) -> None:
        self._on_event = on_event
        self._ended = threading.Event()
        self._descriptor = _unnamed_file()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._failure: BaseException | None = None

    @property
    def descriptor(self) -> int:
        """Descriptor that the engine must inherit."""
        return self._descriptor

    @property
    def path(self) -> str:
        """Path under which the engine opens what it inherited."""
        return f"/dev/fd/{self._descriptor}"

    def __enter__(self) -> EventLog:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()
        os.close(self._descriptor)
        if error is None and self._failure is not None:
            raise self._failure

    def _follow(self) -> None:
        try:
            for line in self._lines():
                self._on_event(EngineEvent.from_json(json.loads(line)))
        except BaseException as error:  # handed to the thread that waits
            self._failure = error

    def _lines(self) -> Iterator[str]:
        """Yield whole lines until the engine has ended and nothing more comes."""
        partial, offset = b"", 0
        while True:
            # Asked before the read: what was written before the end is still read after it.
            last = self._ended.is_set()
            read = os.pread(self._descriptor, 1 << 20, offset)
            offset += len(read)
            *lines, partial = (partial + read).split(b"\n")
            yield from (line.decode() for line in lines if line)
            if not read:
                if last:
                    return
                self._ended.wait(POLL)


def _unnamed_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("events")
    # Not Linux: a file whose name is gone before anything is written to it.
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
