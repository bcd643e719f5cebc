"""Whole commands from the command line to the engine, one in miniature; no tools, no cluster."""

from __future__ import annotations

import importlib.metadata
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
from stacks import layers

from .conftest import Backend
from .fake import SECRET, FakeEngine

FOUNDATION, PLATFORM, WORKSPACES = STACKS = ("local.foundation", "local.platform", "local.workspaces")
LAYERS = [layer for layer in layers.LAYERS if layer != layers.SECRETS]
"""Those of the file: what is configured inside a Vault needs one that answers."""
VERSION = importlib.metadata.version("pulumi-aws")


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
    emulator: Any
    """The class of conftest.py above, which has no place to import it from."""
    capsys: pytest.CaptureFixture[str]

    def idp(self, *args: str) -> Ended:
        """Run `idp ARGS`."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["idp", *args])
            with pytest.raises(SystemExit) as ended:
                program.main()
        printed = self.capsys.readouterr()
        return Ended(int(ended.value.code or 0), printed.out, printed.err)

    def describe(self, name: str, **changes: object) -> None:
        """Write an environment file: that of `local`, on the cluster of somebody else, with other parts."""
        document = yaml.safe_load((environments.model.FOLDER / "local.yaml").read_text())
        document["cluster"]["kubeconfig"] = str(self.folder / "kubeconfig")
        del document["secrets"], document["platform"]["vault"], document["policies"]
        for service in document["workspaces"][0]["services"]:
            del service["secrets"]
        (paths.ENVIRONMENTS / f"{name}.yaml").write_text(yaml.safe_dump({**document, "name": name, **changes}))

    def kind(self) -> None:
        """Write `kind`, an environment without a foundation."""
        state = {"backend": "s3://acme-idp-state-kind", "secrets_provider": "awskms://alias/idp-kind"}
        self.describe("kind", foundation=None, state=state)

    def written(self) -> str:
        """Return all that lies in the working folder but the passphrase itself."""
        files = [file for file in paths.WORK.rglob("*") if file.is_file() and file != paths.PASSPHRASE]
        return "".join(file.read_text() for file in files)

    def changes(self) -> list[tuple[str, str]]:
        """Return what the engine was told to change, in order."""
        return [(args[1], args[-1]) for args in self.engine.calls() if args[1] in ("up", "destroy")]


@pytest.fixture
def machine(
    work: Path,
    plugins: Any,  # noqa: ANN401, ARG001 - as above; no plugin of this machine is found
    emulator: Any,  # noqa: ANN401 - as above
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Machine:
    folder = work.parent
    engine = FakeEngine.at(folder / "engine")
    (folder / "kubeconfig").touch()
    tools = Toolchain({"pulumi": Tool("pulumi", "3.259.0", "path", engine.binary)}, folder / "bin")
    monkeypatch.setattr(session, "load", lambda name: load(name, paths.ENVIRONMENTS))
    monkeypatch.setattr(toolchain, "ensure", lambda *_args: tools)
    monkeypatch.setattr(toolchain, "install_plugins", lambda *_args: None)
    monkeypatch.setattr(lock, "POLL", 0.01)
    found = Machine(engine, folder, emulator, capsys)
    found.describe("local")
    return found


def test_up_from_nothing_brings_the_layers_up_in_order(machine: Machine) -> None:
    machine.engine.plan("preview", run="create")
    ended = machine.idp("up", "local", "--json")
    assert ended.code == Exit.OK
    assert ended.rows == [("foundation", "up", True), ("platform", "up", True), ("workspaces", "up", True)]
    assert machine.changes() == [("up", stack) for stack in STACKS]
    assert machine.emulator.log == ["stop", "start"]
    status = machine.idp("status", "local", "--json").document["layers"]
    assert {name: row["resources"] for name, row in status.items()} == dict.fromkeys(LAYERS, 4)


def test_up_again_changes_nothing(machine: Machine) -> None:
    machine.engine.stand(*STACKS)
    ended = machine.idp("up", "local", "--json")
    assert ended.code == Exit.OK
    assert ended.rows == [(layer, "unchanged", True) for layer in LAYERS]
    assert machine.changes() == []


@pytest.mark.parametrize(
    "named", [("local", "--layer", "platform"), ("local.platform",), ("local.platform", "--layer", "platform")]
)
def test_only_the_layer_that_was_named_is_looked_at(machine: Machine, named: tuple[str, ...]) -> None:
    machine.engine.stand(*STACKS)
    machine.engine.plan("preview", run="create")
    assert machine.idp("up", *named).code == Exit.OK
    assert machine.changes() == [("up", PLATFORM)]
    assert not any(stack in args for args in machine.engine.calls() for stack in (FOUNDATION, WORKSPACES))
    # What lies in the cluster needs no AWS.
    assert machine.emulator.log == []


def test_a_layer_by_its_stacks_name_is_the_same_as_by_the_option(machine: Machine) -> None:
    machine.engine.stand(*STACKS)
    asked = [("local.workspaces",), ("local", "--layer", "workspaces")]
    seen = [machine.idp("preview", *words, "--json") for words in asked]
    assert [ended.rows for ended in seen] == [[("workspaces", "preview", True)]] * 2
    assert [ended.document["environment"] for ended in seen] == ["local"] * 2
    assert {args[-1] for args in machine.engine.calls("preview")} == {WORKSPACES}


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
    # What is beside it goes on, what is above it is not begun.
    assert sorted(machine.changes()) == [("up", FOUNDATION), ("up", PLATFORM)]


def test_preview_of_nothing_tells_what_is_not_known_yet_and_changes_nothing(machine: Machine) -> None:
    machine.engine.plan("preview", run="create")
    machine.emulator.running = True
    ended = machine.idp("preview", "local", "--json")
    assert ended.code == Exit.OK
    assert ended.rows == [("foundation", "preview", True), ("platform", "preview", True)]
    assert "workspaces: previewed once platform stands" in ended.err
    assert machine.changes() == []


def test_down_removes_the_upper_layers_first(machine: Machine) -> None:
    machine.engine.stand(*STACKS)
    machine.emulator.running = True
    assert machine.idp("down", "local").code == Exit.OK
    assert machine.changes() == [("destroy", stack) for stack in reversed(STACKS)]
    assert machine.engine.stacks() == {}
    assert machine.emulator.log == []
    assert machine.idp("down", "local", "--json").rows == []


def test_down_forgets_what_went_with_the_emulator(machine: Machine) -> None:
    machine.engine.stand(*STACKS)
    assert machine.idp("down", "local").code == Exit.OK
    assert machine.changes() == [("destroy", WORKSPACES), ("destroy", PLATFORM)]
    assert machine.engine.stacks() == {}


def test_down_of_nothing_starts_nothing(machine: Machine) -> None:
    assert machine.idp("down", "local", "--json").rows == []
    assert machine.emulator.log == []


PROTECTED = [
    {"urn": f"urn:pulumi:local.foundation::idp::aws:kms/key:Key::{name}", "protect": True} for name in "abcdef"
]


def protect(machine: Machine, *stacks: str) -> None:
    for stack in stacks:
        state = json.dumps({"version": 3, "deployment": {"resources": PROTECTED}})
        machine.engine.plan(f"stack export {stack}", state=state)


def test_down_refuses_what_is_protected_and_removes_nothing(machine: Machine) -> None:
    machine.engine.stand(*STACKS)
    protect(machine, FOUNDATION, WORKSPACES)
    ended = machine.idp("down", "local")
    assert ended.code == Exit.INVALID
    lines = ended.err.splitlines()
    assert [line.partition(": ")[0].removeprefix("error ") for line in lines] == [FOUNDATION, WORKSPACES]
    for line in lines:
        assert "6 protected resources" in line
        assert "(a, b, c, ...)" in line
        assert "`--i-know local`" in line
    assert {args[1] for args in machine.engine.calls()} == {"stack"}
    assert set(machine.engine.stacks()) == set(STACKS)
    # Nothing is started either, only to hear that.
    assert machine.emulator.log == []


def test_down_that_is_told_to_unprotects_each_layer_just_before_it_goes(machine: Machine) -> None:
    machine.engine.stand(*STACKS)
    machine.emulator.running = True
    protect(machine, FOUNDATION)
    assert machine.idp("down", "local", "--i-know", "local").code == Exit.OK
    done = [(args[1], args[-1]) for args in machine.engine.calls() if args[1] in ("state", "destroy")]
    assert done == [("destroy", WORKSPACES), ("destroy", PLATFORM), ("state", FOUNDATION), ("destroy", FOUNDATION)]
    assert machine.engine.stacks() == {}


@pytest.mark.parametrize("said", ["dev", "", "Local", "local.platform"])
def test_down_of_another_environment_than_one_knows_of_is_refused_before_anything(machine: Machine, said: str) -> None:
    machine.engine.stand(*STACKS)
    ended = machine.idp("down", "local", "--i-know", said)
    assert ended.code == Exit.INVALID
    assert ended.err == f"error --i-know: {said!r} is not allowed: local, what is to be removed\n"
    assert machine.engine.calls() == []
    assert not paths.WORK.exists()


@pytest.mark.parametrize("command", ["up", "preview", "outputs"])
@pytest.mark.parametrize("named", [("kind.foundation",), ("kind", "--layer", "foundation")])
def test_a_layer_that_the_file_does_not_have_is_refused(machine: Machine, command: str, named: tuple[str, ...]) -> None:
    machine.kind()
    ended = machine.idp(command, *named)
    assert ended.code == Exit.INVALID
    assert ended.err == "error kind: foundation: its file has no foundation; there are platform, workspaces\n"
    assert machine.engine.calls() == []


def test_an_environment_without_a_foundation_stands_and_goes_without_any_plugin_or_emulator(machine: Machine) -> None:
    machine.kind()
    machine.engine.plan("preview", run="create")
    upper = [("up", "kind.platform"), ("up", "kind.workspaces")]
    assert machine.idp("preview", "kind", "--json").rows == [("platform", "preview", True)]
    assert machine.idp("up", "kind").code == Exit.OK
    assert machine.changes() == upper
    assert list(machine.idp("status", "kind", "--json").document["layers"]) == ["platform", "workspaces"]
    ended = machine.idp("down", "kind")
    assert (ended.code, machine.engine.stacks()) == (Exit.OK, {}), ended.err
    assert machine.emulator.log == []
    assert list(paths.PULUMI_HOMES.rglob("pulumi-resource-aws")) == []


def test_a_foundation_that_the_file_no_longer_has_can_still_be_removed(machine: Machine) -> None:
    machine.engine.stand(*STACKS)
    machine.emulator.running = True
    machine.describe("local", foundation=None)
    assert list(machine.idp("status", "local", "--json").document["layers"]) == LAYERS
    assert machine.idp("up", "local", "--json").rows == [(layer, "unchanged", True) for layer in LAYERS[1:]]
    assert machine.idp("down", "local").code == Exit.OK
    assert machine.changes() == [("destroy", stack) for stack in reversed(STACKS)]
    assert machine.emulator.log == []
    assert machine.engine.stacks() == {}


def test_what_is_left_of_a_foundation_in_an_account_needs_the_plugin(machine: Machine) -> None:
    machine.kind()
    machine.engine.stand("kind.foundation", "kind.platform")
    ended = machine.idp("down", "kind")
    assert ended.code == Exit.MISSING
    [line] = ended.err.splitlines()
    assert f"`pulumi plugin install resource aws {VERSION}`" in line
    assert machine.changes() == []
    # The rest goes without it.
    assert machine.idp("down", "kind.platform").code == Exit.OK
    assert machine.changes() == [("destroy", "kind.platform")]


VAULT = {"address": "https://vault.acme.example:8200"}
FOUR = ("local.foundation", "local.platform", "local.secrets", "local.workspaces")


@pytest.mark.parametrize("command", ["up", "preview", "down"])
def test_a_vault_elsewhere_needs_the_official_plugin(machine: Machine, command: str) -> None:
    """The loopback plugin speaks to this machine only."""
    machine.describe("local", secrets=VAULT)
    machine.engine.stand(*FOUR)
    machine.emulator.running = True
    ended = machine.idp(command, "local")
    assert ended.code == Exit.MISSING
    [line] = ended.err.splitlines()
    version = importlib.metadata.version("pulumi-vault")
    assert line.startswith(f"error local: pulumi-resource-vault {version}: not on this machine; ")
    assert f"`pulumi plugin install resource vault {version}`" in line
    assert machine.changes() == []
    # The other layers go without it.
    assert machine.idp("preview", "local.platform").code == Exit.OK


def test_a_vault_elsewhere_is_configured_with_the_token_that_is_given(
    machine: Machine,
    plugins: Any,  # noqa: ANN401 - as above
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine.describe("local", secrets=VAULT)
    machine.engine.plan("preview", run="create")
    plugins.add(plugins.on_path, "vault")
    refused = machine.idp("up", "local")
    assert refused.code == Exit.MISSING
    assert "error local: VAULT_TOKEN: not set; a token that may configure Vault is needed" in refused.err
    monkeypatch.setenv("VAULT_TOKEN", "hvs.hush")
    ended = machine.idp("up", "local")
    assert ended.code == Exit.OK
    assert dict.fromkeys(stack for _, stack in machine.changes()) == dict.fromkeys(FOUR)
    # These two read the platform, and not each other.
    assert sorted(machine.changes()[-2:]) == [("up", "local.secrets"), ("up", "local.workspaces")]
    seen = ended.out + ended.err + json.dumps(machine.engine.calls()) + machine.written()
    assert "hvs.hush" not in seen


def test_layers_that_were_created_and_never_updated_go_without_a_vault(
    machine: Machine,
    plugins: Any,  # noqa: ANN401 - as above
) -> None:
    machine.describe("local", secrets=VAULT)
    plugins.add(plugins.on_path, "vault")
    machine.engine.stand("local.secrets", resources=0)
    assert machine.idp("down", "local").code == Exit.OK
    assert machine.engine.stacks() == {}


def test_down_stops_where_something_cannot_be_removed(machine: Machine) -> None:
    machine.engine.stand(*STACKS)
    machine.emulator.running = True
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
        (
            ("up", "local", "--layer", "platfrom"),
            f"layer: 'platfrom' is not allowed: one of {', '.join(layers.LAYERS)}",
        ),
        (("up", "local.platfrom"), f"layer: 'platfrom' is not allowed: one of {', '.join(layers.LAYERS)}"),
        (("up", "local.platform", "--layer", "workspaces"), "'workspaces' is not allowed beside local.platform"),
        (("down", "local.platform", "--layer", "workspaces"), "'workspaces' is not allowed beside local.platform"),
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
    machine.emulator.running = True
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


def test_a_preview_starts_no_emulator(machine: Machine) -> None:
    machine.engine.stand(*STACKS)
    ended = machine.idp("preview", "local")
    assert ended.code == Exit.MISSING
    assert ended.err == "error local: the AWS emulator does not run; `idp up local` starts it\n"
    assert machine.emulator.log == []
    assert machine.idp("preview", "local.platform").code == Exit.OK


def test_looking_needs_no_lock(machine: Machine) -> None:
    machine.engine.stand(*STACKS)
    machine.emulator.running = True
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
