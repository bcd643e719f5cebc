"""Who may talk to Vault, and to whom it may talk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from components.labels import WORKSPACE
from components.vault_server.names import CLUSTER_PORT, NAME_LABEL, PORT, SEAL, SERVER, TASK_LABEL


@dataclass(frozen=True, kw_only=True)
class Destination:
    """Where a pod may connect to, by address."""

    cidr: pulumi.Input[str]
    """IPv4 or IPv6 range."""
    port: pulumi.Input[int]
    """TCP port of the server itself, not of a Service before it."""


@dataclass(frozen=True, kw_only=True)
class VaultNetworkArgs:
    """Arguments of `VaultNetwork`."""

    namespace: pulumi.Input[str]
    """Vault's namespace, which denies everything by default."""
    labels: Mapping[str, pulumi.Input[str]]
    """Labels of the policies."""
    api_server: Sequence[Destination]
    """The cluster's API server: Vault asks it whose a service account's token is."""
    seal: bool = False
    """Whether there is a Vault that seals the other one."""
    clients: Sequence[pulumi.Input[str]] = ()
    """Namespaces whose pods may use Vault, besides all workspaces: the gateway's, the runners'."""
    egress_to: Sequence[Destination] = ()
    """What else Vault and its jobs must reach: the seal's KMS, the bucket, the identity provider, databases."""


class VaultNetwork(pulumi.ComponentResource):
    """Policies for servers, for the sealing Vault and for the pods that work on them."""

    def __init__(self, name: str, args: VaultNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:VaultNetwork", name, {}, opts)
        self._name = name
        self._args = args
        peers = _pods(NAME_LABEL, SERVER)
        sealer = [{"to": [_pods(NAME_LABEL, SEAL)], "ports": _ports(PORT)}] if args.seal else []
        tasks: dict[str, object] = {"pod_selector": _has(TASK_LABEL)}
        clients = [
            {"namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": name}}} for name in args.clients
        ]
        workspaces = {"namespace_selector": _has(WORKSPACE)}
        api_server = [_address(one) for one in args.api_server]
        # Snapshots go to a bucket.
        outside = [_address(one) for one in args.egress_to]
        self._policy(
            "vault",
            _selector(SERVER),
            ingress=[
                {"from_": [tasks, workspaces, *clients], "ports": _ports(PORT)},
                {"from_": [peers], "ports": _ports(PORT, CLUSTER_PORT)},
            ],
            egress=[
                {"to": [peers], "ports": _ports(PORT, CLUSTER_PORT)},
                *sealer,
                *api_server,
                *outside,
            ],
        )
        if args.seal:
            self._policy("vault-seal", _selector(SEAL), ingress=[{"from_": [peers, tasks], "ports": _ports(PORT)}])
        to_servers = {"to": [peers], "ports": _ports(PORT)}
        self._policy("vault-task", _has(TASK_LABEL), egress=[to_servers, *sealer, *api_server, *outside])
        self.register_outputs({})

    def _policy(self, kind: str, selector: Mapping[str, object], **rules: Sequence[object]) -> None:
        NetworkPolicy(
            f"{self._name}-{kind}",
            metadata={"name": kind, "namespace": self._args.namespace, "labels": self._args.labels},
            spec={"pod_selector": selector, "policy_types": [rule.capitalize() for rule in rules], **rules},
            opts=pulumi.ResourceOptions(parent=self),
        )


def _selector(name: str) -> dict[str, object]:
    return {"match_labels": {NAME_LABEL: name}}


def _pods(label: str, value: str) -> dict[str, object]:
    return {"pod_selector": {"match_labels": {label: value}}}


def _has(label: str) -> dict[str, object]:
    return {"match_expressions": [{"key": label, "operator": "Exists"}]}


def _ports(*numbers: int) -> list[dict[str, object]]:
    return [{"protocol": "TCP", "port": number} for number in numbers]


def _address(destination: Destination) -> dict[str, object]:
    return {
        "to": [{"ip_block": {"cidr": destination.cidr}}],
        "ports": [{"protocol": "TCP", "port": destination.port}],
    }
