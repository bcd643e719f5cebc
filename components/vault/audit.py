"""A record of every request to Vault, twice: in a file that is kept, and on stdout for the collector of logs."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_vault as vault

FILE = "/vault/audit/audit.log"


@dataclass(frozen=True, kw_only=True)
class VaultAuditArgs:
    """Arguments of `VaultAudit`."""

    file: pulumi.Input[str] = FILE
    """Path of the file, on a volume of the server; two devices, because Vault answers as long as one can be written."""


class VaultAudit(pulumi.ComponentResource):
    """Audit devices `file` and `stdout`. Secrets in them are hashed (HMAC); `log_raw` stays off.

    With one device alone a full disk would stop Vault: it answers no request that it can't record.
    """

    devices: pulumi.Output[list[str]]
    """Paths of the devices."""

    def __init__(self, name: str, args: VaultAuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:VaultAudit", name, {}, opts)
        made = [
            vault.Audit(
                f"{name}-{path}",
                path=path,
                type="file",
                description=f"every request, on {path}",
                options={"file_path": file, "mode": "0600"} if path == "file" else {"file_path": file},
                opts=pulumi.ResourceOptions(parent=self),
            ).path
            for path, file in (("file", args.file), ("stdout", "stdout"))
        ]
        self.devices = pulumi.Output.all(*made)
        self.register_outputs({"devices": self.devices})
