"""The control plane logs all that it can."""

from __future__ import annotations

from policies.condition import Field, SomeItem, one_of
from policies.demand import ITEM, WHOLE, Demand, demands
from policies.kinds import exactly
from policies.rule import Rule, Severity
from policies.samples import declared

_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
"""All types there are (docs.aws.amazon.com/eks, Send control plane logs to CloudWatch Logs)."""

RULE = Rule(
    id="eks_logging",
    title="The control plane of EKS logs everything",
    severity=Severity.HIGH,
    why="Without the audit log nobody can tell who read which secret; without the others, why.",
    remedy=f"Set `enabled_cluster_log_types` to {', '.join(_TYPES)}.",
    standards=("FSBP 1.0.0 EKS.8", "CIS EKS 1.7.0 2.1.1"),
    types=exactly(Cluster="aws:eks/cluster:Cluster"),
    check=demands(
        *(
            Demand(
                WHOLE,
                SomeItem(Field(ITEM, "enabledClusterLogTypes"), "kind", one_of(Field("kind"), kind)),
                f"lacks `{kind}`; allowed is a list of all types",
                at=("enabledClusterLogTypes",),
            )
            for kind in _TYPES
        )
    ),
    passing=(
        declared("aws:eks/cluster:Cluster", enabledClusterLogTypes=list(_TYPES)),
        declared("aws:eks/cluster:Cluster", enabledClusterLogTypes=[*reversed(_TYPES), "more"]),
    ),
    failing=(
        declared("aws:eks/cluster:Cluster"),
        *(
            declared("aws:eks/cluster:Cluster", enabledClusterLogTypes=[one for one in _TYPES if one != lacking])
            for lacking in _TYPES
        ),
    ),
)
