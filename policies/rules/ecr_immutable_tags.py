"""A tag that was pushed once stays what it is."""

from __future__ import annotations

from policies.condition import Field, one_of
from policies.demand import ITEM, WHOLE, Demand, demands
from policies.kinds import exactly
from policies.rule import Rule, Severity
from policies.samples import declared

RULE = Rule(
    id="ecr_immutable_tags",
    title="Tags of images can't be overwritten",
    severity=Severity.MEDIUM,
    why="Whoever may push can put other code under a tag that is deployed already.",
    remedy="Set `image_tag_mutability='IMMUTABLE'`, and push each build under a tag of its own.",
    standards=("FSBP 1.0.0 ECR.2",),
    types=exactly(Repository="aws:ecr/repository:Repository"),
    check=demands(
        Demand(
            WHOLE,
            one_of(Field(ITEM, "imageTagMutability"), "IMMUTABLE"),
            "can be overwritten; allowed is `IMMUTABLE`",
            at=("imageTagMutability",),
        )
    ),
    passing=(
        declared("aws:ecr/repository:Repository", imageTagMutability="IMMUTABLE"),
        declared("aws:ecr/repository:Repository", name="a", imageTagMutability="IMMUTABLE"),
    ),
    failing=(
        declared("aws:ecr/repository:Repository"),
        declared("aws:ecr/repository:Repository", imageTagMutability="MUTABLE"),
        declared("aws:ecr/repository:Repository", imageTagMutability="IMMUTABLE_WITH_EXCLUSION"),
    ),
)
