"""Providers; built by stack programs only, so that no component can reach a cluster nobody named."""

from __future__ import annotations

from pathlib import Path

import pulumi
import pulumi_kubernetes as kubernetes

from environments import Environment

LOOPBACK_KUBECONFIG = Path(__file__).resolve().parent.parent / ".idp" / "local" / "kubeconfig"


def named_kubeconfig(environment: Environment) -> str | None:
    """Return the path of the kubeconfig that is known without a foundation: the file's own, or the local cluster's."""
    path = environment.cluster.kubeconfig_path()
    if path is None and environment.is_local():
        path = LOOPBACK_KUBECONFIG
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
    )
