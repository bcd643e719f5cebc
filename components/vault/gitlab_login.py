"""How GitLab's jobs log in: with the `id_tokens` that GitLab signs for each, bound to project, ref and environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_vault as vault

from components.vault import paths, policies

TOKEN_SECONDS = 900
LONGEST_SECONDS = 3600
"""Life of a job's token; a longer job renews it, up to GitLab's own default limit of a job, an hour
(docs.gitlab.com/ci/pipelines/settings, Set a limit for how long jobs can run)."""

LEEWAY_SECONDS = 10
"""How far clocks may differ; Vault's own default is a minute, and a stolen token lives as much longer."""

CLAIMS = ("environment", "pipeline_id", "project_path", "ref", "user_login")
"""Claims that become metadata of the login, for the audit log."""


@dataclass(frozen=True)
class Project:
    """A GitLab project."""

    path: str
    """Full path, exactly."""
    id: int
    """Its number: a path can be taken by another project, a number can't."""


@dataclass(frozen=True)
class DeployingProject(Project):
    """A project of the platform that deploys from some branches."""

    branches: Sequence[str]
    """Protected branches, exactly."""


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
                **_ROLE,
                opts=child,
            )
        self.path = backend.path.apply(str)
        self.register_outputs({"path": self.path})


_ROLE: dict[str, Any] = {
    "role_type": "jwt",
    # A number, which no other project gets, also after a rename.
    "user_claim": "project_id",
    "bound_claims_type": "string",
    "claim_mappings": {claim: claim for claim in CLAIMS},
    "clock_skew_leeway": LEEWAY_SECONDS,
    "expiration_leeway": LEEWAY_SECONDS,
    "not_before_leeway": LEEWAY_SECONDS,
    "token_ttl": TOKEN_SECONDS,
    "token_explicit_max_ttl": LONGEST_SECONDS,
}


def claims(projects: Sequence[Project], *, protected_in: str | None) -> dict[str, str]:
    """Return what a job's token must say: on a protected ref in this environment, or with None on any other ref."""
    said = {"ref_protected": "false" if protected_in is None else "true"}
    return {**_of(projects), **said, **({} if protected_in is None else {"environment": protected_in})}


def preview_claims(projects: Sequence[DeployingProject]) -> dict[str, str]:
    """Return what the token of a preview must say; a merge request's ref is not protected."""
    return _of(projects)


def deploy_role(project: DeployingProject, audience: str) -> dict[str, object]:
    """Return the body of the role `idp-deploy`, for whoever bootstraps Vault: one project, on its branches."""
    bound: dict[str, object] = {
        **_of([project]),
        "ref_type": "branch",
        "ref_protected": "true",
        "ref": list(project.branches),
    }
    return {**_ROLE, "bound_audiences": [audience], "bound_claims": bound, "token_policies": [paths.DEPLOY]}


def _of(projects: Sequence[Project]) -> dict[str, str]:
    """Return the claims of any of several projects; both must fit, and no path or number holds a comma."""
    return {
        "project_id": ",".join(str(project.id) for project in projects),
        "project_path": ",".join(project.path for project in projects),
    }
