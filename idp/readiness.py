"""Before the engine works on a layer: the servers that it lives on, and what it needs to be let in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

from idp import cloud, cluster, vault
from idp.session import Ready, Report, Session
from stacks.layers import FOUNDATION, SECRETS

TOKEN_SECONDS = 300.0
"""How long a token is used for operations that begin: a third of its life."""


@contextmanager
def started(session: Session, report: Report) -> Iterator[Session]:
    """Start the servers of the chosen layers; give a session whose layers wait for those they need.

    The foundation lies in no cluster: it is worked on while that starts.
    """
    vault.require_plugin(session)
    with ThreadPoolExecutor(1) as pool:
        standing: Future[None] = pool.submit(cluster.start, session, report)
        cloud.start(session, report)
        yield replace(session, ready=_ready(session, standing.result, report))


def required(session: Session, report: Report) -> Session:
    """Return a session on servers that run; starts none. Raises `IdpError(MISSING)` naming what does not run."""
    cluster.require(session)
    cloud.require(session)
    vault.require_plugin(session)
    return replace(session, ready=_ready(session, lambda: None, report))


def _ready(session: Session, cluster_stands: Callable[[], None], report: Report) -> Ready:
    asked = 0.0

    def ready(layer: str, patience: float) -> None:
        nonlocal asked
        if layer != FOUNDATION:
            cluster_stands()
        if layer == SECRETS and (not asked or time.monotonic() - asked > TOKEN_SECONDS):
            vault.entrust(session, patience, report)
            asked = time.monotonic()

    return ready
