"""Killing what works on an environment, at a chosen point of its work."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from .checkout import Checkout, named

POLL = 0.003
"""Seconds between two looks; an object's creation takes some 20 ms."""

TARGETS = ("idp", "engine", "kube-apiserver", "emulator", "everything")


@dataclass(frozen=True)
class Crash:
    """Who is killed when."""

    target: str
    writes: int
    """So many times the state has changed since the run began."""
    delay: float
    """Seconds after that; before anything else if `writes` is 0."""


def crash(checkout: Checkout, plan: Crash, patience: float = 90) -> bool:
    """Run `idp up` and kill as planned; return whether there was still something to kill.

    Returns when the command has ended; whoever it leaves behind may still be at work.
    """
    run = checkout.begin("up", "local")
    wait_for_writes(checkout, run, plan.writes, patience)
    time.sleep(plan.delay)
    if plan.target != "idp":
        # Before the engine runs there is none to kill.
        _wait(lambda: run.poll() is not None or bool(checkout.engines()), patience)
    hit = run.poll() is None
    kill(checkout, run, plan.target)
    # What lost only the API server has to notice by itself.
    run.wait(60)
    return hit


def kill(checkout: Checkout, run: subprocess.Popen[str], target: str) -> None:
    """Send SIGKILL to one of `TARGETS`."""
    victims = [psutil.Process(run.pid)] if target in ("idp", "everything") and run.poll() is None else []
    if target in ("engine", "everything"):
        victims += checkout.engines()
    server = checkout.pid_of("kube-apiserver")
    if target in ("kube-apiserver", "everything") and server is not None:
        with suppress(psutil.NoSuchProcess):
            victims.append(psutil.Process(server))
    emulator = _emulator(checkout)
    if target in ("emulator", "everything") and emulator is not None:
        victims.append(emulator)
    for victim in victims:
        with suppress(psutil.NoSuchProcess):
            victim.kill()


def wait_for_writes(checkout: Checkout, run: subprocess.Popen[str], writes: int, patience: float) -> None:
    """Wait until the state has changed so many times, or the run is over."""
    seen: set[tuple[str, int]] = set()
    folder = checkout.root / ".idp/state/.pulumi/stacks/idp"
    before = _stamps(folder) if writes else set()

    def enough() -> bool:
        seen.update(_stamps(folder) - before)
        return len(seen) >= writes or run.poll() is not None

    _wait(enough, patience)


def wait_for_pending(checkout: Checkout, run: subprocess.Popen[str], layer: str, kind: str, patience: float) -> None:
    """Wait until the engine is about to create an object of `kind`, the last part of a resource's type."""

    def begun() -> bool:
        operations = checkout.checkpoint(layer).get("pending_operations") or []
        return any(operation["resource"]["type"].endswith(f":{kind}") for operation in operations)

    _wait(lambda: begun() or run.poll() is not None, patience)
    assert run.poll() is None, f"{kind} was never pending: {checkout.begun_said()}"


def orphans(checkout: Checkout) -> list[str]:
    """Return what still runs of an engine: the cluster's own processes apart."""
    programs = ("pulumi", "pulumi-language-python", "pulumi-resource-kubernetes")
    found = [process for process in checkout.processes() if named(process) in programs]
    marked = [process for process in checkout.processes() if _is_marked(process)]
    return [f"{process.pid} {named(process)}" for process in {*found, *marked}]


def _emulator(checkout: Checkout) -> psutil.Process | None:
    with suppress(FileNotFoundError, ValueError, psutil.Error):
        return psutil.Process(int(json.loads((checkout.root / ".idp/aws/emulator.json").read_text())["pid"]))
    return None


def _is_marked(process: psutil.Process) -> bool:
    with suppress(psutil.Error, OSError):
        return "IDP_ENGINE" in process.environ()
    return False


def _stamps(folder: Path) -> set[tuple[str, int]]:
    found = set()
    for path in folder.glob("local.*.json"):
        with suppress(FileNotFoundError):
            found.add((path.name, path.stat().st_mtime_ns))
    return found


def _wait(check: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"nothing happened within {seconds:.0f} s"
        time.sleep(POLL)
