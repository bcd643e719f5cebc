"""A team's place in Vault."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_vault as vault

from components.vault import paths, policies

VERSIONS = 10
"""Versions that are kept of each secret, Vault's own default (developer.hashicorp.com/vault/docs/secrets/kv/kv-v2),
written down because a mount that says nothing follows the server's."""

ROTATION_SECONDS = 90 * 24 * 3600
"""Age at which a transit key gets a new version; what old ones encrypted stays readable."""


@dataclass(frozen=True, kw_only=True)
class TeamSecretsArgs:
    """Arguments of `TeamSecrets`."""

    team: str
    """Name of the team's workspace."""
    protect: bool = True
    """Whether removing the engines is refused: what is in them is lost with them."""


class TeamSecrets(pulumi.ComponentResource):
    """Versioned secrets at `team/TEAM/kv`, a key at `team/TEAM/transit`, and the team's policies.

    Below `kv`, `app/` is for pods, `ci/` for all jobs, `deploy/` for jobs of protected refs; the rest is for people.
    """

    kv: pulumi.Output[str]
    """Mount of the versioned secrets."""
    transit: pulumi.Output[str]
    """Mount of the key."""

    def __init__(self, name: str, args: TeamSecretsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:TeamSecrets", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        protected = pulumi.ResourceOptions(parent=self, protect=args.protect)
        kv = vault.Mount(
            f"{name}-kv",
            path=paths.kv(args.team),
            type="kv",
            options={"version": "2"},
            description=f"secrets of {args.team}",
            opts=protected,
        )
        vault.kv.SecretBackendV2(f"{name}-kv", mount=kv.path, max_versions=VERSIONS, opts=child)
        transit = vault.Mount(
            f"{name}-transit",
            path=paths.transit(args.team),
            type="transit",
            description=f"keys of {args.team}",
            opts=protected,
        )
        vault.transit.SecretBackendKey(
            f"{name}-key",
            backend=transit.path,
            name=paths.KEY,
            type="aes256-gcm96",
            auto_rotate_period=ROTATION_SECONDS,
            # It goes with its mount and never before: Vault refuses to delete a key, and nobody is to allow it.
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect, retain_on_delete=True),
        )
        for kind, rules in policies.of_team(args.team).items():
            policy = policies.name(kind, args.team)
            vault.Policy(f"{name}-{kind}", name=policy, policy=policies.document(rules), opts=child)
        self.kv = kv.path
        self.transit = transit.path
        self.register_outputs({"kv": self.kv, "transit": self.transit})
