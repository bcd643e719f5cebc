"""Databases are encrypted."""

from __future__ import annotations

from policies.condition import Field, Filled, any_of, one_of
from policies.demand import ITEM, WHOLE, Demand, demands
from policies.kinds import exactly
from policies.rule import Rule, Severity
from policies.samples import declared

_INSTANCE, _CLUSTER = "aws:rds/instance:Instance", "aws:rds/cluster:Cluster"

RULE = Rule(
    id="rds_encryption",
    title="Databases of RDS are encrypted",
    severity=Severity.HIGH,
    why="An unencrypted database has unencrypted backups, and can be encrypted later only by making it anew.",
    remedy="Set `storage_encrypted=True`, best with a `kms_key_id`.",
    standards=("FSBP 1.0.0 RDS.3", "FSBP 1.0.0 RDS.27", "CIS AWS 3.0.0 2.3.1", "CIS AWS 5.0.0 2.2.1"),
    types=exactly(Instance=_INSTANCE, Cluster=_CLUSTER),
    check=demands(
        Demand(
            WHOLE,
            # A replica, or what is restored, is as its source is where nothing else is said.
            any_of(one_of(Field(ITEM, "storageEncrypted"), True), Filled(Field(ITEM, "replicateSourceDb"))),
            "is not on; allowed is true",
            at=("storageEncrypted",),
        )
    ),
    passing=(
        declared(_INSTANCE, storageEncrypted=True),
        declared(_INSTANCE, replicateSourceDb="other"),
        declared(_CLUSTER, storageEncrypted=True),
    ),
    failing=(
        declared(_INSTANCE),
        declared(_INSTANCE, storageEncrypted=False),
        declared(_INSTANCE, replicateSourceDb=""),
        declared(_CLUSTER),
        declared(_CLUSTER, storageEncrypted=False),
    ),
)
