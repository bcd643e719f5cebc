"""`idp up|preview|down|status|outputs ENV`: an environment and its layers."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType

import typer
from rich.markup import escape

from environments import Environment
from idp import cluster, display, exemptions, orchestration, readiness
from idp.commands.options import EnvironmentName, IKnow, Json, Layer, Refresh, Wait
from idp.engine.layer import Result
from idp.errors import Exit, IdpError
from idp.guard import guarded
from idp.session import Session, exclusively, open_session
from stacks.layers import LAYERS

WAIT = 300.0
"""Seconds that a command waits for whoever holds the environment."""


def register(app: typer.Typer) -> None:
    """Add the commands of this file to `app`."""
    app.command(epilog="Example: idp up local --layer platform")(up)
    app.command(epilog="Example: idp preview dev.workspaces --json")(preview)
    app.command(epilog="Example: idp down mr-42 --i-know mr-42")(down)
    app.command(epilog="Example: idp status local")(status)
    app.command(epilog="Example: idp outputs local --json")(outputs)


def up(
    env: EnvironmentName, layer: Layer = None, refresh: Refresh = False, wait: Wait = WAIT, as_json: Json = False
) -> None:
    """Bring an environment to what its file and the code say; run again, it changes nothing."""
    with (
        open_session(env, layer, display.note, cluster.check) as session,
        exclusively(session, f"idp up {env}", wait, display.note),
        readiness.started(session, display.note) as ready,
    ):
        results = _run(ready, lambda watch: orchestration.up(ready, watch, refresh=refresh))
        _show(session.environment, results, as_json)
        if not as_json:
            display.next_steps(session.environment.name, results, cluster.kubeconfig(session))


def preview(env: EnvironmentName, layer: Layer = None, as_json: Json = False) -> None:
    """Say what `up` would change, and what the policies say to it; changes nothing."""
    with open_session(env, layer, display.note) as session:
        ready = readiness.required(session, display.note)
        results = _run(ready, lambda watch: orchestration.preview(ready, watch))
        for missing in [name for name in session.chosen if name not in {result.layer for result in results}]:
            display.note(f"{missing}: previewed once {', '.join(session.graph[missing])} stands; it reads its outputs")
        _show(session.environment, results, as_json)


def down(
    env: EnvironmentName,
    layer: Layer = None,
    i_know: IKnow = None,
    refresh: Refresh = False,
    wait: Wait = WAIT,
    as_json: Json = False,
) -> None:
    """Remove every resource of an environment, the upper layers first. The local servers themselves go on running."""
    with (
        open_session(
            env, layer, display.note, lambda found, _: _check_known(found, i_know), every_layer=True
        ) as session,
        exclusively(session, f"idp down {env}", wait, display.note),
    ):
        unprotect = i_know is not None
        cluster.require(session)
        standing = orchestration.check_removable(session, unprotect=unprotect)
        # What was never there needs neither a plugin nor a server to be removed.
        with readiness.started(replace(session, chosen=tuple(standing)), display.note) as ready:
            results = _run(ready, lambda watch: orchestration.down(ready, watch, refresh=refresh, unprotect=unprotect))
        _show(session.environment, results, as_json)


def status(env: EnvironmentName, as_json: Json = False) -> None:
    """Show which layers stand, since when, and how many resources each has."""
    with open_session(env, None, display.note) as session:
        found = session.layers.summaries()
    rows = {
        name: {"updated": found[name].updated, "resources": found[name].resources}
        if name in found
        else {"updated": None, "resources": 0}
        for name in LAYERS
        if name in session.graph or name in found
    }
    if as_json:
        typer.echo(json.dumps({"environment": session.environment.name, "layers": rows}, indent=2))
        return
    shown = [(name, str(row["resources"]), str(row["updated"] or "never")) for name, row in rows.items()]
    display.table(f"environment {session.environment.name}", ("layer", "resources", "last update (UTC)"), shown)


def outputs(env: EnvironmentName, layer: Layer = None, as_json: Json = False) -> None:
    """Show what the layers export; secrets are shown as [secret]."""
    with open_session(env, layer, display.note) as session:
        found = {name: session.layers.outputs(name) for name in session.chosen}
    if as_json:
        typer.echo(json.dumps({"environment": session.environment.name, "layers": found}, indent=2))
        return
    rows = [
        (name, key, escape(value if isinstance(value, str) else json.dumps(value)))
        for name, values in found.items()
        for key, value in (values or {}).items()
    ]
    display.table(f"environment {session.environment.name}", ("layer", "output", "value"), rows)


def _check_known(environment: Environment, i_know: str | None) -> None:
    if i_know not in (None, environment.name):
        raise IdpError(f"--i-know: {i_know!r} is not allowed: {environment.name}, what is to be removed", Exit.INVALID)


def _run(session: Session, operation: Callable[[orchestration.Watch], list[Result]]) -> list[Result]:
    with display.watching() as shown, _interruptible(session), guarded(session, display.note):
        return operation(shown.begin)


@contextmanager
def _interruptible(session: Session) -> Iterator[None]:
    """Pass Ctrl-C and the like on to the engines, which stop at the next safe point and write their state."""

    def ask(number: int, _frame: FrameType | None) -> None:
        display.note("interrupted: the engine ends what it is doing; once more ends idp, and the engine alone goes on")
        session.command.interrupt()
        signal.signal(number, signal.default_int_handler)

    previous = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _show(environment: Environment, results: Sequence[Result], as_json: bool) -> None:
    listed = exemptions.listed(environment, results)
    if as_json:
        layers = [_json(result) for result in results]
        shown = {"environment": environment.name, "layers": layers, "exemptions": [vars(one) for one in listed]}
        typer.echo(json.dumps(shown, indent=2))
    else:
        display.summary(environment.name, results)
        if any(result.action != "destroy" for result in results):
            display.exemptions(listed)
    if any(result.refused for result in results):
        raise typer.Exit(Exit.VIOLATION)
    if not all(result.ok for result in results):
        raise typer.Exit(Exit.FAILED)


def _json(result: Result) -> dict[str, object]:
    progress = result.progress
    return {
        "layer": result.layer,
        "action": result.action,
        "ok": result.ok,
        "seconds": round(result.seconds, 2),
        "changes": dict(progress.changes),
        "unchanged": progress.same,
        "outputs_changed": progress.outputs_changed,
        "steps": [vars(step) for step in progress.steps],
        "policies": vars(progress.counts),
        "violations": [vars(violation) for violation in progress.violations],
        "errors": progress.errors,
    }
