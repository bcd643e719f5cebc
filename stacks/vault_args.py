"""From an environment to the settings of its Vault's servers."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from components.vault.gitlab_claims import DeployingProject, deploy_role
from components.vault_server.bootstrap import Keeper, Pipeline, Plugin
from components.vault_server.configuration import AwsKmsSeal
from components.vault_server.network import Destination
from components.vault_server.snapshots import SnapshotBucket, SnapshotVolume
from environments import Environment
from environments.secrets import Secrets
from environments.vault import Vault
from stacks import loopback
from stacks.audience import audience
from stacks.outputs import FoundationOutputs
from stacks.vault_settings import VaultSettings

PLUGINS: Mapping[str, tuple[str, str]] = {
    "vault-plugin-auth-kubernetes": ("auth", "kubernetes"),
    "vault-plugin-database-postgresql": ("database", "postgresql-database-plugin"),
    "vault-plugin-secrets-aws": ("secret", "aws"),
}
"""File -> type and name of what the loopback image's build of Vault does not contain; HashiCorp's image does."""

HTTPS = 443

POD_IDENTITY = Destination(cidr="169.254.170.23/32", port=80)
"""EKS Pod Identity's agent on each node (docs.aws.amazon.com/eks, Pod Identity considerations): it gives the pods their
credentials, without which nothing is unsealed."""


def settings(environment: Environment, vault: Vault, foundation: FoundationOutputs | None) -> VaultSettings:
    """Return the settings of the environment's Vault; `foundation` is None where it is not in an AWS account."""
    on_loopback = loopback.used_by(environment)
    aws = _account(environment)
    return VaultSettings(
        image=vault.image,
        bootstrap_image=vault.bootstrap_image,
        snapshots=_snapshots(foundation, aws),
        kms=_kms(foundation, aws),
        keepers=[Keeper(name=keeper.name, public_key=keeper.public_key) for keeper in vault.keepers],
        threshold=vault.threshold,
        replicas=vault.replicas,
        one_node=environment.is_local(),
        cluster_ip=loopback.VAULT_IP if on_loopback else None,
        plugin_directory=loopback.VAULT_PLUGIN_FOLDER if on_loopback else None,
        plugins=_plugins() if on_loopback else (),
        pipeline=_pipeline(environment, environment.secrets),
        egress_to=[*_identity(aws), *(Destination(cidr=one.cidr, port=one.port) for one in vault.egress_to)],
        memory=vault.memory,
        cpu=vault.cpu,
    )


def api_server(environment: Environment, foundation: FoundationOutputs | None) -> list[Destination]:
    """Return where the API server is, as pods see it; nothing where only `platform.vault.egress_to` can say."""
    if loopback.used_by(environment):
        cidr, port = loopback.API_SERVER
        return [Destination(cidr=cidr, port=port)]
    if foundation is None or _account(environment) is None:
        return []
    # Its private endpoint, and those of AWS's services, are in the cluster's VPC.
    return [Destination(cidr=foundation.vpc_cidr, port=HTTPS)]


def _account(environment: Environment) -> str | None:
    """Return the region of the AWS account that the environment is in; None where that is the emulator, or none."""
    foundation = environment.foundation
    return None if foundation is None or foundation.aws.emulator else foundation.aws.region


def _snapshots(foundation: FoundationOutputs | None, region: str | None) -> SnapshotVolume | SnapshotBucket:
    if foundation is None or region is None:
        return SnapshotVolume()
    return SnapshotBucket(name=foundation.bucket_names["vault-snapshots"], region=region)


def _kms(foundation: FoundationOutputs | None, region: str | None) -> AwsKmsSeal | None:
    if foundation is None or region is None:
        return None
    return AwsKmsSeal(key_arn=foundation.key_arns["unseal"], region=region)


def _identity(region: str | None) -> list[Destination]:
    return [] if region is None else [POD_IDENTITY]


def _plugins() -> list[Plugin]:
    try:
        checksums = loopback.vault_checksums()
        return [
            Plugin(kind=kind, name=name, command=file, sha256=checksums[file]) for file, (kind, name) in PLUGINS.items()
        ]
    except (OSError, ValueError, KeyError, TypeError):
        raise pulumi.RunError(
            f"platform.vault: {loopback.VAULT_PLUGINS}: no checksums there; `idp local start` writes them"
        ) from None


def _pipeline(environment: Environment, secrets: Secrets | None) -> Pipeline | None:
    """Return the login of the deploy pipeline: the first project's, where Vault can fetch GitLab's keys."""
    gitlab = secrets.gitlab if secrets else None
    if gitlab is None or gitlab.public_keys:
        return None
    first = gitlab.projects[0]
    role = deploy_role(DeployingProject(first.path, first.id, first.branches), audience(environment))
    claims = role["bound_claims"]
    assert isinstance(claims, Mapping)  # noqa: S101 - for the type checker
    return Pipeline(issuer=gitlab.url, audience=audience(environment), claims=claims)
