"""From an environment to the arguments of the components of layer `secrets`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.vault import paths, policies
from components.vault import quotas as limits
from components.vault.aws_credentials import AwsCredentialsArgs
from components.vault.database_credentials import DatabaseCredentialsArgs
from components.vault.gitlab_claims import DeployingProject, Project
from components.vault.gitlab_login import GitlabLoginArgs
from components.vault.kubernetes_login import KubernetesLoginArgs
from components.vault.people_login import PeopleLoginArgs
from components.vault.quotas import VaultQuotasArgs
from components.vault_server.configuration import AUDIT_FILE
from components.workspace import WORKLOAD
from components.workspace_access import VAULT_MAINTAINER
from environments import Environment
from environments.model import Workspace
from environments.secrets import People, Secrets, SecretsGitlab
from stacks.audience import audience

JWKS = "/oauth/discovery/keys"
"""Where every GitLab publishes its keys (docs.gitlab.com/ci/secrets/id_token_authentication)."""

CLIENT_SECRET = "people_client_secret"  # noqa: S105 (a name)
DATABASE_PASSWORDS = "database_passwords"
"""Secrets in the stack's configuration: of the OIDC client; and workspace -> password of its database's `username`."""


@dataclass(frozen=True, kw_only=True)
class Api:
    """An API server that Vault is not behind."""

    host: pulumi.Input[str]
    """Its address."""
    ca_certificate: pulumi.Input[str]
    """Its authority (PEM)."""


@dataclass(frozen=True, kw_only=True)
class Emulator:
    """An emulator of AWS."""

    endpoint: pulumi.Input[str]
    """Its address."""
    access_key: pulumi.Input[str]
    """A made-up key."""
    secret_key: pulumi.Input[str]
    """Its made-up secret half."""


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Where Vault answers whoever runs the program."""

    address: pulumi.Input[str]
    """URL."""
    ca_file: pulumi.Input[str] | None
    """Path of what is trusted (PEM); None is what this machine trusts."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What stands around Vault; the defaults are those of a Vault in the environment's cluster."""

    reach: Reach | None = None
    """Where Vault answers; None is where the environment's file says."""
    jwks_url: str | None = None
    """Where GitLab's keys are; None is where every GitLab has them."""
    issuer: str | None = None
    """Where the identity provider of people is; None is where the environment's file says."""
    api: Api | None = None
    """API server that pods' tokens are shown to; None is that of the cluster that Vault runs in."""
    emulator: Emulator | None = None
    """What stands in for AWS; None is AWS, asked with what Vault's own pod has."""
    audit_file: str = AUDIT_FILE
    """Path of the audit log."""
    database_is_there: bool = True
    """Whether databases can be logged in to already."""
    requests: int = limits.REQUESTS
    logins: int = limits.LOGINS
    """Limits of requests a second from one address: all in all, and at each auth method."""


def gitlab(environment: Environment, settings: SecretsGitlab, around: Surroundings) -> GitlabLoginArgs:
    """Return the arguments of `GitlabLogin`."""
    keys = settings.public_keys
    return GitlabLoginArgs(
        url=settings.url,
        jwks_url=None if keys else around.jwks_url or f"{settings.url}{JWKS}",
        public_keys=keys,
        audience=audience(environment),
        environment=environment.name,
        teams={
            one.name: [Project(project.path, project.id) for project in one.gitlab_projects]
            for one in environment.workspaces
        },
        platform=[DeployingProject(one.path, one.id, one.branches) for one in settings.projects],
    )


def kubernetes(environment: Environment, around: Surroundings) -> KubernetesLoginArgs:
    """Return the arguments of `KubernetesLogin`."""
    names = [one.name for one in environment.workspaces]
    people = VAULT_MAINTAINER if environment.people_come_through_cluster() else None
    if around.api is None:
        return KubernetesLoginArgs(workspaces=names, service_account=WORKLOAD, people_account=people)
    return KubernetesLoginArgs(
        workspaces=names,
        service_account=WORKLOAD,
        people_account=people,
        host=around.api.host,
        ca_certificate=around.api.ca_certificate,
    )


def people(environment: Environment, settings: People, around: Surroundings) -> PeopleLoginArgs:
    """Return the arguments of `PeopleLogin`."""
    return PeopleLoginArgs(
        issuer=around.issuer or settings.issuer,
        client_id=settings.client_id,
        client_secret=pulumi.Config().require_secret(CLIENT_SECRET),
        address=audience(environment),
        groups=groups(environment.workspaces),
    )


def groups(workspaces: Sequence[Workspace]) -> Mapping[str, Sequence[str]]:
    """Return the policies of each group: one group may have a part in several workspaces."""
    found: dict[str, list[str]] = {}
    for group, policy in _memberships(workspaces):
        found.setdefault(group, []).append(policy)
    return {group: sorted(set(allowed)) for group, allowed in found.items()}


def _memberships(workspaces: Sequence[Workspace]) -> Iterator[tuple[str, str]]:
    for one in workspaces:
        parts = {
            "reader": one.access.readers,
            "developer": one.access.developers,
            "maintainer": one.access.maintainers,
        }
        for kind, members in parts.items():
            yield from ((group, policies.name(kind, one.name)) for group in members)


def quotas(logins: Sequence[pulumi.Input[str]], around: Surroundings) -> VaultQuotasArgs:
    """Return the arguments of `VaultQuotas`."""
    return VaultQuotasArgs(logins=logins, requests=around.requests, per_login=around.logins)


def database(workspace: Workspace, around: Surroundings) -> DatabaseCredentialsArgs | None:
    """Return the arguments of `DatabaseCredentials`; None for a workspace without a database."""
    settings = workspace.database
    if settings is None:
        return None
    passwords = pulumi.Config().require_secret_object(DATABASE_PASSWORDS)
    return DatabaseCredentialsArgs(
        team=workspace.name,
        host=settings.host,
        port=settings.port,
        database=settings.name,
        username=settings.username,
        password=passwords.apply(lambda known: _password(known, workspace.name)),
        roles={paths.POD_ROLE: settings.application_role, paths.PEOPLE_ROLE: settings.reader_role},
        verify_connection=around.database_is_there,
    )


def _password(known: object, name: str) -> str:
    password = known.get(name) if isinstance(known, Mapping) else None
    if not isinstance(password, str) or not password:
        raise pulumi.RunError(
            f"{DATABASE_PASSWORDS}.{name}: is missing: the password of workspaces[].database.username"
        )
    return password


def aws(workspace: Workspace, secrets: Secrets, around: Surroundings) -> AwsCredentialsArgs | None:
    """Return the arguments of `AwsCredentials`; None for a workspace without a role."""
    if workspace.aws_role_arn is None or secrets.aws_region is None:
        return None
    emulator = around.emulator
    return AwsCredentialsArgs(
        team=workspace.name,
        region=secrets.aws_region,
        role_arn=workspace.aws_role_arn,
        endpoint=emulator.endpoint if emulator else None,
        access_key=emulator.access_key if emulator else None,
        secret_key=emulator.secret_key if emulator else None,
    )
