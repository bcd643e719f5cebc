"""The Kubernetes cluster: EKS with private nodes, sealed secrets and access by IAM alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_aws import cloudwatch, eks, iam

from components.aws.iam import ROLE_PATH, trust_pods, trust_service
from components.aws.node_pool import NodePool, NodePoolArgs

LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
"""All that the control plane can log."""

LOG_DAYS = 365
"""How long control-plane logs are kept."""

SERVICE_RANGE = "172.20.0.0/16"
"""Addresses of Kubernetes services; left to itself EKS picks this range or another one, and it can never change."""

ADMIN_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"


@dataclass(frozen=True, kw_only=True)
class Addon:
    """A managed add-on, pinned."""

    name: str
    """EKS' name, such as `vpc-cni`."""
    version: str
    """Exact version, such as `v1.20.4-eksbuild.1`."""
    configuration: str | None = None
    """JSON text by the add-on's own schema."""
    policy_arn: str | None = None
    """Managed policy that its pods need; they get it by Pod Identity."""
    service_account: str | None = None
    """Service account of those pods in kube-system."""


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    """Arguments of `Cluster`."""

    cluster_name: str
    """Name in EKS; fixed, because log groups, roles and people refer to it."""
    version: str
    """Kubernetes minor version, such as `1.33`."""
    subnet_ids: pulumi.Input[Sequence[str]]
    """Subnets of the control plane's network interfaces."""
    node_subnet_ids: pulumi.Input[Sequence[str]]
    """Subnets of the nodes."""
    secrets_key_arn: pulumi.Input[str]
    """Key that seals Kubernetes secrets in etcd."""
    volumes_key_arn: pulumi.Input[str]
    """Key that encrypts the nodes' volumes."""
    logs_key_arn: pulumi.Input[str]
    """Key that encrypts the control plane's logs."""
    addons: Sequence[Addon]
    """Managed add-ons."""
    tags: Mapping[str, str]
    """Tags of what AWS itself makes for the node pools: instances, volumes, network interfaces."""
    public_access_cidrs: Sequence[str] = ()
    """Ranges that reach the API server from outside; none means that it is private."""
    admin_arns: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Roles that administer the cluster: a name that stays -> the role's ARN."""
    node_pools: Mapping[str, NodePoolArgs] = field(default_factory=dict)
    """Pool -> its settings."""
    permissions_boundary_arn: pulumi.Input[str] | None = None
    """The most that the roles of cluster, nodes and add-ons may ever do; a pipeline can make no role without."""
    protect: bool = True
    """Whether deletion is refused."""


class Cluster(pulumi.ComponentResource):
    """Control plane, access entries, OIDC provider, add-ons and node pools."""

    cluster_name: pulumi.Output[str]
    """Name in EKS."""
    endpoint: pulumi.Output[str]
    """URL of the API server."""
    certificate_authority: pulumi.Output[str]
    """Certificate of the API server's authority, base64 of PEM."""
    oidc_provider_arn: pulumi.Output[str]
    """OIDC provider of the cluster's service accounts."""

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:Cluster", name, {}, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        logs = cloudwatch.LogGroup(
            f"{name}-logs",
            # EKS writes to this name; made first, so that retention and key are ours.
            name=f"/aws/eks/{args.cluster_name}/cluster",
            retention_in_days=LOG_DAYS,
            kms_key_id=args.logs_key_arn,
            opts=self._child,
        )
        role, rights = self._role(
            "control-plane", trust_service("eks.amazonaws.com"), _managed("AmazonEKSClusterPolicy")
        )
        self._cluster = self._control_plane(role, [logs, *rights])
        self._access()
        provider = iam.OpenIdConnectProvider(
            f"{name}-oidc",
            url=self._cluster.identities[0].oidcs[0].issuer,
            client_id_lists=["sts.amazonaws.com"],
            opts=self._child,
        )
        node_role, node_rights = self._role(
            "node",
            trust_service("ec2.amazonaws.com"),
            _managed("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"),
        )
        early = [self._addon(addon) for addon in args.addons if addon.name in _BEFORE_NODES]
        pools = self._pools(node_role, [*early, *node_rights])
        for addon in args.addons:
            if addon.name not in _BEFORE_NODES:
                self._addon(addon, pools)
        self.cluster_name = self._cluster.name
        self.endpoint = self._cluster.endpoint
        self.certificate_authority = self._cluster.certificate_authority.data
        self.oidc_provider_arn = provider.arn
        self.register_outputs(
            {
                "cluster_name": self.cluster_name,
                "endpoint": self.endpoint,
                "certificate_authority": self.certificate_authority,
                "oidc_provider_arn": self.oidc_provider_arn,
            }
        )

    def _control_plane(self, role: iam.Role, after: Sequence[pulumi.Resource]) -> eks.Cluster:
        args = self._args
        return eks.Cluster(
            self._name,
            name=args.cluster_name,
            version=args.version,
            role_arn=role.arn,
            enabled_cluster_log_types=list(LOG_TYPES),
            access_config={"authentication_mode": "API", "bootstrap_cluster_creator_admin_permissions": False},
            bootstrap_self_managed_addons=False,
            kubernetes_network_config={"ip_family": "ipv4", "service_ipv4_cidr": SERVICE_RANGE},
            encryption_config={"provider": {"key_arn": args.secrets_key_arn}, "resources": ["secrets"]},
            vpc_config={
                "subnet_ids": args.subnet_ids,
                "endpoint_private_access": True,
                "endpoint_public_access": bool(args.public_access_cidrs),
                "public_access_cidrs": list(args.public_access_cidrs) or None,
            },
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect, depends_on=list(after)),
        )

    def _access(self) -> None:
        for admin, arn in self._args.admin_arns.items():
            name = f"{self._name}-admin-{admin}"
            entry = eks.AccessEntry(
                name, cluster_name=self._cluster.name, principal_arn=arn, type="STANDARD", opts=self._child
            )
            eks.AccessPolicyAssociation(
                name,
                cluster_name=self._cluster.name,
                principal_arn=entry.principal_arn,
                policy_arn=ADMIN_POLICY,
                access_scope={"type": "cluster"},
                opts=self._child,
            )

    def _pools(self, role: iam.Role, after: Sequence[pulumi.Resource]) -> list[NodePool]:
        return [
            NodePool(
                f"{self._name}-{pool}",
                settings.on(
                    self._cluster.name,
                    role.arn,
                    self._args.node_subnet_ids,
                    self._args.volumes_key_arn,
                    self._args.tags,
                ),
                pulumi.ResourceOptions(parent=self, depends_on=list(after)),
            )
            for pool, settings in self._args.node_pools.items()
        ]

    def _addon(self, addon: Addon, after: Sequence[pulumi.Resource] = ()) -> eks.Addon:
        name = f"{self._name}-{addon.name}"
        if addon.policy_arn and addon.service_account:
            role, rights = self._role(addon.name, trust_pods(), {"policy": addon.policy_arn})
            association = eks.PodIdentityAssociation(
                name,
                cluster_name=self._cluster.name,
                namespace="kube-system",
                service_account=addon.service_account,
                role_arn=role.arn,
                opts=pulumi.ResourceOptions(parent=self, depends_on=rights),
            )
            # A pod asks for its credentials once, when it starts.
            after = [*after, association]
        return eks.Addon(
            name,
            cluster_name=self._cluster.name,
            addon_name=addon.name,
            addon_version=addon.version,
            configuration_values=addon.configuration,
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
        )

    def _role(
        self, kind: str, trust: pulumi.Output[str], policies: Mapping[str, str]
    ) -> tuple[iam.Role, list[pulumi.Resource]]:
        """Return a role, and what gives it its rights.

        Who takes the role depends on the latter: it needs the rights from its beginning, and until it is gone, else
        EKS leaves network interfaces behind.
        """
        role = iam.Role(
            f"{self._name}-{kind}",
            path=ROLE_PATH,
            permissions_boundary=self._args.permissions_boundary_arn,
            assume_role_policy=trust,
            opts=self._child,
        )
        return role, [
            iam.RolePolicyAttachment(
                f"{self._name}-{kind}-{name}",
                role=role.name,
                policy_arn=arn,
                opts=self._child,
            )
            for name, arn in policies.items()
        ]


def _managed(*names: str) -> dict[str, str]:
    """Return policies that AWS manages: name -> ARN."""
    return {name: f"arn:aws:iam::aws:policy/{name}" for name in names}


_BEFORE_NODES = ("vpc-cni", "kube-proxy", "eks-pod-identity-agent")
"""Nodes become Ready only with these; the others need nodes to run on."""
