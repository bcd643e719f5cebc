"""Processes that a killed run left behind: found by their mark, ended by their id."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import psutil

from idp import paths

MARK = "IDP_ENGINE"
"""Environment variable that every process of the engine inherits; its value names the run."""

PATIENCE = 5.0
"""Seconds a process may take to end before it is killed."""


def mark() -> str:
    """Return the mark of this run: the checkout's folder, the process id and its start, which no other run shares."""
    own = psutil.Process()
    return f"{paths.WORK}|{own.pid}|{own.create_time():.2f}"


def end_orphans(report: Callable[[str], None]) -> None:
    """End what is left of runs whose `idp` and engine are both gone.

    A run whose engine still works is left alone: it holds the lock and will end by itself.
    """
    for run, processes in _runs().items():
        if _alive(run) or any(_is_engine(process) for process in processes):
            continue
        report(f"ending {len(processes)} processes of a run that was killed")
        end(processes)


def end(processes: list[psutil.Process]) -> None:
    """End processes by their id, with SIGTERM and after `PATIENCE` seconds with SIGKILL."""
    for process in processes:
        _quietly(process.terminate)
    for process in psutil.wait_procs(processes, timeout=PATIENCE)[1]:
        _quietly(process.kill)
    psutil.wait_procs(processes, timeout=PATIENCE)


def marked() -> list[psutil.Process]:
    """Return every process of an engine of this checkout."""
    return [process for processes in _runs().values() for process in processes]


def _runs() -> dict[str, list[psutil.Process]]:
    found: dict[str, list[psutil.Process]] = defaultdict(list)
    for process in psutil.process_iter():
        try:
            value = process.environ().get(MARK, "")
        except (psutil.Error, OSError):
            continue
        if value.startswith(f"{paths.WORK}|") and process.pid != os.getpid():
            found[value].append(process)
    return found


def _alive(run: str) -> bool:
    _, pid, started = run.rsplit("|", 2)
    try:
        process = psutil.Process(int(pid))
        return f"{process.create_time():.2f}" == started and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, ValueError):
        return False


def _is_engine(process: psutil.Process) -> bool:
    try:
        return Path(process.exe()).name == "pulumi" and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, OSError):
        return False


def _quietly(action: Callable[[], None]) -> None:
    try:
        action()
    except psutil.NoSuchProcess:
        return
