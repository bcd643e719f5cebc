"""A small Vault that does nothing but seal the other one, where there is no cloud's key service."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.apps.v1 import StatefulSet
from pulumi_kubernetes.core.v1 import ConfigMap, Service, ServiceAccount

from components import pods
from components.vault_server import configuration, pod, workload
from components.vault_server.names import NAME_LABEL, PORT, SEAL, SEAL_KEYS, SEAL_TLS
from components.vault_server.task import CA_FILE, Right, VaultTask, VaultTaskArgs

_PATHS = {"config": configuration.CONFIG, "tls": configuration.TLS, "data": configuration.DATA, "scratch": "/tmp"}  # noqa: S108
_READ_ONLY = ("config", "tls", "keys")
_UNSEAL_KEYS = ("unseal-key", "next-unseal-key")
"""Members of the Secret: while a rotation replaces the key there are two, and the server has one of them."""


@dataclass(frozen=True, kw_only=True)
class SealVaultArgs:
    """Arguments of `SealVault`."""

    namespace: pulumi.Input[str]
    """Vault's namespace."""
    image: pulumi.Input[str]
    """Image of the server; its entry point is `vault`."""
    bootstrap_image: pulumi.Input[str]
    """Image whose entry point is `vault-bootstrap`."""
    labels: Mapping[str, pulumi.Input[str]]
    """Labels of every object."""
    priority_class: pulumi.Input[str]
    """PriorityClass of the pods."""
    storage: pulumi.Input[str] = "1Gi"
    """Size of its volume."""
    storage_class: pulumi.Input[str] | None = None
    """Class of its volume; None is the cluster's default."""
    memory: pulumi.Input[str] = "256Mi"
    """Memory that it is promised, and past which it is killed."""


class SealVault(pulumi.ComponentResource):
    """One server with one transit key, for the local environment only.

    What seals it: its unseal key is in the Secret `vault-seal-keys`, which a container beside it reads. Whoever may
    read Secrets of this namespace can open everything; the cluster's encryption of Secrets at rest is what remains.
    """

    seal: pulumi.Output[str]
    """Secret with the stanza `seal` for the servers that it seals, known once it works."""

    def __init__(self, name: str, args: SealVaultArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:SealVault", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        metadata = {
            "name": SEAL,
            "namespace": args.namespace,
            "labels": {**args.labels, NAME_LABEL: SEAL},
            # The server is not ready before the task below has opened it: that is what is waited for.
            "annotations": {"pulumi.com/skipAwait": "true"},
        }
        account = ServiceAccount(name, metadata=metadata, automount_service_account_token=False, opts=child)
        settings = ConfigMap(name, metadata=metadata, data=_settings(), opts=child)
        Service(
            name,
            metadata=metadata,
            spec={
                "selector": {NAME_LABEL: SEAL},
                # Sealed it must be reachable too, for the task that opens it.
                "publish_not_ready_addresses": True,
                "ports": [{"name": "https", "port": PORT, "target_port": "https"}],
            },
            opts=child,
        )
        spec = workload.stateful_set(
            SEAL,
            SEAL,
            1,
            [workload.claim("data", args.storage, args.storage_class)],
            {
                "metadata": {
                    "labels": {**args.labels, NAME_LABEL: SEAL},
                    # It reads its configuration at its start only.
                    "annotations": {"idp/configuration": pods.digest("".join(_settings().values()))},
                },
                "spec": _pod(args, account.metadata.name, settings.metadata.name),
            },
            args.labels,
        )
        StatefulSet(name, metadata=metadata, spec=spec, opts=child)
        task = VaultTask(f"{name}-task", _task(args), child)
        # The Secret is the task's work: its name is of use only afterwards.
        self.seal = task.finished.apply(lambda _: SEAL)
        self.register_outputs({"seal": self.seal})


def address(namespace: pulumi.Input[str]) -> pulumi.Output[str]:
    """Return the address of the sealing Vault."""
    return pulumi.Output.format("https://{0}.{1}.svc:{2}", SEAL, namespace, PORT)


def _settings() -> dict[str, str]:
    attend = {
        "certificate": f"{configuration.TLS}/tls.crt",
        "unseal_keys": [f"/keys/{key}" for key in _UNSEAL_KEYS],
        # The pod's own server: no network policy is in the way.
        "address": f"https://127.0.0.1:{PORT}",
        "ca": f"{configuration.TLS}/ca.crt",
    }
    return {
        "vault.hcl": configuration.sealer(),
        "attend.json": json.dumps(attend, sort_keys=True),
    }


def _pod(args: SealVaultArgs, account: pulumi.Input[str], settings: pulumi.Input[str]) -> dict[str, object]:
    volumes = {
        "config": {"config_map": {"name": settings}},
        "tls": workload.secret(SEAL_TLS),
        "scratch": {"empty_dir": {"size_limit": "64Mi"}},
        # Only the keys: not the root token that is beside them for a moment at the beginning.
        "keys": {
            "secret": {
                "secret_name": SEAL_KEYS,
                "default_mode": 0o440,
                "optional": True,
                "items": [{"key": key, "path": key} for key in _UNSEAL_KEYS],
            }
        },
    }
    own = pulumi.Output.format("https://$(POD).{0}.{1}.svc", SEAL, args.namespace)
    container = pod.server(
        args.image,
        [f"{configuration.CONFIG}/vault.hcl"],
        environment=[
            pod.field("POD", "metadata.name"),
            {"name": "VAULT_RAFT_NODE_ID", "value": "$(POD)"},
            {"name": "VAULT_API_ADDR", "value": address(args.namespace)},
            {"name": "VAULT_CLUSTER_ADDR", "value": pulumi.Output.format("{0}:8201", own)},
        ],
        resources=pods.resources("50m", args.memory),
        volume_mounts=pod.mounts(_PATHS, _READ_ONLY),
    )
    beside = {"config": configuration.CONFIG, "tls": configuration.TLS, "keys": "/keys"}
    attendant = pod.attendant(args.bootstrap_image, beside, _READ_ONLY)
    # No token of the cluster: it asks nobody for anything.
    return workload.spec(
        account, args.priority_class, volumes, [container, attendant], automount_service_account_token=False
    )


def _task(args: SealVaultArgs) -> VaultTaskArgs:
    settings = {
        "namespace": args.namespace,
        "labels": args.labels,
        "address": address(args.namespace),
        "ca": CA_FILE,
        "record": SEAL_KEYS,
        "stanza": SEAL,
        "sealed_ca": f"{configuration.TLS}/ca.crt",
    }
    return VaultTaskArgs(
        namespace=args.namespace,
        task="vault-seal-task",
        mode="seal",
        configuration=pulumi.Output.json_dumps(settings, sort_keys=True),
        image=args.bootstrap_image,
        labels=args.labels,
        priority_class=args.priority_class,
        rights=[
            Right(resource="secrets", verbs=["create"]),
            Right(resource="secrets", verbs=["get", "update"], names=[SEAL_KEYS, SEAL]),
        ],
    )
