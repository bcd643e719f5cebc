"""Ends an operation under which the local cluster died: the Kubernetes provider itself would wait for ten minutes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from idp import cluster
from idp.session import Report, Session, uses_loopback

PERIOD = 1.0
"""Seconds between two looks at the API server's process."""

PATIENCE = 10.0
"""Seconds an engine may take to stop at a safe point; asked a second time it ends at once."""


@contextmanager
def guarded(session: Session, report: Report) -> Iterator[None]:
    """Ask the engines to stop when the local API server's process ends while the block runs."""
    if not (uses_loopback(session.environment) and cluster.needed(session.chosen)):
        yield
        return
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(session, report, over), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _watch(session: Session, report: Report, over: threading.Event) -> None:
    served = False
    while not over.wait(PERIOD):
        serves = cluster.serves()
        served |= serves
        # Before its start there is nothing that could end.
        if served and not serves:
            report("the local cluster's API server has ended; stopping. The next `idp up` starts it and goes on")
            _stop(session, over)


def _stop(session: Session, over: threading.Event) -> None:
    session.command.interrupt()
    while not over.wait(PATIENCE):
        session.command.interrupt()
