"""How people log in to an environment's Vault. Their tokens are kept in memory only, and end with the command."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from idp import cluster, vault
from idp.errors import IdpError
from idp.files import write
from idp.secrets import browser
from idp.secrets.store import telling
from idp.session import NotReady, Report, Session, uses_loopback

if TYPE_CHECKING:
    import hvac

ACCOUNT = "vault-maintainer"
"""Service account of each workspace whose tokens its maintainers may ask for (components/workspace_access.py)."""

MOUNT = "kubernetes"
"""Auth method of the workspaces' service accounts (components/vault/paths.py)."""


@contextmanager
def logged_in(session: Session, team: str, report: Report) -> Iterator[hvac.Client]:
    """Yield a client that may what the person may: by `VAULT_TOKEN`, the identity provider, or the team's cluster.

    Raises `IdpError` where nobody can, or may, log in.
    """
    with TemporaryDirectory() as folder:
        found = _reach(session, team, Path(folder))
        given = os.environ.get(vault.TOKEN_VARIABLE)
        if given and not uses_loopback(session.environment):
            yield vault.client(found, given)
            return
        client = vault.client(found)
        with telling(found.address):
            client.token = _token(session, team, client, report)
        try:
            yield client
        finally:
            _revoke(client, report)


def _token(session: Session, team: str, client: hvac.Client, report: Report) -> str:
    if not session.environment.people_come_through_cluster():
        return browser.token(client, report)
    try:
        jwt = vault.service_account_token(session, ACCOUNT, namespace=team)
    except NotReady as error:
        raise IdpError(f"{team}: login: only maintainers may, through the cluster: {error}") from None
    answer = client.auth.kubernetes.login(role=f"maintainer-{team}", jwt=jwt, use_token=False, mount_point=MOUNT)
    return str(answer["auth"]["client_token"])


def _revoke(client: hvac.Client, report: Report) -> None:
    try:
        with telling(client.url):
            client.auth.token.revoke_self()
    except IdpError as error:
        report(f"the login could not be ended, and ends by itself within an hour: {error}")


def _reach(session: Session, team: str, folder: Path) -> vault.Reach:
    """Return where Vault answers, its authority in a file that ends with the command.

    The team's copy of that is not for the engine: its maintainers can change it.
    """
    environment = session.environment
    if environment.secrets is not None and environment.secrets.address is not None:
        return vault.reach(session)
    cluster.require(session)
    try:
        authority = vault.authority(session)
    except NotReady as first:
        try:
            # Who may not look at Vault's namespace finds it in the team's own.
            authority = vault.authority(session, namespace=team)
        except NotReady:
            raise first from None
    write(folder / "ca.crt", authority)
    return vault.Reach(vault.own_address(environment), folder / "ca.crt")
