"""Machines have no public addresses."""

from __future__ import annotations

from policies.condition import Field, any_of, one_of, unset_or
from policies.demand import ITEM, WHOLE, Demand, demands, items
from policies.kinds import exactly
from policies.rule import Rule, Severity
from policies.samples import declared

_TEMPLATE, _INSTANCE, _CONFIGURATION = (
    "aws:ec2/launchTemplate:LaunchTemplate",
    "aws:ec2/instance:Instance",
    "aws:ec2/launchConfiguration:LaunchConfiguration",
)
_SAYS = "is true; allowed is false, or nothing"
_KEY = "associatePublicIpAddress"

RULE = Rule(
    id="ec2_public_ip",
    title="Machines get no public address",
    severity=Severity.HIGH,
    why="A public address puts every open port of the machine on the internet, one security group away.",
    remedy="Leave out `associate_public_ip_address`; let traffic in through a load balancer, out through NAT.",
    standards=("FSBP 1.0.0 EC2.9", "FSBP 1.0.0 EC2.25", "FSBP 1.0.0 AutoScaling.5"),
    types=exactly(LaunchTemplate=_TEMPLATE, Instance=_INSTANCE, LaunchConfiguration=_CONFIGURATION),
    check=demands(
        Demand(WHOLE, unset_or(Field(ITEM, _KEY), False), _SAYS, at=(_KEY,)),
        # A template's flags are texts in the SDK of AWS.
        Demand(
            items("networkInterfaces"),
            any_of(unset_or(Field(ITEM, _KEY), False), one_of(Field(ITEM, _KEY), "false", "")),
            _SAYS,
            at=(_KEY,),
        ),
    ),
    passing=(
        declared(_TEMPLATE),
        declared(_TEMPLATE, networkInterfaces=[{}, {_KEY: "false"}, {_KEY: False}]),
        declared(_INSTANCE, **{_KEY: False}),
    ),
    failing=(
        declared(_TEMPLATE, networkInterfaces=[{}, {_KEY: "true"}]),
        declared(_TEMPLATE, networkInterfaces=[{_KEY: True}]),
        declared(_INSTANCE, **{_KEY: True}),
        declared(_CONFIGURATION, **{_KEY: True}),
    ),
)
