"""The environment's Vault as `idp` reaches it: where it answers, whom to trust, and a token to configure it with."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from environments import Environment
from idp import cluster, plugins
from idp.errors import Exit, IdpError
from idp.files import write
from idp.kubectl import KubectlError
from idp.session import NotReady, Report, Session, uses_loopback
from stacks.layers import SECRETS, VAULT_NAMESPACE
from stacks.loopback import vault_record

if TYPE_CHECKING:
    import hvac

Answer = TypeVar("Answer")

BUNDLE = "vault-ca"
"""ConfigMap with `ca.crt`, what clients trust."""
DEPLOY = "idp-deploy"
"""Service account, and role, of who configures Vault."""
MOUNT = "idp-kubernetes"
"""Auth method of the platform's own service accounts."""
AUDIENCE = "vault"
"""The names that the initialisation gives (components/vault_server, tools/vault-bootstrap)."""

TOKEN_VARIABLE = "VAULT_TOKEN"  # noqa: S105 (a name)

PLUGIN = "vault"
MODULE = "idp.loopback.vault.plugin"

SOON = 5.0
"""Seconds to wait for a Vault that should be there."""
_JWT_SECONDS = 600
"""Life of a service account's token: the shortest that Kubernetes gives."""
_KUBECTL_SECONDS = 30.0
_POLL = 0.5
_SAY = 10.0


@dataclass(frozen=True)
class Reach:
    """Where Vault answers from here."""

    address: str
    """URL, `https://HOST:PORT`."""
    ca_file: Path | None
    """What is trusted (PEM); None is what this machine trusts."""


def own(environment: Environment) -> bool:
    """Return whether the platform runs the environment's Vault."""
    return environment.platform.vault is not None


def install_plugin(session: Session) -> bool:
    """Put the plugin into the environment's own PULUMI_HOME; return whether there is one.

    The loopback plugin speaks to a Vault on this machine only.
    """
    environment = session.environment
    address = environment.secrets.address if environment.secrets else None
    near = uses_loopback(environment) if address is None else _is_here(address)
    return plugins.provide(session, PLUGIN, MODULE if near else None)


def require_plugin(session: Session) -> None:
    """Raise `IdpError(MISSING)` if the chosen layers need a plugin that this machine lacks."""
    if SECRETS in session.chosen and not install_plugin(session):
        raise plugins.missing(session.environment.name, PLUGIN)


def reach(session: Session) -> Reach:
    """Return where the environment's Vault answers; what it must be trusted by is fetched from the cluster.

    Raises `NotReady` if the cluster has it not (yet), `IdpError(INVALID)` if the environment has no Vault.
    """
    environment = session.environment
    secrets = environment.secrets
    if secrets is not None and secrets.address is not None:
        return Reach(secrets.address, Path(secrets.ca_file) if secrets.ca_file else None)
    if not own(environment):
        raise IdpError(f"{environment.name}: platform.vault: null is not allowed here: there is no Vault", Exit.INVALID)
    trusted = authority(session)
    record = vault_record(environment.name)
    ca_file = record.with_suffix(".crt")
    record.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write(ca_file, trusted)
    address = own_address(environment)
    write(record, json.dumps({"address": address, "ca_file": str(ca_file)}))
    return Reach(address, ca_file)


def entrust(session: Session, patience: float, report: Report) -> None:
    """Give the engine what it needs for the layer `secrets`: the record of `reach`, and a token that lives for minutes.

    Waits up to `patience` seconds for Vault. Raises `NotReady`; `IdpError(MISSING)` where the token is for somebody
    else to give.
    """
    environment = session.environment
    # The one for the Vault of another environment opens nothing in that of this machine.
    ours = own(environment) and uses_loopback(environment)
    if os.environ.get(TOKEN_VARIABLE) and not ours:
        _patiently(lambda: reach(session), patience, report)
        return
    if not own(environment):
        raise IdpError(
            f"{environment.name}: {TOKEN_VARIABLE}: not set; a token that may configure Vault is needed", Exit.MISSING
        )
    session.layers.entrust(SECRETS, {TOKEN_VARIABLE: deploy_token(session, patience, report)})


def deploy_token(session: Session, patience: float = SOON, report: Report = lambda _line: None) -> str:
    """Return a new token of the deploy identity, good for 15 minutes; waits up to `patience` seconds for Vault.

    Raises `NotReady` with the last reason.
    """
    return _patiently(lambda: _login(reach(session), service_account_token(session, DEPLOY)), patience, report)


def _patiently(ask: Callable[[], Answer], patience: float, report: Report) -> Answer:
    """Return the answer, asked for again while it is `NotReady`, for up to `patience` seconds."""
    begun = said = time.monotonic()
    while True:
        try:
            return ask()
        except NotReady as error:
            now = time.monotonic()
            if now - begun >= patience:
                raise
            if now - said >= _SAY:
                report(f"waiting for Vault: {error}")
                said = now
        time.sleep(_POLL)


def client(found: Reach, token: str | None = None) -> hvac.Client:
    """Return a client of Vault's API."""
    import hvac
    import requests

    session = requests.Session()
    # A proxy that an environment variable names has no business with our own machine.
    session.trust_env = not _is_here(found.address)
    verify = str(found.ca_file) if found.ca_file else True
    session.verify = verify
    # Without one, hvac would send whatever token it finds around, to whichever Vault this is.
    return hvac.Client(url=found.address, token=token or "", verify=verify, timeout=10, session=session)


def _login(found: Reach, jwt: str) -> str:
    import hvac.exceptions
    import requests

    try:
        answer: dict[str, Any] = client(found).auth.kubernetes.login(role=DEPLOY, jwt=jwt, mount_point=MOUNT)
    except requests.RequestException as error:
        raise NotReady(f"{found.address}: no answer ({type(error).__name__})") from None
    except hvac.exceptions.VaultError as error:
        raise NotReady(
            f"{found.address}: login as {DEPLOY}: {'; '.join(error.errors or [type(error).__name__])}"
        ) from None
    return str(answer["auth"]["client_token"])


def service_account_token(session: Session, account: str, namespace: str = VAULT_NAMESPACE) -> str:
    """Return a token of a service account, made for Vault alone. Raises `NotReady` with the API server's reason."""
    asked = ("create", "token", account, f"--audience={AUDIENCE}", f"--duration={_JWT_SECONDS}s")
    return _asked(session, namespace, *asked).strip()


def authority(session: Session, namespace: str = VAULT_NAMESPACE) -> str:
    """Return what Vault's own certificate must be trusted by (PEM), as a namespace of the cluster has it."""
    found = json.loads(_asked(session, namespace, "get", "configmap", BUNDLE, "--output=json"))
    trusted = (found.get("data") or {}).get("ca.crt")
    if not trusted:
        raise NotReady(f"configmap {namespace}/{BUNDLE}: no ca.crt in it yet")
    return str(trusted)


def own_address(environment: Environment) -> str:
    """Return where the Vault that the platform runs answers; raises `NotReady` if no port leads there yet."""
    if not uses_loopback(environment):
        # From inside the cluster, where pipelines run.
        return f"https://vault.{VAULT_NAMESPACE}.svc:8200"
    port = cluster.forwarded("vault")
    if port is None:
        raise NotReady("no port of this machine leads to Vault; `idp local start` opens one")
    return f"https://127.0.0.1:{port}"


def _asked(session: Session, namespace: str, *arguments: str) -> str:
    """Return what kubectl prints of a namespace. Raises `NotReady` with its reason."""
    kubectl = cluster.kubectl(session, namespace, _KUBECTL_SECONDS)
    if kubectl is None:
        raise NotReady("the cluster does not stand yet")
    try:
        return kubectl.run(*arguments)
    except KubectlError as error:
        raise NotReady(str(error)) from None


def _is_here(address: str) -> bool:
    """Return whether a URL leads to this machine."""
    return urlsplit(address).hostname in ("127.0.0.1", "::1")
