"""The API server is reached within the VPC alone."""

from __future__ import annotations

from policies.condition import Field, one_of
from policies.demand import ITEM, WHOLE, Demand, demands
from policies.kinds import exactly
from policies.rule import Rule, Severity
from policies.samples import declared

RULE = Rule(
    id="eks_endpoint_public",
    title="The API server of EKS has no public endpoint",
    severity=Severity.MEDIUM,
    why="A list of ranges is as safe as all that is in them: an office's guest network, a provider's other customers.",
    remedy="Set `endpoint_public_access=False` and come in by VPN, a peered network or a runner in the VPC.",
    standards=("FSBP 1.0.0 EKS.1", "CIS EKS 1.7.0 5.4.2"),
    types=exactly(Cluster="aws:eks/cluster:Cluster"),
    check=demands(
        Demand(
            WHOLE,
            # EKS makes a public endpoint where nobody says anything.
            one_of(Field(ITEM, "vpcConfig", "endpointPublicAccess"), False),
            "is on; allowed is false",
            at=("vpcConfig", "endpointPublicAccess"),
        )
    ),
    passing=(
        declared("aws:eks/cluster:Cluster", vpcConfig={"endpointPublicAccess": False}),
        declared("aws:eks/cluster:Cluster", vpcConfig={"endpointPublicAccess": False, "publicAccessCidrs": ["::/0"]}),
    ),
    failing=(
        declared("aws:eks/cluster:Cluster"),
        declared("aws:eks/cluster:Cluster", vpcConfig={"endpointPublicAccess": True}),
        declared("aws:eks/cluster:Cluster", vpcConfig={"publicAccessCidrs": ["198.51.100.0/24"]}),
    ),
)
