"""How often Vault is asked at the most, so that one client's loop does not shut out the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_vault as vault

REQUESTS = 500
LOGINS = 20
"""Requests a second from one address (Vault counts per client address): a team's whole pipeline behind one address of
the runners stays far below, a loop without a pause does not."""


@dataclass(frozen=True, kw_only=True)
class VaultQuotasArgs:
    """Arguments of `VaultQuotas`."""

    logins: Sequence[pulumi.Input[str]]
    """Mounts of the auth methods."""
    requests: int = REQUESTS
    """Requests a second from one address, all in all."""
    per_login: int = LOGINS
    """Requests a second from one address to one auth method, where each costs a signature."""


class VaultQuotas(pulumi.ComponentResource):
    """Rate limits for everything and, tighter, for each way to log in."""

    names: pulumi.Output[list[str]]
    """Names of the limits."""

    def __init__(self, name: str, args: VaultQuotasArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:VaultQuotas", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        made = [vault.QuotaRateLimit(f"{name}-all", name=f"{name}-all", path="", rate=args.requests, opts=child).name]
        made += [
            vault.QuotaRateLimit(
                f"{name}-login-{index}",
                name=pulumi.Output.format("{0}-login-{1}", name, login),
                path=pulumi.Output.format("auth/{0}", login),
                rate=args.per_login,
                opts=child,
            ).name
            for index, login in enumerate(args.logins)
        ]
        self.names = pulumi.Output.all(*made)
        self.register_outputs({"names": self.names})
