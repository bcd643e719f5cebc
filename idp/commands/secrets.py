"""`idp secrets list|get|put|delete|undelete|history`: a team's secrets in Vault, for its people."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.markup import escape

from idp import display
from idp.commands.options import Json
from idp.errors import IdpError
from idp.secrets import login, naming, values
from idp.secrets.store import Absent, NotPermitted, TeamSecrets, Version
from idp.session import open_session
from stacks.layers import SECRETS

app = typer.Typer(
    help="A team's secrets in Vault. A value is typed, piped or read from a file, never an argument; it is shown only "
    "where `--field` asks for it.",
    no_args_is_help=True,
)

Env = Annotated[
    str, typer.Argument(metavar="ENV", help="Name of a file in environments/, without .yaml.", show_default=False)
]
Team = Annotated[str, typer.Argument(metavar="TEAM", help="Name of a workspace.", show_default=False)]
Path = Annotated[
    str,
    typer.Argument(
        metavar="PATH", help="Path of the secret; app/ is for pods, ci/ and deploy/ for jobs.", show_default=False
    ),
]
Folder = Annotated[
    str | None, typer.Argument(metavar="[PATH]", help="A folder; without, the whole of it.", show_default=False)
]
Fields = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FIELD...",
        help="Names of fields: each is typed, without being shown; FIELD=- is all of standard input.",
        show_default=False,
    ),
]
FromFile = Annotated[
    list[str] | None, typer.Option("--from-file", metavar="FIELD=FILE", help="A field whose value is a file's text.")
]
Field = Annotated[str | None, typer.Option("--field", metavar="NAME", help="Print the value of this field, alone.")]
Number = Annotated[
    int | None, typer.Option("--version", metavar="NUMBER", min=1, help="Which version; without, the current one.")
]


@app.command("list", epilog="Example: idp secrets list local sample app")
def list_(env: Env, team: Team, path: Folder = None, as_json: Json = False) -> None:
    """List the names of secrets, and of folders, which end in a slash."""
    folder = naming.check_folder(path)
    with _opened(env, team) as store:
        try:
            names = store.names(folder)
        except Absent:
            if folder:
                raise
            names = []
    if as_json:
        _print({"environment": env, "team": team, "path": folder, "names": names})
        return
    for name in names:
        typer.echo(name)
    if not names:
        display.note(f"{team}: has no secrets yet")


@app.command(epilog="Example: idp secrets get local sample app/hello --field greeting")
def get(env: Env, team: Team, path: Path, field: Field = None, version: Number = None, as_json: Json = False) -> None:
    """Show a secret's fields and version; a value, alone, where `--field` names it, without a line's end in a pipe."""
    naming.check_path(path)
    if field is not None:
        naming.check_field(field)
    with _opened(env, team) as store:
        found = _chosen(store.versions(path), path, version)
        about = {"environment": env, "team": team, "path": path, **_about(found)}
        if field is not None:
            _check_readable(found, path)
            value = store.value(path, field, found.number)
            about |= {"field": field, "value": value}
        else:
            about |= {"fields": _fields(store, path, found)}
    if as_json:
        _print(about)
    elif field is not None:
        _print_value(value)
    else:
        _show(team, path, found, about["fields"])


@app.command(epilog="Example: idp secrets put local sample app/hello greeting")
def put(
    env: Env, team: Team, path: Path, fields: Fields = None, from_file: FromFile = None, as_json: Json = False
) -> None:
    """Write fields of a secret and keep its others; refuses to overwrite what somebody else writes meanwhile."""
    naming.check_path(path)
    wanted = values.asked(fields or [], from_file or [])
    content = values.from_files(wanted)
    with _opened(env, team) as store:
        current = _current(store, path)
        if current is not None and not current.readable:
            display.note(f"{path}: version {current.number}: {current.state}: its fields are not taken over")
        content |= values.from_person(wanted, display.note)
        number = store.put(path, content, current)
    written = {"environment": env, "team": team, "path": path, "version": number, "fields": sorted(content)}
    _tell(written, f"{team}: {path}: version {number}: {', '.join(sorted(content))} written", as_json=as_json)


@app.command(epilog="Example: idp secrets delete local sample app/hello")
def delete(env: Env, team: Team, path: Path, version: Number = None, as_json: Json = False) -> None:
    """Delete the current version of a secret, or another; `idp secrets undelete` brings it back."""
    _change(env, team, path, version, as_json=as_json, done="deleted", change=TeamSecrets.delete)


@app.command(epilog="Example: idp secrets undelete local sample app/hello --version 3")
def undelete(env: Env, team: Team, path: Path, version: Number = None, as_json: Json = False) -> None:
    """Bring a deleted version of a secret back."""
    _change(env, team, path, version, as_json=as_json, done="there", change=TeamSecrets.undelete)


@app.command(epilog="Example: idp secrets history local sample app/hello --json")
def history(env: Env, team: Team, path: Path, as_json: Json = False) -> None:
    """Show the versions of a secret: when each was written, and whether it is still there."""
    naming.check_path(path)
    with _opened(env, team) as store:
        found = store.versions(path)
    if as_json:
        rows = [_about(one) for one in found.values()]
        _print({"environment": env, "team": team, "path": path, "versions": rows})
        return
    display.table(
        f"{team}: {path}",
        ("version", "written (UTC)", "state"),
        [(str(one.number), one.created, one.state) for one in found.values()],
    )


@contextmanager
def _opened(env: str, team: str) -> Iterator[TeamSecrets]:
    """Check the team, log in, and yield its secrets; the login ends with the block."""
    try:
        with (
            open_session(env, SECRETS, display.note, lambda found, _: naming.check_team(found, team)) as session,
            login.logged_in(session, team, display.note) as client,
        ):
            yield TeamSecrets(client, team)
    except KeyboardInterrupt:
        raise IdpError("interrupted") from None


def _change(
    env: str,
    team: str,
    path: str,
    version: int | None,
    *,
    as_json: bool,
    done: str,
    change: Callable[[TeamSecrets, str, int], None],
) -> None:
    naming.check_path(path)
    with _opened(env, team) as store:
        found = _chosen(store.versions(path), path, version)
        if found.destroyed:
            raise IdpError(f"{path}: version {found.number}: destroyed: nobody can bring it back")
        change(store, path, found.number)
    told = {"environment": env, "team": team, "path": path, "version": found.number, "state": done}
    _tell(told, f"{team}: {path}: version {found.number}: {done}", as_json=as_json)


def _current(store: TeamSecrets, path: str) -> Version | None:
    try:
        known = store.versions(path)
    except Absent:
        return None
    return known[max(known)] if known else None


def _chosen(known: dict[int, Version], path: str, version: int | None) -> Version:
    wanted = max(known, default=0) if version is None else version
    if wanted not in known:
        there = f"there are {', '.join(map(str, known))}" if known else "there is none"
        raise Absent(f"{path}: version {wanted}: is not there: {there}")
    return known[wanted]


def _check_readable(found: Version, path: str) -> None:
    if not found.readable:
        remedy = "" if found.destroyed else "; `idp secrets undelete` brings it back"
        raise IdpError(f"{path}: version {found.number}: {found.state}{remedy}")


def _fields(store: TeamSecrets, path: str, found: Version) -> list[str] | None:
    """Return the names of fields; None where they can't be seen, which is said."""
    if not found.readable:
        return None
    try:
        return store.fields(path, found.number)
    except NotPermitted:
        display.note(f"{path}: only maintainers see the names of fields")
        return None


def _about(found: Version) -> dict[str, Any]:
    return {
        "version": found.number,
        "created": found.created,
        "deleted": found.deleted,
        "destroyed": found.destroyed,
    }


def _show(team: str, path: str, found: Version, fields: list[str] | None) -> None:
    shown = "not shown" if fields is None else ", ".join(fields)
    rows = [
        ("version", str(found.number)),
        ("written (UTC)", found.created),
        ("state", found.state),
        ("fields", escape(shown)),
    ]
    display.table(f"{team}: {path}", ("what", ""), rows)


def _print_value(value: object) -> None:
    """Print a value as it is, or as JSON if it is no text; a line's end is added for people only."""
    typer.echo(value if isinstance(value, str) else json.dumps(value), nl=sys.stdout.isatty())


def _tell(document: dict[str, Any], line: str, *, as_json: bool) -> None:
    if as_json:
        _print(document)
    else:
        display.out.print(escape(line), soft_wrap=True)


def _print(document: dict[str, Any]) -> None:
    typer.echo(json.dumps(document, indent=2))
