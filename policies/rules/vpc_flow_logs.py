"""Every VPC writes down who talked to whom."""

from __future__ import annotations

from policies.companions import Companions, identity
from policies.kinds import exactly
from policies.plain import UNKNOWN, Plain, at
from policies.rule import Resource, Severity, StackRule
from policies.samples import declared
from policies.truth import Truth

_VPC, _LOG = "aws:ec2/vpc:Vpc", "aws:ec2/flowLog:FlowLog"


def _refers(log: Resource) -> Plain:
    # A log of one subnet or interface names no VPC.
    vpc = at(log.props, "vpcId")
    return "" if vpc is None else vpc


def _logs(log: Resource) -> Truth:
    kind = at(log.props, "trafficType")
    return None if kind is UNKNOWN else kind in ("ALL", "REJECT")


def _log(vpc: str = "vpc-1", kind: str = "ALL") -> Resource:
    return declared(_LOG, vpcId=vpc, trafficType=kind)


RULE = StackRule(
    id="vpc_flow_logs",
    title="VPCs have flow logs",
    severity=Severity.MEDIUM,
    why="Whoever got in moves on through the network, and only flow logs show where to.",
    remedy="Add a `FlowLog` with `traffic_type='ALL'` (or `REJECT`) for the VPC, in this stack.",
    standards=("FSBP 1.0.0 EC2.6", "CIS AWS 3.0.0 3.7", "CIS AWS 5.0.0 3.7"),
    types=exactly(Vpc=_VPC, FlowLog=_LOG),
    check=Companions(
        "Vpc",
        "FlowLog",
        identity,
        _refers,
        _logs,
        "has no FlowLog in this stack; allowed is one of ALL or REJECT traffic",
    ),
    passing=(
        (),
        (declared(_VPC, id="vpc-1"), _log()),
        (declared(_VPC, arn="arn:aws:ec2:eu-central-1:1:vpc/vpc-1"), _log(kind="REJECT")),
        (declared(_LOG, eniId="eni-1", trafficType="ALL"),),
    ),
    failing=(
        (declared(_VPC, id="vpc-1"),),
        (declared(_VPC, id="vpc-1"), _log("vpc-2")),
        (declared(_VPC, id="vpc-1"), _log(kind="ACCEPT")),
        (declared(_VPC, id="vpc-1"), declared(_LOG, subnetId="subnet-1", trafficType="ALL")),
        (declared(_VPC, arn="arn:aws:ec2:eu-central-1:1:vpc/vpc-1"), _log("vpc-2")),
    ),
)
