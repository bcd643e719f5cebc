"""`idp local start|stop|status|remove`: the local servers, a Kubernetes cluster and the AWS emulator."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from idp import cloud, cluster, display, lock, removal
from idp.commands.environment import WAIT
from idp.commands.options import Json, Wait
from idp.loopback.cluster import Status
from idp.session import environment_lock

app = typer.Typer(
    help="The local servers: a Kubernetes cluster of one node, in a network namespace of its own, and an AWS emulator.",
    no_args_is_help=True,
)

LOCK = environment_lock("local")
"""Nobody stops the cluster under an update of the environment that lives on it."""


@app.command(epilog="Example: idp local start")
def start(wait: Wait = WAIT, as_json: Json = False) -> None:
    """Start the cluster, or whatever part of it does not run; needs Linux and root. `idp up local` starts the rest."""
    with lock.hold(LOCK, "idp local start", wait, display.note):
        _show(cluster.start_local(display.note), as_json)


@app.command(epilog="Example: idp local stop --purge")
def stop(
    purge: Annotated[bool, typer.Option("--purge", help="Remove its data, logs and credentials, too.")] = False,
    wait: Wait = WAIT,
) -> None:
    """Stop the servers: no process, mount, namespace or bridge of them is left. The emulator forgets everything."""
    with lock.hold(LOCK, "idp local stop", wait, display.note):
        cloud.emulator().stop(display.note, purge=purge)
        cluster.local(display.note).stop(display.note, purge=purge)


@app.command(epilog="Example: idp local remove")
def remove(wait: Wait = WAIT) -> None:
    """Remove the environment `local` with all that belongs to it: servers, data, state, credentials, logs."""
    with lock.hold(LOCK, "idp local remove", wait, display.note):
        removal.remove(display.note)
        # Still held: whoever waits for the lock must not begin in a folder that goes away.
        removal.forget()
    display.out.print("environment local: removed; nothing of it runs or lies anywhere")


@app.command(epilog="Example: idp local status --json")
def status(as_json: Json = False) -> None:
    """Show what of the servers runs, and where their logs are."""
    _show(cluster.local(display.note).status(), as_json)


def _show(found: Status, as_json: bool) -> None:
    aws = cloud.emulator().status()
    if as_json:
        typer.echo(json.dumps({**found.as_json(), "aws": aws.as_json()}, indent=2))
        return
    parts = [(part.name, part.pid, part.running, part.log) for part in found.components]
    rows = [
        (name, str(pid or ""), "running" if running else "[red]stopped[/red]", str(log))
        for name, pid, running, log in (*parts, ("aws emulator", aws.pid, aws.running, aws.log))
    ]
    display.table(
        f"local cluster: {'ready' if found.ready else 'not ready'}", ("component", "pid", "state", "log"), rows
    )
    if found.server:
        display.out.print(f"API server {found.server}, kubeconfig {found.kubeconfig}")
    if aws.endpoint:
        display.out.print(f"AWS emulator {aws.endpoint}")
