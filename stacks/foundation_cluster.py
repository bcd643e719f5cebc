"""The cluster of layer `foundation`, made or adopted, and how one reaches it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import eks

from components.aws.cluster import Addon, Cluster, ClusterArgs
from components.aws.gitlab_access import GitlabAccess
from components.aws.node_pool import NodePoolArgs
from environments import Environment
from environments.eks import SUPPORTED
from environments.foundation import Foundation, NodePool
from stacks import aws, kubeconfig, providers


@dataclass(frozen=True)
class Subnets:
    """Where the cluster lies."""

    nodes: pulumi.Input[Sequence[str]]
    control_plane: pulumi.Input[Sequence[str]]


@dataclass(frozen=True)
class Reached:
    """A cluster and the way to it."""

    name: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]
    """As text without credentials, or as the path that the environment's file names."""


def adopt(environment: Environment, settings: Foundation, name: str, provider: pulumi.ProviderResource) -> Reached:
    """Return the EKS cluster called `name`, in which nothing is changed."""
    found = eks.get_cluster_output(name=name, opts=pulumi.InvokeOutputOptions(provider=provider))
    authority = found.certificate_authorities[0].data
    return _reached(environment, settings, found.name, found.endpoint, authority)


def make(
    name: str,
    environment: Environment,
    settings: Foundation,
    subnets: Subnets,
    keys: pulumi.Output[Mapping[str, str]],
    access: GitlabAccess,
    opts: pulumi.ResourceOptions,
) -> Reached:
    """Create the EKS cluster."""
    made = Cluster(
        name,
        ClusterArgs(
            cluster_name=str(settings.cluster.name),
            version=environment.cluster.version,
            subnet_ids=subnets.control_plane,
            node_subnet_ids=subnets.nodes,
            secrets_key_arn=keys["cluster"],
            volumes_key_arn=keys["volumes"],
            logs_key_arn=keys["logs"],
            addons=_addons(environment.cluster.version),
            public_access_cidrs=settings.cluster.public_access_cidrs,
            admin_arns={
                **{arn.rpartition("/")[2]: arn for arn in settings.cluster.admin_role_arns},
                "deploy": access.deploy_role_arn,
            },
            permissions_boundary_arn=access.boundary_arn,
            node_pools={pool.name: _pool(pool) for pool in settings.cluster.node_pools},
            tags=aws.tags(environment),
            protect=settings.protect,
        ),
        opts,
    )
    return _reached(environment, settings, made.cluster_name, made.endpoint, made.certificate_authority)


def _reached(
    environment: Environment,
    settings: Foundation,
    name: pulumi.Output[str],
    endpoint: pulumi.Output[str],
    authority: pulumi.Output[str],
) -> Reached:
    # The emulator's cluster has no nodes and no API server: in the local environment a real one stands in for it.
    named = providers.named_kubeconfig(environment)
    if named is not None:
        return Reached(name, pulumi.Output.from_input(named))
    return Reached(name, kubeconfig.for_eks(name, settings.aws.region, endpoint, authority))


def _addons(version: str) -> list[Addon]:
    return [
        Addon(
            name=addon,
            version=pinned,
            configuration=_CONFIGURATIONS.get(addon),
            policy_arn=_RIGHTS[addon].policy if addon in _RIGHTS else None,
            service_account=_RIGHTS[addon].service_account if addon in _RIGHTS else None,
        )
        for addon, pinned in SUPPORTED[version].items()
    ]


def _pool(pool: NodePool) -> NodePoolArgs:
    return NodePoolArgs(
        instance_types=pool.instance_types,
        minimum=pool.minimum,
        maximum=pool.maximum,
        ami_type="BOTTLEROCKET_ARM_64" if pool.architecture() == "arm64" else "BOTTLEROCKET_x86_64",
        labels={"idp/pool": pool.name, **pool.label_map()},
        taint=pool.taint,
    )


@dataclass(frozen=True)
class _Right:
    policy: str
    service_account: str


_RIGHTS = {
    "vpc-cni": _Right("arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy", "aws-node"),
    "aws-ebs-csi-driver": _Right(
        "arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy", "ebs-csi-controller-sa"
    ),
}
"""Add-on -> the managed policy its pods need, and the account they run as (docs.aws.amazon.com/eks, each add-on)."""
_CONFIGURATIONS = {"vpc-cni": json.dumps({"enableNetworkPolicy": "true"})}
"""The VPC CNI enforces network policies only when told to."""
