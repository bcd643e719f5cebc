"""When engines are asked to stop: once the API server that they talk to has ended, and not before it has begun."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast

import pytest

import environments
from idp import cluster, guard
from idp.session import Session
from stacks.layers import FOUNDATION, LAYERS

HANGS = 30.0
"""Seconds after which a test that waits in vain is ended."""


class Machine:
    """An API server that serves as it is told, look by look, and an engine that remembers being interrupted."""

    def __init__(self, looks: Sequence[bool]) -> None:
        self.looks = list(looks)
        self.seen = threading.Event()
        """Every look is taken, and one more."""
        self.interrupted = threading.Event()
        self.lines: list[str] = []

    def serves(self) -> bool:
        if self.looks:
            return self.looks.pop(0)
        self.seen.set()
        return self.last

    def session(self, *chosen: str, name: str = "local") -> Session:
        found = SimpleNamespace(
            environment=environments.load(name),
            chosen=chosen or tuple(LAYERS),
            command=SimpleNamespace(interrupt=self.interrupted.set),
        )
        return cast("Session", found)

    last = False


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "PERIOD", 0.001)
    monkeypatch.setattr(guard, "PATIENCE", 0.001)


def watched(machine: Machine, monkeypatch: pytest.MonkeyPatch, session: Session) -> bool:
    """Return whether the engine was interrupted by the time that every look was taken."""
    machine.last = machine.looks[-1]
    monkeypatch.setattr(cluster, "serves", machine.serves)
    with guard.guarded(session, machine.lines.append):
        for _ in range(int(HANGS * 100)):
            if machine.seen.wait(0.005) or machine.interrupted.wait(0.005):
                break
    return machine.interrupted.is_set()


@pytest.mark.parametrize(
    ("looks", "stops"),
    [
        ([False], False),
        ([False] * 20, False),
        ([False, False, True, True], False),
        ([True], False),
        ([True, False], True),
        ([False, False, True, False], True),
    ],
    ids=str,
)
def test_engines_are_stopped_once_what_served_has_ended(
    monkeypatch: pytest.MonkeyPatch, looks: list[bool], stops: bool
) -> None:
    machine = Machine(looks)
    assert watched(machine, monkeypatch, machine.session()) is stops
    assert len(machine.lines) == stops
    assert all("API server has ended" in line for line in machine.lines)


@pytest.mark.parametrize(("name", "chosen"), [("local", (FOUNDATION,)), ("dev", ("platform",))])
def test_nobody_watches_where_no_local_cluster_is_worked_on(
    monkeypatch: pytest.MonkeyPatch, name: str, chosen: tuple[str, ...]
) -> None:
    machine = Machine([True, False])
    monkeypatch.setattr(cluster, "serves", machine.serves)
    before = threading.active_count()
    with guard.guarded(machine.session(*chosen, name=name), machine.lines.append):
        assert threading.active_count() == before
    assert machine.looks == [True, False]
