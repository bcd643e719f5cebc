"""Layer `secrets`: what is configured inside Vault. It holds no team's secret; teams put theirs in themselves."""

from __future__ import annotations

import pulumi

from components.vault.audit import VaultAudit, VaultAuditArgs
from components.vault.aws_credentials import AwsCredentials
from components.vault.database_credentials import DatabaseCredentials
from components.vault.gitlab_login import GitlabLogin
from components.vault.kubernetes_login import KubernetesLogin
from components.vault.people_login import PeopleLogin
from components.vault.platform_pki import PlatformPki, PlatformPkiArgs
from components.vault.quotas import VaultQuotas
from components.vault.team_secrets import TeamSecrets, TeamSecretsArgs
from environments import Environment
from stacks import providers, secrets_args
from stacks.outputs import SecretsOutputs
from stacks.secrets_args import Surroundings, audience

CLUSTER_DOMAIN = "svc"
"""Hosts of services, `NAME.NAMESPACE.svc`, get certificates beside those of the environment's own domain."""


def build(environment: Environment) -> SecretsOutputs:
    """Declare the layer for a Vault in the environment's cluster."""
    return declare(environment, Surroundings())


def declare(environment: Environment, around: Surroundings) -> SecretsOutputs:
    """Declare the layer for a Vault in these surroundings."""
    secrets = environment.secrets
    if secrets is None:
        raise pulumi.RunError(f"{environment.name}: secrets: null is not allowed for this layer")
    provider = providers.vault(secrets.address, secrets.ca_file)
    audit = VaultAudit("audit", VaultAuditArgs(file=around.audit_file), pulumi.ResourceOptions(providers=[provider]))
    # Nothing is configured that no log has seen.
    inside = pulumi.ResourceOptions(providers=[provider], depends_on=[audit])
    teams = {
        one.name: TeamSecrets(one.name, TeamSecretsArgs(team=one.name, protect=secrets.protect), inside)
        for one in environment.workspaces
    }
    gitlab = GitlabLogin("gitlab", secrets_args.gitlab(environment, secrets, around), inside)
    pods = KubernetesLogin("kubernetes", secrets_args.kubernetes(environment, around), inside)
    logins = [gitlab.path, pods.path]
    if secrets.people is not None:
        logins.append(PeopleLogin("people", secrets_args.people(environment, secrets.people, around), inside).path)
    VaultQuotas("idp", secrets_args.quotas(logins, around), inside)
    authorities = PlatformPkiArgs(
        name=f"idp {environment.name}",
        domains=(environment.platform.dns_domain, CLUSTER_DOMAIN),
        protect=secrets.protect,
    )
    pki = PlatformPki("pki", authorities, inside)
    databases = {
        one.name: DatabaseCredentials(f"{one.name}-database", args, inside).path
        for one in environment.workspaces
        if (args := secrets_args.database(one, around))
    }
    clouds = {
        one.name: AwsCredentials(f"{one.name}-aws", cloud, inside).path
        for one in environment.workspaces
        if (cloud := secrets_args.aws(one, secrets, around))
    }
    return SecretsOutputs(
        audience=pulumi.Output.from_input(audience(environment)),
        gitlab_login=gitlab.path,
        kubernetes_login=pods.path,
        kv_mounts=pulumi.Output.all(**{name: team.kv for name, team in teams.items()}),
        transit_mounts=pulumi.Output.all(**{name: team.transit for name, team in teams.items()}),
        database_mounts=pulumi.Output.all(**databases),
        aws_mounts=pulumi.Output.all(**clouds),
        certificates=pki.role,
        root_certificate=pki.root_certificate,
    )
