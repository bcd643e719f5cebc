"""How GitLab's jobs log in: with the `id_tokens` that GitLab signs for each, bound to project, ref and environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_vault as vault

from components.vault import paths, policies
from components.vault.gitlab_claims import ROLE, DeployingProject, Project, claims, preview_claims


@dataclass(frozen=True, kw_only=True)
class GitlabLoginArgs:
    """Arguments of `GitlabLogin`."""

    url: pulumi.Input[str]
    """Address of GitLab, the issuer of its tokens."""
    jwks_url: pulumi.Input[str] | None
    """Where it publishes the keys that it signs with; None with `public_keys`."""
    audience: pulumi.Input[str]
    """What jobs must name as `aud`: this Vault and no other, so that a token for one environment opens no other."""
    environment: str
    """GitLab environment that a job of a protected ref must run in."""
    teams: Mapping[str, Sequence[Project]]
    """Team -> its projects."""
    platform: Sequence[DeployingProject]
    """The platform's own projects."""
    public_keys: Sequence[str] = ()
    """Those keys (PEM), where Vault can't reach it."""
    path: str = paths.GITLAB
    """Mount of the auth method."""
    preview: str = paths.PREVIEW
    """Role and policy of the platform's previews."""


class GitlabLogin(pulumi.ComponentResource):
    """JWT auth method `gitlab`, with the roles `job-TEAM`, `protected-job-TEAM` and `idp-preview`.

    `job-TEAM` takes any ref that is not protected, `protected-job-TEAM` a protected one in the environment of that
    name. Claims are compared as they are, never as patterns. The role `idp-deploy` is not here (`deploy_role`): whoever
    logs in through what he removes can't finish.
    """

    path: pulumi.Output[str]
    """Mount of the auth method."""

    def __init__(self, name: str, args: GitlabLoginArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:GitlabLogin", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        backend = vault.jwt.AuthBackend(
            name,
            path=args.path,
            type="jwt",
            description="jobs of GitLab",
            jwks_url=args.jwks_url,
            jwt_validation_pubkeys=list(args.public_keys) or None,
            bound_issuer=args.url,
            opts=child,
        )
        vault.Policy(
            f"{name}-{args.preview}",
            name=args.preview,
            policy=policies.document(policies.preview()),
            opts=child,
        )
        roles = {
            **{
                policies.name(kind, team): claims(projects, protected_in=environment)
                for team, projects in args.teams.items()
                if projects
                for kind, environment in (("job", None), ("protected-job", args.environment))
            },
            args.preview: preview_claims(args.platform),
        }
        for role, bound in roles.items():
            vault.jwt.AuthBackendRole(
                f"{name}-{role}",
                backend=backend.path,
                role_name=role,
                bound_audiences=[args.audience],
                bound_claims=bound,
                token_policies=[role],
                **ROLE,
                opts=child,
            )
        self.path = backend.path.apply(str)
        self.register_outputs({"path": self.path})
