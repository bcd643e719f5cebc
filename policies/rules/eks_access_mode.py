"""Access to a cluster is given by access entries alone."""

from __future__ import annotations

from policies.condition import Field, one_of
from policies.demand import ITEM, WHOLE, Demand, demands
from policies.kinds import exactly
from policies.plain import Plain
from policies.rule import Resource, Rule, Severity
from policies.samples import declared


def _cluster(**config: Plain) -> Resource:
    return declared("aws:eks/cluster:Cluster", accessConfig=config)


RULE = Rule(
    id="eks_access_mode",
    title="Access to EKS is given by access entries alone",
    severity=Severity.HIGH,
    why="Whoever may edit the config map aws-auth is an administrator, and the creator's own rights show in no list.",
    remedy="Set `authentication_mode='API'` and `bootstrap_cluster_creator_admin_permissions=False`.",
    standards=("CIS EKS 1.7.0 5.5.1",),
    types=exactly(Cluster="aws:eks/cluster:Cluster"),
    check=demands(
        Demand(
            WHOLE,
            one_of(Field(ITEM, "accessConfig", "authenticationMode"), "API"),
            "lets the config map aws-auth give access; allowed is `API`",
            at=("accessConfig", "authenticationMode"),
        ),
        Demand(
            WHOLE,
            one_of(Field(ITEM, "accessConfig", "bootstrapClusterCreatorAdminPermissions"), False),
            "makes whoever created the cluster its administrator for good; allowed is false",
            at=("accessConfig", "bootstrapClusterCreatorAdminPermissions"),
        ),
    ),
    passing=(
        _cluster(authenticationMode="API", bootstrapClusterCreatorAdminPermissions=False),
        declared(
            "aws:eks/cluster:Cluster",
            name="a",
            accessConfig={"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False},
        ),
    ),
    failing=(
        declared("aws:eks/cluster:Cluster"),
        _cluster(authenticationMode="API_AND_CONFIG_MAP", bootstrapClusterCreatorAdminPermissions=False),
        _cluster(bootstrapClusterCreatorAdminPermissions=False),
        _cluster(authenticationMode="API", bootstrapClusterCreatorAdminPermissions=True),
        _cluster(authenticationMode="API"),
    ),
)
