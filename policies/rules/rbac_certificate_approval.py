"""Certificates of the cluster are signed by its own controllers."""

from __future__ import annotations

from policies.condition import Not, any_of
from policies.demand import Demand, demands
from policies.rbac import CLUSTER_ROLES, RULES, grants, role
from policies.rule import Rule, Severity

_GROUP = "certificates.k8s.io"
_REQUESTS = ("certificatesigningrequests/approval", "certificatesigningrequests/status")

RULE = Rule(
    id="rbac_certificate_approval",
    title="Roles approve and sign no certificates",
    severity=Severity.CRITICAL,
    why="Who approves a certificate request decides who somebody is to the API server, up to `system:masters`.",
    remedy="Leave approval and signing to the cluster's controllers.",
    standards=("CIS Kubernetes 1.10 5.1.11",),
    types=CLUSTER_ROLES,
    check=demands(
        Demand(
            RULES,
            Not(
                any_of(
                    grants(_GROUP, _REQUESTS, ("update", "patch")), grants(_GROUP, ("signers",), ("approve", "sign"))
                )
            ),
            "approves or signs certificates; allowed are to create, get, list and watch certificatesigningrequests",
        )
    ),
    passing=(role(_GROUP, "certificatesigningrequests", "create", "get"), role(_GROUP, "signers", "attest")),
    failing=(
        role(_GROUP, "certificatesigningrequests/approval", "update"),
        role(_GROUP, "signers", "approve"),
        role(_GROUP, "signers", "sign"),
        role(_GROUP, "certificatesigningrequests/status", "patch"),
        role("*", "*", "*"),
    ),
)
