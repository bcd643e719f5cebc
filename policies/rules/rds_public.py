"""Databases have no public address."""

from __future__ import annotations

from policies.condition import Field, unset_or
from policies.demand import ITEM, WHOLE, Demand, demands
from policies.kinds import exactly
from policies.rule import Rule, Severity
from policies.samples import declared

_INSTANCE, _MEMBER = "aws:rds/instance:Instance", "aws:rds/clusterInstance:ClusterInstance"

RULE = Rule(
    id="rds_public",
    title="Databases of RDS are not public",
    severity=Severity.CRITICAL,
    why="A database with a public address is one security group and one guessed password away from everybody.",
    remedy="Leave out `publicly_accessible`, or set it to False.",
    standards=("FSBP 1.0.0 RDS.2", "CIS AWS 3.0.0 2.3.3", "CIS AWS 5.0.0 2.2.3"),
    types=exactly(Instance=_INSTANCE, ClusterInstance=_MEMBER),
    check=demands(
        Demand(
            WHOLE,
            unset_or(Field(ITEM, "publiclyAccessible"), False),
            "is true; allowed is false, or nothing",
            at=("publiclyAccessible",),
        )
    ),
    passing=(
        declared(_INSTANCE),
        declared(_MEMBER, publiclyAccessible=False),
    ),
    failing=(
        declared(_INSTANCE, publiclyAccessible=True),
        declared(_MEMBER, publiclyAccessible=True),
    ),
)
