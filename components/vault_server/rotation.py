"""Other keys for what seals Vault and for its storage, by one command."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.vault.paths import AUDIENCE
from components.vault_server import seal
from components.vault_server.bootstrap import VaultBootstrapArgs
from components.vault_server.names import ROTATE_SEAL, SEAL_KEYS, addresses
from components.vault_server.task import CA_FILE, NEVER, TOKEN_FILE, Right, VaultTask, VaultTaskArgs


@dataclass(frozen=True, kw_only=True)
class SealRotationArgs:
    """Arguments of `SealRotation`."""

    vault: VaultBootstrapArgs
    """Vault as it was initialised."""
    sealed_by_vault: bool = False
    """Whether another Vault seals it; a cloud's key service rotates its keys by itself."""


class SealRotation(pulumi.ComponentResource):
    """A suspended job, started by hand, with an identity that can do nothing else.

    Its login gives the storage a new key. Where another Vault seals, it makes a new version of the sealing key, has
    the root key and the recovery key encrypted with it, and replaces that Vault's own unseal key.
    """

    job: pulumi.Output[str]
    """Name of the scheduled job, which never runs by itself."""

    def __init__(self, name: str, args: SealRotationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:SealRotation", name, {}, opts)
        # The unseal key is all it needs of the sealing Vault: with it, it makes itself a root token for a moment.
        rights = [Right(resource="secrets", verbs=["get", "update"], names=[SEAL_KEYS])] if args.sealed_by_vault else []
        task = VaultTaskArgs(
            task=ROTATE_SEAL,
            mode="rotate-seal",
            configuration=pulumi.Output.json_dumps(_settings(args), sort_keys=True),
            schedule=NEVER,
            suspended=True,
            audience=AUDIENCE,
            rights=rights,
            namespace=args.vault.namespace,
            image=args.vault.image,
            labels=args.vault.labels,
            priority_class=args.vault.priority_class,
        )
        self.job = VaultTask(name, task, pulumi.ResourceOptions(parent=self)).finished
        self.register_outputs({"job": self.job})


def _settings(args: SealRotationArgs) -> dict[str, object]:
    vault = args.vault
    sealer = {"address": seal.address(vault.namespace), "record": SEAL_KEYS} if args.sealed_by_vault else None
    return {
        "namespace": vault.namespace,
        "labels": vault.labels,
        "addresses": pulumi.Output.from_input(vault.namespace).apply(lambda known: addresses(known, vault.replicas)),
        "ca": CA_FILE,
        "token_file": TOKEN_FILE,
        "sealer": sealer,
    }
