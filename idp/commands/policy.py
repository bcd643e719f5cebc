"""`idp policy`: what is done about the policies of an environment."""

from __future__ import annotations

import typer

from idp.commands.policy_baseline import baseline

app = typer.Typer(help="The rules of the policy pack.", no_args_is_help=True)
app.command(epilog="Example: idp policy baseline dev --layer workspaces")(baseline)


@app.callback()
def _group() -> None:
    """Keep `baseline` a command of its own: a group of one would otherwise be that one."""
