"""Vault's provider plugin: which environments get the loopback one, and who must bring the official one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

import environments
from environments import Environment
from environments.secrets import Secrets
from idp import paths, vault
from idp.engine.settings import settings
from idp.errors import Exit, IdpError
from idp.loopback.provider.install import sdk_version
from idp.session import Session
from stacks.layers import LAYERS, SECRETS

Plugins = Any
"""The class of conftest.py, which has no place to import it from."""

ALL = [environments.load(name) for name in environments.names()]
LOCAL, DEV = environments.load("local"), environments.load("dev")
VERSION = sdk_version(vault.PLUGIN)

pytestmark = pytest.mark.usefixtures("work")


def session(environment: Environment, *chosen: str) -> Session:
    found = SimpleNamespace(environment=environment, settings=settings(environment), chosen=chosen or tuple(LAYERS))
    return cast("Session", found)


def naming(environment: Environment, address: str | None) -> Environment:
    secrets = (environment.secrets or Secrets()).model_copy(update={"address": address})
    return environment.model_copy(update={"secrets": secrets})


def elsewhere(environment: Environment) -> Environment:
    cluster = environment.cluster.model_copy(update={"kubeconfig": "/somebody/s/config"})
    return environment.model_copy(update={"cluster": cluster})


WHERE: list[tuple[Environment, bool]] = [
    *((environment, environment.name == "local") for environment in ALL),
    (elsewhere(LOCAL), False),
    (naming(LOCAL, "https://vault.acme.example:8200"), False),
    (naming(LOCAL, "https://127.0.0.1.acme.example"), False),
    (naming(LOCAL, "https://127.0.0.1:8200"), True),
    (naming(DEV, "https://127.0.0.1:8200"), True),
    (naming(elsewhere(LOCAL), "https://[::1]:8200"), True),
    (LOCAL.model_copy(update={"secrets": None}), True),
]


@pytest.mark.parametrize(("environment", "near"), WHERE)
@pytest.mark.usefixtures("plugins")
def test_the_loopback_plugin_is_for_a_vault_on_this_machine(environment: Environment, near: bool) -> None:
    assert vault.install_plugin(session(environment)) is near
    found = sorted(paths.PULUMI_HOMES.rglob("pulumi-resource-vault"))
    home = paths.PULUMI_HOMES / environment.name / f"plugins/resource-vault-v{VERSION}"
    assert found == ([home / "pulumi-resource-vault"] if near else [])
    assert all(vault.MODULE in path.read_text() for path in found)


@pytest.mark.parametrize(("environment", "near"), WHERE)
def test_the_official_one_goes_first(plugins: Plugins, environment: Environment, near: bool) -> None:
    official = plugins.add(plugins.on_path, vault.PLUGIN)
    assert vault.install_plugin(session(environment))
    [link] = paths.PULUMI_HOMES.rglob("pulumi-resource-vault")
    assert link.readlink() == official
    official.unlink()
    # Gone again: no link that leads nowhere is taken for one.
    assert vault.install_plugin(session(environment)) is near


@pytest.mark.usefixtures("plugins")
def test_who_must_bring_it_is_told_the_command_where_the_layer_is_chosen() -> None:
    vault.require_plugin(session(DEV, *(layer for layer in LAYERS if layer != SECRETS)))
    vault.require_plugin(session(LOCAL))
    with pytest.raises(IdpError) as caught:
        vault.require_plugin(session(DEV, SECRETS))
    assert caught.value.code == Exit.MISSING
    assert str(caught.value) == (
        f"dev: pulumi-resource-vault {VERSION}: not on this machine;"
        f" `pulumi plugin install resource vault {VERSION}` gets it"
    )
