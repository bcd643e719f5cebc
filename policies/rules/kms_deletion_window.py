"""A key that was deleted by mistake can be had back for a month."""

from __future__ import annotations

from policies.condition import AtLeast, Field, absent, any_of
from policies.demand import ITEM, WHOLE, Demand, demands
from policies.kinds import exactly
from policies.rule import Rule, Severity
from policies.samples import declared

DAYS = 30
"""The default and the longest window (docs.aws.amazon.com/kms, ScheduleKeyDeletion)."""

_WINDOW = Field(ITEM, "deletionWindowInDays")

RULE = Rule(
    id="kms_deletion_window",
    title="Keys of KMS wait before they are deleted",
    severity=Severity.MEDIUM,
    why="What a key encrypted is lost with it, and a week goes by before anybody misses last quarter's backup.",
    remedy=f"Leave out `deletion_window_in_days`, or set it to {DAYS}.",
    types=exactly(
        Key="aws:kms/key:Key",
        ExternalKey="aws:kms/externalKey:ExternalKey",
        ReplicaKey="aws:kms/replicaKey:ReplicaKey",
        ReplicaExternalKey="aws:kms/replicaExternalKey:ReplicaExternalKey",
    ),
    check=demands(
        Demand(
            WHOLE,
            any_of(absent(_WINDOW), AtLeast(_WINDOW, DAYS)),
            f"is short; allowed are {DAYS} days, or nothing",
            at=("deletionWindowInDays",),
        )
    ),
    passing=(
        declared("aws:kms/key:Key"),
        declared("aws:kms/key:Key", deletionWindowInDays=30),
    ),
    failing=(
        declared("aws:kms/key:Key", deletionWindowInDays=7),
        declared("aws:kms/externalKey:ExternalKey", deletionWindowInDays=29),
        declared("aws:kms/replicaKey:ReplicaKey", deletionWindowInDays=14),
    ),
)
