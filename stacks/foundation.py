"""Layer `foundation`: what the environment needs of its AWS account, made or adopted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import eks

from components.aws.buckets import Buckets, BucketsArgs
from components.aws.cluster import Addon, Cluster, ClusterArgs
from components.aws.dns import Dns, DnsArgs
from components.aws.gitlab_access import GitlabAccess, GitlabAccessArgs, Project, StateLocation
from components.aws.keys import Keys, KeysArgs
from components.aws.network import Network, NetworkArgs
from components.aws.node_pool import NodePoolArgs
from components.aws.registry import Registry, RegistryArgs
from environments import Environment
from environments.eks import SUPPORTED
from environments.foundation import Foundation, NodePool
from stacks import aws, kubeconfig, providers
from stacks.outputs import FoundationOutputs


@dataclass(frozen=True)
class _Subnets:
    nodes: pulumi.Input[Sequence[str]]
    control_plane: pulumi.Input[Sequence[str]]


def build(environment: Environment) -> FoundationOutputs:
    """Declare the layer."""
    settings = environment.foundation
    if settings is None:
        raise pulumi.RunError(f"{environment.name}: foundation: its file has none")
    name = f"idp-{environment.name}"
    # What is local is made to be thrown away; everywhere else what holds data refuses to be deleted.
    protect = not settings.aws.emulator
    provider = aws.provider(environment, settings)
    opts = pulumi.ResourceOptions(providers=[provider])
    keys = Keys(name, _keys(name, settings, protect), opts).arns
    registry = Registry(name, _registry(name, settings, keys["registry"], protect), opts)
    dns = Dns(name, DnsArgs(domain=settings.dns.domain or environment.platform.dns_domain, protect=protect), opts)
    buckets = Buckets(name, _buckets(environment.name, settings, keys["buckets"], protect), opts)
    access = GitlabAccess(name, _access(environment, settings), opts)
    vpc_id, subnets = _network(name, settings, keys["logs"], access.boundary_arn, opts)
    cluster_name, config = _cluster(name, environment, settings, subnets, keys, access, provider)
    return FoundationOutputs(
        cluster_name=cluster_name,
        kubeconfig=config,
        vpc_id=vpc_id,
        registry_urls=registry.urls,
        name_servers=dns.name_servers,
        certificate_arn=dns.certificate_arn,
        bucket_names=buckets.names,
        key_arns=keys,
        preview_role_arn=access.preview_role_arn,
        deploy_role_arn=access.deploy_role_arn,
    )


def _keys(name: str, settings: Foundation, protect: bool) -> KeysArgs:
    return KeysArgs(account_id=settings.aws.account_id, region=settings.aws.region, alias_prefix=name, protect=protect)


def _registry(name: str, settings: Foundation, key_arn: pulumi.Output[str], protect: bool) -> RegistryArgs:
    return RegistryArgs(prefix=name, repositories=settings.registry.repositories, key_arn=key_arn, protect=protect)


def _buckets(environment: str, settings: Foundation, key_arn: pulumi.Output[str], protect: bool) -> BucketsArgs:
    return BucketsArgs(
        prefix=f"{settings.buckets.prefix}-{environment}",
        account_id=settings.aws.account_id,
        key_arn=key_arn,
        protect=protect,
    )


def _access(environment: Environment, settings: Foundation) -> GitlabAccessArgs:
    return GitlabAccessArgs(
        url=settings.gitlab.url,
        projects=[Project(path=project.path, branches=project.branches) for project in settings.gitlab.projects],
        account_id=settings.aws.account_id,
        region=settings.aws.region,
        state=_state(environment, settings),
    )


def _state(environment: Environment, settings: Foundation) -> StateLocation | None:
    """Return where Pulumi keeps the environment's state; None for the file backend, which pipelines do not reach."""
    backend = environment.state.backend
    if not backend.startswith("s3://"):
        return None
    bucket, _, folder = backend.removeprefix("s3://").partition("?")[0].partition("/")
    key = environment.state.secrets_provider.removeprefix("awskms://").partition("?")[0].removeprefix("/")
    if not key.startswith(("alias/", "arn:")):
        key = f"arn:aws:kms:{settings.aws.region}:{settings.aws.account_id}:key/{key}"
    return StateLocation(bucket=bucket, key=key, folder=folder)


def _network(
    name: str,
    settings: Foundation,
    logs_key_arn: pulumi.Output[str],
    boundary_arn: pulumi.Output[str],
    opts: pulumi.ResourceOptions,
) -> tuple[pulumi.Output[str], _Subnets]:
    """Return the VPC and its subnets, created or adopted."""
    wanted = settings.network
    if wanted.existing is not None:
        found = wanted.existing
        return pulumi.Output.from_input(found.vpc_id), _Subnets(
            found.private_subnet_ids, found.control_plane_subnet_ids()
        )
    made = Network(
        name,
        NetworkArgs(
            region=settings.aws.region,
            cidr=str(wanted.cidr),
            zones=wanted.zones,
            nat_per_zone=wanted.nat == "per-zone",
            logs_key_arn=logs_key_arn,
            permissions_boundary_arn=boundary_arn,
        ),
        opts,
    )
    return made.vpc_id, _Subnets(made.private_subnet_ids, made.intra_subnet_ids)


def _cluster(
    name: str,
    environment: Environment,
    settings: Foundation,
    subnets: _Subnets,
    keys: pulumi.Output[Mapping[str, str]],
    access: GitlabAccess,
    provider: pulumi.ProviderResource,
) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
    """Return the cluster's name and a kubeconfig without credentials, for a cluster created or adopted."""
    if settings.cluster.existing is not None:
        found = eks.get_cluster_output(
            name=settings.cluster.existing.name, opts=pulumi.InvokeOutputOptions(provider=provider)
        )
        authority = found.certificate_authorities[0].data
        return found.name, kubeconfig.for_eks(found.name, settings.aws.region, found.endpoint, authority)
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
            tags=aws.tags(environment),
            public_access_cidrs=settings.cluster.public_access_cidrs,
            admin_arns={
                **{arn.rpartition("/")[2]: arn for arn in settings.cluster.admin_role_arns},
                "deploy": access.deploy_role_arn,
            },
            permissions_boundary_arn=access.boundary_arn,
            node_pools={pool.name: _pool(pool) for pool in settings.cluster.node_pools},
            protect=not settings.aws.emulator,
        ),
        pulumi.ResourceOptions(providers=[provider]),
    )
    if settings.aws.emulator:
        # The emulator's cluster has no nodes and no API server: the local cluster stands in for it.
        return made.cluster_name, pulumi.Output.from_input(str(providers.LOOPBACK_KUBECONFIG))
    return made.cluster_name, kubeconfig.for_eks(
        made.cluster_name, settings.aws.region, made.endpoint, made.certificate_authority
    )


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
