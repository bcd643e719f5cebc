"""Providers; built by stack programs only, so that no component can reach a cluster nobody named."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_vault

from environments import Environment
from stacks import loopback


def named_kubeconfig(environment: Environment) -> str | None:
    """Return the path of the kubeconfig that is known without a foundation: the file's own, or the local cluster's."""
    path = environment.cluster.kubeconfig_path()
    if path is None and environment.is_local():
        path = loopback.KUBECONFIG
    return None if path is None else str(path)


def cluster(environment: Environment, kubeconfig: pulumi.Input[str]) -> kubernetes.Provider:
    """Return the provider of the environment's cluster; `kubeconfig` is a path, or the content."""
    return kubernetes.Provider(
        "cluster",
        kubeconfig=kubeconfig,
        context=environment.cluster.context,
        # Without it a new address of the same cluster (another forwarded port, another checkout) would
        # replace the provider, and with it every resource.
        cluster_identifier=environment.name,
        # Without it a change of a ConfigMap deletes it, and with it all that names it: a StatefulSet with all its pods.
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
    )


VAULT_TOKEN_SECONDS = 1200
"""Life of the token that the provider makes for itself from the one it is given, the provider's own default."""


def vault(address: pulumi.Input[str], ca_file: pulumi.Input[str] | None) -> pulumi_vault.Provider:
    """Return the provider of the environment's Vault; `ca_file` is a path, None what this machine trusts.

    The token comes from the surroundings (`VAULT_TOKEN`): it lives for minutes, and in the state each new one would be
    a change.
    """
    return pulumi_vault.Provider(
        "vault",
        address=address,
        ca_cert_file=ca_file,
        # The SDK would else take them from environment variables, and nobody could say what an update did.
        skip_tls_verify=False,
        max_retries=2,
        max_lease_ttl_seconds=VAULT_TOKEN_SECONDS,
    )
