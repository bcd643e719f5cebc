"""How people's commands reach an environment's Vault, and log in as the deploy identity."""

from __future__ import annotations

import http.client
import json
import ssl
from dataclasses import dataclass

from idp import cluster, kubectl
from idp.display import note
from idp.errors import Exit, IdpError
from idp.session import Session

_NAMESPACE, _ACCOUNT, _AUDIENCE = "idp-vault", "idp-deploy", "vault"


@dataclass(frozen=True)
class Reach:
    """Where Vault is, as this machine sees it."""

    address: str
    """`https` address."""
    ca: str
    """Certificates to trust, PEM."""


def reach(session: Session) -> Reach:
    """Return where the Vault of the local cluster is; raises `IdpError(MISSING)` if it does not run."""
    port = cluster.local(note).status().forwards.get("vault")
    if port is None:
        raise IdpError(f"{session.environment.name}: Vault can't be reached from here", Exit.MISSING)
    bundle = _kubectl(session).get("configmap", "vault-ca")
    return Reach(f"https://127.0.0.1:{port}", str(bundle["data"]["ca.crt"]))


def deploy_token(session: Session) -> str:
    """Return a token of Vault of the deploy identity, which lives for minutes."""
    jwt = _kubectl(session).run("create", "token", _ACCOUNT, f"--audience={_AUDIENCE}", "--duration=10m").strip()
    found = reach(session)
    host, _, port = found.address.removeprefix("https://").partition(":")
    context = ssl.create_default_context(cadata=found.ca)
    connection = http.client.HTTPSConnection(host, int(port), timeout=60, context=context)
    try:
        connection.request("POST", "/v1/auth/kubernetes/login", json.dumps({"role": _ACCOUNT, "jwt": jwt}))
        answer = connection.getresponse()
        content = json.loads(answer.read())
    except (OSError, http.client.HTTPException) as error:
        raise IdpError(f"{found.address}: no answer: {error}") from None
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise IdpError(f"login as {_ACCOUNT}: {answer.status}")
    return str(content["auth"]["client_token"])


def _kubectl(session: Session) -> kubectl.Kubectl:
    path = cluster.kubeconfig(session)
    if path is None:
        raise IdpError(f"{session.environment.name}: has no cluster yet; `idp up` makes it", Exit.MISSING)
    return kubectl.Kubectl(kubectl.binary(session.settings.variables["PATH"]), path, _NAMESPACE)
