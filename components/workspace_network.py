"""What may enter and leave a team's namespace, besides DNS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from components.vault_server.names import NAME_LABEL, PORT, SERVER


@dataclass(frozen=True, kw_only=True)
class Egress:
    """A destination outside the cluster."""

    cidr: pulumi.Input[str]
    """IPv4 or IPv6 range."""
    port: pulumi.Input[int]
    """TCP port."""


@dataclass(frozen=True, kw_only=True)
class WorkspaceNetworkArgs:
    """Arguments of `WorkspaceNetwork`."""

    namespace: pulumi.Input[str]
    """The team's namespace, which denies everything by default."""
    labels: Mapping[str, pulumi.Input[str]]
    """Labels of the policies."""
    ingress_from: Sequence[pulumi.Input[str]] = ()
    """Names of namespaces whose pods may connect."""
    egress_to: Sequence[Egress] = ()
    """Addresses outside the cluster that pods may connect to."""
    vault: pulumi.Input[str] | None = None
    """Namespace of Vault, whose servers pods may then use; None where there is none."""


class WorkspaceNetwork(pulumi.ComponentResource):
    """Pods of a namespace reach each other, and across its border only what is listed."""

    def __init__(self, name: str, args: WorkspaceNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:WorkspaceNetwork", name, {}, opts)
        self._name = name
        self._args = args
        same_namespace: list[object] = [{"pod_selector": {}}]
        self._policy("same-namespace", ingress=[{"from_": same_namespace}], egress=[{"to": same_namespace}])
        if args.ingress_from:
            self._policy("ingress-from", ingress=[{"from_": [_namespace(peer) for peer in args.ingress_from]}])
        if args.egress_to:
            self._policy("egress-to", egress=[_destination(destination) for destination in args.egress_to])
        if args.vault is not None:
            self._policy("vault", egress=[_vault(args.vault)])
        self.register_outputs({})

    def _policy(self, kind: str, **rules: Sequence[object]) -> None:
        NetworkPolicy(
            f"{self._name}-{kind}",
            metadata={"name": kind, "namespace": self._args.namespace, "labels": self._args.labels},
            spec={"pod_selector": {}, "policy_types": [rule.capitalize() for rule in rules], **rules},
            opts=pulumi.ResourceOptions(parent=self),
        )


def _namespace(name: pulumi.Input[str]) -> dict[str, object]:
    # The API server itself sets this label on every namespace; nobody can take another's name with it.
    return {"namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": name}}}


def _destination(destination: Egress) -> dict[str, object]:
    return {
        "to": [{"ip_block": {"cidr": destination.cidr}}],
        "ports": [{"protocol": "TCP", "port": destination.port}],
    }


def _vault(namespace: pulumi.Input[str]) -> dict[str, object]:
    """Return the egress rule to Vault's servers, and to nothing else in their namespace."""
    return {
        "to": [{**_namespace(namespace), "pod_selector": {"match_labels": {NAME_LABEL: SERVER}}}],
        "ports": [{"protocol": "TCP", "port": PORT}],
    }
