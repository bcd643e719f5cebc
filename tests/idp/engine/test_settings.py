"""With which settings the engine runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import environments
from environments import Environment
from idp import paths
from idp.engine.settings import prepare, settings


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    work = tmp_path / ".idp"
    for name, path in {
        "WORK": work,
        "STATE": work / "state",
        "PASSPHRASE": work / "passphrase",
        "LOGS": work / "logs",
    }.items():
        monkeypatch.setattr(paths, name, path)
    return tmp_path


ALL = [environments.load(name) for name in environments.names()]
each = pytest.mark.parametrize("environment", ALL, ids=lambda environment: environment.name)


@each
def test_no_variable_holds_the_passphrase(environment: Environment, checkout: Path) -> None:
    found = settings(environment)
    if found.secrets_provider == "passphrase":
        prepare(found)
        secret = paths.PASSPHRASE.read_text()
        assert len(secret) >= 32
        assert not [value for value in found.variables.values() if secret in value]
        assert found.variables["PULUMI_CONFIG_PASSPHRASE_FILE"] == str(checkout / ".idp/passphrase")
    assert "PULUMI_CONFIG_PASSPHRASE" not in found.variables


@each
def test_the_backend_is_the_environment_s(environment: Environment, checkout: Path) -> None:
    found = settings(environment)
    if environment.state.backend == "file":
        assert found.backend == f"file://{checkout / '.idp/state'}?metadata=skip"
        assert found.state == checkout / ".idp/state"
    else:
        assert found.backend == environment.state.backend
        assert found.state is None
        assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in found.variables
    assert found.variables["PULUMI_BACKEND_URL"] == found.backend
    assert found.secrets_provider == environment.state.secrets_provider


def test_there_are_environments_with_and_without_a_file_backend() -> None:
    assert {environment.state.backend == "file" for environment in ALL} == {True, False}


@each
def test_policies_and_an_own_home_are_always_set(environment: Environment) -> None:
    variables = settings(environment).variables
    assert variables["PULUMI_OPTION_POLICY_PACK"] == str(paths.POLICIES)
    assert Path(variables["PULUMI_HOME"]).is_relative_to(paths.ROOT)


def test_tools_go_first_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin")
    assert settings(ALL[0], Path("/tools")).variables["PATH"] == f"/tools{os.pathsep}/usr/bin"
    assert "PATH" not in settings(ALL[0]).variables


def test_settings_creates_nothing(checkout: Path) -> None:
    for environment in ALL:
        settings(environment)
    assert list(checkout.iterdir()) == []


@pytest.mark.usefixtures("checkout")
def test_what_prepare_makes_is_private_and_made_once() -> None:
    local = settings(environments.load("local"))
    prepare(local)
    secret = paths.PASSPHRASE.read_text()
    modes = {path.name: path.stat().st_mode & 0o777 for path in (paths.WORK, paths.STATE, paths.PASSPHRASE)}
    assert modes == {".idp": 0o700, "state": 0o700, "passphrase": 0o600}
    prepare(local)
    assert paths.PASSPHRASE.read_text() == secret


def test_no_two_environments_share_a_home() -> None:
    """Else the plugin that speaks to the emulator only would be there for an account, too."""
    homes = [settings(environment).home for environment in ALL]
    assert [home.name for home in homes] == [environment.name for environment in ALL]
    assert {home.parent for home in homes} == {paths.PULUMI_HOMES}
