"""Databases refuse to be deleted."""

from __future__ import annotations

from policies.condition import Field, one_of
from policies.demand import ITEM, WHOLE, Demand, demands
from policies.kinds import exactly
from policies.rule import Rule, Severity
from policies.samples import declared

_INSTANCE, _CLUSTER = "aws:rds/instance:Instance", "aws:rds/cluster:Cluster"

RULE = Rule(
    id="rds_deletion_protection",
    title="Databases of RDS are protected from deletion",
    severity=Severity.MEDIUM,
    why="A renamed property replaces a database, and one confirmation in the console deletes it.",
    remedy="Set `deletion_protection=True`; take it off in an update of its own before a deletion.",
    standards=("FSBP 1.0.0 RDS.7", "FSBP 1.0.0 RDS.8"),
    types=exactly(Instance=_INSTANCE, Cluster=_CLUSTER),
    check=demands(
        Demand(
            WHOLE,
            one_of(Field(ITEM, "deletionProtection"), True),
            "is not on; allowed is true",
            at=("deletionProtection",),
        )
    ),
    passing=(
        declared(_INSTANCE, deletionProtection=True),
        declared(_CLUSTER, deletionProtection=True),
    ),
    failing=(
        declared(_INSTANCE),
        declared(_INSTANCE, deletionProtection=False),
        declared(_CLUSTER),
    ),
)
