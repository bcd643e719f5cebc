"""All that a command needs to work on an environment, acquired in order and given back."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from environments import Environment, InvalidEnvironment, load, names, overlaps
from idp import lock, paths, toolchain
from idp.engine import orphans, recovery
from idp.engine.command import EngineCommand
from idp.engine.layer import Layers
from idp.engine.settings import EngineSettings, prepare, settings
from idp.errors import Exit, IdpError
from stacks import layers as stack_layers
from stacks.layers import LAYERS, Graph, UnknownLayer

Report = Callable[[str], None]

Check = Callable[[Environment, tuple[str, ...]], None]
"""Takes an environment and the layers to work on."""

SOON = 5.0
"""Seconds that a look waits for what should be there."""
LONG = 300.0
"""Seconds that an update waits for what may be starting: the kubelet pauses no longer between two starts."""

Ready = Callable[[str, float], None]
"""Takes a layer, and for how many seconds to wait for what it needs; raises `IdpError` without it."""


class NotReady(IdpError):  # noqa: N818 - named for what it says, as callers read it
    """What a layer needs does not answer, or lets nobody in, yet."""


NEEDED = 256 * 2**20
"""Free bytes under which nothing is begun: state and logs of an update stay far below it."""


@dataclass(frozen=True)
class Session:
    """An environment with an engine that is ready to work on it."""

    environment: Environment
    settings: EngineSettings
    layers: Layers
    command: EngineCommand
    graph: Graph
    """The environment's layers, and which reads from which."""
    chosen: tuple[str, ...]
    """The layers to work on, in dependency order."""
    ready: Ready = lambda _layer, _patience: None
    """Called before the engine works on a layer."""


def choose(environment: str, layer: str | None) -> tuple[str, str | None]:
    """Return environment and layer as asked for: `dev`, `dev` with a layer, or `dev.platform`.

    Raises `IdpError(INVALID)` on a layer that is none, and on two that differ.
    """
    name, dot, inside = environment.partition(".")
    if not name:
        # Such as `../local`: a fault of the name, which whoever loads it tells.
        name, dot = environment, ""
    wanted = inside if dot else layer
    if wanted is None:
        return name, None
    try:
        stack_layers.check(wanted)
    except UnknownLayer as error:
        raise IdpError(str(error), Exit.INVALID) from None
    if layer not in (None, wanted):
        raise IdpError(f"layer: {layer!r} is not allowed beside {environment}: name one layer", Exit.INVALID)
    return name, wanted


def uses_loopback(environment: Environment) -> bool:
    """Return whether the environment lives on the local cluster that `idp` runs itself."""
    return environment.is_local() and environment.cluster.kubeconfig is None


@contextmanager
def open_session(
    asked: str,
    layer: str | None,
    report: Report,
    check: Check = lambda _environment, _chosen: None,
    *,
    every_layer: bool = False,
) -> Iterator[Session]:
    """Check the request, then get the tools and an engine; creates nothing in the environment.

    `asked` is an environment's name or `ENVIRONMENT.LAYER`. `check` raises `IdpError` if the command can't work on
    them at all: nobody waits for tools to be built, only to hear that root is missing. `every_layer` chooses
    from all layers there are, not only from those that the environment's file has (still, or by now).
    """
    name, layer = choose(asked, layer)
    environment = load(name)
    graph = LAYERS if every_layer else stack_layers.of(environment)
    if layer is not None and layer not in graph:
        raise IdpError(f"{name}: {layer}: its file has no {layer}; there are {', '.join(graph)}", Exit.INVALID)
    chosen = tuple(graph) if layer is None else (layer,)
    _check_apart(environment)
    check(environment, chosen)
    _check_space()
    tools = toolchain.ensure(report, (*toolchain.ENGINE, "kubectl"))
    engine = settings(environment, tools.bin)
    prepare(engine)
    toolchain.install_plugins(tools, engine.home)
    recovery.check_state(engine, chosen)
    pulumi = tools.tools["pulumi"]
    command = EngineCommand(pulumi.path, pulumi.version, orphans.mark())
    yield Session(environment, engine, Layers(engine, command), command, graph, chosen)


@contextmanager
def exclusively(session: Session, what: str, wait: float, report: Report) -> Iterator[None]:
    """Hold the environment alone, and mend what a killed run left behind."""
    orphans.end_orphans(report)
    with lock.hold(environment_lock(session.environment.name), what, wait, report) as descriptor:
        session.command.inherit(descriptor)
        orphans.end_orphans(report)
        recovery.drop_torn_sidecars(session.settings)
        for layer in session.chosen:
            recovery.drop_stale_locks(session.settings, layer, report)
        yield


def environment_lock(name: str) -> Path:
    """Return the lock file of an environment."""
    return paths.LOCKS / f"{name}.lock"


def _check_apart(environment: Environment) -> None:
    """Raise `InvalidEnvironment` if the foundation stands in the way of another environment's."""
    if environment.foundation is None:
        return
    findings = []
    for other in names():
        # Another file's own mistakes are told to whoever works on that one.
        with suppress(InvalidEnvironment):
            findings += overlaps([environment, load(other)]) if other != environment.name else []
    if findings:
        raise InvalidEnvironment(findings)


def _check_space() -> None:
    paths.WORK.mkdir(mode=0o700, exist_ok=True)
    free = shutil.disk_usage(paths.WORK).free
    if free < NEEDED:
        raise IdpError(
            f"{paths.WORK}: {free // 2**20} MiB free; at least {NEEDED // 2**20} MiB are needed", Exit.MISSING
        )
