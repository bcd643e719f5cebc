"""Who makes pods makes them in one namespace."""

from __future__ import annotations

from policies.condition import Not, any_of
from policies.demand import Demand, demands
from policies.rbac import CLUSTER_ROLES, RULES, grants, role
from policies.rule import Rule, Severity

_MAKERS = (
    ("", ("pods", "replicationcontrollers")),
    ("apps", ("deployments", "statefulsets", "daemonsets", "replicasets")),
    ("batch", ("jobs", "cronjobs")),
)

RULE = Rule(
    id="rbac_pod_creation",
    title="Pods are made with rights in one namespace only",
    severity=Severity.HIGH,
    why="Who makes pods everywhere runs as every service account of the cluster and mounts every secret of it.",
    remedy="Use a Role in each namespace where pods are made.",
    standards=(
        "CIS Kubernetes 1.10 5.1.4",
        "CIS EKS 1.7.0 4.1.4",
    ),
    types=CLUSTER_ROLES,
    check=demands(
        Demand(
            RULES,
            Not(any_of(*(grants(group, resources, ("create",)) for group, resources in _MAKERS))),
            "makes pods in every namespace; allowed is to make them with a Role",
        )
    ),
    passing=(
        role("", "pods", "get", "list"),
        role("apps", "deployments/scale", "update"),
        role("batch", "cronjobs", "patch"),
    ),
    failing=(
        role("", "pods", "create"),
        role("apps", "daemonsets", "get", "create"),
        role("batch", "*", "create"),
        role("", "*", "*"),
    ),
)
