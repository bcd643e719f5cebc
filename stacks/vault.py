"""Vault as a part of the layer `platform`: its components, in the order in which they need each other."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap

from components.vault import policies
from components.vault_server.bootstrap import VaultBootstrap, VaultBootstrapArgs
from components.vault_server.certificates import VaultCertificates, VaultCertificatesArgs
from components.vault_server.configuration import Seal, TransitSeal
from components.vault_server.network import VaultNetwork, VaultNetworkArgs
from components.vault_server.rotation import SealRotation, SealRotationArgs
from components.vault_server.seal import SealVault, SealVaultArgs
from components.vault_server.server import VaultServer, VaultServerArgs
from components.vault_server.snapshots import VaultSnapshots, VaultSnapshotsArgs
from stacks.vault_settings import Surroundings, VaultSettings


@dataclass(frozen=True, kw_only=True)
class Reached:
    """How pods reach Vault."""

    address: pulumi.Output[str]
    """Address of the active server."""
    ca: pulumi.Output[str]
    """What they trust (PEM)."""


def declare(settings: VaultSettings, around: Surroundings, cluster: pulumi.ProviderResource) -> Reached:
    """Declare all of Vault on the cluster of the provider.

    Servers become ready by the initialisation, and it needs them running: both are made side by side.
    """
    network = VaultNetwork(
        "vault-network",
        VaultNetworkArgs(
            namespace=around.namespace,
            labels=around.labels,
            api_server=around.api_server,
            seal=settings.kms is None,
            clients=settings.clients,
            egress_to=settings.egress_to,
        ),
        _after(cluster),
    )
    certificates = VaultCertificates(
        "vault-tls",
        VaultCertificatesArgs(
            namespace=around.namespace,
            image=settings.bootstrap_image,
            labels=around.labels,
            priority_class=around.priority_class,
            seal=settings.kms is None,
        ),
        _after(cluster, network),
    )
    ready = _after(cluster, certificates)
    seal = _seal(settings, around, ready)
    server = VaultServer("vault", _server(settings, around, seal), ready)
    bootstrap = VaultBootstrapArgs(
        namespace=around.namespace,
        image=settings.bootstrap_image,
        labels=around.labels,
        priority_class=around.priority_class,
        deploy_policy=policies.document(policies.deploy()),
        replicas=settings.replicas,
        keepers=settings.keepers,
        threshold=settings.threshold,
        unguarded=not settings.keepers,
        plugins=settings.plugins,
        pipeline=settings.pipeline,
    )
    initialised = VaultBootstrap("vault-bootstrap", bootstrap, ready)
    snapshots = VaultSnapshotsArgs(vault=bootstrap, store=settings.snapshots)
    VaultSnapshots("vault-snapshots", snapshots, _after(cluster, initialised))
    rotation = SealRotationArgs(vault=bootstrap, sealed_by_vault=settings.kms is None)
    SealRotation("vault-rotate-seal", rotation, _after(cluster, initialised))
    return Reached(address=server.address, ca=_trusted(certificates, around, cluster))


def _trusted(
    certificates: VaultCertificates, around: Surroundings, cluster: pulumi.ProviderResource
) -> pulumi.Output[str]:
    """Return what the job that makes the certificates has published."""
    # Known once the job is done: before, there is nothing to be read.
    place = pulumi.Output.format("{0}/{1}", around.namespace, certificates.bundle)
    bundle = ConfigMap.get("vault-ca", place, opts=pulumi.ResourceOptions(provider=cluster))
    return bundle.data.apply(lambda data: str(data["ca.crt"]))


def _after(cluster: pulumi.ProviderResource, *resources: pulumi.Resource) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(providers=[cluster], depends_on=list(resources))


def _seal(settings: VaultSettings, around: Surroundings, opts: pulumi.ResourceOptions) -> Seal:
    if settings.kms is not None:
        return settings.kms
    args = SealVaultArgs(
        namespace=around.namespace,
        image=settings.image,
        bootstrap_image=settings.bootstrap_image,
        labels=around.labels,
        priority_class=around.priority_class,
    )
    return TransitSeal(secret=SealVault("vault-seal", args, opts).seal)


def _server(settings: VaultSettings, around: Surroundings, seal: Seal) -> VaultServerArgs:
    return VaultServerArgs(
        namespace=around.namespace,
        image=settings.image,
        bootstrap_image=settings.bootstrap_image,
        seal=seal,
        labels=around.labels,
        priority_class=around.priority_class,
        replicas=settings.replicas,
        one_node=settings.one_node,
        cluster_ip=settings.cluster_ip,
        plugin_directory=settings.plugin_directory,
        memory=settings.memory,
        cpu=settings.cpu,
    )
