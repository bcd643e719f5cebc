"""The verdicts that people agreed on: which kind of identity may do what. Written by hand, apart from the policies.

A new team is covered by itself: `OF_A_TEAM` holds for each. Whoever is not named is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

NOBODY: frozenset[str] = frozenset()
PLAIN = "aGVsbG8="
"""`hello`, in base64."""


@dataclass(frozen=True)
class Request:
    """A request, its path with `{team}` in it, and who may make it."""

    name: str
    method: str
    path: str
    own: frozenset[str] = NOBODY
    """Kinds that may, of the team itself."""
    platform: frozenset[str] = NOBODY
    """Kinds of the platform that may."""
    body: Mapping[str, Any] = field(default_factory=dict)
    tells: str = ""
    """Words of a secret that the answer holds when it is let through."""
    refusal: str = ""
    """Words by which Vault refuses, with 400, what whoever may use the path asks for."""


def _request(name: str, verb: str, own: Sequence[str] = (), platform: Sequence[str] = (), **more: Any) -> Request:  # noqa: ANN401
    method, path = verb.split(" ")
    return Request(name, method, path, frozenset(own), frozenset(platform), more.pop("body", {}), **more)


KEEPERS = ("maintainer",)
PEOPLE = ("reader", "developer", "maintainer")
CRYPTING = ("maintainer", "protected-job", "pod")
BOTH = ("preview", "deploy")
ALL = (*PEOPLE, "job", "protected-job", "pod", *BOTH, "nobody in particular")
"""Everybody with a token of Vault: its policy `default` gives a little to each. Ids of leases can't be guessed."""
KV, TRANSIT, DATABASE, AWS = "team/{team}/kv", "team/{team}/transit", "team/{team}/database", "team/{team}/aws"

OF_A_TEAM: tuple[Request, ...] = (
    _request("read a pod's secret", f"GET {KV}/data/app/db", ("maintainer", "pod"), tells="canary-{team}-app"),
    _request(
        "read a job's secret",
        f"GET {KV}/data/ci/token",
        ("maintainer", "job", "protected-job"),
        tells="canary-{team}-ci",
    ),
    _request(
        "read a deploy secret",
        f"GET {KV}/data/deploy/key",
        ("maintainer", "protected-job"),
        tells="canary-{team}-deploy",
    ),
    _request("read people's secret", f"GET {KV}/data/people/root", KEEPERS, tells="canary-{team}-people"),
    _request("read what lies beside", f"GET {KV}/data/application", KEEPERS, tells="canary-{team}-beside"),
    _request("write a pod's secret", f"POST {KV}/data/app/new", KEEPERS, body={"data": {"x": "y"}}),
    _request("change a pod's secret", f"POST {KV}/data/app/new", KEEPERS, body={"data": {"x": "z"}}),
    _request("write a job's secret", f"POST {KV}/data/ci/new", KEEPERS, body={"data": {"x": "y"}}),
    _request("delete a secret", f"DELETE {KV}/data/app/new", KEEPERS),
    _request("destroy a version", f"PUT {KV}/destroy/app/new", KEEPERS, body={"versions": [1]}),
    _request("delete all versions", f"DELETE {KV}/metadata/app/new", KEEPERS),
    _request("list names", f"LIST {KV}/metadata/", PEOPLE),
    _request("list names of pods' secrets", f"LIST {KV}/metadata/app", PEOPLE),
    _request("look at a secret's versions", f"GET {KV}/metadata/app/db", PEOPLE),
    _request("see the names of a secret's fields", f"GET {KV}/subkeys/app/db", KEEPERS),
    _request("see the engine's settings", f"GET {KV}/config", (), BOTH),
    _request("change the engine's settings", f"POST {KV}/config", (), ("deploy",), body={"max_versions": 10}),
    _request("encrypt", f"POST {TRANSIT}/encrypt/main", CRYPTING, body={"plaintext": PLAIN}),
    _request("decrypt", f"POST {TRANSIT}/decrypt/main", CRYPTING, body={"ciphertext": "vault:v1:x"}),
    _request("rotate the key", f"POST {TRANSIT}/keys/main/rotate", KEEPERS),
    _request("look at the key", f"GET {TRANSIT}/keys/main", KEEPERS, BOTH),
    _request(
        "configure the key", f"POST {TRANSIT}/keys/main/config", (), ("deploy",), body={"auto_rotate_period": 7776000}
    ),
    _request("export the key", f"GET {TRANSIT}/export/encryption-key/main"),
    _request("back the key up", f"GET {TRANSIT}/backup/main"),
    _request("encrypt with another key", f"POST {TRANSIT}/encrypt/other", body={"plaintext": PLAIN}),
    _request("user of the database for pods", f"GET {DATABASE}/creds/application", ("pod",)),
    _request("user of the database for people", f"GET {DATABASE}/creds/reader", ("developer", "maintainer")),
    _request("see the database's connection", f"GET {DATABASE}/config/postgresql", (), BOTH),
    _request(
        "point the database elsewhere",
        f"POST {DATABASE}/config/postgresql",
        (),
        ("deploy",),
        body={"plugin_name": "none"},
    ),
    _request("rotate the database's password", f"POST {DATABASE}/rotate-root/postgresql", (), ("deploy",)),
    _request("rotate a password of another connection", f"POST {DATABASE}/rotate-root/other"),
    _request("rotate a user's password", f"POST {DATABASE}/rotate-role/application"),
    _request("see what a user may", f"GET {DATABASE}/roles/application", (), BOTH),
    _request("session of AWS", f"GET {AWS}/sts/deploy", ("protected-job",)),
    _request("user of AWS", f"GET {AWS}/creds/deploy"),
    _request("see the role of AWS", f"GET {AWS}/roles/deploy", (), BOTH),
    _request("read a policy", "GET sys/policies/acl/pod-{team}", (), BOTH),
    _request("write a policy", "PUT sys/policies/acl/pod-{team}", (), ("deploy",)),
    _request("read a job's role", "GET auth/gitlab/role/job-{team}", (), BOTH),
    _request("write a job's role", "POST auth/gitlab/role/job-{team}", (), ("deploy",), body={"role_type": "none"}),
    _request("read a person's role", "GET auth/kubernetes/role/maintainer-{team}", (), BOTH),
    _request(
        "write a person's role",
        "POST auth/kubernetes/role/maintainer-{team}",
        (),
        ("deploy",),
        body={"alias_name_source": "x"},
    ),
    _request("read a pod's role", "GET auth/kubernetes/role/pod-{team}", (), BOTH),
    _request(
        "write a pod's role", "POST auth/kubernetes/role/pod-{team}", (), ("deploy",), body={"alias_name_source": "x"}
    ),
    _request("unmount", "DELETE sys/mounts/team/{team}/none", (), ("deploy",)),
)
"""What is let through is without effect, or harmless: bodies that Vault refuses with another word than "denied"."""

OF_VAULT: tuple[Request, ...] = (
    _request("list audit devices", "GET sys/audit", (), ("deploy",)),
    _request("add an audit device", "PUT sys/audit/other", body={"type": "file", "options": {"file_path": "stdout"}}),
    _request("hash for the audit log", "POST sys/audit-hash/file", body={"input": "x"}),
    _request("list mounts", "GET sys/mounts", (), BOTH),
    _request("mount beside the teams", "POST sys/mounts/other", body={"type": "kv"}),
    _request("remount", "POST sys/remount", body={"from": "team/shop/kv", "to": "other"}),
    _request("list auth methods", "GET sys/auth", (), BOTH),
    _request("see how jobs log in", "GET auth/gitlab/config", (), BOTH),
    _request("change how jobs log in", "POST auth/gitlab/config", (), ("deploy",)),
    _request("see how pods log in", "GET auth/kubernetes/config", (), BOTH),
    _request("see how people log in", "GET auth/people/config", (), BOTH),
    _request("change how the deploy role logs in", "POST auth/deploy/config"),
    _request("change the deploy role", "POST auth/deploy/role/idp-deploy"),
    _request("add an auth method", "POST sys/auth/other", body={"type": "userpass"}),
    _request("list policies", "LIST sys/policies/acl", (), ("deploy",)),
    _request("read the deploy policy", "GET sys/policies/acl/idp-deploy", (), ("preview",)),
    _request("write the deploy policy", "PUT sys/policies/acl/idp-deploy", body={"policy": "{}"}),
    _request("write the root policy", "PUT sys/policies/acl/root", body={"policy": "{}"}),
    _request("write any policy", "PUT sys/policies/acl/other", body={"policy": "{}"}),
    _request("seal", "PUT sys/seal"),
    _request("step down", "PUT sys/step-down"),
    _request("take a snapshot", "GET sys/storage/raft/snapshot"),
    _request("see raft's members", "GET sys/storage/raft/configuration"),
    _request("rotate the barrier's key", "PUT sys/rotate"),
    _request("register a plugin", "PUT sys/plugins/catalog/secret/x", body={"sha256": "00", "command": "x"}),
    _request("look a lease up that nobody has", "PUT sys/leases/lookup", (), ALL, body={"lease_id": "x"}),
    _request("revoke leases of a path", "PUT sys/leases/revoke-prefix/team/shop"),
    _request("list tokens", "LIST auth/token/accessors"),
    _request("make a token", "POST auth/token/create", (), BOTH, body={"ttl": "1m"}),
    _request(
        "make a token of root",
        "POST auth/token/create",
        (),
        BOTH,
        body={"policies": ["root"]},
        refusal="child policies must be subset of parent",
    ),
    _request("make a token without a parent", "POST auth/token/create-orphan"),
    _request("list entities", "LIST identity/entity/id"),
    _request("list groups", "LIST identity/group/id"),
    _request(
        "put somebody into a group", "POST identity/group/name/people-shop-maintainers", body={"policies": ["root"]}
    ),
    _request("certificate", "POST pki/issue/platform", body={"common_name": "a.idp-vault.svc"}),
    _request("certificate of the root", "POST pki-root/issue/platform", body={"common_name": "a.svc"}),
    _request("see the role of certificates", "GET pki/roles/platform", (), BOTH),
    _request("authority's key", "POST pki/issuers/generate/intermediate/exported", body={"common_name": "x"}),
    _request("list certificates", "LIST pki/certs"),
    _request("see a limit", "GET sys/quotas/rate-limit/idp-all", (), BOTH),
    _request("lift all limits", "POST sys/quotas/config"),
    _request("see counters", "GET sys/internal/counters/activity"),
    _request("change headers of the user interface", "PUT sys/config/ui/headers/x"),
    _request("change CORS", "PUT sys/config/cors"),
)


def allowed(request: Request, kind: str, *, own: bool) -> bool:
    """Tell whether an identity of a kind may make a request; `own` is whether it is about its own team."""
    return kind in request.platform or (own and kind in request.own)
