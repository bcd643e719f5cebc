"""The agent of Vault in a pod: it logs in as the pod, writes the pod's secrets into memory and keeps them fresh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap

from components import pods
from components import vault_agent_settings as settings
from components.vault.paths import AUDIENCE, KUBERNETES
from components.vault_agent_settings import SecretFile

FOLDER = "/vault/secrets"
"""Where the service finds the files, as with Vault's own injector."""

TOKEN_SECONDS = 600
"""Life of the pod's token, the shortest that Kubernetes gives; the kubelet replaces it in time."""

CHECKSUM = "idp/vault-agent"
"""Annotation of the pods: another configuration or authority means new pods, for an agent reads both at its start."""


@dataclass(frozen=True, kw_only=True)
class VaultAccess:
    """Where Vault is, and who the pods are to it."""

    address: pulumi.Input[str]
    """Address of Vault, `https://HOST:PORT`."""
    ca_certificate: pulumi.Input[str]
    """The authority of its certificate (PEM)."""
    role: str
    """Role that the pods log in with."""
    kv: str
    """Mount of the team's versioned secrets."""
    image: pulumi.Input[str]
    """Image whose entry point is `vault`, with a tag other than `latest`, or a digest."""
    login: pulumi.Input[str] = KUBERNETES
    """Mount of the auth method."""
    cpu: pulumi.Input[str] = "5m"
    """CPU an agent is promised."""
    memory: pulumi.Input[str] = "64Mi"
    """Memory an agent is promised, and past which it is killed."""


@dataclass(frozen=True, kw_only=True)
class VaultAgentArgs:
    """Arguments of `VaultAgent`."""

    namespace: pulumi.Input[str]
    """The team's namespace."""
    service: pulumi.Input[str]
    """Name of the service whose pods get the secrets."""
    vault: VaultAccess
    """Where Vault is."""
    files: Sequence[SecretFile]
    """What the pods get."""
    labels: Mapping[str, pulumi.Input[str]]
    """Labels of the configuration."""


class VaultAgent(pulumi.ComponentResource):
    """The configuration of a service's agents; `containers` and `volumes` are what its pods need."""

    config_map: pulumi.Output[str]
    """ConfigMap with the configurations and the authority; no secret is in it."""
    checksum: pulumi.Output[str]
    """Changes with its content."""

    def __init__(self, name: str, args: VaultAgentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:VaultAgent", name, {}, opts)
        data = _data(args)
        made = ConfigMap(
            name,
            metadata={
                "name": pulumi.Output.concat(args.service, "-vault"),
                "namespace": args.namespace,
                "labels": args.labels,
            },
            data=data,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.config_map = made.metadata.name
        self.checksum = pulumi.Output.json_dumps(data, sort_keys=True).apply(pods.digest)
        self.register_outputs({"config_map": self.config_map, "checksum": self.checksum})


def _data(args: VaultAgentArgs) -> dict[str, pulumi.Input[str]]:
    vault = args.vault
    place = pulumi.Output.all(vault.address, vault.login)

    def document(files: Sequence[SecretFile], *, once: bool) -> pulumi.Output[str]:
        return place.apply(
            lambda known: settings.document(str(known[0]), str(known[1]), vault.role, vault.kv, files, once=once)
        )

    return {
        "ca.crt": vault.ca_certificate,
        "once.json": document(_required(args.files), once=True),
        "always.json": document(args.files, once=False),
    }


def _required(files: Sequence[SecretFile]) -> list[SecretFile]:
    return [one for one in files if not one.optional]


def containers(vault: VaultAccess, files: Sequence[SecretFile]) -> list[dict[str, object]]:
    """Return the init containers of a pod that gets `files`.

    The first ends when all that is required is written, so that nothing after it starts without; the second is a
    native sidecar (`restartPolicy: Always`): it starts before the service, ends after it, and does not keep a job's
    pod from its end.
    """
    always = {**_container(vault, "vault-agent", "always.json"), "restart_policy": "Always"}
    if not _required(files):
        return [always]
    return [_container(vault, "vault-agent-once", "once.json"), always]


def volumes(config_map: pulumi.Input[str]) -> list[dict[str, object]]:
    """Return the volumes of such a pod."""
    token = {"audience": AUDIENCE, "expiration_seconds": TOKEN_SECONDS, "path": "token"}
    return [
        # In memory: no secret is ever on a disk of the node.
        {"name": "vault-secrets", "empty_dir": {"medium": "Memory", "size_limit": "4Mi"}},
        {"name": "vault-config", "config_map": {"name": config_map}},
        {"name": "vault-token", "projected": {"sources": [{"service_account_token": token}]}},
    ]


def mount() -> dict[str, object]:
    """Return how the service sees its secrets."""
    return {"name": "vault-secrets", "mount_path": FOLDER, "read_only": True}


def _container(vault: VaultAccess, name: str, config: str) -> dict[str, object]:
    return {
        "name": name,
        "image": vault.image,
        "args": ["agent", f"-config={settings.CONFIG}/{config}"],
        "resources": pods.resources(vault.cpu, vault.memory),
        "security_context": pods.CONTAINER_SECURITY,
        "volume_mounts": [
            {"name": "vault-secrets", "mount_path": settings.WRITTEN},
            {"name": "vault-config", "mount_path": settings.CONFIG, "read_only": True},
            {"name": "vault-token", "mount_path": "/token", "read_only": True},
        ],
    }
