"""Snapshots of Vault: saved at set times, and put back by one command."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import PersistentVolumeClaim

from components.vault.paths import AUDIENCE
from components.vault_server.bootstrap import VaultBootstrapArgs, settings
from components.vault_server.names import RECORD, RESTORE, SNAPSHOT, addresses
from components.vault_server.task import CA_FILE, NEVER, SNAPSHOTS, TOKEN_FILE, Right, VaultTask, VaultTaskArgs


@dataclass(frozen=True, kw_only=True)
class SnapshotBucket:
    """A bucket, reached with the identity that the cluster gives the pod; its lifecycle rule drops old snapshots."""

    name: pulumi.Input[str]
    """Name of the bucket."""
    region: pulumi.Input[str]
    """Region of the bucket."""
    prefix: pulumi.Input[str] = "vault/"
    """Beginning of each object's name, ending in `/`."""


@dataclass(frozen=True, kw_only=True)
class SnapshotVolume:
    """A volume in the cluster: it survives Vault, not the cluster."""

    size: pulumi.Input[str] = "10Gi"
    """Size of the volume."""
    keep: int = 14
    """How many snapshots stay."""
    storage_class: pulumi.Input[str] | None = None
    """Class of the volume; None is the cluster's default."""


@dataclass(frozen=True, kw_only=True)
class VaultSnapshotsArgs:
    """Arguments of `VaultSnapshots`."""

    vault: VaultBootstrapArgs
    """Vault as it was initialised."""
    store: SnapshotVolume | SnapshotBucket
    """Where snapshots are kept."""
    schedule: str = "23 */6 * * *"
    """When they are saved, in cron's notation (UTC): what is at most lost."""


class VaultSnapshots(pulumi.ComponentResource):
    """A scheduled job that saves, and a suspended one that restores and is started by hand."""

    service_account: pulumi.Output[str]
    """Service account that needs the right to write to the bucket."""

    def __init__(self, name: str, args: VaultSnapshotsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:VaultSnapshots", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        claim = None
        if isinstance(args.store, SnapshotVolume):
            claim = _claim(name, args, args.store, child).metadata.name
        save = VaultTask(f"{name}-save", _save(args, claim), child)
        VaultTask(f"{name}-restore", _restore(args, claim), child)
        self.service_account = save.service_account
        self.register_outputs({"service_account": self.service_account})


def _claim(
    name: str, args: VaultSnapshotsArgs, volume: SnapshotVolume, opts: pulumi.ResourceOptions
) -> PersistentVolumeClaim:
    kind = {} if volume.storage_class is None else {"storage_class_name": volume.storage_class}
    return PersistentVolumeClaim(
        name,
        metadata={
            "name": "vault-snapshots",
            "namespace": args.vault.namespace,
            "labels": args.vault.labels,
            # It is bound when the first snapshot is saved.
            "annotations": {"pulumi.com/skipAwait": "true"},
        },
        spec={"access_modes": ["ReadWriteOnce"], "resources": {"requests": {"storage": volume.size}}, **kind},
        opts=opts,
    )


def _save(args: VaultSnapshotsArgs, claim: pulumi.Input[str] | None) -> VaultTaskArgs:
    servers = pulumi.Output.from_input(args.vault.namespace).apply(lambda known: addresses(known, args.vault.replicas))
    configuration = {
        "addresses": servers,
        "ca": CA_FILE,
        "token_file": TOKEN_FILE,
        "store": _store(args.store),
    }
    return VaultTaskArgs(
        task=SNAPSHOT,
        mode="snapshot",
        configuration=pulumi.Output.json_dumps(configuration, sort_keys=True),
        schedule=args.schedule,
        audience=AUDIENCE,
        claim=claim,
        namespace=args.vault.namespace,
        image=args.vault.image,
        labels=args.vault.labels,
        priority_class=args.vault.priority_class,
    )


def _restore(args: VaultSnapshotsArgs, claim: pulumi.Input[str] | None) -> VaultTaskArgs:
    configuration = {"vault": settings(args.vault), "store": _store(args.store)}
    return VaultTaskArgs(
        task=RESTORE,
        mode="restore",
        configuration=pulumi.Output.json_dumps(configuration, sort_keys=True),
        schedule=NEVER,
        suspended=True,
        rights=[Right(resource="secrets", verbs=["get"], names=[RECORD])],
        claim=claim,
        namespace=args.vault.namespace,
        image=args.vault.image,
        labels=args.vault.labels,
        priority_class=args.vault.priority_class,
    )


def _store(store: SnapshotVolume | SnapshotBucket) -> dict[str, object]:
    if isinstance(store, SnapshotVolume):
        return {"folder": SNAPSHOTS, "keep": store.keep}
    return {"bucket": {"name": store.name, "region": store.region, "prefix": store.prefix}}
