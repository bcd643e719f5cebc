"""Vault's servers: highly available on storage of their own, unsealed without a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.apps.v1 import StatefulSet
from pulumi_kubernetes.core.v1 import ConfigMap, Service, ServiceAccount
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget
from pulumi_kubernetes.rbac.v1 import ClusterRole, ClusterRoleBinding, Role, RoleBinding

from components import pods
from components.vault_server import configuration, pod, workload
from components.vault_server.configuration import AwsKmsSeal, Seal
from components.vault_server.names import INTERNAL, NAME_LABEL, PORT, SERVER, SERVER_TLS, STANDBY

REPLICAS = (1, 2, 3, 5)
"""Three survive the loss of one server, five that of two; one and two survive none, and are for `local`."""

_PATHS = {
    "config": configuration.CONFIG,
    "tls": configuration.TLS,
    "data": configuration.DATA,
    "audit": configuration.AUDIT,
    "scratch": configuration.SCRATCH,
}
_READ_ONLY = ("config", "tls", "seal")
_AUDIT_BYTES, _AUDIT_KEEP = 256 * 1024 * 1024, 8
"""At most nine files of 256 MiB: they fit on the volume, and a full one would stop Vault."""


@dataclass(frozen=True, kw_only=True)
class VaultServerArgs:
    """Arguments of `VaultServer`."""

    namespace: pulumi.Input[str]
    """Vault's namespace, which denies everything by default (`VaultNetwork` opens what is needed)."""
    image: pulumi.Input[str]
    """Image of the server; its entry point is `vault`, HashiCorp's or one that speaks the same."""
    bootstrap_image: pulumi.Input[str]
    """Image whose entry point is `vault-bootstrap`; it runs beside each server."""
    seal: Seal
    """What unseals the servers."""
    labels: Mapping[str, pulumi.Input[str]]
    """Labels of every object."""
    priority_class: pulumi.Input[str]
    """PriorityClass of the pods."""
    replicas: int = 3
    """Number of servers, one of `REPLICAS`."""
    one_node: bool = False
    """Whether servers may share a node: where there is only one, and its loss is the loss of all."""
    cluster_ip: pulumi.Input[str] | None = None
    """Address of the Service of the active server, where something outside the cluster must know it."""
    plugin_directory: str | None = None
    """The image's folder of external plugins; None is an image without."""
    service_account_annotations: Mapping[str, pulumi.Input[str]] | None = None
    """Annotations of the servers' service account."""
    storage: pulumi.Input[str] = "10Gi"
    """Size of each server's volume of data."""
    audit_storage: pulumi.Input[str] = "5Gi"
    """Size of each server's volume of audit files, at least 3Gi."""
    storage_class: pulumi.Input[str] | None = None
    """Class of the volumes; None is the cluster's default."""
    cpu: pulumi.Input[str] = "250m"
    """CPU that each server is promised."""
    memory: pulumi.Input[str] = "512Mi"
    """Memory that each server is promised, and past which it is killed."""


class VaultServer(pulumi.ComponentResource):
    """StatefulSet, Services, disruption budget, and the servers' own few rights in the cluster.

    The servers are ready only once they are initialised: declare `VaultBootstrap` beside it, not after it.
    """

    address: pulumi.Output[str]
    """Address inside the cluster of whichever server is active, `https://vault.NAMESPACE.svc:8200`."""

    def __init__(self, name: str, args: VaultServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:VaultServer", name, {}, opts)
        _check(args.replicas)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        annotations = args.service_account_annotations or {}
        account = ServiceAccount(
            name,
            metadata={**self._metadata(SERVER), "annotations": annotations},
            automount_service_account_token=False,
            opts=self._child,
        )
        self._rights(account)
        text = _configuration(args)
        settings = ConfigMap(
            name,
            metadata=self._metadata(SERVER),
            data={"vault.hcl": text, "attend.json": _attend()},
            opts=self._child,
        )
        self._services()
        selector = {NAME_LABEL: SERVER}
        template = {
            "metadata": {
                "labels": {**args.labels, **selector},
                # Servers read their configuration at their start only: another one is another pod.
                "annotations": {"idp/configuration": text.apply(pods.digest)},
            },
            "spec": _pod(args, account.metadata.name, settings.metadata.name),
        }
        claims = [
            workload.claim("data", args.storage, args.storage_class),
            workload.claim("audit", args.audit_storage, args.storage_class),
        ]
        spec = workload.stateful_set(SERVER, INTERNAL, args.replicas, claims, template, args.labels)
        StatefulSet(name, metadata=self._metadata(SERVER), spec=spec, opts=self._child)
        PodDisruptionBudget(
            name,
            metadata=self._metadata(SERVER),
            spec={"max_unavailable": 1, "selector": {"match_labels": selector}},
            opts=self._child,
        )
        self.address = pulumi.Output.format("https://{0}.{1}.svc:{2}", SERVER, args.namespace, PORT)
        self.register_outputs({"address": self.address})

    def _metadata(self, name: str) -> dict[str, object]:
        labels = {**self._args.labels, NAME_LABEL: SERVER}
        return {"name": name, "namespace": self._args.namespace, "labels": labels}

    def _services(self) -> None:
        https = {"name": "https", "port": PORT, "target_port": "https"}
        everyone = {NAME_LABEL: SERVER}
        fixed = {} if self._args.cluster_ip is None else {"cluster_ip": self._args.cluster_ip}
        # Vault keeps the label on its own pod up to date: the Service follows the leader.
        self._service(SERVER, {"selector": {**everyone, "vault-active": "true"}, "ports": [https], **fixed})
        self._service(STANDBY, {"selector": {**everyone, "vault-active": "false"}, "ports": [https]})
        self._service(
            INTERNAL,
            {
                "cluster_ip": "None",
                "selector": everyone,
                "publish_not_ready_addresses": True,
                "ports": [https, {"name": "cluster", "port": 8201, "target_port": "cluster"}],
            },
        )

    def _service(self, service: str, spec: Mapping[str, object]) -> None:
        # None of them has an endpoint before Vault is initialised; what is waited for is the StatefulSet.
        metadata = {**self._metadata(service), "annotations": {"pulumi.com/skipAwait": "true"}}
        suffix = service.removeprefix(SERVER)
        Service(f"{self._name}{suffix}", metadata=metadata, spec=spec, opts=self._child)

    def _rights(self, account: ServiceAccount) -> None:
        """Let the servers label their own pods, and ask whose token it is that somebody shows them."""
        subject = {
            "kind": "ServiceAccount",
            "name": account.metadata.name,
            "namespace": account.metadata.namespace,
        }
        pods = [f"{SERVER}-{number}" for number in range(self._args.replicas)]
        role = Role(
            self._name,
            metadata=self._metadata(SERVER),
            rules=[
                {"api_groups": [""], "resources": ["pods"], "resource_names": pods, "verbs": ["get", "patch", "update"]}
            ],
            opts=self._child,
        )
        RoleBinding(
            self._name,
            metadata=self._metadata(SERVER),
            role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "Role", "name": role.metadata.name},
            subjects=[subject],
            opts=self._child,
        )
        metadata = {"name": f"{self._name}-token-review", "labels": self._args.labels}
        review = {"api_groups": ["authentication.k8s.io"], "resources": ["tokenreviews"], "verbs": ["create"]}
        cluster_role = ClusterRole(f"{self._name}-token-review", metadata=metadata, rules=[review], opts=self._child)
        ClusterRoleBinding(
            f"{self._name}-token-review",
            metadata=metadata,
            role_ref={
                "api_group": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": cluster_role.metadata.name,
            },
            subjects=[subject],
            opts=self._child,
        )


def _check(replicas: int) -> None:
    if replicas not in REPLICAS:
        allowed = ", ".join(map(str, REPLICAS))
        raise ValueError(f"replicas: {replicas} is not allowed: one of {allowed}")


def _configuration(args: VaultServerArgs) -> pulumi.Output[str]:
    kms = (args.seal.key_arn, args.seal.region) if isinstance(args.seal, AwsKmsSeal) else None
    return pulumi.Output.all(namespace=args.namespace, kms=kms).apply(
        lambda known: configuration.server(
            known["namespace"], args.replicas, args.plugin_directory, None if kms is None else tuple(known["kms"])
        )
    )


def _attend() -> pulumi.Output[str]:
    return pulumi.Output.json_dumps(
        {
            "certificate": f"{configuration.TLS}/tls.crt",
            "audit": configuration.AUDIT_FILE,
            "audit_bytes": _AUDIT_BYTES,
            "audit_keep": _AUDIT_KEEP,
        }
    )


def _pod(args: VaultServerArgs, account: pulumi.Input[str], settings: pulumi.Input[str]) -> dict[str, object]:
    volumes = {
        "config": {"config_map": {"name": settings}},
        "tls": workload.secret(SERVER_TLS),
        "scratch": {"empty_dir": {"size_limit": "4Gi"}},
    }
    paths, files = dict(_PATHS), [f"{configuration.CONFIG}/vault.hcl"]
    if not isinstance(args.seal, AwsKmsSeal):
        volumes["seal"] = workload.secret(args.seal.secret)
        paths["seal"] = configuration.SEAL_FOLDER
        files.append(f"{configuration.SEAL_FOLDER}/seal.hcl")
    container = pod.server(
        args.image,
        files,
        environment=_environment(args),
        resources=pods.resources(args.cpu, args.memory),
        volume_mounts=pod.mounts(paths, _READ_ONLY),
    )
    beside = {name: _PATHS[name] for name in ("config", "tls", "audit")}
    return workload.spec(
        account,
        args.priority_class,
        volumes,
        [container, pod.attendant(args.bootstrap_image, beside, _READ_ONLY)],
        automount_service_account_token=True,
        **_spread(one_node=args.one_node),
    )


def _environment(args: VaultServerArgs) -> list[dict[str, object]]:
    own = pulumi.Output.format("https://$(VAULT_K8S_POD_NAME).{0}.{1}.svc", INTERNAL, args.namespace)
    return [
        pod.field("VAULT_K8S_POD_NAME", "metadata.name"),
        pod.field("VAULT_K8S_NAMESPACE", "metadata.namespace"),
        {"name": "VAULT_RAFT_NODE_ID", "value": "$(VAULT_K8S_POD_NAME)"},
        {"name": "VAULT_API_ADDR", "value": pulumi.Output.format("{0}:8200", own)},
        {"name": "VAULT_CLUSTER_ADDR", "value": pulumi.Output.format("{0}:8201", own)},
    ]


def _spread(*, one_node: bool) -> dict[str, object]:
    """Return what keeps servers apart: never two on a node, and in different zones where that is possible."""
    if one_node:
        return {}
    selector = {"match_labels": {NAME_LABEL: SERVER}}
    node = {"label_selector": selector, "topology_key": "kubernetes.io/hostname"}
    zones = {
        "max_skew": 1,
        "topology_key": "topology.kubernetes.io/zone",
        "when_unsatisfiable": "ScheduleAnyway",
        "label_selector": selector,
    }
    return {
        "affinity": {"pod_anti_affinity": {"required_during_scheduling_ignored_during_execution": [node]}},
        "topology_spread_constraints": [zones],
    }
