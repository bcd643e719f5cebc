"""Before the engine works on a layer: the servers that it lives on, and what it needs to be let in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace

from idp import cloud, cluster, vault
from idp.session import LONG, Ready, Report, Session
from stacks.layers import FOUNDATION, SECRETS


@contextmanager
def started(session: Session, report: Report) -> Iterator[Session]:
    """Start the servers of the chosen layers; give a session whose layers wait for those they need.

    The foundation lies in no cluster: it is worked on while that starts. A look at the others takes the API server.
    """
    vault.require_plugin(session)
    cluster.check_start(session, report)
    with ThreadPoolExecutor(1) as pool:
        starting = _Start(session, report, pool)
        cloud.start(session, report)
        yield replace(session, ready=_ready(session, starting.wait, report))


def required(session: Session, report: Report) -> Session:
    """Return a session on servers that run; starts none. Raises `IdpError(MISSING)` naming what does not run."""
    cluster.require(session)
    cloud.require(session)
    vault.require_plugin(session)
    return replace(session, ready=_ready(session, lambda _: None, report))


class _Start:
    """The start of the cluster, in a thread of its own."""

    def __init__(self, session: Session, report: Report, pool: ThreadPoolExecutor) -> None:
        self._answers: Future[None] = Future()
        self._stands = pool.submit(cluster.start, session, report, lambda: self._answers.set_result(None))

    def wait(self, patience: float) -> None:
        """Wait until the cluster stands, or, for a short look, until its API server answers; raise what `start` did."""
        if patience < LONG:
            wait((self._answers, self._stands), return_when=FIRST_COMPLETED)
        if patience >= LONG or self._stands.done():
            self._stands.result()


def _ready(session: Session, cluster_waits: Callable[[float], None], report: Report) -> Ready:
    def ready(layer: str, patience: float) -> None:
        if layer != FOUNDATION:
            cluster_waits(patience)
        if layer == SECRETS:
            # Each time: what was updated in between may have made Vault start anew.
            vault.entrust(session, patience, report)

    return ready
