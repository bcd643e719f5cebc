"""Subnets hand out no public addresses by themselves."""

from __future__ import annotations

from policies.condition import Field, unset_or
from policies.demand import ITEM, WHOLE, Demand, demands
from policies.kinds import exactly
from policies.rule import Rule, Severity
from policies.samples import declared

RULE = Rule(
    id="ec2_subnet_public_ip",
    title="Subnets give out no public addresses",
    severity=Severity.MEDIUM,
    why="Whatever is started in such a subnet is on the internet, whether its owner thought of it or not.",
    remedy="Leave out `map_public_ip_on_launch`; load balancers and NAT gateways bring addresses of their own.",
    standards=("FSBP 1.0.0 EC2.15",),
    types=exactly(Subnet="aws:ec2/subnet:Subnet", DefaultSubnet="aws:ec2/defaultSubnet:DefaultSubnet"),
    check=demands(
        Demand(
            WHOLE,
            unset_or(Field(ITEM, "mapPublicIpOnLaunch"), False),
            "is true; allowed is false, or nothing",
            at=("mapPublicIpOnLaunch",),
        )
    ),
    passing=(
        declared("aws:ec2/subnet:Subnet"),
        declared("aws:ec2/subnet:Subnet", mapPublicIpOnLaunch=False),
    ),
    failing=(
        declared("aws:ec2/subnet:Subnet", mapPublicIpOnLaunch=True),
        declared("aws:ec2/defaultSubnet:DefaultSubnet", mapPublicIpOnLaunch=True),
    ),
)
