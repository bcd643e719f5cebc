"""Nodes are in subnets that the internet has no way into."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policies.companions import Answers, identity
from policies.iam import listed
from policies.kinds import exactly
from policies.plain import UNKNOWN, Plain, at
from policies.rule import Finding, NotYetKnown, Resource, Severity, StackRule, Violation
from policies.samples import declared
from policies.truth import Truth, some

_NODES, _SUBNET, _TABLE, _ROUTE, _ASSOCIATION = (
    "aws:eks/nodeGroup:NodeGroup",
    "aws:ec2/subnet:Subnet",
    "aws:ec2/routeTable:RouteTable",
    "aws:ec2/route:Route",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
)
_OTHER_GATEWAYS = ("vgw-", "vpce-", "local")
"""What a route can also name as its gateway: a VPN, an endpoint, the VPC itself."""


def _check(resources: Sequence[Resource]) -> Iterator[Finding]:
    public = _public_subnets(resources)
    for group in _of(resources, "NodeGroup"):
        answer = some(public.of(subnet) for subnet in listed(at(group.props, "subnetIds")))
        if answer is None:
            yield NotYetKnown("subnetIds", group)
        elif answer:
            yield Violation(
                "has a subnet that the internet reaches; allowed are subnets behind NAT, or without a way out",
                "subnetIds",
                group,
            )


def _public_subnets(resources: Sequence[Resource]) -> Answers:
    """Return by id which subnets give out public addresses, or route to an internet gateway."""
    out = Answers([*_routes(resources)])
    gives = [(identity(one), _is_true(at(one.props, "mapPublicIpOnLaunch"))) for one in _of(resources, "Subnet")]
    leads = [
        (at(one.props, "subnetId"), out.of(at(one.props, "routeTableId")))
        for one in _of(resources, "RouteTableAssociation")
    ]
    return Answers([*gives, *leads])


def _routes(resources: Sequence[Resource]) -> Iterator[tuple[Plain, Truth]]:
    """Yield the id of a route table for each of its routes, and whether that leads to an internet gateway."""
    for one in _of(resources, "Route"):
        yield at(one.props, "routeTableId"), _is_to_internet(one.props)
    for one in _of(resources, "RouteTable"):
        for route in listed(at(one.props, "routes")):
            yield identity(one), _is_to_internet(route)


def _is_to_internet(route: Plain) -> Truth:
    gateway = at(route, "gatewayId")
    return None if gateway is UNKNOWN else bool(gateway) and not str(gateway).startswith(_OTHER_GATEWAYS)


def _is_true(value: Plain) -> Truth:
    return None if value is UNKNOWN else value is True


def _of(resources: Sequence[Resource], kind: str) -> Iterator[Resource]:
    return (one for one in resources if one.kind == kind)


_GROUP = declared(_NODES, subnetIds=["subnet-1", "subnet-2"])
_ASSOCIATED = declared(_ASSOCIATION, subnetId="subnet-2", routeTableId="rtb-1")


def _route(table: str = "rtb-1", **target: Plain) -> Resource:
    return declared(_ROUTE, routeTableId=table, **target)


RULE = StackRule(
    id="eks_private_nodes",
    title="Nodes of EKS are in private subnets",
    severity=Severity.HIGH,
    why="A node on the internet shows its kubelet, and every host port of its pods, to everybody.",
    remedy="Put node groups into subnets whose route leads to a NAT gateway and that give out no public addresses.",
    standards=("CIS EKS 1.7.0 5.4.3",),
    types=exactly(
        NodeGroup=_NODES, Subnet=_SUBNET, RouteTable=_TABLE, Route=_ROUTE, RouteTableAssociation=_ASSOCIATION
    ),
    check=_check,
    passing=(
        (),
        (_GROUP,),
        (_GROUP, declared(_SUBNET, id="subnet-1", mapPublicIpOnLaunch=False)),
        (_GROUP, declared(_SUBNET, id="subnet-3", mapPublicIpOnLaunch=True)),
        (_GROUP, _ASSOCIATED, _route(gatewayId="", natGatewayId="nat-1"), _route("rtb-2", gatewayId="igw-1")),
        *((_GROUP, _ASSOCIATED, _route(gatewayId=f"{other}1")) for other in _OTHER_GATEWAYS),
        (_GROUP, _ASSOCIATED, declared(_TABLE, id="rtb-2", routes=[{"gatewayId": "igw-1"}])),
        (_GROUP, _ASSOCIATED, declared(_TABLE, id="rtb-1", routes=[{"natGatewayId": "nat-1"}])),
    ),
    failing=(
        (_GROUP, declared(_SUBNET, id="subnet-1", mapPublicIpOnLaunch=True)),
        (_GROUP, declared(_SUBNET, arn="arn:aws:ec2:eu-central-1:1:subnet/subnet-2", mapPublicIpOnLaunch=True)),
        (_GROUP, _ASSOCIATED, _route(gatewayId="igw-1")),
        (_GROUP, _ASSOCIATED, declared(_TABLE, id="rtb-1", routes=[{"gatewayId": "local"}, {"gatewayId": "igw-1"}])),
    ),
)
