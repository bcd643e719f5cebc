"""Credentials of AWS that live for minutes."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_vault as vault

from components.vault import paths

SESSION_SECONDS = 900
LONGEST_SECONDS = 3600
"""Life of a session: the shortest that STS gives (docs.aws.amazon.com/STS, AssumeRole), and the longest asked for."""


@dataclass(frozen=True, kw_only=True)
class AwsCredentialsArgs:
    """Arguments of `AwsCredentials`."""

    team: str
    """Name of the team's workspace."""
    region: pulumi.Input[str]
    """Region whose STS is asked."""
    role_arn: pulumi.Input[str]
    """Role that is taken on; it trusts the role that Vault's pods have."""
    endpoint: pulumi.Input[str] | None = None
    """Where STS and IAM answer; None is AWS."""
    access_key: pulumi.Input[str] | None = None
    """Key that Vault asks with; None is what its pod has, and there should be no other."""
    secret_key: pulumi.Input[str] | None = None
    """Its secret half."""


class AwsCredentials(pulumi.ComponentResource):
    """Engine at `team/TEAM/aws`; reading `sts/deploy` gives a session of the role. No user is ever made."""

    path: pulumi.Output[str]
    """Mount of the engine."""

    def __init__(self, name: str, args: AwsCredentialsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:AwsCredentials", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        backend = vault.aws.SecretBackend(
            name,
            path=paths.aws(args.team),
            description=f"credentials of AWS for {args.team}",
            region=args.region,
            sts_endpoint=args.endpoint,
            sts_region=args.region,
            iam_endpoint=args.endpoint,
            access_key=args.access_key,
            secret_key=None if args.secret_key is None else pulumi.Output.secret(args.secret_key),
            default_lease_ttl_seconds=SESSION_SECONDS,
            max_lease_ttl_seconds=LONGEST_SECONDS,
            opts=child,
        )
        vault.aws.SecretBackendRole(
            name,
            backend=backend.path.apply(str),
            name=paths.AWS_ROLE,
            credential_type="assumed_role",
            role_arns=[args.role_arn],
            default_sts_ttl=SESSION_SECONDS,
            max_sts_ttl=LONGEST_SECONDS,
            opts=child,
        )
        self.path = backend.path.apply(str)
        self.register_outputs({"path": self.path})
