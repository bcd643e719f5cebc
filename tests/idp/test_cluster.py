"""Which kubeconfig leads to an environment's cluster, and what is asked for before it is used."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

import environments
from environments import Environment
from idp import cluster, paths
from idp.errors import Exit, IdpError
from idp.session import Session
from stacks.layers import FOUNDATION

LOCAL, DEV = environments.load("local"), environments.load("dev")
CONTENT = json.dumps({"apiVersion": "v1", "kind": "Config"})


def naming(environment: Environment, path: Path) -> Environment:
    """Return an environment whose file names a kubeconfig."""
    named = environment.cluster.model_copy(update={"kubeconfig": str(path)})
    return environment.model_copy(update={"cluster": named})


def session(environment: Environment, exported: dict[str, object] | None) -> Session:
    """Return a session of which only the foundation's outputs are known; None: it never stood."""

    def outputs(layer: str) -> dict[str, object] | None:
        assert layer == FOUNDATION
        return exported

    found = SimpleNamespace(
        environment=environment, layers=SimpleNamespace(outputs=outputs), chosen=(FOUNDATION, "platform")
    )
    return cast("Session", found)


@pytest.mark.parametrize("environment", [LOCAL, DEV], ids=["local", "dev"])
@pytest.mark.parametrize("exported", [None, {"kubeconfig": CONTENT}], ids=["nothing", "content"])
def test_the_one_that_the_file_names_goes_first(
    work: Path, environment: Environment, exported: dict[str, object] | None
) -> None:
    path = work.parent / "config"
    assert cluster.kubeconfig(session(naming(environment, path), exported)) == path
    assert not paths.KUBECONFIGS.exists()


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize("exported", [None, {"kubeconfig": "/elsewhere"}], ids=["nothing", "path"])
def test_the_local_environment_has_the_loopback_cluster_s(exported: dict[str, object] | None) -> None:
    assert cluster.kubeconfig(session(LOCAL, exported)) == paths.LOCAL / "kubeconfig"
    assert not paths.KUBECONFIGS.exists()


@pytest.mark.usefixtures("work")
def test_elsewhere_it_is_what_the_foundation_exports_in_a_private_file() -> None:
    found = cluster.kubeconfig(session(DEV, {"kubeconfig": CONTENT}))
    assert found == paths.KUBECONFIGS / "dev.yaml"
    assert found.read_text() == CONTENT
    assert (found.stat().st_mode & 0o777, found.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    # A cluster that was made anew has another address.
    cluster.kubeconfig(session(DEV, {"kubeconfig": "{}"}))
    assert found.read_text() == "{}"


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize("exported", [None, {}, {"vpc_id": "vpc-1"}], ids=["no stack", "empty", "half"])
def test_before_the_foundation_stands_there_is_none(exported: dict[str, object] | None) -> None:
    assert cluster.kubeconfig(session(DEV, exported)) is None
    assert not paths.KUBECONFIGS.exists()


def test_a_named_kubeconfig_must_be_there(work: Path) -> None:
    path = work.parent / "config"
    for environment in (naming(LOCAL, path), naming(DEV, path)):
        with pytest.raises(
            IdpError, match=rf"^{environment.name}: cluster\.kubeconfig: {path} is not there$"
        ) as caught:
            cluster.require(session(environment, None))
        assert caught.value.code == Exit.MISSING
    path.touch()
    for environment in (naming(LOCAL, path), naming(DEV, path)):
        cluster.require(session(environment, None))


@pytest.mark.usefixtures("work")
def test_the_foundation_s_cluster_is_not_asked_for_beforehand_and_the_loopback_one_must_run() -> None:
    cluster.require(session(DEV, None))
    with pytest.raises(IdpError, match=r"^local: the local cluster does not run") as caught:
        cluster.require(session(LOCAL, None))
    assert caught.value.code == Exit.MISSING
