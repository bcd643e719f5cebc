"""What the program of Vault's servers is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.vault_server.bootstrap import Keeper, Pipeline, Plugin
from components.vault_server.configuration import AwsKmsSeal
from components.vault_server.network import Destination
from components.vault_server.snapshots import SnapshotBucket, SnapshotVolume


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What is there before Vault is."""

    namespace: pulumi.Input[str]
    """An isolated namespace of Vault's own."""
    labels: Mapping[str, pulumi.Input[str]]
    """Labels of every object."""
    priority_class: pulumi.Input[str]
    """PriorityClass of the platform's own parts."""
    api_server: Sequence[Destination]
    """Where the API server is, as pods see it."""


@dataclass(frozen=True, kw_only=True)
class VaultSettings:
    """What differs from environment to environment."""

    image: str
    """Image of the server."""
    bootstrap_image: str
    """Image of `vault-bootstrap`."""
    snapshots: SnapshotVolume | SnapshotBucket
    """Where snapshots go."""
    kms: AwsKmsSeal | None = None
    """What unseals; None lets a Vault beside it do so, which is for `local`."""
    keepers: Sequence[Keeper] = ()
    """Who holds the recovery keys; none is for `local`."""
    threshold: int = 1
    """How many keepers it takes."""
    replicas: int = 3
    """Number of servers."""
    one_node: bool = False
    """Whether servers may share a node."""
    cluster_ip: str | None = None
    """Fixed address of the active server's Service."""
    plugin_directory: str | None = None
    """The image's folder of external plugins."""
    plugins: Sequence[Plugin] = ()
    """External plugins that the first login needs."""
    pipeline: Pipeline | None = None
    """The deploy pipeline's login."""
    clients: Sequence[str] = ()
    """Namespaces, besides workspaces, whose pods may use Vault."""
    egress_to: Sequence[Destination] = ()
    """What Vault must reach outside the cluster."""
    memory: str = "512Mi"
    """Memory of each server."""
    cpu: str = "250m"
    """CPU that each server is promised."""
