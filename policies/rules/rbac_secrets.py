"""Nobody reads the secrets of every namespace."""

from __future__ import annotations

from policies.condition import Filled, Not, all_of
from policies.demand import Demand, demands
from policies.rbac import CLUSTER_ROLES, NAMES, RULES, grants, role
from policies.rule import Rule, Severity

RULE = Rule(
    id="rbac_secrets",
    title="Secrets are read in one namespace, or by name",
    severity=Severity.CRITICAL,
    why="Who reads every secret of a cluster holds every password in it; list and watch show the content, too.",
    remedy="Use a Role in the namespace whose secrets are needed, or name them in `resourceNames`.",
    standards=(
        "CIS Kubernetes 1.10 5.1.2",
        "CIS EKS 1.7.0 4.1.2",
    ),
    types=CLUSTER_ROLES,
    check=demands(
        Demand(
            RULES,
            Not(all_of(grants("", ("secrets",), ("get", "list", "watch")), Not(Filled(NAMES)))),
            "reads secrets of every namespace; allowed are those in `resourceNames`, or a Role",
        )
    ),
    passing=(
        role("", "secrets", "get", resourceNames=["ca"]),
        role("", "secrets", "create"),
        role("", "configmaps", "get"),
    ),
    failing=(
        role("", "secrets", "get"),
        role("", "secrets", "watch", kind="ClusterRolePatch"),
        role("*", "*", "list"),
        role("", "secrets", "*", resourceNames=[]),
    ),
)
