"""Before the engine works on a layer: the servers that it lives on, and what it needs to be let in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

from idp import cloud, cluster, vault
from idp.session import Ready, Report, Session
from stacks.layers import FOUNDATION, SECRETS


@contextmanager
def started(session: Session, report: Report) -> Iterator[Session]:
    """Start the servers of the chosen layers; give a session whose layers wait for those they need.

    The foundation lies in no cluster: it is worked on while that starts.
    """
    vault.require_plugin(session)
    cluster.check_start(session, report)
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
    def ready(layer: str, patience: float) -> None:
        if layer != FOUNDATION:
            cluster_stands()
        if layer == SECRETS:
            # Each time: what was updated in between may have made Vault start anew.
            vault.entrust(session, patience, report)

    return ready
