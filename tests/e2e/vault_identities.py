"""Who asks Vault in pods: jobs that the tests' GitLab signs for, and accounts that the cluster's API server does."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from components.workspace import WORKLOAD
from components.workspace_access import VAULT_MAINTAINER
from tests.vault import world
from tests.vault.expected import Request
from tests.vault.identities import Identity, Intruder, job, jobs_elsewhere, of_gitlab
from tests.vault.judgement import FOREIGN
from tests.vault.signing import Signer

from .vault_environment import AUDIENCE, DEPLOYING, NAMESPACE, PROTECTED, UNPROTECTED, VaultOnPods

HOUR = 3600
_BYTES = 32
"""Of each of the two numbers of a signature on the curve P-256."""

OF_THE_BOOTSTRAP: tuple[Request, ...] = (
    Request("change how the platform's accounts log in", "POST", f"auth/{DEPLOYING}/config"),
    Request("change the role of the deploy identity", "POST", f"auth/{DEPLOYING}/role/idp-deploy"),
    Request("add a role for a platform's account", "POST", f"auth/{DEPLOYING}/role/other"),
    Request("disable the platform's login", "DELETE", f"sys/auth/{DEPLOYING}"),
)
"""What is there beside the layer, and is nobody's to change, not even the deploy identity's."""

PODS = Mapping[str, str]
"""Team -> one of its pods that runs."""


def everybody(
    vault: VaultOnPods, teams: Sequence[str], pods: PODS, maintainers: Mapping[str, str]
) -> Iterator[Identity]:
    """Yield everybody who may log in, and nobody; `maintainers` are tokens by team."""
    for team in teams:
        plain, protected = vault.job(team, UNPROTECTED), vault.job(team, PROTECTED)
        yield Identity("job", team, vault.token("gitlab", f"job-{team}", plain))
        yield Identity("protected-job", team, vault.token("gitlab", f"protected-job-{team}", protected))
        jwt = vault.account(team, WORKLOAD, pod=pods.get(team))
        yield Identity("pod", team, vault.token("kubernetes", f"pod-{team}", jwt))
        yield Identity("maintainer", team, maintainers[team])
    preview = vault.gitlab.sign(job(world.PLATFORM, **UNPROTECTED))
    yield Identity("preview", None, vault.token("gitlab", "idp-preview", preview))
    yield Identity("deploy", None, vault.deployer())
    yield Identity("anonymous", None, None)
    yield Identity("made-up token", None, "hvs.AAAAAAAAAAAAAAAAAAAAAAAA")
    yield Identity(FOREIGN, None, vault.job(teams[0], PROTECTED))
    ended = vault.token("gitlab", f"protected-job-{teams[0]}", vault.job(teams[0], PROTECTED))
    assert vault.call("POST", "auth/token/revoke-self", token=ended).status == 204
    yield Identity("revoked token", None, ended)


def intruders(vault: VaultOnPods, teams: Sequence[str], cluster: bytes) -> Iterator[Intruder]:
    """Yield everybody who may not log in; `cluster` is the key (PEM) that the API server signs with."""
    others = {"somebody else": Signer(vault.gitlab.kid)}
    accounts = {team: vault.account(team, WORKLOAD) for team in teams}
    for team in teams:
        project = world.project(team)
        for kind, more in (("job", UNPROTECTED), ("protected-job", PROTECTED)):
            good = job(project, **more)
            yield from of_gitlab(vault.gitlab, others, f"{kind}-{team}", good)
            elsewhere = {**good, "aud": f"https://vault.{world.NAME}.idp.test"}
            yield Intruder("for another environment's Vault", "gitlab", f"{kind}-{team}", vault.gitlab.sign(elsewhere))
        yield from jobs_elsewhere(vault.gitlab, team, teams, UNPROTECTED, PROTECTED)
        yield Intruder("pod's token", "gitlab", f"protected-job-{team}", accounts[team])
        yield from _pods(vault, team, accounts, cluster)
        yield from _maintainers(vault, team, accounts, cluster)
    yield from of_gitlab(vault.gitlab, others, "idp-preview", job(world.PLATFORM, **UNPROTECTED))
    yield from _deployers(vault, accounts, cluster)


def _pods(vault: VaultOnPods, team: str, accounts: Mapping[str, str], cluster: bytes) -> Iterator[Intruder]:
    role = f"pod-{team}"
    for other, jwt in accounts.items():
        if other != team:
            yield Intruder(f"pod in {other}", "kubernetes", role, jwt)
    for namespace, name in (
        (team, "default"),
        (NAMESPACE, "idp-deploy"),
        (NAMESPACE, "default"),
        ("default", "default"),
    ):
        yield Intruder(f"account {namespace}/{name}", "kubernetes", role, vault.account(namespace, name))
    for audience in ("https://kubernetes.default.svc", AUDIENCE, "vault2"):
        yield Intruder(f"for {audience}", "kubernetes", role, vault.account(team, WORKLOAD, audience))
    yield from _of_the_cluster("kubernetes", role, accounts[team], cluster)
    yield Intruder("job's token", "kubernetes", role, vault.job(team, PROTECTED))


def _maintainers(vault: VaultOnPods, team: str, accounts: Mapping[str, str], cluster: bytes) -> Iterator[Intruder]:
    role = f"maintainer-{team}"
    for other, workload in accounts.items():
        yield Intruder(f"pod of {other}", "kubernetes", role, workload)
        if other != team:
            jwt = vault.account(other, VAULT_MAINTAINER)
            yield Intruder(f"maintainer of {other}", "kubernetes", role, jwt)
    yield from _of_the_cluster("kubernetes", role, vault.account(team, VAULT_MAINTAINER), cluster)


def _deployers(vault: VaultOnPods, accounts: Mapping[str, str], cluster: bytes) -> Iterator[Intruder]:
    role = "idp-deploy"
    for team, jwt in accounts.items():
        yield Intruder(f"pod of {team}", DEPLOYING, role, jwt)
        yield Intruder(f"job of {team}", DEPLOYING, role, vault.job(team, PROTECTED))
        yield Intruder(f"job of {team}", "gitlab", "idp-preview", vault.job(team, PROTECTED))
    for namespace, name in ((NAMESPACE, "default"), (NAMESPACE, "vault"), ("default", "default")):
        yield Intruder(f"account {namespace}/{name}", DEPLOYING, role, vault.account(namespace, name))
    yield Intruder("platform's job", DEPLOYING, role, vault.gitlab.sign(job(world.PLATFORM, **PROTECTED)))
    own = vault.account(NAMESPACE, "idp-deploy")
    yield Intruder("deploy identity", "kubernetes", role, own)
    yield from _of_the_cluster(DEPLOYING, role, own, cluster)
    api = vault.account(NAMESPACE, "idp-deploy", "https://kubernetes.default.svc")
    yield Intruder("for the API server", DEPLOYING, role, api)


def _of_the_cluster(mount: str, role: str, good: str, cluster: bytes) -> Iterator[Intruder]:
    """Yield what is wrong with a token of the cluster whatever the role."""
    now = int(time.time())
    expired = {"iat": now - 2 * HOUR, "nbf": now - 2 * HOUR, "exp": now - HOUR}
    header, claims, seal = good.split(".")
    other = ec.generate_private_key(ec.SECP256R1())
    pem = other.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    yield Intruder("expired", mount, role, resigned(good, cluster, expired))
    yield Intruder("not yet", mount, role, resigned(good, cluster, {"nbf": now + HOUR, "exp": now + 2 * HOUR}))
    yield Intruder("no such account any more", mount, role, resigned(good, cluster, _of_another_account(good)))
    yield Intruder("forged signature", mount, role, resigned(good, pem, {}))
    yield Intruder("no signature", mount, role, f"{header}.{claims}.")
    yield Intruder("claims of another", mount, role, f"{header}.{_encoded({**_decoded(claims), 'jti': 'x'})}.{seal}")


def _of_another_account(token: str) -> dict[str, Any]:
    """Return the claims of an account of the same name that is gone: with another uid."""
    said = _decoded(token.split(".")[1])["kubernetes.io"]
    uid = "00000000-0000-4000-8000-000000000000"
    return {"kubernetes.io": {**said, "serviceaccount": {**said["serviceaccount"], "uid": uid}}}


def resigned(token: str, pem: bytes, changes: Mapping[str, Any]) -> str:
    """Return a token of the cluster (ES256) with other claims, signed with a key in PEM."""
    key = serialization.load_pem_private_key(pem, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    header, claims, _ = token.split(".")
    signed = f"{header}.{_encoded({**_decoded(claims), **changes})}"
    numbers = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signed}.{_text(b''.join(number.to_bytes(_BYTES) for number in numbers))}"


def _decoded(part: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def _encoded(claims: Mapping[str, Any]) -> str:
    return _text(json.dumps(claims).encode())


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
