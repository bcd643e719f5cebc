"""The optional part `foundation` of an environment: what it has, or finds, in an AWS account."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from environments.instances import Architecture, architecture
from environments.part import Part
from environments.vocabulary import (
    AccountId,
    AtLeastOne,
    AtLeastTwo,
    AwsRegion,
    BranchName,
    BucketPrefix,
    ClusterName,
    Distinct,
    DnsLabel,
    Flag,
    Fqdn,
    GitlabUrl,
    InstanceType,
    Many,
    NodeCount,
    NodeLabel,
    ProjectPath,
    PublicCidr,
    RoleArn,
    Slug,
    SubnetId,
    VpcCidr,
    VpcId,
    ZoneName,
)


class AwsAccount(Part):
    """The account that the foundation lies in."""

    account_id: AccountId = Field(
        description="The account's number, in quotes; the provider refuses to work in any other."
    )
    region: AwsRegion = Field(description="The region that everything is created in.")
    emulator: Flag = Field(
        default=False,
        description="Whether AWS is the loopback emulator: true in the local environment, and only there.",
    )


class ExistingNetwork(Part):
    """A VPC that is there; nothing in it is changed."""

    vpc_id: VpcId = Field(description="Id of the VPC.")
    private_subnet_ids: AtLeastTwo[SubnetId] = Field(description="Subnets of nodes and pods, in two zones or more.")
    public_subnet_ids: Distinct[SubnetId] = Field(default=(), description="Subnets of internet-facing load balancers.")
    intra_subnet_ids: AtLeastTwo[SubnetId] | None = Field(
        default=None, description="Subnets of the cluster's control plane; null takes the private ones."
    )

    def control_plane_subnet_ids(self) -> tuple[str, ...]:
        """Return the subnets of the cluster's control plane."""
        return self.intra_subnet_ids or self.private_subnet_ids


class FoundationNetwork(Part):
    """The VPC: either created (`cidr`, `zones` and `nat`) or `existing`."""

    cidr: VpcCidr | None = Field(
        default=None, description="The IPv4 range of a VPC to create, apart from those of all other environments."
    )
    zones: Distinct[ZoneName] = Field(
        default=(),
        description="Its availability zones, 2 to 6 of the region; 3 are recommended, and the least in prod.",
    )
    nat: Literal["single", "per-zone"] | None = Field(
        default=None,
        description="How private subnets get out: through one NAT gateway (cheaper, fails with its zone)"
        " or one in each zone.",
    )
    existing: ExistingNetwork | None = Field(default=None, description="A VPC that is there instead.")


class NodePool(Part):
    """A group of nodes of one kind."""

    name: DnsLabel = Field(
        description="Name of the pool, unique in the cluster; system, general and runners are needed."
    )
    instance_types: AtLeastOne[InstanceType] = Field(
        description="EC2 instance types to choose from, all of one processor architecture."
    )
    minimum: NodeCount = Field(description="Fewest nodes.")
    maximum: NodeCount = Field(description="Most nodes.")
    labels: Distinct[NodeLabel] = Field(default=(), description="Labels of the nodes.")
    taint: NodeLabel | None = Field(
        default=None, description="Only pods that tolerate it are scheduled on the nodes (effect NoSchedule)."
    )

    def architecture(self) -> Architecture:
        """Return the processor architecture of the nodes."""
        return architecture(self.instance_types[0])

    def label_map(self) -> dict[str, str]:
        """Return the labels as Kubernetes has them: key -> value."""
        pairs = (label.partition("=") for label in self.labels)
        return {key: value for key, _, value in pairs}


class ExistingCluster(Part):
    """An EKS cluster that is there; nothing in it is changed by the foundation."""

    name: ClusterName = Field(description="Name of the cluster in EKS.")


class FoundationCluster(Part):
    """The EKS cluster: either created (`name`, `admin_role_arns` and `node_pools`) or `existing`."""

    name: DnsLabel | None = Field(
        default=None, description="Name of a cluster to create; its Kubernetes version is `cluster.version`."
    )
    public_access_cidrs: Distinct[PublicCidr] = Field(
        default=(), description="Ranges that reach the API server from the internet; with none it is private."
    )
    admin_role_arns: Distinct[RoleArn] = Field(
        default=(), description="IAM roles of this account that administer the cluster, at least one."
    )
    node_pools: Many[NodePool] = Field(
        default=(), description="Its nodes: pools system, general, runners, and any others."
    )
    existing: ExistingCluster | None = Field(default=None, description="A cluster that is there instead.")


class ImageRegistry(Part):
    """Repositories for images in ECR."""

    repositories: Distinct[Slug] = Field(default=(), description="Names of the repositories to create.")


class DnsZone(Part):
    """The public zone, with a certificate for all hosts directly in it."""

    domain: Fqdn | None = Field(
        default=None, description="Name of the zone: `platform.dns_domain`, which null stands for, or a parent of it."
    )


class BucketNames(Part):
    """What the S3 buckets are called."""

    prefix: BucketPrefix = Field(description="Buckets are named PREFIX-ENVIRONMENT-PURPOSE, unique in all of AWS.")


class GitlabProject(Part):
    """A project whose pipelines may preview, and from some branches deploy."""

    path: ProjectPath = Field(description="Full path of the project, unique in the list, as GitLab spells it.")
    branches: AtLeastOne[BranchName] = Field(description="Protected branches that deploy, by their exact names.")


class Gitlab(Part):
    """The GitLab whose pipelines work in the account with short-lived tokens."""

    url: GitlabUrl = Field(
        description="Address of the instance, gitlab.com or self-hosted; AWS must reach it for its keys."
    )
    projects: Many[GitlabProject] = Field(description="The projects that get access, at least one.")


class Foundation(Part):
    """What the environment has in an AWS account; absent or null, it only uses the cluster of `cluster.kubeconfig`."""

    aws: AwsAccount = Field(description="Account and region.")
    protect: Flag = Field(
        default=True,
        description="Whether what holds data stays until `idp down NAME --i-know NAME`; always true in prod.",
    )
    network: FoundationNetwork = Field(description="The VPC, created or existing.")
    cluster: FoundationCluster = Field(description="The EKS cluster, created or existing.")
    registry: ImageRegistry = Field(default=ImageRegistry(), description="Repositories for images.")
    dns: DnsZone = Field(default=DnsZone(), description="The DNS zone.")
    buckets: BucketNames = Field(description="Names of the buckets.")
    gitlab: Gitlab = Field(description="Access of pipelines.")
