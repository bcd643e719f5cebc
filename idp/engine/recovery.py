"""Mends what a crash left in the state of a file backend, so that no human has to."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import psutil

from idp.engine.settings import EngineSettings
from idp.errors import Exit, IdpError
from stacks.layers import PROJECT


def check_state(settings: EngineSettings, layers: Iterable[str]) -> None:
    """Raise `IdpError(FAILED)`, a line for each, if a checkpoint can't be read; says how to get it back."""
    broken = [line for layer in layers if (line := _broken(checkpoint_file(settings, layer)))]
    if broken:
        raise IdpError("\n".join(broken))


def drop_torn_sidecars(settings: EngineSettings) -> None:
    """Remove the empty `.attrs` files that a killed engine without `settings`' backend URL left beside the state.

    They hold nothing that is needed, and the engine reads no state with an empty one beside it.
    """
    for path in settings.state.rglob("*.attrs") if settings.state is not None else ():
        if path.stat().st_size == 0:
            path.unlink()


def drop_stale_locks(settings: EngineSettings, layer: str, report: Callable[[str], None]) -> None:
    """Remove locks of engines that no longer live on this machine.

    The backend's own locks have neither lease nor fencing: a killed engine leaves its lock for ever.
    Raises `IdpError(BUSY)` that names the process if one lives.
    """
    if settings.state is None:
        return
    folder = settings.state / ".pulumi/locks/organization" / PROJECT / f"{settings.environment}.{layer}"
    for path in sorted(folder.glob("*.json")):
        lock = _read(path)
        if lock is not None and _holds(lock):
            pid, host, since = (lock.get(key, "unknown") for key in ("pid", "hostname", "timestamp"))
            raise IdpError(
                f"{settings.environment}.{layer}: held by a pulumi of your own (pid {pid} on {host}, since {since})",
                Exit.BUSY,
            )
        report(f"{layer}: removing the lock of an engine that was killed")
        path.unlink(missing_ok=True)


def checkpoint(settings: EngineSettings, layer: str) -> Mapping[str, Any]:
    """Return the layer's state as a file backend keeps it; empty for other backends and before the first update."""
    path = checkpoint_file(settings, layer)
    state = _read(path) if path is not None else None
    found = state.get("checkpoint") if state else None
    latest = found.get("latest") if isinstance(found, dict) else None
    return latest if isinstance(latest, dict) else {}


def checkpoint_file(settings: EngineSettings, layer: str) -> Path | None:
    """Return where a file backend keeps the layer's state; None for other backends."""
    if settings.state is None:
        return None
    return settings.state / ".pulumi/stacks" / PROJECT / f"{settings.environment}.{layer}.json"


def _broken(path: Path | None) -> str | None:
    if path is None or not path.exists():
        return None
    try:
        found = json.loads(path.read_bytes())
        whole = isinstance(found, dict) and isinstance(found.get("checkpoint"), dict)
        fault = None if whole else "it has no checkpoint"
    except ValueError as error:
        fault = str(error)
    if fault is None:
        return None
    backup = path.with_name(path.name + ".bak")
    return f"{path}: not a state file ({fault}); the state before the last update is in {backup.name} beside it"


def _read(path: Path) -> dict[str, object] | None:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _holds(lock: dict[str, object]) -> bool:
    if lock.get("hostname") != socket.gethostname():
        return True
    try:
        process = psutil.Process(int(str(lock["pid"])))
        return Path(process.exe()).name == "pulumi" and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, KeyError, ValueError):
        return False
