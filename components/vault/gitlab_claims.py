"""Which of GitLab's jobs may log in as whom: what their `id_tokens` must say; importable without Vault's SDK."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from components.vault import paths

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


ROLE: dict[str, Any] = {
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
"""What all roles of GitLab's jobs have in common, as Vault's API has it."""


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
    return {**ROLE, "bound_audiences": [audience], "bound_claims": bound, "token_policies": [paths.DEPLOY]}


def _of(projects: Sequence[Project]) -> dict[str, str]:
    """Return the claims of any of several projects; both must fit, and no path or number holds a comma."""
    return {
        "project_id": ",".join(str(project.id) for project in projects),
        "project_path": ",".join(project.path for project in projects),
    }
