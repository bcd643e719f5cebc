"""Whole commands from the command line to the engine, one in miniature; no tools, no cluster."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

import environments.model
from environments.loading import load
from idp import __main__ as program
from idp import lock, paths, session, toolchain
from idp.errors import Exit
from idp.toolchain import Tool, Toolchain

from .conftest import Backend
from .fake import SECRET, FakeEngine

PLATFORM, WORKSPACES = STACKS = ("local.platform", "local.workspaces")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The JSON that it printed."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def rows(self) -> list[tuple[str, str, bool]]:
        """Layer, action and success of each result."""
        return [(row["layer"], row["action"], row["ok"]) for row in self.document["layers"]]


@dataclass(frozen=True)
class Machine:
    """A checkout whose environment `local` lies on a cluster of somebody else."""

    engine: FakeEngine
    folder: Path
    capsys: pytest.CaptureFixture[str]

    def idp(self, *args: str) -> Ended:
        """Run `idp ARGS`."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["idp", *args])
            with pytest.raises(SystemExit) as ended:
                program.main()
        printed = self.capsys.readouterr()
        return Ended(int(ended.value.code or 0), printed.out, printed.err)

    def written(self) -> str:
        """Return all that lies in the working folder but the passphrase itself."""
        files = [file for file in paths.WORK.rglob("*") if file.is_file() and file != paths.PASSPHRASE]
        return "".join(file.read_text() for file in files)

    def changes(self) -> list[tuple[str, str]]:
        """Return what the engine was told to change, in order."""
        return [(args[1], args[-1]) for args in self.engine.calls() if args[1] in ("up", "destroy")]


@pytest.fixture
def machine(work: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Machine:
    folder = work.parent
    engine = FakeEngine.at(folder / "engine")
    (folder / "kubeconfig").touch()
    document = yaml.safe_load((environments.model.FOLDER / "local.yaml").read_text())
    document["cluster"]["kubeconfig"] = str(folder / "kubeconfig")
    (paths.ENVIRONMENTS / "local.yaml").write_text(yaml.safe_dump(document))
    tools = Toolchain({"pulumi": Tool("pulumi", "3.259.0", "path", engine.binary)}, folder / "bin")
    monkeypatch.setattr(session, "load", lambda name: load(name, paths.ENVIRONMENTS))
    monkeypatch.setattr(toolchain, "ensure", lambda *_args: tools)
    monkeypatch.setattr(toolchain, "install_plugins", lambda *_args: None)
    monkeypatch.setattr(lock, "POLL", 0.01)
    return Machine(engine, folder, capsys)


def test_up_from_nothing_brings_the_layers_up_in_order(machine: Machine) -> None:
    machine.engine.plan("preview", run="create")
    ended = machine.idp("up", "local", "--json")
    assert ended.code == Exit.OK
    assert ended.rows == [("platform", "up", True), ("workspaces", "up", True)]
    assert machine.changes() == [("up", PLATFORM), ("up", WORKSPACES)]
    status = machine.idp("status", "local", "--json").document["layers"]
    assert {name: row["resources"] for name, row in status.items()} == {"platform": 4, "workspaces": 4}


def test_up_again_changes_nothing(machine: Machine) -> None:
    machine.engine.stand(*STACKS)
    ended = machine.idp("up", "local", "--json")
    assert ended.code == Exit.OK
    assert ended.rows == [("platform", "unchanged", True), ("workspaces", "unchanged", True)]
    assert machine.changes() == []


def test_only_the_layer_that_was_named_is_looked_at(machine: Machine) -> None:
    machine.engine.stand(*STACKS)
    machine.engine.plan("preview", run="create")
    assert machine.idp("up", "local", "--layer", "platform").code == Exit.OK
    assert machine.changes() == [("up", PLATFORM)]
    assert not any(WORKSPACES in args for args in machine.engine.calls())


def test_what_a_policy_refuses_is_never_begun(machine: Machine) -> None:
    machine.engine.stand(*STACKS)
    machine.engine.plan(f"preview {WORKSPACES}", run="refused", code=255)
    machine.engine.plan(f"preview {PLATFORM}", run="create")
    ended = machine.idp("up", "local")
    assert ended.code == Exit.VIOLATION
    assert "hard workspaces: d\nname is 'one'\nremedy: another" in ended.err
    assert machine.changes() == []


def test_the_first_failure_ends_it(machine: Machine) -> None:
    machine.engine.plan("preview", run="create")
    machine.engine.plan(f"up {PLATFORM}", run="failed", code=255)
    ended = machine.idp("up", "local")
    assert ended.code == Exit.FAILED
    assert "error platform: three: failed to write YAML file" in ended.err
    assert machine.changes() == [("up", PLATFORM)]


def test_preview_of_nothing_tells_what_is_not_known_yet_and_changes_nothing(machine: Machine) -> None:
    machine.engine.plan("preview", run="create")
    ended = machine.idp("preview", "local", "--json")
    assert ended.code == Exit.OK
    assert ended.rows == [("platform", "preview", True)]
    assert "workspaces: previewed once platform stands" in ended.err
    assert machine.changes() == []


def test_down_removes_the_upper_layers_first(machine: Machine) -> None:
    machine.engine.stand(*STACKS)
    assert machine.idp("down", "local").code == Exit.OK
    assert machine.changes() == [("destroy", WORKSPACES), ("destroy", PLATFORM)]
    assert machine.engine.stacks() == {}
    assert machine.idp("down", "local", "--json").rows == []


def test_down_stops_where_something_cannot_be_removed(machine: Machine) -> None:
    machine.engine.stand(*STACKS)
    machine.engine.plan(f"destroy {WORKSPACES}", run=None, code=255, stderr="error: it is protected")
    ended = machine.idp("down", "local")
    assert ended.code == Exit.FAILED
    assert "error workspaces: it is protected" in ended.err
    assert set(machine.engine.stacks()) == set(STACKS)


def test_no_secret_is_printed_written_or_passed_on(machine: Machine) -> None:
    machine.engine.plan("preview", run="create")
    machine.engine.plan("up", run="create")
    commands = (["up"], ["up", "--json"], ["outputs"], ["outputs", "--json"], ["env-vars"], ["status"], ["down"])
    ended = [machine.idp(name, "local", *more) for name, *more in commands]
    assert [one.code for one in ended] == [Exit.OK] * len(commands)
    passphrase = paths.PASSPHRASE.read_text()
    seen = [*(one.out + one.err for one in ended), json.dumps(machine.engine.calls()), machine.written()]
    assert len(passphrase) >= 32
    for text in seen:
        assert SECRET not in text
        assert passphrase not in text
    assert any("[secret]" in text for text in seen)


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("up", "nowhere"), "'nowhere' is not an environment"),
        (("up", "../local"), "is not an environment"),
        (("up", "local", "--layer", "platfrom"), "layer: 'platfrom' is not allowed: one of platform, workspaces"),
        (("outputs", "local", "--layer", ""), "layer: '' is not allowed"),
    ],
)
def test_a_wrong_request_is_one_line_and_makes_nothing(machine: Machine, args: tuple[str, ...], told: str) -> None:
    ended = machine.idp(*args)
    assert ended.code == Exit.INVALID
    assert [told in line for line in ended.err.splitlines()] == [True]
    assert machine.engine.calls() == []
    assert not paths.WORK.exists()


def test_every_fault_of_a_file_has_a_line_and_nothing_is_made(machine: Machine) -> None:
    with (paths.ENVIRONMENTS / "local.yaml").open("a") as file:
        file.write("colour: blue\nsize: 3\n")
    ended = machine.idp("up", "local")
    assert ended.code == Exit.INVALID
    assert len(ended.err.splitlines()) == 2
    assert not paths.WORK.exists()


@pytest.mark.parametrize("command", ["up", "preview", "down"])
def test_a_kubeconfig_that_is_not_there_is_one_line(machine: Machine, command: str) -> None:
    (machine.folder / "kubeconfig").unlink()
    ended = machine.idp(command, "local")
    assert ended.code == Exit.MISSING
    assert ended.err == f"error local: cluster.kubeconfig: {machine.folder / 'kubeconfig'} is not there\n"
    assert machine.changes() == []


@pytest.mark.parametrize("command", ["up", "preview", "down", "status", "outputs"])
def test_a_state_that_cannot_be_read_is_one_line_before_the_engine_is_asked(
    machine: Machine, backend: Backend, command: str
) -> None:
    path = backend.checkpoint("platform", '{"version": 3, "check')
    ended = machine.idp(command, "local")
    assert ended.code == Exit.FAILED
    [line] = ended.err.splitlines()
    assert str(path) in line
    assert f"{path.name}.bak" in line
    assert machine.engine.calls() == []


@pytest.mark.parametrize("command", ["up", "down"])
def test_while_somebody_holds_the_environment_nothing_is_begun(machine: Machine, command: str) -> None:
    with lock.hold(paths.LOCKS / "local.lock", "idp up local", 0, print):
        ended = machine.idp(command, "local", "--wait", "0")
    assert ended.code == Exit.BUSY
    assert ended.err.startswith("error local: held by idp up local (pid ")
    assert machine.engine.calls() == []


def test_looking_needs_no_lock(machine: Machine) -> None:
    machine.engine.stand(*STACKS)
    with lock.hold(paths.LOCKS / "local.lock", "idp up local", 0, print):
        codes = [machine.idp(command, "local").code for command in ("preview", "status", "outputs")]
    assert codes == [Exit.OK] * 3


def test_the_lock_of_a_killed_engine_needs_no_human(machine: Machine, backend: Backend) -> None:
    machine.engine.stand(*STACKS)
    stale = backend.lock("workspaces", pid=99999999)
    ended = machine.idp("up", "local")
    assert ended.code == Exit.OK
    assert not stale.exists()
    assert "workspaces: removing the lock of an engine that was killed" in ended.err


def test_a_pulumi_of_ones_own_is_named_and_left_alone(machine: Machine, backend: Backend) -> None:
    own = machine.folder / "own" / "pulumi"
    own.parent.mkdir()
    own.write_bytes(Path("/bin/sleep").read_bytes())
    own.chmod(0o755)
    process = psutil.Popen([str(own), "60"])
    try:
        kept = backend.lock("platform", pid=process.pid)
        ended = machine.idp("up", "local")
    finally:
        process.kill()
        process.wait()
    assert ended.code == Exit.BUSY
    assert f"pid {process.pid}" in ended.err
    assert kept.exists()
    assert machine.changes() == []


def test_what_a_crash_left_unfinished_is_settled_before_anything_else(machine: Machine, backend: Backend) -> None:
    machine.engine.stand(*STACKS)
    backend.checkpoint("platform", {"pending_operations": [{"type": "creating"}]})
    assert machine.idp("up", "local").code == Exit.OK
    verbs = [(args[1], args[2]) if args[1] == "stack" else (args[1],) for args in machine.engine.calls()]
    assert verbs.index(("refresh",)) < verbs.index(("preview",))
    [settled] = machine.engine.calls("refresh")
    assert settled[-1] == PLATFORM


def test_an_engine_that_fails_outside_an_operation_is_one_line(machine: Machine) -> None:
    machine.engine.plan("stack ls", code=255, stderr="error: could not list stacks: access denied")
    ended = machine.idp("status", "local")
    assert ended.code == Exit.FAILED
    assert ended.err == "error could not list stacks: access denied\n"
