"""A namespace that nothing enters or leaves until a policy says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
from pulumi_kubernetes.core.v1 import Namespace
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from components.labels import Ownership, pod_security

DNS_PORT = 53


@dataclass(frozen=True, kw_only=True)
class IsolatedNamespaceArgs:
    """Arguments of `IsolatedNamespace`."""

    name: pulumi.Input[str]
    """Name of the namespace; fixed, because routes, roles and people refer to it."""
    ownership: Ownership
    """Who answers for it and who pays."""
    pod_security: pulumi.Input[str] = "restricted"
    """Pod Security Standard that the API server enforces: `restricted` or `baseline`."""
    labels: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """More labels of the namespace."""


class IsolatedNamespace(pulumi.ComponentResource):
    """A namespace with an enforced Pod Security Standard, default-deny both ways, and DNS as the only way out."""

    name: pulumi.Output[str]
    """Name of the namespace, known once it exists."""

    def __init__(self, name: str, args: IsolatedNamespaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:IsolatedNamespace", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        labels = args.ownership.labels()
        namespace = Namespace(
            name,
            metadata={"name": args.name, "labels": {**labels, **pod_security(args.pod_security), **args.labels}},
            opts=child,
        )
        self.name = namespace.metadata.name
        NetworkPolicy(
            f"{name}-default-deny",
            metadata={"name": "default-deny", "namespace": self.name, "labels": labels},
            spec={"pod_selector": {}, "policy_types": ["Ingress", "Egress"]},
            opts=child,
        )
        NetworkPolicy(
            f"{name}-allow-dns",
            metadata={"name": "allow-dns", "namespace": self.name, "labels": labels},
            spec={"pod_selector": {}, "policy_types": ["Egress"], "egress": [_dns()]},
            opts=child,
        )
        self.register_outputs({"name": self.name})


def _dns() -> dict[str, object]:
    """Return the egress rule to the cluster's DNS pods, which every distribution labels `k8s-app=kube-dns`."""
    return {
        "to": [
            {
                "namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": "kube-system"}},
                "pod_selector": {"match_labels": {"k8s-app": "kube-dns"}},
            }
        ],
        "ports": [{"protocol": protocol, "port": DNS_PORT} for protocol in ("UDP", "TCP")],
    }
