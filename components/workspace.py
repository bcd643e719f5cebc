"""A team's place in the cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap, LimitRange, ResourceQuota, ServiceAccount

from components.isolated_namespace import IsolatedNamespace, IsolatedNamespaceArgs
from components.labels import WORKSPACE, Ownership
from components.vault_server.names import CA_BUNDLE
from components.workspace_access import WorkspaceAccess, WorkspaceAccessArgs
from components.workspace_network import Egress, WorkspaceNetwork, WorkspaceNetworkArgs

WORKLOAD = "workload"
"""Name of the account that a team's workloads run as."""


@dataclass(frozen=True, kw_only=True)
class ContainerDefaults:
    """What a container gets that names no requests or limits (Kubernetes quantities)."""

    cpu_request: pulumi.Input[str] = "50m"
    """CPU a container is promised."""
    cpu_limit: pulumi.Input[str] = "500m"
    """CPU a container may use at the most."""
    memory_request: pulumi.Input[str] = "64Mi"
    """Memory a container is promised."""
    memory_limit: pulumi.Input[str] = "128Mi"
    """Memory past which a container is killed."""


@dataclass(frozen=True, kw_only=True)
class WorkspaceVault:
    """The Vault that a team's pods may use."""

    namespace: pulumi.Input[str]
    """Its namespace."""
    ca_certificate: pulumi.Input[str]
    """The authority of its certificate (PEM)."""


@dataclass(frozen=True, kw_only=True)
class WorkspaceArgs:
    """Arguments of `Workspace`."""

    name: pulumi.Input[str]
    """Name of the team's namespace."""
    ownership: Ownership
    """Who answers for it and who pays."""
    quota: Mapping[str, pulumi.Input[str]]
    """Hard limits of the namespace: resource name of Kubernetes (`limits.memory`, `pods`) -> quantity."""
    pod_security: pulumi.Input[str] = "restricted"
    """Pod Security Standard that the API server enforces: `restricted` or `baseline`."""
    container_defaults: ContainerDefaults = field(default_factory=ContainerDefaults)
    """What a container gets that names no requests or limits."""
    readers: Sequence[pulumi.Input[str]] = ()
    """Groups that may look at everything but secrets."""
    developers: Sequence[pulumi.Input[str]] = ()
    """Groups that may also deploy and debug."""
    maintainers: Sequence[pulumi.Input[str]] = ()
    """Groups that may also handle secrets, service accounts and who is a reader or developer."""
    vault_login: bool = False
    """Whether maintainers log in to Vault through the cluster, for want of an identity provider."""
    ingress_from: Sequence[pulumi.Input[str]] = ()
    """Names of namespaces whose pods may connect to this one's."""
    egress_to: Sequence[Egress] = ()
    """Addresses outside the cluster that pods may connect to."""
    vault: WorkspaceVault | None = None
    """Vault, which pods may then use; None where there is none."""


class Workspace(pulumi.ComponentResource):
    """Namespace, quota, limit range, network policies, roles and bindings, and a service account without rights."""

    namespace: pulumi.Output[str]
    """Name of the team's namespace."""
    service_account: pulumi.Output[str]
    """Name of the account that the team's workloads run as; its token is not mounted and it has no rights."""

    def __init__(self, name: str, args: WorkspaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:Workspace", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        labels = args.ownership.labels()
        self.namespace = IsolatedNamespace(
            name,
            IsolatedNamespaceArgs(
                name=args.name,
                ownership=args.ownership,
                pod_security=args.pod_security,
                labels={WORKSPACE: args.name},
            ),
            child,
        ).name
        ResourceQuota(
            f"{name}-quota",
            metadata={"name": "workspace", "namespace": self.namespace, "labels": labels},
            spec={"hard": args.quota},
            opts=child,
        )
        LimitRange(
            f"{name}-defaults",
            metadata={"name": "workspace", "namespace": self.namespace, "labels": labels},
            spec={"limits": [_limits(args.container_defaults)]},
            opts=child,
        )
        account = ServiceAccount(
            f"{name}-workload",
            metadata={"name": WORKLOAD, "namespace": self.namespace, "labels": labels},
            automount_service_account_token=False,
            opts=child,
        )
        self.service_account = account.metadata.name
        if args.vault is not None:
            # What the team's pods must trust; a ConfigMap of another namespace can't be mounted.
            ConfigMap(
                f"{name}-{CA_BUNDLE}",
                metadata={"name": CA_BUNDLE, "namespace": self.namespace, "labels": labels},
                data={"ca.crt": args.vault.ca_certificate},
                opts=child,
            )
        WorkspaceNetwork(
            name,
            WorkspaceNetworkArgs(
                namespace=self.namespace,
                labels=labels,
                ingress_from=args.ingress_from,
                egress_to=args.egress_to,
                vault=None if args.vault is None else args.vault.namespace,
            ),
            child,
        )
        WorkspaceAccess(
            name,
            WorkspaceAccessArgs(
                namespace=self.namespace,
                labels=labels,
                readers=args.readers,
                developers=args.developers,
                maintainers=args.maintainers,
                vault_login=args.vault_login,
            ),
            child,
        )
        self.register_outputs({"namespace": self.namespace, "service_account": self.service_account})


def _limits(defaults: ContainerDefaults) -> dict[str, object]:
    return {
        "type": "Container",
        "default": {"cpu": defaults.cpu_limit, "memory": defaults.memory_limit},
        "default_request": {"cpu": defaults.cpu_request, "memory": defaults.memory_request},
    }
