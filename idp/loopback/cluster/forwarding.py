"""The forwarder: the only process of the cluster with sockets in the host's network namespace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

from idp.loopback import processes
from idp.loopback.cluster import daemon, ports
from idp.loopback.cluster.components import FORWARD
from idp.loopback.cluster.daemon import Daemon
from idp.loopback.cluster.layout import Layout
from idp.loopback.cluster.network import Forward

DESCRIPTION = "IDP_LOCAL_FORWARDS"
"""Environment variable of the forwarder that says which ports it has: descriptors' numbers say nothing."""

STOP_SECONDS = 2.0


def describe(binary: Path, forwards: Iterable[Forward], chosen: Mapping[str, int]) -> Daemon:
    """Return the forwarder of `forwards` on the `chosen` ports."""
    pairs = " ".join(f"{ports.HOST}:{chosen.get(forward.name)}={forward.target}" for forward in forwards)
    return Daemon(FORWARD, binary, environment={DESCRIPTION: pairs})


def ensure(layout: Layout, binary: Path, forwards: tuple[Forward, ...], wrapper: tuple[str, ...]) -> Mapping[str, int]:
    """Return the port of each forward by name, with a forwarder that runs on them.

    The sockets are opened here, in the host's network namespace, and inherited by a forwarder inside the
    cluster's. Raises IdpError (MISSING) for a taken port.
    """
    remembered = ports.read(layout)
    wanted = {forward.name: forward.port or remembered.get(forward.name, 0) for forward in forwards}
    if daemon.is_current(layout, describe(binary, forwards, wanted)):
        return wanted
    old = daemon.running(layout, FORWARD)
    if old is not None:
        processes.end([old], STOP_SECONDS)
    with ExitStack() as opened:
        sockets = [opened.enter_context(ports.listen(forward, remembered.get(forward.name))) for forward in forwards]
        chosen = {forward.name: int(sock.getsockname()[1]) for forward, sock in zip(forwards, sockets, strict=True)}
        ports.remember(layout, chosen)
        descriptors = [sock.fileno() for sock in sockets]
        pairs = [f"{number}={forward.target}" for number, forward in zip(descriptors, forwards, strict=True)]
        described = describe(binary, forwards, chosen)
        daemon.spawn(layout, described, wrapper, extra=pairs, descriptors=descriptors)
    return chosen
