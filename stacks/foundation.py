"""Layer `foundation`: what the environment needs of its AWS account, made or adopted."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_aws import ec2

from components.aws.buckets import Buckets, BucketsArgs
from components.aws.dns import Dns, DnsArgs
from components.aws.gitlab_access import GitlabAccess, GitlabAccessArgs, Project, StateLocation
from components.aws.keys import Keys, KeysArgs
from components.aws.network import Network, NetworkArgs
from components.aws.registry import Registry, RegistryArgs
from components.aws.vault_access import VaultAccess, VaultAccessArgs
from environments import Environment
from environments.foundation import Foundation
from stacks import aws, foundation_cluster
from stacks.foundation_cluster import Subnets
from stacks.layers import VAULT_NAMESPACE
from stacks.outputs import FoundationOutputs


@dataclass(frozen=True)
class Vpc:
    """The network, as far as the rest needs it."""

    id: pulumi.Output[str]
    cidr: pulumi.Output[str]
    subnets: Subnets


def build(environment: Environment) -> FoundationOutputs:
    """Declare the layer."""
    settings = environment.foundation
    if settings is None:
        raise pulumi.RunError(f"{environment.name}: foundation: its file has none")
    name = f"idp-{environment.name}"
    protect = settings.protect
    provider = aws.provider(environment, settings)
    opts = pulumi.ResourceOptions(providers=[provider])
    keys = Keys(name, _keys(name, settings, protect), opts).arns
    registry = Registry(name, _registry(name, settings, keys["registry"], protect), opts)
    dns = Dns(name, DnsArgs(domain=settings.dns.domain or environment.platform.dns_domain, protect=protect), opts)
    buckets = Buckets(name, _buckets(environment.name, settings, keys["buckets"], protect), opts)
    access = GitlabAccess(name, _access(environment, settings), opts)
    vpc = _network(name, settings, keys["logs"], access.boundary_arn, provider)
    existing = settings.cluster.existing
    if existing is not None:
        cluster = foundation_cluster.adopt(environment, settings, existing.name, provider)
    else:
        cluster = foundation_cluster.make(name, environment, settings, vpc.subnets, keys, access, opts)
    VaultAccess(
        name,
        VaultAccessArgs(
            account_id=settings.aws.account_id,
            region=settings.aws.region,
            cluster_name=cluster.name,
            namespace=VAULT_NAMESPACE,
            unseal_key_arn=keys["unseal"],
            bucket=buckets.names["vault-snapshots"],
            bucket_key_arn=keys["buckets"],
            permissions_boundary_arn=access.boundary_arn,
        ),
        opts,
    )
    return FoundationOutputs(
        cluster_name=cluster.name,
        kubeconfig=cluster.kubeconfig,
        vpc_id=vpc.id,
        vpc_cidr=vpc.cidr,
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
    provider: pulumi.ProviderResource,
) -> Vpc:
    """Return the VPC and its subnets, created or adopted."""
    wanted = settings.network
    if wanted.existing is not None:
        named = wanted.existing
        found = ec2.get_vpc_output(id=named.vpc_id, opts=pulumi.InvokeOutputOptions(provider=provider))
        return Vpc(found.id, found.cidr_block, Subnets(named.private_subnet_ids, named.control_plane_subnet_ids()))
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
        pulumi.ResourceOptions(providers=[provider]),
    )
    return Vpc(made.vpc_id, made.cidr, Subnets(made.private_subnet_ids, made.intra_subnet_ids))
