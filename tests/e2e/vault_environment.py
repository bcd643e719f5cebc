"""A local environment with Vault in pods and the teams of `tests.vault`: its file, and Vault as it is reached there."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import requests
import yaml

from environments import Environment
from environments.loading import parse
from tests.vault import world
from tests.vault.identities import job
from tests.vault.server import Answer
from tests.vault.signing import Signer

from .checkout import REPOSITORY, Checkout
from .kubectl import SAMPLE, Kubectl

NAME = "local"
NAMESPACE = "idp-vault"
AUDIENCE = "https://vault.idp.test"
"""Of `platform.dns_domain` in the committed file."""
DEPLOYING = "idp-kubernetes"
"""Mount of the deploy identity's login, which the bootstrap makes."""

UNPROTECTED = {"aud": AUDIENCE}
PROTECTED = {"aud": AUDIENCE, "ref": "main", "ref_protected": "true", "environment": NAME}
"""What jobs of this environment say, instead of what those of `world.NAME` say."""

BUSY = 429
_TRIES = 60
_PAUSE = 0.25
"""Seconds to wait before what was refused by a rate limit is asked again."""


def text(gitlab: Signer, teams: Sequence[str], service_of: str) -> str:
    """Return the committed file with these teams, a GitLab that signs with this key, and one service with a secret.

    No foundation: nothing here is about a cloud.
    """
    document = yaml.safe_load((REPOSITORY / "environments/local.yaml").read_text())
    del document["foundation"]
    defaults = document["workspaces"][0]["container_defaults"]
    service = document["workspaces"][0]["services"][0]
    document["secrets"]["gitlab"] = {
        "url": world.ISSUER,
        "projects": [world.PLATFORM],
        "public_keys": [gitlab.pem()],
    }
    document["workspaces"] = [_workspace(team, defaults, [service] if team == service_of else []) for team in teams]
    return yaml.safe_dump(document, sort_keys=False)


def _workspace(team: str, defaults: Mapping[str, Any], services: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    [described] = yaml.safe_load(world.text("https://vault.invalid.test", "/ca.crt", (team,)))["workspaces"]
    # No database and no account of AWS is near; the others of `tests.vault` have them.
    kept = {name: value for name, value in described.items() if name not in ("database", "aws_role_arn")}
    secrets = [{"file": "canary", "path": "agent", "field": "value", "optional": True}]
    made = [{**service, "image": SAMPLE, "secrets": secrets} for service in services]
    return {**kept, "container_defaults": dict(defaults), **({"services": made} if made else {})}


def model(checkout: Checkout) -> Environment:
    """Return the environment as its file describes it now."""
    return parse(checkout.environment_file.read_bytes(), NAME)


class VaultOnPods:
    """The active server through the port of this machine, trusted by the authority that `idp` fetched."""

    def __init__(self, checkout: Checkout, kubectl: Kubectl, gitlab: Signer) -> None:
        record = json.loads((checkout.root / f".idp/vault/{NAME}.json").read_text())
        self.address: str = record["address"]
        self.certificate = Path(record["ca_file"])
        assert self.address.startswith("https://127.0.0.1:"), self.address
        self.kubectl = kubectl
        self.gitlab = gitlab
        self.busy = 0
        """How often a rate limit let this client wait."""
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = str(self.certificate)

    def call(self, method: str, path: str, body: Any = None, token: str | None = None) -> Answer:  # noqa: ANN401
        """Return the answer; whoever is too fast for the limits of the layer is told so, and asks again."""
        headers = {"X-Vault-Token": token} if token else {}
        for _ in range(_TRIES):
            response = self._session.request(
                method, f"{self.address}/v1/{path}", json=body, headers=headers, timeout=60
            )
            if response.status_code != BUSY:
                return Answer(response.status_code, response.json() if response.content else {})
            self.busy += 1
            time.sleep(_PAUSE)
        raise AssertionError(f"{path}: refused by a limit {_TRIES} times")

    def login(self, mount: str, role: str, jwt: str) -> Answer:
        return self.call("POST", f"auth/{mount}/login", {"role": role, "jwt": jwt})

    def token(self, mount: str, role: str, jwt: str) -> str:
        """Return the token of a login, which must work."""
        answer = self.login(mount, role, jwt)
        assert answer.status == 200, (mount, role, answer.content)
        return str(answer.content["auth"]["client_token"])

    def account(self, namespace: str, name: str, audience: str = "vault", pod: str | None = None) -> str:
        """Return a token of a service account from the API server, bound to a pod if one is named."""
        bound = ["--bound-object-kind=Pod", f"--bound-object-name={pod}"] if pod else []
        ran = self.kubectl(
            "create", "token", name, "-n", namespace, f"--audience={audience}", "--duration=600s", *bound
        )
        assert ran.code == 0, ran
        return ran.out.strip()

    def deployer(self) -> str:
        """Return a token of the deploy identity."""
        return self.token(DEPLOYING, "idp-deploy", self.account(NAMESPACE, "idp-deploy"))

    def job(self, team: str, claims: Mapping[str, Any]) -> str:
        """Return what GitLab signs for a job of a team."""
        return self.gitlab.sign(job(world.project(team), **claims))
