"""Providers; built by stack programs only, so that no component can reach a cluster nobody named."""

from __future__ import annotations

from pathlib import Path

import pulumi_kubernetes as kubernetes

from environments import Environment

LOOPBACK_KUBECONFIG = Path(__file__).resolve().parent.parent / ".idp" / "local" / "kubeconfig"


def cluster(environment: Environment) -> kubernetes.Provider:
    """Return the provider of the environment's cluster: the one its file names, else the local cluster."""
    settings = environment.cluster
    return kubernetes.Provider(
        "cluster",
        kubeconfig=str(settings.kubeconfig_path() or LOOPBACK_KUBECONFIG),
        context=settings.context,
        # Without it a new address of the same cluster (another forwarded port, another checkout) would
        # replace the provider, and with it every resource.
        cluster_identifier=environment.name,
    )
