"""A team's stateless HTTP service, hardened so that it runs under the Pod Security Standard `restricted`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import Service
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget

from components import pods, vault_agent
from components.vault_agent import VaultAccess, VaultAgent, VaultAgentArgs
from components.vault_agent_settings import SecretFile

_USER = 65532
"""The `nonroot` user of distroless images; any id but 0 would do."""


@dataclass(frozen=True, kw_only=True)
class HttpServiceArgs:
    """Arguments of `HttpService`."""

    namespace: pulumi.Input[str]
    """The team's namespace."""
    name: pulumi.Input[str]
    """Name of deployment and service, and so the host name inside the namespace."""
    image: pulumi.Input[str]
    """Image with a tag other than `latest`, or a digest."""
    port: pulumi.Input[int]
    """TCP port on which the container listens (also in its environment as PORT) and the service answers."""
    service_account: pulumi.Input[str]
    """Account the pods run as; its token is not mounted."""
    priority_class: pulumi.Input[str]
    """PriorityClass of the pods."""
    labels: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Labels of every object."""
    replicas: pulumi.Input[int] = 2
    """Pods; with two or more a disruption budget keeps all but one running during maintenance."""
    cpu: pulumi.Input[str] = "50m"
    """CPU each pod is promised; it may use more while there is some."""
    memory: pulumi.Input[str] = "64Mi"
    """Memory each pod is promised, and past which it is killed."""
    liveness_path: pulumi.Input[str] = "/healthz"
    """Answers 200 while the process is sound."""
    readiness_path: pulumi.Input[str] = "/readyz"
    """Answers 200 while the pod may get requests."""
    vault: VaultAccess | None = None
    """Where the pods get their secrets; None where they get none."""
    secrets: Sequence[SecretFile] = ()
    """Files in `/vault/secrets` that are kept as Vault has them; they need `vault`."""


class HttpService(pulumi.ComponentResource):
    """Deployment, Service and disruption budget; no root, no capabilities, read-only root, probes and limits."""

    url: pulumi.Output[str]
    """Address inside the cluster, `http://NAME.NAMESPACE.svc:PORT`."""

    def __init__(self, name: str, args: HttpServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:HttpService", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        selector = {"app.kubernetes.io/name": args.name}
        metadata = {"name": args.name, "namespace": args.namespace, "labels": {**args.labels, **selector}}
        agent = _agent(name, args, child)
        annotated = {} if agent is None else {"annotations": {vault_agent.CHECKSUM: agent.checksum}}
        Deployment(
            name,
            metadata=metadata,
            spec={
                "replicas": args.replicas,
                "selector": {"match_labels": selector},
                "strategy": {"rolling_update": {"max_surge": 1, "max_unavailable": 0}},
                "template": {
                    "metadata": {"labels": {**args.labels, **selector}, **annotated},
                    "spec": _pod(args, agent),
                },
            },
            opts=child,
        )
        service = Service(
            name,
            # What it leads to is what the Deployment waits for; to see that settle takes ten seconds more.
            metadata={**metadata, "annotations": {"pulumi.com/skipAwait": "true"}},
            spec={"selector": selector, "ports": [{"name": "http", "port": args.port, "target_port": "http"}]},
            opts=child,
        )
        PodDisruptionBudget(
            name,
            metadata=metadata,
            spec={"max_unavailable": 1, "selector": {"match_labels": selector}},
            opts=child,
        )
        self.url = pulumi.Output.format(
            "http://{0}.{1}.svc:{2}", service.metadata.name, service.metadata.namespace, args.port
        )
        self.register_outputs({"url": self.url})


def _agent(name: str, args: HttpServiceArgs, opts: pulumi.ResourceOptions) -> VaultAgent | None:
    if not args.secrets:
        return None
    if args.vault is None:
        raise ValueError("secrets: there is no `vault` to get them from")
    agent = VaultAgentArgs(
        namespace=args.namespace, service=args.name, vault=args.vault, files=args.secrets, labels=args.labels
    )
    return VaultAgent(f"{name}-vault", agent, opts)


def _pod(args: HttpServiceArgs, agent: VaultAgent | None) -> dict[str, object]:
    secrets: dict[str, object] = {}
    if agent is not None and args.vault is not None:
        secrets["init_containers"] = vault_agent.containers(args.vault, args.secrets)
        secrets["volumes"] = vault_agent.volumes(agent.config_map)
    return {
        **secrets,
        "service_account_name": args.service_account,
        "automount_service_account_token": False,
        "enable_service_links": False,
        "priority_class_name": args.priority_class,
        "security_context": {
            "run_as_non_root": True,
            "run_as_user": _USER,
            "run_as_group": _USER,
            "seccomp_profile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": "service",
                "image": args.image,
                "ports": [{"name": "http", "container_port": args.port}],
                "env": [{"name": "PORT", "value": pulumi.Output.from_input(args.port).apply(str)}],
                "resources": pods.resources(args.cpu, args.memory),
                "security_context": pods.CONTAINER_SECURITY,
                "liveness_probe": {"http_get": {"path": args.liveness_path, "port": "http"}},
                "readiness_probe": {"http_get": {"path": args.readiness_path, "port": "http"}, "period_seconds": 2},
                **({} if agent is None else {"volume_mounts": [vault_agent.mount()]}),
            }
        ],
    }
