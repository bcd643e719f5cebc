"""A record of every request to Vault, twice: in a file that is kept, and on stdout for the collector of logs."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_vault as vault


@dataclass(frozen=True, kw_only=True)
class VaultAuditArgs:
    """Arguments of `VaultAudit`."""

    file: pulumi.Input[str]
    """Path of the file, on a volume of the server; two devices, because Vault answers as long as one can be written."""


class VaultAudit(pulumi.ComponentResource):
    """Audit devices `file` and `stdout`. Secrets in them are hashed (HMAC); `log_raw` stays off.

    With one device alone a full disk would stop Vault: it answers no request that it can't record.
    """

    devices: pulumi.Output[list[str]]
    """Paths of the devices."""

    def __init__(self, name: str, args: VaultAuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:VaultAudit", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        kept = vault.Audit(
            f"{name}-file",
            path="file",
            type="file",
            description="every request, kept",
            options={"file_path": args.file, "mode": "0600"},
            opts=child,
        )
        told = vault.Audit(
            f"{name}-stdout",
            path="stdout",
            type="file",
            description="every request, for the collector of logs",
            options={"file_path": "stdout"},
            # Vault 1.21 fails to make one while it makes another ("failed to persist salt").
            opts=pulumi.ResourceOptions(parent=self, depends_on=[kept]),
        )
        self.devices = pulumi.Output.all(kept.path, told.path)
        self.register_outputs({"devices": self.devices})
