"""The broad roles that every cluster has are given in one namespace at a time."""

from __future__ import annotations

from policies.condition import Field, Not, one_of
from policies.demand import ITEM, WHOLE, Demand, demands
from policies.kinds import kubernetes
from policies.rbac import GROUP, binding
from policies.rule import Rule, Severity

_NAME = ("roleRef", "name")

RULE = Rule(
    id="rbac_cluster_wide_edit",
    title="The roles admin and edit are bound in one namespace only",
    severity=Severity.HIGH,
    why="Both read every secret and make pods: bound in the whole cluster they are no less than `cluster-admin`.",
    remedy="Use a RoleBinding in each namespace, or a role that lists what is needed.",
    standards=(
        "CIS Kubernetes 1.10 5.1.2",
        "CIS Kubernetes 1.10 5.1.4",
        "CIS EKS 1.7.0 4.1.2",
        "CIS EKS 1.7.0 4.1.4",
    ),
    types=kubernetes(ClusterRoleBinding=GROUP),
    check=demands(
        Demand(
            WHOLE,
            Not(one_of(Field(ITEM, *_NAME), "admin", "edit")),
            "is bound in the whole cluster; allowed is any role but `admin` and `edit`",
            at=_NAME,
        )
    ),
    passing=(binding("team-a", "view"), binding("team-a", "edit-nothing")),
    failing=(binding("team-a", "edit"), binding("team-a", "admin", kind="ClusterRoleBindingPatch")),
)
