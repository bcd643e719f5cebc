"""Whatever is made in AWS says whose it is and who pays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policies.kinds import Everything
from policies.plain import UNKNOWN, Plain, at, join
from policies.rule import Finding, NotYetKnown, Resource, Severity, StackRule, Violation
from policies.samples import declared

TAGS = ("cost-centre", "environment", "layer", "owner")


def _check(resources: Sequence[Resource]) -> Iterator[Finding]:
    for resource in resources:
        # What a resource and its provider's default tags come to; a type that can have no tags has no such output.
        if "tagsAll" in resource.props:
            yield from _judge(resource, resource.props["tagsAll"])


def _judge(resource: Resource, tags: Plain) -> Iterator[Finding]:
    if tags is UNKNOWN:
        yield NotYetKnown("tagsAll", resource)
        return
    for key in TAGS:
        value = at(tags, key)
        if value is UNKNOWN:
            yield NotYetKnown(join("tagsAll", key), resource)
        elif not value:
            yield Violation("is missing; allowed is any text", join("tagsAll", key), resource)


_GOOD: dict[str, Plain] = dict.fromkeys(TAGS, "a")


def _vpc(**changes: Plain) -> Resource:
    return declared("aws:ec2/vpc:Vpc", tagsAll={**_GOOD, **changes})


RULE = StackRule(
    id="aws_tags",
    title="Resources of AWS have the platform's tags",
    severity=Severity.LOW,
    why="Nobody answers for what has no owner, and what has no cost centre is everybody's bill.",
    remedy=f"Give the provider `default_tags` with {', '.join(TAGS)}; a resource of its own adds to them.",
    types=Everything("aws"),
    check=_check,
    passing=(
        (),
        (_vpc(Name="a"),),
        (declared("aws:ec2/route:Route"),),
    ),
    failing=(
        (declared("aws:ec2/vpc:Vpc", tagsAll={}),),
        *((_vpc(**{key: None}),) for key in TAGS),
        (_vpc(), declared("aws:kms/key:Key", tagsAll={**_GOOD, "owner": ""})),
        (declared("aws:ec2/vpc:Vpc", tagsAll=None),),
    ),
)
