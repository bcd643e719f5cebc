"""The password with which Vault logs in to a team's database: replaced, and then known to Vault alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from environments import Environment
from idp import vault
from idp.errors import Exit, IdpError
from idp.session import Report, Session

if TYPE_CHECKING:
    import hvac

CONNECTION = "postgresql"
"""Name of the connection in a team's engine `team/TEAM/database` (docs/secrets.md)."""


def check(environment: Environment, team: str) -> None:
    """Raise `IdpError(INVALID)` for a team without a database."""
    with_one = [one.name for one in environment.workspaces if one.database is not None]
    if team not in with_one:
        allowed = ", ".join(with_one) or "none of the environment's workspaces has a database"
        raise IdpError(f"--team: {team!r} is not allowed: {allowed}", Exit.INVALID)


def rotate(session: Session, team: str, report: Report) -> None:
    """Have Vault set a new password for its own login, as the deploy identity; `IdpError` has what it says."""
    check(session.environment, team)
    token = vault.deploy_token(session)
    report(f"team/{team}/database: new password for Vault's own login")
    rotate_with(vault.client(vault.reach(session), token), team)


def rotate_with(client: hvac.Client, team: str) -> None:
    """Do so with a client of Vault that is logged in; raises `IdpError` with what Vault says."""
    import hvac.exceptions
    import requests

    mount = f"team/{team}/database"
    try:
        client.adapter.post(f"/v1/{mount}/rotate-root/{CONNECTION}")
    except requests.RequestException as error:
        raise IdpError(f"{client.url}: no answer ({type(error).__name__})") from None
    except hvac.exceptions.VaultError as error:
        said = "; ".join(error.errors or [type(error).__name__]).splitlines()[0]
        raise IdpError(f"{mount}: {said}") from None
