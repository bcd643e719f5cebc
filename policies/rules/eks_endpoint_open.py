"""The API server is reached from networks that somebody named, and by nodes within the VPC."""

from __future__ import annotations

from policies.condition import EachItem, Field, Filled, Matches, Not, all_of, any_of, one_of
from policies.demand import ITEM, WHOLE, Demand, demands
from policies.kinds import exactly
from policies.network import EVERYWHERE
from policies.plain import Plain
from policies.rule import Resource, Rule, Severity
from policies.samples import declared

_CIDRS = Field(ITEM, "vpcConfig", "publicAccessCidrs")


def _cluster(**config: Plain) -> Resource:
    return declared("aws:eks/cluster:Cluster", vpcConfig=config)


RULE = Rule(
    id="eks_endpoint_open",
    title="The API server of EKS is not open to the internet",
    severity=Severity.CRITICAL,
    why="What everybody reaches everybody tries: stolen tokens work from anywhere, and so does the next weakness.",
    remedy="Set `endpoint_private_access=True`, and `endpoint_public_access=False` or your own `public_access_cidrs`.",
    standards=("CIS EKS 1.7.0 5.4.1",),
    types=exactly(Cluster="aws:eks/cluster:Cluster"),
    check=demands(
        Demand(
            WHOLE,
            any_of(
                one_of(Field(ITEM, "vpcConfig", "endpointPublicAccess"), False),
                all_of(Filled(_CIDRS), EachItem(_CIDRS, "cidr", Not(Matches(Field("cidr"), EVERYWHERE)))),
            ),
            "is open to every address; allowed is no public endpoint, or public_access_cidrs without a /0",
            at=("vpcConfig", "publicAccessCidrs"),
        ),
        Demand(
            WHOLE,
            one_of(Field(ITEM, "vpcConfig", "endpointPrivateAccess"), True),
            "is not on, so that nodes reach the API server through the internet; allowed is true",
            at=("vpcConfig", "endpointPrivateAccess"),
        ),
    ),
    passing=(
        _cluster(endpointPrivateAccess=True, endpointPublicAccess=False),
        _cluster(endpointPrivateAccess=True, endpointPublicAccess=False, publicAccessCidrs=["0.0.0.0/0"]),
        _cluster(endpointPrivateAccess=True, endpointPublicAccess=True, publicAccessCidrs=["198.51.100.0/24"]),
    ),
    failing=(
        declared("aws:eks/cluster:Cluster"),
        _cluster(endpointPrivateAccess=True),
        _cluster(endpointPrivateAccess=True, endpointPublicAccess=True, publicAccessCidrs=[]),
        _cluster(endpointPrivateAccess=True, publicAccessCidrs=["198.51.100.0/24", "0.0.0.0/0"]),
        _cluster(endpointPrivateAccess=True, publicAccessCidrs=["::/0"]),
        _cluster(endpointPublicAccess=False),
        _cluster(endpointPublicAccess=False, endpointPrivateAccess=False),
    ),
)
