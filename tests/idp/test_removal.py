"""`make down`: what is removed, what stays, and that a rest is never silent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

import environments
from idp import cluster, orchestration, paths, removal
from idp.engine import orphans
from idp.errors import IdpError
from idp.session import Session
from stacks.layers import LAYERS

Emulator = Any
"""The class of conftest.py, which has no place to import it from."""


class Machine:
    """A checkout with everything that `make up` leaves, on a cluster that only remembers."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.purged: list[bool] = []
        self.left: list[str] = []
        for made in (
            "local/etcd/db",
            "state/.pulumi/x",
            "locks/local.lock",
            "logs/a.out",
            "pulumi/local/plugins/p",
            "kubeconfigs/dev.yaml",
            "aws/port",
        ):
            self.write(f".idp/{made}")
        self.write(".idp/passphrase")
        for name in ("Pulumi.local.platform.yaml", "Pulumi.dev.platform.yaml", "local.yaml"):
            self.write(f"environments/{name}")
        monkeypatch.setattr(orphans, "end", lambda _processes: None)
        monkeypatch.setattr(orphans, "marked", list)
        monkeypatch.setattr(cluster, "local", lambda _report: SimpleNamespace(stop=self.stop))
        monkeypatch.setattr(cluster, "leftovers", lambda: self.left)

    def write(self, name: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    def stop(self, _report: object, *, purge: bool) -> None:
        self.purged.append(purge)

    def files(self) -> set[str]:
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file()}


@pytest.fixture
def machine(work: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Machine:
    emulator.running = True
    return Machine(work.parent, monkeypatch)


THEIRS = {"environments/Pulumi.dev.platform.yaml", "environments/local.yaml"}


def test_all_goes_but_the_lock_that_is_held_and_what_belongs_to_others(machine: Machine) -> None:
    removal.remove(print)
    assert machine.purged == [True]
    assert machine.files() == {*THEIRS, ".idp/locks/local.lock"}
    removal.forget()
    assert machine.files() == THEIRS
    assert not paths.WORK.exists()


def test_again_is_fine(machine: Machine) -> None:
    for _ in range(2):
        removal.remove(print)
        removal.forget()
    assert machine.files() == THEIRS
    assert machine.purged == [True]


def test_a_file_that_cannot_be_read_keeps_nobody_from_cleaning_up(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_name: str) -> None:
        raise environments.InvalidEnvironment([environments.Finding("bad")])

    monkeypatch.setattr(environments, "load", refuse)
    removal.remove(print)
    assert machine.purged == [True]


def test_each_thing_that_stays_has_a_line(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.left = ["mount /x", "cgroup /y"]
    monkeypatch.setattr(orphans, "marked", lambda: ["process 7"])
    with pytest.raises(IdpError) as caught:
        removal.remove(print)
    assert str(caught.value).splitlines() == [
        "left behind: process 7",
        "left behind: mount /x",
        "left behind: cgroup /y",
    ]


def test_the_emulator_is_ended_and_forgets_all(machine: Machine, emulator: Emulator) -> None:
    removal.remove(print)
    assert emulator.log == ["purge"]
    assert not paths.EMULATOR.exists()
    assert machine.purged == [True]


@pytest.mark.usefixtures("machine")
def test_an_emulator_that_does_not_end_has_a_line(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulator, "stop", lambda *_args, **_options: None)
    with pytest.raises(IdpError, match=r"^left behind: process aws emulator \(pid 7\)$"):
        removal.remove(print)


def test_on_a_cluster_of_somebody_else_resources_are_destroyed_first(
    machine: Machine, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = [SimpleNamespace(ok=False)]
    chosen: list[tuple[str, ...]] = []
    standing: list[str] = []
    found = Session(*[cast("Any", None)] * 4, LAYERS, tuple(LAYERS))

    @contextmanager
    def session(*_args: object) -> Iterator[Session]:
        assert paths.STATE.exists()
        yield found

    def down(session: Session, *_args: object) -> list[SimpleNamespace]:
        chosen.append(session.chosen)
        return results

    monkeypatch.setattr(removal, "uses_loopback", lambda _environment: False)
    monkeypatch.setattr(removal, "open_session", session)
    for begin in ("check_start", "start"):
        monkeypatch.setattr(cluster, begin, lambda *_args: None)
    monkeypatch.setattr(orchestration, "check_removable", lambda above: standing.extend(above.chosen) or ["platform"])
    monkeypatch.setattr(orchestration, "down", down)
    with pytest.raises(IdpError, match="not every resource could be removed"):
        removal.remove(print)
    # The state is the only record of what still stands there.
    assert ".idp/state/.pulumi/x" in machine.files()
    assert emulator.log == []
    results[0].ok = True
    removal.remove(print)
    assert machine.files() == {*THEIRS, ".idp/locks/local.lock"}
    # The foundation's resources are the emulator's memory.
    assert standing == ["platform", "secrets", "workspaces"] * 2
    # What does not stand needs nothing, neither a plugin nor a Vault.
    assert chosen == [("platform",)] * 2
