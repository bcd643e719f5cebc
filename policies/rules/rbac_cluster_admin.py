"""Nobody is bound to every right there is."""

from __future__ import annotations

from policies.condition import Field, Not, all_of, one_of
from policies.demand import ITEM, WHOLE, Demand, demands
from policies.rbac import BINDINGS, binding
from policies.rule import Rule, Severity

_NAME = ("roleRef", "name")
_EVERYTHING = all_of(one_of(Field(ITEM, *_NAME), "cluster-admin"), Not(one_of(Field(ITEM, "roleRef", "kind"), "Role")))

RULE = Rule(
    id="rbac_cluster_admin",
    title="Nobody is bound to cluster-admin",
    severity=Severity.CRITICAL,
    why="What runs as `cluster-admin` takes the whole cluster with it when it falls.",
    remedy="Bind to a role that lists what is needed; people who run the cluster come in by its access entries.",
    standards=("CIS Kubernetes 1.10 5.1.1", "CIS EKS 1.7.0 4.1.1"),
    types=BINDINGS,
    check=demands(
        Demand(WHOLE, Not(_EVERYTHING), "gives every right; allowed is any role but `cluster-admin`", at=_NAME)
    ),
    passing=(binding("team-a"), binding("team-a", "cluster-admin", kind="RoleBinding", to="Role")),
    failing=(
        binding("team-a", "cluster-admin"),
        binding("team-a", "cluster-admin", kind="RoleBinding"),
        binding("team-a", "cluster-admin", kind="ClusterRoleBindingPatch"),
    ),
)
