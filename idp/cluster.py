"""The cluster an environment lives on: the local one is started here, any other is somebody else's."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from environments import Environment
from idp import paths, toolchain
from idp.errors import Exit, IdpError
from idp.files import write
from idp.kubectl import SECONDS, Kubectl, binary
from idp.loopback import images
from idp.loopback.cluster import Forward, LocalCluster, Status, preconditions
from idp.session import Report, Session, uses_loopback
from stacks.layers import FOUNDATION
from stacks.loopback import VAULT_IP, VAULT_PLUGINS

Tool = Callable[[str], Path]
"""Gives the path of a tool by its name."""

VAULT = Forward("vault", f"{VAULT_IP}:8200")
"""The way in to the environment's Vault."""


def local(report: Report) -> LocalCluster:
    """Return the local cluster with the tools it needs; builds those that are missing."""
    return _made_of(_tool(report))


def start_local(report: Report, answers: Callable[[], None] = lambda: None) -> Status:
    """Start the local cluster, and write down what its image of Vault holds; return how it stands.

    `answers` is called as soon as the API server does.
    """
    tool = _tool(report)

    def api_server_answers() -> None:
        write(VAULT_PLUGINS, json.dumps(images.plugin_checksums(tool)))
        answers()

    return _made_of(tool).start(report, api_server_answers)


def _tool(report: Report) -> Tool:
    preconditions.check_machine()
    return toolchain.ensure(report, (*toolchain.CLUSTER, *toolchain.VAULT)).path


def _made_of(tool: Tool) -> LocalCluster:
    return LocalCluster(paths.LOCAL, tool, [VAULT], images=[images.VAULT, images.VAULT_BOOTSTRAP])


def forwarded(name: str) -> int | None:
    """Return the port on 127.0.0.1 that leads into the local cluster under this name; None if there is none."""
    return LocalCluster(paths.LOCAL, Path).forwards().get(name)


def leftovers() -> list[str]:
    """Return a line for each process, mount and cgroup of the local cluster."""
    return LocalCluster(paths.LOCAL, Path).leftovers()


def serves() -> bool:
    """Return whether the local cluster's API server runs; that it answers is another question."""
    return LocalCluster(paths.LOCAL, Path).serves()


def needed(chosen: tuple[str, ...]) -> bool:
    """Return whether any of the layers is in the cluster."""
    return chosen != (FOUNDATION,)


def check(environment: Environment, chosen: tuple[str, ...]) -> None:
    """Raise `IdpError(MISSING)` if `start` can't succeed on this machine, or with the kubeconfig that is named."""
    if not needed(chosen):
        return
    if uses_loopback(environment):
        preconditions.check_machine()
    else:
        _check_kubeconfig(environment)


def check_start(session: Session, report: Report) -> None:
    """Raise `IdpError` for what would keep `start` from beginning, such as a full disk; creates nothing."""
    if not needed(session.chosen):
        return
    if uses_loopback(session.environment):
        local(report).check()
    else:
        require(session)


def start(session: Session, report: Report, answers: Callable[[], None] = lambda: None) -> None:
    """Start the environment's cluster if it is the local one and does not run; else check that it can be used.

    `answers` is called as soon as the local one's API server answers.
    """
    if not needed(session.chosen):
        return
    if uses_loopback(session.environment):
        start_local(report, answers)
    else:
        require(session)


def require(session: Session) -> None:
    """Raise `IdpError(MISSING)` if the environment's cluster has no kubeconfig or, the local one, does not run."""
    if not needed(session.chosen):
        return
    name = session.environment.name
    if uses_loopback(session.environment):
        if not serves():
            raise IdpError(f"{name}: the local cluster does not run; `idp local start` starts it", Exit.MISSING)
        return
    _check_kubeconfig(session.environment)


def kubeconfig(session: Session) -> Path | None:
    """Return the kubeconfig of the environment's cluster, whether that file is there or not.

    None if the cluster is the foundation's and that does not stand yet.
    """
    environment = session.environment
    named = environment.cluster.kubeconfig_path()
    if named is not None or environment.is_local():
        return named or paths.LOCAL / "kubeconfig"
    content = (session.layers.outputs(FOUNDATION) or {}).get("kubeconfig")
    if not isinstance(content, str):
        return None
    path = paths.KUBECONFIGS / f"{environment.name}.yaml"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write(path, content)
    return path


def kubectl(session: Session, namespace: str, seconds: float = SECONDS) -> Kubectl | None:
    """Return kubectl for a namespace of the environment's cluster; `seconds` is for one call.

    None if the cluster does not stand yet. Raises `IdpError(MISSING)` without the program.
    """
    path = kubeconfig(session)
    if path is None:
        return None
    program = binary(session.settings.variables["PATH"])
    return Kubectl(program, path, namespace, session.environment.cluster.context, seconds)


def _check_kubeconfig(environment: Environment) -> None:
    path = environment.cluster.kubeconfig_path()
    if path is not None and not path.is_file():
        raise IdpError(f"{environment.name}: cluster.kubeconfig: {path} is not there", Exit.MISSING)
