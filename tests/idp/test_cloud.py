"""The foundation's AWS: which plugin reaches it, and when the emulator is started anew."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

import environments
from environments import Environment
from idp import cloud, paths
from idp.engine.layer import StackSummary
from idp.engine.recovery import checkpoint_file
from idp.engine.settings import settings
from idp.errors import Exit, IdpError
from idp.session import Session
from stacks.layers import FOUNDATION, LAYERS

VERSION = importlib.metadata.version("pulumi-aws")
FOLDER = f"plugins/resource-aws-v{VERSION}"
EXECUTABLE = "pulumi-resource-aws"

Emulator = Plugins = Any
"""Classes of conftest.py, which has no place to import them from."""

pytestmark = pytest.mark.usefixtures("work")

ALL = [environments.load(name) for name in environments.names()]
LOCAL, DEV = environments.load("local"), environments.load("dev")
BARE = LOCAL.model_copy(update={"foundation": None})
every_environment = pytest.mark.parametrize("environment", ALL, ids=lambda environment: environment.name)


def session(environment: Environment, *chosen: str) -> Session:
    found = SimpleNamespace(
        environment=environment,
        settings=settings(environment),
        chosen=chosen or tuple(LAYERS),
        graph=LAYERS,
        layers=SimpleNamespace(summaries=dict),
    )
    return cast("Session", found)


def stand(found: Session, emulator: Emulator) -> None:
    """Let the foundation stand in a session; that it is forgotten goes into the emulator's log."""
    stacks = {FOUNDATION: StackSummary("now", 1)}
    layers = cast("Any", found.layers)

    def forget(layer: str) -> None:
        del stacks[layer]
        checkpoint_file(settings(LOCAL), FOUNDATION).unlink(missing_ok=True)  # type: ignore[union-attr]
        emulator.log.append(f"forget {layer}")

    layers.summaries, layers.forget = lambda: stacks, forget


def plugin_of(environment: Environment) -> Path:
    return paths.PULUMI_HOMES / environment.name / FOLDER / EXECUTABLE


def all_plugins() -> list[Path]:
    return sorted(paths.PULUMI_HOMES.rglob(EXECUTABLE))


def is_loopback(plugin: Path) -> bool:
    return cloud.MODULE in plugin.read_text()


def test_only_the_local_environment_is_on_the_emulator() -> None:
    assert [environment.name for environment in ALL if cloud.on_emulator(environment)] == ["local"]
    # What is left of its foundation, when the file has none any more.
    assert cloud.on_emulator(BARE)
    assert not cloud.on_emulator(DEV.model_copy(update={"foundation": None}))


@every_environment
def test_the_loopback_plugin_is_for_the_emulator_and_goes_into_that_home_only(
    environment: Environment, plugins: Plugins
) -> None:
    emulated = environment.name == "local"
    assert cloud.install_plugin(session(environment)) is emulated
    assert all_plugins() == ([plugin_of(environment)] if emulated else [])
    assert all(is_loopback(plugin) for plugin in all_plugins())
    assert not plugins.home.exists()


@every_environment
@pytest.mark.parametrize("where", ["path", "home", "named home"])
def test_the_official_plugin_goes_first_everywhere(
    environment: Environment, plugins: Plugins, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    cloud.install_plugin(session(environment))
    own = plugins.home / ".pulumi"
    if where == "named home":
        own = tmp_path / "elsewhere" / "pulumi"
        monkeypatch.setenv("PULUMI_HOME", str(own))
    official = plugins.add(plugins.on_path if where == "path" else own / FOLDER)
    assert cloud.install_plugin(session(environment))
    assert all_plugins() == [plugin_of(environment)]
    assert plugin_of(environment).readlink() == official
    official.unlink()
    # Gone again: no link that leads nowhere is taken for one.
    assert cloud.install_plugin(session(environment)) is (environment.name == "local")


def test_the_official_one_of_another_version_is_no_match(plugins: Plugins) -> None:
    plugins.add(plugins.home / ".pulumi/plugins/resource-aws-v0.0.1")
    assert not cloud.install_plugin(session(DEV))


def test_an_official_one_that_can_t_be_run_is_none(plugins: Plugins) -> None:
    plugins.add(plugins.home / ".pulumi" / FOLDER).chmod(0o644)
    assert not cloud.install_plugin(session(DEV))


@pytest.mark.parametrize("checkout", ["this", "another"])
@every_environment
def test_what_lies_in_an_environment_s_home_is_never_taken_for_the_official_one(
    environment: Environment, plugins: Plugins, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checkout: str
) -> None:
    """After `eval "$(idp env-vars local)"`, PULUMI_HOME is that of `local`, with the loopback plugin in it."""
    assert not plugins.home.exists()
    cloud.install_plugin(session(LOCAL))
    home = paths.PULUMI_HOMES / "local"
    if checkout == "another":
        home = home.rename(tmp_path / ".idp-folder").parent / ".idp" / "pulumi" / "local"
        home.parent.mkdir(parents=True)
        (tmp_path / ".idp-folder").rename(home)
    assert is_loopback(home / FOLDER / EXECUTABLE)
    monkeypatch.setenv("PULUMI_HOME", str(home))
    for _ in range(2):
        assert cloud.install_plugin(session(environment)) is (environment.name == "local")
    assert not plugin_of(DEV).exists()
    if environment.name == "local":
        assert is_loopback(plugin_of(LOCAL))
        assert not plugin_of(LOCAL).is_symlink()


REACHING: list[Callable[[Session], None]] = [lambda found: cloud.start(found, print), cloud.require]
reaching = pytest.mark.parametrize("reach", REACHING, ids=["start", "require"])


@reaching
@pytest.mark.usefixtures("plugins")
def test_an_account_without_the_plugin_is_one_line_with_the_command(
    emulator: Emulator, reach: Callable[[Session], None]
) -> None:
    with pytest.raises(IdpError) as caught:
        reach(session(DEV))
    assert caught.value.code == Exit.MISSING
    [line] = str(caught.value).splitlines()
    assert line.startswith("dev: ")
    assert f"`pulumi plugin install resource aws {VERSION}`" in line
    assert emulator.log == []


@reaching
def test_an_account_with_the_plugin_needs_nothing_else(
    emulator: Emulator, plugins: Plugins, reach: Callable[[Session], None]
) -> None:
    plugins.add(plugins.on_path)
    reach(session(DEV))
    assert emulator.log == []


@reaching
@every_environment
@pytest.mark.usefixtures("plugins")
def test_layers_in_the_cluster_need_no_aws(
    emulator: Emulator, environment: Environment, reach: Callable[[Session], None]
) -> None:
    reach(session(environment, *(layer for layer in LAYERS if layer != FOUNDATION)))
    assert emulator.log == []
    assert all_plugins() == []


@pytest.mark.usefixtures("plugins")
def test_require_starts_nothing_and_says_what_does(emulator: Emulator) -> None:
    with pytest.raises(IdpError, match=r"^local: the AWS emulator does not run; `idp up local` starts it$") as caught:
        cloud.require(session(LOCAL))
    assert caught.value.code == Exit.MISSING
    assert emulator.log == []
    emulator.running = True
    cloud.require(session(LOCAL))
    assert emulator.log == []


@pytest.mark.usefixtures("plugins")
def test_start_starts_it_once_as_the_file_s_account(emulator: Emulator) -> None:
    for _ in range(2):
        cloud.start(session(LOCAL, FOUNDATION), print)
    assert emulator.log.count("start") == 1
    assert LOCAL.foundation is not None
    assert emulator.accounts == [LOCAL.foundation.aws.account_id]


def write_state(deployment: Mapping[str, object]) -> None:
    path = checkpoint_file(settings(LOCAL), FOUNDATION)
    assert path is not None
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"version": 3, "checkpoint": {"latest": deployment}}))


STATES: dict[str, Mapping[str, object] | None] = {
    "none": None,
    "whole": {"resources": [{}]},
    "cut off": {"resources": [{}], "pending_operations": [{"type": "creating"}]},
}


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("state", STATES)
def test_when_it_starts_anew_what_stood_in_it_is_forgotten(emulator: Emulator, running: bool, state: str) -> None:
    """Its memory is its state: it is kept only while nothing in it has an id that nobody knows."""
    deployment = STATES[state]
    found = session(LOCAL)
    if deployment is not None:
        write_state(deployment)
        stand(found, emulator)
    emulator.running = running
    cloud.start(found, print)
    assert emulator.running
    if running and state != "cut off":
        assert emulator.log == []
    else:
        # The order that the next start can mend, wherever it is broken off.
        assert emulator.log == (["stop", "start"] if deployment is None else ["stop", "forget foundation", "start"])


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize("crashing", ["stop", "forget", "start"])
def test_broken_off_anywhere_it_is_done_by_the_next_start(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, crashing: str
) -> None:
    found = session(LOCAL)
    write_state(STATES["cut off"] or {})
    stand(found, emulator)
    emulator.running = True

    def crash(*_args: object, **_options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(found.layers if crashing == "forget" else emulator, crashing, crash)
        with pytest.raises(KeyboardInterrupt):
            cloud.start(found, print)
    cloud.start(found, print)
    assert emulator.running
    assert emulator.log[-1] == "start"
    assert "forget foundation" in emulator.log
    assert emulator.log.index("stop") < emulator.log.index("forget foundation")


@pytest.mark.usefixtures("plugins")
def test_a_state_that_is_elsewhere_is_forgotten_too(emulator: Emulator) -> None:
    state = LOCAL.state.model_copy(update={"backend": "s3://acme-idp-state-local"})
    remote = session(LOCAL.model_copy(update={"state": state}))
    stand(remote, emulator)
    cloud.start(remote, print)
    assert emulator.log == ["stop", "forget foundation", "start"]


def test_what_is_left_of_a_foundation_that_the_file_no_longer_has_can_be_reached(
    emulator: Emulator, plugins: Plugins
) -> None:
    assert not plugins.home.exists()
    cloud.start(session(BARE, FOUNDATION), print)
    assert emulator.log == ["stop", "start"]
    assert is_loopback(plugin_of(LOCAL))
