"""The security group that every VPC comes with lets nothing through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policies.companions import Companions, identity, value
from policies.kinds import exactly
from policies.plain import UNKNOWN, Plain, at
from policies.rule import Finding, NotYetKnown, Resource, Severity, StackRule, Violation
from policies.samples import declared

_VPC, _GROUP = "aws:ec2/vpc:Vpc", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
_DIRECTIONS = ("ingress", "egress")


_missing = Companions(
    "Vpc",
    "DefaultSecurityGroup",
    identity,
    value("vpcId"),
    lambda _group: True,
    "leaves its default security group open; allowed is a VPC with a DefaultSecurityGroup without rules in this stack",
)


def _check(resources: Sequence[Resource]) -> Iterator[Finding]:
    yield from _missing(resources)
    for group in resources:
        for direction in _DIRECTIONS if group.kind == "DefaultSecurityGroup" else ():
            rules = at(group.props, direction)
            if rules is UNKNOWN:
                yield NotYetKnown(direction, group)
            elif rules:
                yield Violation("lets traffic through; allowed are no rules", direction, group)


def _group(vpc: str = "vpc-1", **rules: Plain) -> Resource:
    return declared(_GROUP, vpcId=vpc, **rules)


_OPEN: list[Plain] = [{"protocol": "-1", "fromPort": 0, "toPort": 0, "self": True}]

RULE = StackRule(
    id="vpc_default_security_group",
    title="Default security groups let nothing through",
    severity=Severity.HIGH,
    why="What is started without a security group gets this one, which lets its members in and everything out.",
    remedy="Add a `DefaultSecurityGroup` without `ingress` and `egress` for the VPC, in this stack.",
    standards=("FSBP 1.0.0 EC2.2", "CIS AWS 3.0.0 5.4", "CIS AWS 5.0.0 5.5"),
    types=exactly(Vpc=_VPC, DefaultSecurityGroup=_GROUP),
    check=_check,
    passing=(
        (),
        (declared(_VPC, id="vpc-1"), _group()),
        (declared(_VPC, id="vpc-1"), _group("vpc-2"), _group(ingress=[], egress=[])),
    ),
    failing=(
        (declared(_VPC, id="vpc-1"),),
        (declared(_VPC, id="vpc-1"), _group("vpc-2")),
        (declared(_VPC, id="vpc-1"), _group(ingress=_OPEN)),
        (_group(egress=_OPEN),),
    ),
)
