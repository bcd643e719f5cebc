"""Vault's own certificate authority and the servers' certificates, made and renewed inside the cluster.

No key ever leaves the cluster: neither the program nor Pulumi's state sees one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.vault_server.names import (
    AUTHORITY,
    CA_BUNDLE,
    ROTATE_AUTHORITY,
    SEAL_TLS,
    SERVER_TLS,
    seal_names,
    server_names,
)
from components.vault_server.task import NEVER, Right, VaultTask, VaultTaskArgs

RENEWAL = "17 4 * * *"
"""Daily; a certificate that ends within 30 days is replaced, so a month of failures goes by before one is missed."""

_TASKS = (
    ("certificates", "vault-certificates", None),
    ("renewal", "vault-renewal", RENEWAL),
    ("rotation", ROTATE_AUTHORITY, NEVER),
)
"""Name of the resource, of the job, and when it runs."""


@dataclass(frozen=True, kw_only=True)
class VaultCertificatesArgs:
    """Arguments of `VaultCertificates`."""

    namespace: pulumi.Input[str]
    """Vault's namespace."""
    image: pulumi.Input[str]
    """Image whose entry point is `vault-bootstrap`."""
    labels: Mapping[str, pulumi.Input[str]]
    """Labels of every object."""
    priority_class: pulumi.Input[str]
    """PriorityClass of the pods."""
    seal: bool = False
    """Whether there is a sealing Vault, which needs a certificate too."""


class VaultCertificates(pulumi.ComponentResource):
    """A job that makes them, one that renews them daily, and one to start by hand for another authority.

    The servers read a new certificate without a restart. A new authority is cross-signed by the one before, whose key
    is gone with the same write: clients of either trust what it issues, and nobody has to be waited for.
    """

    bundle: pulumi.Output[str]
    """ConfigMap whose `ca.crt` is what clients must trust, known once it is there."""

    def __init__(self, name: str, args: VaultCertificatesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:VaultCertificates", name, {}, opts)
        leaves = [SERVER_TLS, SEAL_TLS] if args.seal else [SERVER_TLS]
        rights = [
            # A name can't be asked for before it exists: creation is for the kind as a whole.
            Right(resource="secrets", verbs=["create"]),
            Right(resource="secrets", verbs=["get", "update"], names=[AUTHORITY, *leaves]),
            Right(resource="configmaps", verbs=["create"]),
            Right(resource="configmaps", verbs=["get", "update"], names=[CA_BUNDLE]),
        ]
        made = {
            kind: VaultTask(
                f"{name}-{kind}",
                VaultTaskArgs(
                    namespace=args.namespace,
                    task=task,
                    mode="rotate-authority" if task == ROTATE_AUTHORITY else "certificates",
                    configuration=_configuration(args),
                    image=args.image,
                    labels=args.labels,
                    priority_class=args.priority_class,
                    rights=rights,
                    schedule=schedule,
                    suspended=schedule == NEVER,
                ),
                pulumi.ResourceOptions(parent=self),
            )
            for kind, task, schedule in _TASKS
        }
        self.bundle = made["certificates"].finished.apply(lambda _: CA_BUNDLE)
        self.register_outputs({"bundle": self.bundle})


def _configuration(args: VaultCertificatesArgs) -> pulumi.Output[str]:
    namespace = pulumi.Output.from_input(args.namespace)
    leaves: dict[str, object] = {SERVER_TLS: namespace.apply(server_names)}
    if args.seal:
        leaves[SEAL_TLS] = namespace.apply(seal_names)
    return pulumi.Output.json_dumps(
        {
            "namespace": namespace,
            "labels": args.labels,
            "authority": AUTHORITY,
            "bundle": CA_BUNDLE,
            "leaves": leaves,
        },
        sort_keys=True,
    )
