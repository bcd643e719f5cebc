"""Nobody talks to kubelets past the API server's own rules."""

from __future__ import annotations

from policies.condition import Not
from policies.demand import Demand, demands
from policies.rbac import CLUSTER_ROLES, RULES, grants, role
from policies.rule import Rule, Severity

RULE = Rule(
    id="rbac_node_proxy",
    title="Roles give no way to the kubelets",
    severity=Severity.CRITICAL,
    why="Through `nodes/proxy` one runs commands in every pod of a node, without admission and without an audit entry.",
    remedy="Leave `nodes/proxy` out; take metrics from `nodes/metrics` and `nodes/stats`.",
    standards=(
        "CIS Kubernetes 1.10 5.1.10",
        "CIS EKS 1.8.0 4.1.10",
    ),
    types=CLUSTER_ROLES,
    check=demands(
        Demand(
            RULES,
            Not(grants("", ("nodes/proxy",))),
            "reaches the kubelets; allowed are nodes, nodes/metrics, nodes/stats and nodes/status",
        )
    ),
    passing=(role("", "nodes", "get"), role("", "nodes/metrics", "get"), role("", "services/proxy", "get")),
    failing=(role("", "nodes/proxy", "get"), role("", "*/proxy", "create"), role("*", "*", "list")),
)
