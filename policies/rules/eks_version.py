"""Clusters run a version of Kubernetes that AWS still mends."""

from __future__ import annotations

from policies.condition import Field, one_of
from policies.demand import ITEM, WHOLE, Demand, demands
from policies.kinds import exactly
from policies.rule import Rule, Severity
from policies.samples import declared

SUPPORTED = ("1.32", "1.33", "1.34", "1.35", "1.36")
"""As of November 2026, extended support counted in: that of 1.31 ends on 2026-11-26, of 1.32 on 2027-03-23.

From docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions: 14 months of standard and 12 of extended support.
"""

RULE = Rule(
    id="eks_version",
    title="EKS runs a supported version of Kubernetes",
    severity=Severity.HIGH,
    why="AWS mends no weakness of an older version, and moves its clusters up at a time of its own.",
    remedy=f"Set `version` to one of {', '.join(SUPPORTED)}; EKS goes up by one minor version at a time.",
    standards=("FSBP 1.0.0 EKS.2",),
    types=exactly(Cluster="aws:eks/cluster:Cluster"),
    check=demands(
        Demand(
            WHOLE,
            # An absent one is the newest on the day that somebody runs the program.
            one_of(Field(ITEM, "version"), *SUPPORTED),
            f"is not supported, or not written down; allowed are {', '.join(SUPPORTED)}",
            at=("version",),
        )
    ),
    passing=(*(declared("aws:eks/cluster:Cluster", version=version) for version in SUPPORTED),),
    failing=(
        declared("aws:eks/cluster:Cluster"),
        declared("aws:eks/cluster:Cluster", version="1.31"),
        declared("aws:eks/cluster:Cluster", version="1.3"),
        declared("aws:eks/cluster:Cluster", version=1.33),
    ),
)
