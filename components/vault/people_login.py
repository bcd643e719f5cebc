"""How people log in: through the identity provider, whose groups say what they may do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_vault as vault

from components.vault import paths

TOKEN_SECONDS = 3600
LONGEST_SECONDS = 28800
"""Life of a person's token, and how long it can be renewed: a working day."""

ROLE = "people"
COMMAND_LINE = "http://localhost:8250/oidc/callback"
"""Where `vault login -method=oidc` listens (developer.hashicorp.com/vault/docs/auth/jwt, Redirect URIs)."""


@dataclass(frozen=True, kw_only=True)
class PeopleLoginArgs:
    """Arguments of `PeopleLogin`."""

    issuer: pulumi.Input[str]
    """Address of the identity provider, which Vault asks when this is configured."""
    client_id: pulumi.Input[str]
    """What it knows Vault by."""
    client_secret: pulumi.Input[str]
    """What Vault proves that with; a secret."""
    address: pulumi.Input[str]
    """Address of Vault as people's browsers have it, without a slash at the end."""
    groups: Mapping[str, Sequence[str]]
    """Group of the identity provider -> policies."""
    path: str = paths.PEOPLE
    """Mount of the auth method."""


class PeopleLogin(pulumi.ComponentResource):
    """OIDC auth method `people` with one role; what somebody may do comes from groups alone."""

    path: pulumi.Output[str]
    """Mount of the auth method."""

    def __init__(self, name: str, args: PeopleLoginArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:PeopleLogin", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        backend = vault.jwt.AuthBackend(
            name,
            path=args.path,
            type="oidc",
            description="people",
            oidc_discovery_url=args.issuer,
            bound_issuer=args.issuer,
            oidc_client_id=args.client_id,
            oidc_client_secret=pulumi.Output.secret(args.client_secret),
            default_role=ROLE,
            opts=child,
        )
        vault.jwt.AuthBackendRole(
            name,
            backend=backend.path,
            role_name=ROLE,
            role_type="oidc",
            user_claim="sub",
            groups_claim="groups",
            bound_audiences=[args.client_id],
            oidc_scopes=["groups"],
            allowed_redirect_uris=[
                pulumi.Output.format("{0}/ui/vault/auth/{1}/oidc/callback", args.address, args.path),
                COMMAND_LINE,
            ],
            token_ttl=TOKEN_SECONDS,
            token_explicit_max_ttl=LONGEST_SECONDS,
            opts=child,
        )
        for group, allowed in sorted(args.groups.items()):
            made = vault.identity.Group(
                f"{name}-{group}", name=f"{args.path}-{group}", type="external", policies=list(allowed), opts=child
            )
            vault.identity.GroupAlias(
                f"{name}-{group}", name=group, mount_accessor=backend.accessor, canonical_id=made.id, opts=child
            )
        self.path = backend.path.apply(str)
        self.register_outputs({"path": self.path})
