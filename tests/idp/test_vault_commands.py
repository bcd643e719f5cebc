"""`idp vault` as a command line: what is refused before anything is touched, and what is printed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from typer.testing import CliRunner

import environments
from environments import Environment
from idp import __main__ as program
from idp import cluster, vault_database, vault_tasks
from idp.commands import vault
from idp.engine.command import EngineCommand
from idp.engine.layer import Layers
from idp.engine.settings import EngineSettings
from idp.errors import Exit, IdpError
from idp.session import Check, Report, Session
from idp.vault_tasks import Ended
from stacks.layers import LAYERS


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Return what was done to Vault, in a session without an engine."""
    found: list[tuple[str, ...]] = []

    def opened(environment: Environment) -> Session:
        return Session(
            environment,
            cast("EngineSettings", SimpleNamespace(variables={"PATH": "/nowhere"})),
            cast("Layers", None),
            cast("EngineCommand", None),
            LAYERS,
            tuple(LAYERS),
        )

    @contextmanager
    def session(name: str, _layer: None, _report: Report, check: Check) -> Iterator[Session]:
        environment = environments.load(name)
        check(environment, tuple(LAYERS))
        yield opened(environment)

    @contextmanager
    def exclusively(*_args: object) -> Iterator[None]:
        yield

    def run(_kubectl: object, task: str, _report: Report, *arguments: str) -> Ended:
        found.append((task, *arguments))
        return Ended(f"{task}-1", ("said",), 1.234)

    def restore(_kubectl: object, _report: Report, snapshot: str | None) -> Ended:
        found.append(("restore", str(snapshot)))
        return Ended("vault-restore-1", ("said",), 1.234)

    monkeypatch.setattr(vault, "open_session", session)
    monkeypatch.setattr(vault, "exclusively", exclusively)
    monkeypatch.setattr(cluster, "require", lambda _session: None)
    monkeypatch.setattr(cluster, "kubeconfig", lambda _session: Path("/config"))
    monkeypatch.setattr(cluster, "binary", Path)
    monkeypatch.setattr(vault_tasks, "run", run)
    monkeypatch.setattr(vault_tasks, "restore", restore)
    monkeypatch.setattr(vault_database, "rotate", lambda _session, team, _report: found.append(("database", team)))
    return found


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["rotate", "local", "authority"], ("vault-rotate-authority",)),
        (["rotate", "local", "seal"], ("vault-rotate-seal",)),
        (["rotate", "local", "seal", "--retire"], ("vault-rotate-seal", "retire")),
        (["snapshot", "local"], ("vault-snapshot",)),
        (["restore", "local", "--i-know", "local"], ("restore", "None")),
        (["restore", "local", "--i-know", "local", "--snapshot", "x"], ("restore", "x")),
    ],
)
@pytest.mark.parametrize("as_json", [True, False])
def test_a_command_does_one_thing(
    done: list[tuple[str, ...]], words: list[str], expected: tuple[str, ...], *, as_json: bool
) -> None:
    result = CliRunner().invoke(program.app, ["vault", *words, *(["--json"] if as_json else [])])
    assert result.exit_code == Exit.OK, result.output
    assert done == [expected]
    if as_json:
        told = json.loads(result.stdout)
        assert (told["environment"], told["log"], told["seconds"]) == ("local", ["said"], 1.23)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rotate", "local", "database"], "--team: "),
        (["rotate", "local", "seal", "--team", "shop"], "--team: "),
        (["rotate", "local", "authority", "--retire"], "--retire: "),
        (["rotate", "local", "database", "--team", "no-such"], "--team: 'no-such' is not allowed: "),
        (["restore", "local"], "--i-know: is missing: local"),
        (["restore", "local", "--i-know", "dev"], "--i-know: 'dev' is not allowed: local"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_done(done: list[tuple[str, ...]], words: list[str], said: str) -> None:
    result = CliRunner().invoke(program.app, ["vault", *words])
    assert isinstance(result.exception, IdpError)
    assert result.exception.code is Exit.INVALID
    assert str(result.exception).startswith(said)
    assert done == []


def test_only_what_can_be_rotated_is_taken(done: list[tuple[str, ...]]) -> None:
    assert CliRunner().invoke(program.app, ["vault", "rotate", "local", "everything"]).exit_code == Exit.INVALID
    assert done == []
