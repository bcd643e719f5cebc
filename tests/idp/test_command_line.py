"""The command line itself: help, JSON, exit codes. What the commands do is tested elsewhere."""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest
import typer
from typer.core import TyperCommand, TyperOption
from typer.testing import CliRunner

import environments
from environments import InvalidEnvironment
from environments.errors import Finding
from idp import __main__ as program
from idp import cloud, cluster, orchestration, vault
from idp.commands import describe, environment
from idp.engine.command import EngineCommand
from idp.engine.layer import Layers as RealLayers
from idp.engine.layer import Result, StackSummary
from idp.engine.progress import Progress, Step, Violation
from idp.engine.settings import EngineSettings
from idp.errors import Exit, IdpError
from idp.session import Session
from stacks.layers import LAYERS

APP = typer.main.get_command(program.app)


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], TyperCommand]]:  # noqa: ANN401
    """Yield each command below a group with the words that call it; typer gives groups no public type of their own."""
    if isinstance(command, TyperCommand):
        yield path, command
        return
    for name, child in command.commands.items():
        yield from leaves(child, (*path, name))


COMMANDS = dict(leaves(APP))
each = pytest.mark.parametrize("path", COMMANDS, ids=" ".join)


def test_every_command_of_the_design_is_there() -> None:
    wanted = {"up", "preview", "down", "status", "outputs", "env-vars", "tools", "schema"}
    assert {path[0] for path in COMMANDS} >= wanted
    assert {path[1] for path in COMMANDS if path[0] == "local"} >= {"start", "stop", "status", "remove"}


@each
def test_help_says_what_it_does_and_shows_an_example(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(program.app, [*path, "--help"])
    assert result.exit_code == 0
    assert "Example: " in result.output
    assert (COMMANDS[path].help or "").strip().endswith(".")


@each
def test_every_option_is_explained(path: tuple[str, ...]) -> None:
    for parameter in COMMANDS[path].params:
        if isinstance(parameter, TyperOption):
            assert parameter.help, parameter.name


@pytest.mark.parametrize("command", ["up", "preview", "down"])
def test_help_names_every_layer(command: str) -> None:
    [option] = [one for one in COMMANDS[(command,)].params if one.name == "layer"]
    assert isinstance(option, TyperOption)
    assert re.findall(r"\w+", (option.help or "").partition(": ")[2].replace(" or ", ", ")) == list(LAYERS)


def test_the_example_of_a_command_is_one_that_it_takes() -> None:
    for path, command in COMMANDS.items():
        example = (command.epilog or "").removeprefix("Example: ")
        assert " ".join(("idp", *path)) in example


def test_help_lists_the_exit_codes() -> None:
    text = " ".join(CliRunner().invoke(program.app, ["--help"]).output.split())
    assert all(f"{code.value} " in text for code in Exit)


@pytest.mark.parametrize("args", [["up"], ["no-such"], ["up", "local", "--no-such"], ["up", "local", "--wait", "-1"]])
def test_a_wrong_command_line_is_code_2(args: list[str]) -> None:
    assert CliRunner().invoke(program.app, args).exit_code == Exit.INVALID


@pytest.mark.parametrize(
    ("error", "code", "lines"),
    [
        (IdpError("a: no"), Exit.FAILED, ["a: no"]),
        (IdpError("a: no\nb: no", Exit.MISSING), Exit.MISSING, ["a: no", "b: no"]),
        (IdpError("[red]a[/red]", Exit.BUSY), Exit.BUSY, ["[red]a[/red]"]),
        (InvalidEnvironment([Finding("bad", "x.yaml", 3)]), Exit.INVALID, ["x.yaml:3: bad"]),
        (OSError(errno.ENOSPC, "No space left on device", "/x"), Exit.MISSING, ["/x: No space left on device"]),
        (OSError(errno.EACCES, "Permission denied"), Exit.MISSING, ["Permission denied"]),
        (KeyboardInterrupt(), Exit.FAILED, ["interrupted; the next `idp up` goes on from here"]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_expected_failures_are_lines_and_a_code(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: Exit,
    lines: list[str],
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(program, "app", fail)
    with pytest.raises(SystemExit) as caught:
        program.main()
    printed = capsys.readouterr()
    assert caught.value.code == code
    assert printed.err.splitlines() == [f"error {line}" for line in lines]
    assert printed.out == ""


def test_a_bug_is_not_taken_for_the_machine_s_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ConnectionResetError(errno.ECONNRESET, "reset")

    monkeypatch.setattr(program, "app", fail)
    with pytest.raises(ConnectionResetError):
        program.main()


class Layers:
    """What `status` and `outputs` ask of the layers."""

    def summaries(self) -> dict[str, StackSummary]:
        return {"platform": StackSummary("2026-01-01T00:00:00+00:00", 25)}

    def outputs(self, layer: str) -> dict[str, object] | None:
        return {"names": ["a"], "token": "[secret]"} if layer == "platform" else None


@pytest.fixture
def ready(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Stand a session without an engine in; `results` is what the orchestration answers."""
    found = SimpleNamespace(results=[])
    opened = Session(
        environments.load("local"),
        cast("EngineSettings", SimpleNamespace(variables={"PULUMI_HOME": "/a b"})),
        cast("RealLayers", Layers()),
        cast("EngineCommand", None),
        LAYERS,
        tuple(LAYERS),
    )

    @contextmanager
    def session(*_args: object, **_options: object) -> Iterator[Session]:
        yield opened

    for module in (environment, describe):
        monkeypatch.setattr(module, "open_session", session)
    monkeypatch.setattr(environment, "exclusively", session)
    for servers in (cloud, cluster):
        monkeypatch.setattr(servers, "start", lambda *_args: None)
        monkeypatch.setattr(servers, "require", lambda *_args: None)
    for plugin in (cloud, vault):
        monkeypatch.setattr(plugin, "install_plugin", lambda _session: True)
    monkeypatch.setattr(orchestration, "check_removable", lambda _session, **_options: list(LAYERS))
    for operation in ("up", "down", "preview"):
        monkeypatch.setattr(orchestration, operation, lambda *_args, **_options: found.results)
    return found


def result(layer: str, *, ok: bool = True, refused: bool = False) -> Result:
    progress = Progress(layer, same=3, steps=[Step("create", "t", "n", "urn::n", failed=not ok)])
    if refused:
        progress.violations.append(Violation("resources", True, "urn::n", "image is missing"))
    elif not ok:
        progress.errors.append("boom")
    return Result(layer, "up", ok, 1.234, progress)


OPERATIONS = pytest.mark.parametrize("operation", ["up", "preview", "down"])


@OPERATIONS
@pytest.mark.parametrize(
    ("results", "code"),
    [
        ([result("platform"), result("workspaces")], Exit.OK),
        ([], Exit.OK),
        ([result("platform"), result("workspaces", ok=False)], Exit.FAILED),
        ([result("platform", ok=False, refused=True)], Exit.VIOLATION),
        ([result("platform", ok=False), result("workspaces", ok=False, refused=True)], Exit.VIOLATION),
    ],
)
@pytest.mark.parametrize("as_json", [True, False])
def test_exit_codes(ready: SimpleNamespace, operation: str, results: list[Result], code: Exit, as_json: bool) -> None:
    ready.results = results
    found = CliRunner().invoke(program.app, [operation, "local", *(["--json"] if as_json else [])])
    assert found.exit_code == code, found.output
    if as_json:
        assert [row["ok"] for row in json.loads(found.stdout)["layers"]] == [each.ok for each in results]


@OPERATIONS
def test_json_is_one_document_with_all_that_happened(ready: SimpleNamespace, operation: str) -> None:
    ready.results = [result("platform", ok=False, refused=True)]
    found = CliRunner().invoke(program.app, [operation, "local", "--json"])
    document = json.loads(found.stdout)
    assert document["environment"] == "local"
    (row,) = document["layers"]
    assert row["changes"] == {"create": 1}
    assert row["unchanged"] == 3
    assert row["violations"][0]["message"] == "image is missing"
    assert row["policies"] == {"refused": 1, "advisory": 0, "exempted": 0}
    listed = [(one["control"], one["resource"], one["findings"]) for one in document["exemptions"]]
    # Nobody looked at their layers to the end here.
    assert listed == [(one.control, one.resource, None) for one in environments.load("local").policies.exemptions]
    assert row["seconds"] == 1.23


@pytest.mark.usefixtures("ready")
def test_status_shows_layers_that_do_not_stand_yet() -> None:
    rows = json.loads(CliRunner().invoke(program.app, ["status", "local", "--json"]).stdout)["layers"]
    assert list(rows) == list(LAYERS)
    assert rows["platform"] == {"updated": "2026-01-01T00:00:00+00:00", "resources": 25}
    assert rows["workspaces"] == {"updated": None, "resources": 0}
    assert "never" in CliRunner().invoke(program.app, ["status", "local"]).stdout


@pytest.mark.usefixtures("ready")
def test_outputs() -> None:
    rows = json.loads(CliRunner().invoke(program.app, ["outputs", "local", "--json"]).stdout)["layers"]
    assert rows == {**dict.fromkeys(LAYERS), "platform": {"names": ["a"], "token": "[secret]"}}
    assert "[secret]" in CliRunner().invoke(program.app, ["outputs", "local"]).stdout


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize("command", ["status", "outputs", "up", "preview", "down"])
def test_an_environment_keeps_its_name_where_a_layer_was_asked_for(command: str) -> None:
    asked = CliRunner().invoke(program.app, [command, "local.platform", "--json"])
    assert json.loads(asked.stdout)["environment"] == "local"


@pytest.mark.usefixtures("ready")
def test_variables_are_quoted_for_the_shell() -> None:
    assert "export PULUMI_HOME='/a b'" in CliRunner().invoke(program.app, ["env-vars", "local"]).stdout.splitlines()
    found = json.loads(CliRunner().invoke(program.app, ["env-vars", "local", "--json"]).stdout)
    assert found["PULUMI_HOME"] == "/a b"
    assert "KUBECONFIG" in found


def test_schema_is_json() -> None:
    assert json.loads(CliRunner().invoke(program.app, ["schema"]).stdout) == environments.schema()
