"""Layer `secrets`: what is configured inside Vault. It holds no team's secret; teams put theirs in themselves."""

from __future__ import annotations

import json

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
from stacks import loopback, outputs, providers, secrets_args
from stacks.audience import audience
from stacks.outputs import PlatformOutputs, SecretsOutputs
from stacks.secrets_args import Reach, Surroundings

CLUSTER_DOMAIN = "svc"
"""Hosts of services, `NAME.NAMESPACE.svc`, get certificates beside those of the environment's own domain."""


def build(environment: Environment) -> SecretsOutputs:
    """Declare the layer; reads the outputs of `platform`, whose Vault it is unless the file names another."""
    platform = outputs.read(PlatformOutputs, environment.name)
    return declare(environment, Surroundings(reach=_reach(environment, platform)))


def declare(environment: Environment, around: Surroundings) -> SecretsOutputs:
    """Declare the layer for a Vault in these surroundings."""
    secrets = environment.secrets
    if secrets is None:
        raise pulumi.RunError(f"{environment.name}: secrets: null is not allowed for this layer")
    reach = around.reach or Reach(address=str(secrets.address), ca_file=secrets.ca_file)
    provider = providers.vault(reach.address, reach.ca_file)
    audit = VaultAudit("audit", VaultAuditArgs(file=around.audit_file), pulumi.ResourceOptions(providers=[provider]))
    # Nothing is configured that no log has seen.
    inside = pulumi.ResourceOptions(providers=[provider], depends_on=[audit])
    teams = {
        one.name: TeamSecrets(one.name, TeamSecretsArgs(team=one.name, protect=secrets.protect), inside)
        for one in environment.workspaces
    }
    pods = KubernetesLogin("kubernetes", secrets_args.kubernetes(environment, around), inside)
    logins = [pods.path]
    gitlab = None
    if secrets.gitlab is not None:
        gitlab = GitlabLogin("gitlab", secrets_args.gitlab(environment, secrets.gitlab, around), inside).path
        logins.append(gitlab)
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
        gitlab_login=gitlab or pulumi.Output.from_input(""),
        kubernetes_login=pods.path,
        kv_mounts=pulumi.Output.all(**{name: team.kv for name, team in teams.items()}),
        transit_mounts=pulumi.Output.all(**{name: team.transit for name, team in teams.items()}),
        database_mounts=pulumi.Output.all(**databases),
        aws_mounts=pulumi.Output.all(**clouds),
        certificates=pki.role,
        root_certificate=pki.root_certificate,
    )


def _reach(environment: Environment, platform: PlatformOutputs) -> Reach | None:
    """Return where the environment's own Vault answers from here; None where its file names one.

    `idp` writes that down, as only it knows which port of this machine leads there.
    """
    secrets = environment.secrets
    if secrets is None or secrets.address is not None:
        return None
    record = loopback.vault_record(environment.name)
    try:
        found = json.loads(record.read_text())
        address, ca_file = str(found["address"]), str(found["ca_file"])
    except (OSError, ValueError, KeyError, TypeError):
        raise pulumi.RunError(f"secrets.address: {record}: not there; `idp up {environment.name}` writes it") from None
    # The outputs say that Vault stands, and a new authority reaches whoever reads them.
    return Reach(address=platform.vault_address.apply(lambda _: address), ca_file=ca_file)
