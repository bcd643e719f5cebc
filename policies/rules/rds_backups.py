"""Databases can be had back as they were a week ago."""

from __future__ import annotations

from policies.condition import AtLeast, Field, Filled, any_of
from policies.demand import ITEM, WHOLE, Demand, demands
from policies.kinds import exactly
from policies.rule import Rule, Severity
from policies.samples import declared

_INSTANCE, _CLUSTER = "aws:rds/instance:Instance", "aws:rds/cluster:Cluster"
DAYS = 7
"""What FSBP RDS.11 asks for where nobody says otherwise; it leaves out replicas."""

RULE = Rule(
    id="rds_backups",
    title="Databases of RDS have backups of a week",
    severity=Severity.MEDIUM,
    why="A wrong migration on Friday is found on Monday, when yesterday's backup is broken, too.",
    remedy=f"Set `backup_retention_period` to {DAYS} or more.",
    standards=("FSBP 1.0.0 RDS.11",),
    types=exactly(Instance=_INSTANCE, Cluster=_CLUSTER),
    check=demands(
        Demand(
            WHOLE,
            any_of(AtLeast(Field(ITEM, "backupRetentionPeriod"), DAYS), Filled(Field(ITEM, "replicateSourceDb"))),
            f"is short, or missing; allowed are {DAYS} days or more",
            at=("backupRetentionPeriod",),
        )
    ),
    passing=(
        declared(_INSTANCE, backupRetentionPeriod=7),
        declared(_CLUSTER, backupRetentionPeriod=35),
        declared(_INSTANCE, replicateSourceDb="other"),
    ),
    failing=(
        declared(_INSTANCE),
        declared(_INSTANCE, backupRetentionPeriod=0),
        declared(_INSTANCE, backupRetentionPeriod=6),
        declared(_CLUSTER, backupRetentionPeriod=1),
        declared(_INSTANCE, replicateSourceDb=""),
    ),
)
