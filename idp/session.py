"""All that a command needs to work on an environment, acquired in order and given back."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from environments import Environment, load
from idp import lock, paths, toolchain
from idp.engine import orphans, recovery
from idp.engine.command import EngineCommand
from idp.engine.layer import Layers
from idp.engine.settings import EngineSettings, prepare, settings
from idp.errors import Exit, IdpError
from stacks.layers import LAYERS, UnknownLayer, check

Report = Callable[[str], None]

NEEDED = 256 * 2**20
"""Free bytes under which nothing is begun: state and logs of an update stay far below it."""


@dataclass(frozen=True)
class Session:
    """An environment with an engine that is ready to work on it."""

    environment: Environment
    settings: EngineSettings
    layers: Layers
    command: EngineCommand
    chosen: tuple[str, ...]
    """The layers to work on, in dependency order."""


def choose(layer: str | None) -> tuple[str, ...]:
    """Return the layers to work on; raises `IdpError(INVALID)` on a name that is none."""
    if layer is None:
        return tuple(LAYERS)
    try:
        return (check(layer),)
    except UnknownLayer as error:
        raise IdpError(str(error), Exit.INVALID) from None


def uses_loopback(environment: Environment) -> bool:
    """Return whether the environment lives on the local cluster that `idp` runs itself."""
    return environment.cluster.kubeconfig is None


@contextmanager
def open_session(
    name: str, layer: str | None, report: Report, check: Callable[[Environment], None] = lambda _: None
) -> Iterator[Session]:
    """Check the request, then get the tools and an engine; creates nothing in the environment.

    `check` raises `IdpError` if the command can't work on the environment at all: nobody waits for tools to be built,
    only to hear that root is missing.
    """
    chosen = choose(layer)
    environment = load(name)
    check(environment)
    if environment.foundation is not None:
        report(f"{name}: foundation: described in its file, not deployed by this version (docs/foundation.md)")
    _check_space()
    tools = toolchain.ensure(report, (*toolchain.ENGINE, "kubectl"))
    engine = settings(environment, tools.bin)
    prepare(engine)
    toolchain.install_plugins(tools, paths.PULUMI_HOME)
    recovery.check_state(engine, chosen)
    pulumi = tools.tools["pulumi"]
    command = EngineCommand(pulumi.path, pulumi.version, orphans.mark())
    yield Session(environment, engine, Layers(engine, command), command, chosen)


@contextmanager
def exclusively(session: Session, what: str, wait: float, report: Report) -> Iterator[None]:
    """Hold the environment alone, and mend what a killed run left behind."""
    orphans.end_orphans(report)
    with lock.hold(environment_lock(session.environment.name), what, wait, report) as descriptor:
        session.command.inherit(descriptor)
        orphans.end_orphans(report)
        for layer in session.chosen:
            recovery.drop_stale_locks(session.settings, layer, report)
        yield


def environment_lock(name: str) -> Path:
    """Return the lock file of an environment."""
    return paths.LOCKS / f"{name}.lock"


def _check_space() -> None:
    paths.WORK.mkdir(mode=0o700, exist_ok=True)
    free = shutil.disk_usage(paths.WORK).free
    if free < NEEDED:
        raise IdpError(
            f"{paths.WORK}: {free // 2**20} MiB free; at least {NEEDED // 2**20} MiB are needed", Exit.MISSING
        )
