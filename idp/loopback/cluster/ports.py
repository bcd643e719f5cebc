"""Ports on 127.0.0.1 of the host: chosen once, kept over restarts, replaced only when taken."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Mapping

from idp import files
from idp.errors import Exit, IdpError
from idp.loopback.cluster.layout import Layout
from idp.loopback.cluster.network import Forward

HOST = "127.0.0.1"
BACKLOG = 512


def read(layout: Layout) -> dict[str, int]:
    """Return the remembered port of each forward by name."""
    try:
        content = json.loads(layout.ports.read_text())
        return {str(name): int(port) for name, port in content.items()}
    except (FileNotFoundError, ValueError, TypeError, AttributeError):
        return {}


def remember(layout: Layout, ports: Mapping[str, int]) -> None:
    """Write the port of each forward."""
    files.write(layout.ports, json.dumps(dict(ports), indent=2) + "\n")


def check(forwards: Iterable[Forward]) -> None:
    """Raise IdpError (MISSING) if a port somebody asked for is taken; nothing is kept open."""
    for forward in forwards:
        if forward.port is not None:
            listen(forward, None).close()


def listen(forward: Forward, remembered: int | None) -> socket.socket:
    """Return a listening socket: on the port asked for, else the remembered one, else a free one.

    Raises IdpError (MISSING) if the port asked for is taken or not allowed.
    """
    if forward.port is not None:
        try:
            return _bound(forward.port)
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else "allowed: 1-65535"
            message = f"port {forward.port} for {forward.name} on {HOST}: {reason}; name another or none at all"
            raise IdpError(message, Exit.MISSING) from error
    for port in (remembered, 0):
        try:
            if port is not None:
                return _bound(port)
        except (OSError, OverflowError):
            continue
    raise IdpError(f"no free port on {HOST} for {forward.name}", Exit.MISSING)


def _bound(port: int) -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # Connections of the last forwarder may still linger; a port somebody listens on stays taken.
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((HOST, port))
        opened.listen(BACKLOG)
    except (OSError, OverflowError):
        opened.close()
        raise
    return opened
