"""The environment's Vault as `idp` reaches it: where it answers, whom to trust, and a token to configure it with."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from environments import Environment
from idp import cluster, paths, plugins
from idp.errors import Exit, IdpError
from idp.files import write
from idp.session import NotReady, Report, Session, uses_loopback
from stacks.layers import SECRETS
from stacks.loopback import vault_record

if TYPE_CHECKING:
    import hvac

NAMESPACE = "idp-vault"
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
    near = uses_loopback(environment) if address is None else urlsplit(address).hostname in ("127.0.0.1", "::1")
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
    given = os.environ.get(TOKEN_VARIABLE)
    if given and not uses_loopback(environment):
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
    begun = said = time.monotonic()
    while True:
        try:
            found = reach(session)
            return _login(found, service_account_token(session, DEPLOY))
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
    session.trust_env = urlsplit(found.address).hostname not in ("127.0.0.1", "::1")
    verify = str(found.ca_file) if found.ca_file else True
    session.verify = verify
    return hvac.Client(url=found.address, token=token, verify=verify, timeout=10, session=session)


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


def service_account_token(session: Session, account: str, namespace: str = NAMESPACE) -> str:
    """Return a token of a service account, made for Vault alone. Raises `NotReady` with the API server's reason."""
    arguments = ("create", "token", account, f"--audience={AUDIENCE}", f"--duration={_JWT_SECONDS}s")
    return _kubectl(session, *arguments, namespace=namespace).strip()


def authority(session: Session, namespace: str = NAMESPACE) -> str:
    """Return what Vault's own certificate must be trusted by (PEM), as a namespace of the cluster has it."""
    found = json.loads(_kubectl(session, "get", "configmap", BUNDLE, "--output=json", namespace=namespace))
    return str(found["data"]["ca.crt"])


def own_address(environment: Environment) -> str:
    """Return where the Vault that the platform runs answers; raises `NotReady` if no port leads there yet."""
    if not uses_loopback(environment):
        # From inside the cluster, where pipelines run.
        return f"https://vault.{NAMESPACE}.svc:8200"
    port = cluster.forwarded("vault")
    if port is None:
        raise NotReady("no port of this machine leads to Vault; `idp local start` opens one")
    return f"https://127.0.0.1:{port}"


def _kubectl(session: Session, *arguments: str, namespace: str = NAMESPACE) -> str:
    """Return what kubectl prints of a namespace. Raises `NotReady` with its reason."""
    kubeconfig = cluster.kubeconfig(session)
    if kubeconfig is None:
        raise NotReady("the cluster does not stand yet")
    context = session.environment.cluster.context
    command = [
        shutil.which("kubectl", path=session.settings.variables.get("PATH")) or "kubectl",
        f"--kubeconfig={kubeconfig}",
        *([f"--context={context}"] if context else []),
        f"--namespace={namespace}",
        *arguments,
    ]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=_KUBECTL_SECONDS,
            check=False,
            cwd=paths.ROOT,
            # Nobody but Vault has a use for its tokens.
            env={name: value for name, value in os.environ.items() if name != TOKEN_VARIABLE},
        )
    except subprocess.TimeoutExpired:
        raise NotReady(f"kubectl {arguments[0]} {arguments[1]}: no answer") from None
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise NotReady(lines[-1] if lines else f"kubectl {arguments[0]} {arguments[1]}: exit code {done.returncode}")
    return done.stdout
