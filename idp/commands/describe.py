"""`idp tools|schema|env-vars`: what there is, and how other programs use it."""

from __future__ import annotations

import json
import shlex
from typing import Annotated

import typer

import environments
from idp import cloud, cluster, display, toolchain, vault
from idp.commands.options import EnvironmentName, Json
from idp.session import open_session
from idp.toolchain import Missing


def register(app: typer.Typer) -> None:
    """Add the commands of this file to `app`."""
    app.command(epilog="Example: idp tools --ensure")(tools)
    app.command(epilog="Example: idp schema > environments/schema.json")(schema)
    app.command("env-vars", epilog='Example: eval "$(idp env-vars local)" && pulumi up -s local.platform')(env_vars)


def tools(
    ensure: Annotated[bool, typer.Option("--ensure", help="Get or build what is missing first.")] = False,
    as_json: Json = False,
) -> None:
    """List each tool, its version and where it comes from."""
    if ensure:
        toolchain.ensure(display.note)
    found = toolchain.lookup()
    if as_json:
        typer.echo(json.dumps([_row(tool) for tool in found], indent=2))
        return
    display.table("tools", ("tool", "version", "from", "where"), [tuple(_row(tool).values()) for tool in found])


def schema() -> None:
    """Print the JSON Schema of environment files, which editors use to complete them."""
    typer.echo(json.dumps(environments.schema(), indent=2))


def env_vars(env: EnvironmentName, as_json: Json = False) -> None:
    """Print what to export so that stock `pulumi -s ENV.LAYER` does what `idp` does."""
    with open_session(env, None, display.note) as session:
        cloud.install_plugin(session)
        vault.install_plugin(session)
        path = cluster.kubeconfig(session)
        variables = {**session.settings.variables, **({"KUBECONFIG": str(path)} if path else {})}
    if as_json:
        typer.echo(json.dumps(variables, indent=2))
        return
    for name, value in variables.items():
        typer.echo(f"export {name}={shlex.quote(value)}")


def _row(tool: toolchain.Tool | Missing) -> dict[str, str]:
    if isinstance(tool, Missing):
        return {"name": tool.name, "version": tool.wanted, "source": "missing", "path": tool.remedy}
    return {"name": tool.name, "version": tool.version, "source": tool.source, "path": str(tool.path)}
