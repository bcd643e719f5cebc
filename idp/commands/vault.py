"""`idp vault rotate|snapshot|restore|token ENV`: what people do to an environment's Vault, a command each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated

import typer

from environments import Environment
from idp import cluster, display, vault, vault_database, vault_tasks
from idp.commands.environment import WAIT
from idp.commands.options import EnvironmentName, IKnow, Json, Wait
from idp.errors import Exit, IdpError
from idp.kubectl import Kubectl
from idp.session import Session, exclusively, open_session
from idp.vault_tasks import Ended
from stacks.layers import VAULT_NAMESPACE

app = typer.Typer(
    help="Vault of an environment: other keys, snapshots. Nothing of it takes a secret; only `token` shows one.",
    no_args_is_help=True,
)


class What(StrEnum):
    """What can be rotated."""

    AUTHORITY = "authority"
    SEAL = "seal"
    DATABASE = "database"


@app.command(epilog="Example: idp vault rotate local authority")
def rotate(
    env: EnvironmentName,
    what: Annotated[
        What,
        typer.Argument(
            metavar="WHAT",
            help="authority: what issues the servers' certificates; seal: what Vault is sealed and stored with; "
            "database: the password with which Vault logs in to a team's database.",
            show_default=False,
        ),
    ],
    team: Annotated[
        str | None, typer.Option("--team", metavar="TEAM", help="Whose database: the name of a workspace.")
    ] = None,
    retire: Annotated[
        bool,
        typer.Option(
            "--retire",
            help="Of the seal: no new key, but the old ones open nothing any more. A snapshot from before the last "
            "rotation can't be restored then.",
        ),
    ] = False,
    wait: Wait = WAIT,
    as_json: Json = False,
) -> None:
    """Replace a key or password of Vault; nobody who uses Vault has to do anything, or wait for more than seconds."""
    _check(what, team, retire=retire)
    command = f"idp vault rotate {env} {what.value}"
    if team is not None:
        with _working(env, command, wait, lambda found: vault_database.check(found, team)) as session:
            vault_database.rotate(session, team, display.note)
        _say(f"{team}: Vault alone knows its database's new password", env, as_json)
        return
    with _working(env, command, wait) as session:
        task = vault_tasks.ROTATIONS[what.value]
        ended = vault_tasks.run(_kubectl(session), task, display.note, *(["retire"] if retire else []))
    _show(ended, env, as_json)


@app.command(epilog='Example: VAULT_TOKEN="$(idp vault token local)" pulumi preview -s local.secrets')
def token(env: EnvironmentName) -> None:
    """Print a token of the deploy identity, which configures Vault and reads no team's secrets; it lives 15 minutes."""
    with open_session(env, None, display.note) as session:
        cluster.require(session)
        typer.echo(vault.deploy_token(session))


@app.command(epilog="Example: idp vault snapshot local")
def snapshot(env: EnvironmentName, wait: Wait = WAIT, as_json: Json = False) -> None:
    """Save a snapshot now, where those of every six hours are."""
    with _working(env, f"idp vault snapshot {env}", wait) as session:
        ended = vault_tasks.run(_kubectl(session), vault_tasks.SNAPSHOT, display.note)
    _show(ended, env, as_json)


@app.command(epilog="Example: idp vault restore local --i-know local")
def restore(
    env: EnvironmentName,
    i_know: IKnow = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--snapshot", metavar="NAME", help="Which one, by its name; without, the newest.", show_default=False
        ),
    ] = None,
    wait: Wait = WAIT,
    as_json: Json = False,
) -> None:
    """Empty Vault and put a snapshot in its place: what was written since is lost, and for minutes nobody is served."""
    with _working(env, f"idp vault restore {env}", wait, lambda found: _check_known(found, i_know)) as session:
        ended = vault_tasks.restore(_kubectl(session), display.note, name)
    _show(ended, env, as_json)


def _check(what: What, team: str | None, *, retire: bool) -> None:
    if (what is What.DATABASE) != (team is not None):
        raise IdpError("--team: names whose database it is, and belongs to `database` alone", Exit.INVALID)
    if retire and what is not What.SEAL:
        raise IdpError("--retire: belongs to `seal` alone", Exit.INVALID)


@contextmanager
def _working(
    env: str, command: str, wait: float, check: Callable[[Environment], None] | None = None
) -> Iterator[Session]:
    """Hold the environment: nobody updates Vault while it is worked on. `check` may refuse before anything is done."""

    def allowed(found: Environment, _chosen: tuple[str, ...]) -> None:
        if check is not None:
            check(found)

    with open_session(env, None, display.note, allowed) as session:
        cluster.require(session)
        with exclusively(session, command, wait, display.note):
            yield session


def _check_known(environment: Environment, i_know: str | None) -> None:
    if i_know != environment.name:
        said = "is missing" if i_know is None else f"{i_know!r} is not allowed"
        raise IdpError(f"--i-know: {said}: {environment.name}, whose Vault is emptied", Exit.INVALID)


def _kubectl(session: Session) -> Kubectl:
    found = cluster.kubectl(session, VAULT_NAMESPACE)
    if found is None:
        raise IdpError(f"{session.environment.name}: has no cluster yet; `idp up` makes it", Exit.MISSING)
    return found


def _show(ended: Ended, env: str, as_json: bool) -> None:
    if as_json:
        told = {"environment": env, "job": ended.job, "seconds": round(ended.seconds, 2), "log": list(ended.log)}
        typer.echo(json.dumps(told, indent=2))
        return
    _say(f"job/{ended.job}: done in {ended.seconds:.0f} s", env, as_json)


def _say(line: str, env: str, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"environment": env, "done": line}, indent=2))
    else:
        display.out.print(line, soft_wrap=True)
