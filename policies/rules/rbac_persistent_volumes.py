"""Volumes come from storage classes, not from whoever asks."""

from __future__ import annotations

from policies.condition import Not
from policies.demand import Demand, demands
from policies.rbac import CLUSTER_ROLES, RULES, grants, role
from policies.rule import Rule, Severity

RULE = Rule(
    id="rbac_persistent_volumes",
    title="Roles do not make persistent volumes",
    severity=Severity.HIGH,
    why="A persistent volume can be any folder of a node, and no Pod Security level looks into it.",
    remedy="Ask for storage with a PersistentVolumeClaim of a StorageClass; leave volumes to its driver.",
    standards=(
        "CIS Kubernetes 1.10 5.1.9",
        "CIS EKS 1.8.0 4.1.9",
    ),
    types=CLUSTER_ROLES,
    check=demands(
        Demand(
            RULES,
            Not(grants("", ("persistentvolumes",), ("create", "update", "patch"))),
            "makes or changes persistent volumes; allowed are other verbs, or persistentvolumeclaims",
        )
    ),
    passing=(
        role("", "persistentvolumes", "get", "list"),
        role("", "persistentvolumeclaims", "create"),
        role("apps", "deployments", "create"),
    ),
    failing=(
        role("", "persistentvolumes", "create"),
        role("", "*", "get", "patch"),
        role("", "persistentvolumes", "*", kind="ClusterRolePatch"),
    ),
)
