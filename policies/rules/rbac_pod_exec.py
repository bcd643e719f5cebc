"""Who enters pods enters those of one namespace."""

from __future__ import annotations

from policies.condition import Not
from policies.demand import Demand, demands
from policies.rbac import CLUSTER_ROLES, RULES, grants, role
from policies.rule import Rule, Severity

_WAYS = ("pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "pods/ephemeralcontainers", "services/proxy")

RULE = Rule(
    id="rbac_pod_exec",
    title="Pods are entered with rights in one namespace only",
    severity=Severity.HIGH,
    why="A shell in every pod is every service account and every secret that any of them holds.",
    remedy="Use a Role in each namespace where somebody debugs.",
    standards=(),
    types=CLUSTER_ROLES,
    check=demands(
        Demand(
            RULES,
            Not(grants("", _WAYS, ("get", "create", "update", "patch"))),
            "enters pods of every namespace; allowed is to enter them with a Role",
        )
    ),
    passing=(role("", "pods/log", "get"), role("", "pods", "get"), role("", "pods/exec", "list")),
    failing=(
        role("", "pods/exec", "create"),
        role("", "pods/exec", "get"),
        role("", "*/ephemeralcontainers", "patch"),
        role("", "*", "*"),
    ),
)
