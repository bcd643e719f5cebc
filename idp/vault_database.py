"""The password with which Vault logs in to a team's database: replaced, and then known to Vault alone."""

from __future__ import annotations

import http.client
import json
import ssl
from urllib.parse import urlsplit

from environments import Environment
from idp import vault
from idp.errors import Exit, IdpError
from idp.session import Report, Session

CONNECTION = "postgresql"
"""Name of the connection in a team's engine `team/TEAM/database` (docs/secrets.md)."""
_SECONDS = 60


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
    found = vault.reach(session)
    report(f"team/{team}/database: new password for Vault's own login")
    rotate_at(found.address, found.ca, token, team)


def rotate_at(address: str, authority: str, token: str, team: str) -> None:
    """Do so at a Vault: its `https` address, and its CA as PEM."""
    parts = urlsplit(address)
    if parts.scheme != "https" or parts.hostname is None:
        raise IdpError(f"address of Vault: {address} is not allowed: https://HOST:PORT", Exit.INVALID)
    context = ssl.create_default_context(cadata=authority)
    connection = http.client.HTTPSConnection(parts.hostname, parts.port or 443, timeout=_SECONDS, context=context)
    path = f"team/{team}/database/rotate-root/{CONNECTION}"
    try:
        connection.request("POST", f"/v1/{path}", headers={"X-Vault-Token": token})
        answer = connection.getresponse()
        content = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise IdpError(f"{address}: no answer: {error}") from None
    finally:
        connection.close()
    if answer.status not in (http.client.OK, http.client.NO_CONTENT):
        raise IdpError(f"{path}: {answer.status}: {_said(content)}")


def _said(content: bytes) -> str:
    """Return the first of Vault's words, in one line."""
    try:
        errors = json.loads(content)["errors"]
        return str(errors[0]).split("\n")[0]
    except (ValueError, KeyError, IndexError, TypeError):
        return "without a reason"
