"""Rules between the parts of a foundation, and between it and the rest of its environment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from environments.broken import Broken, Place, repeated
from environments.eks import SUPPORTED
from environments.instances import architecture
from environments.special import LOCAL, PROD

if TYPE_CHECKING:
    from environments.foundation import (
        AwsAccount,
        DnsZone,
        Foundation,
        FoundationCluster,
        FoundationNetwork,
        Gitlab,
        NodePool,
    )

HERE: Place = ("foundation",)

FEWEST_ZONES, MOST_ZONES = 2, 6
"""EKS wants subnets in two zones (docs.aws.amazon.com/eks, VPC requirements); no region has more than six."""

FEWEST_ZONES_PROD = 3
"""With three, the loss of one leaves a majority of anything that votes, such as Vault."""

POOLS = ("system", "general", "runners")
"""Node pools that every cluster has: the platform's own pods, those of teams, and pipelines, kept apart by a taint."""


@dataclass(frozen=True, slots=True)
class FoundationParts:
    """The parts of a foundation that are valid by themselves; None where one is not."""

    aws: AwsAccount | None
    protect: bool | None
    network: FoundationNetwork | None
    cluster: FoundationCluster | None
    dns: DnsZone | None
    gitlab: Gitlab | None

    @staticmethod
    def of(foundation: Foundation | None) -> FoundationParts | None:
        """Return the parts of a valid foundation."""
        if foundation is None:
            return None
        return FoundationParts(
            aws=foundation.aws,
            protect=foundation.protect,
            network=foundation.network,
            cluster=foundation.cluster,
            dns=foundation.dns,
            gitlab=foundation.gitlab,
        )


def broken(parts: FoundationParts, name: str | None, version: str | None, domain: str | None) -> Iterator[Broken]:
    """Yield each broken rule; the environment's name, Kubernetes version and domain are None where they are invalid."""
    if parts.aws is not None and name is not None:
        yield from _emulator(parts.aws, name)
    if parts.protect is False and name == PROD:
        yield Broken((*HERE, "protect"), parts.protect, f"true in {PROD}")
    if parts.network is not None:
        yield from _network(parts.network, (*HERE, "network"))
        if parts.aws is not None:
            yield from _zones_of_region(parts.network, parts.aws.region)
        if name == PROD:
            yield from _survives_a_zone(parts.network)
    if parts.cluster is not None:
        yield from _cluster(parts.cluster, (*HERE, "cluster"))
        if parts.aws is not None:
            yield from _roles_of_account(parts.cluster, parts.aws.account_id)
        if version is not None and parts.cluster.existing is None and version not in SUPPORTED:
            yield Broken(("cluster", "version"), version, f"a version that EKS has pins for ({', '.join(SUPPORTED)})")
    if parts.dns is not None and domain is not None:
        yield from _zone_holds_domain(parts.dns, domain)
    if parts.gitlab is not None:
        yield from _projects(parts.gitlab, (*HERE, "gitlab", "projects"))


def _emulator(aws: AwsAccount, name: str) -> Iterator[Broken]:
    place = (*HERE, "aws", "emulator")
    if name == LOCAL and not aws.emulator:
        yield Broken(place, aws.emulator, "true; the local environment has the loopback emulator only")
    if name != LOCAL and aws.emulator:
        yield Broken(place, aws.emulator, "false; the loopback emulator is for the local environment only")


def _network(network: FoundationNetwork, place: Place) -> Iterator[Broken]:
    if network.existing is not None:
        yield from _beside_existing({"cidr": network.cidr, "zones": network.zones, "nat": network.nat}, place)
        return
    if network.cidr is None:
        yield Broken((*place, "cidr"), None, "the range of a VPC to create such as 10.20.0.0/16, or `existing` instead")
    if not FEWEST_ZONES <= len(network.zones) <= MOST_ZONES:
        yield Broken((*place, "zones"), network.zones, f"{FEWEST_ZONES} to {MOST_ZONES} zones, 3 are recommended")
    if network.nat is None:
        yield Broken((*place, "nat"), None, "single or per-zone, or `existing` instead")


def _beside_existing(settings: Mapping[str, object], place: Place) -> Iterator[Broken]:
    for key, value in settings.items():
        if value:
            yield Broken((*place, key), value, "null or left out beside `existing`: either create or adopt")


def _zones_of_region(network: FoundationNetwork, region: str) -> Iterator[Broken]:
    for position, zone in enumerate(network.zones):
        if zone[:-1] != region:
            yield Broken((*HERE, "network", "zones", position), zone, f"a zone of {region} such as {region}a")


def _survives_a_zone(network: FoundationNetwork) -> Iterator[Broken]:
    place = (*HERE, "network")
    if network.existing is not None:
        return
    if FEWEST_ZONES <= len(network.zones) < FEWEST_ZONES_PROD:
        yield Broken((*place, "zones"), network.zones, f"at least {FEWEST_ZONES_PROD} zones in {PROD}")
    if network.nat == "single":
        yield Broken((*place, "nat"), network.nat, f"per-zone in {PROD}; a single one fails with its zone")


def _cluster(cluster: FoundationCluster, place: Place) -> Iterator[Broken]:
    if cluster.existing is not None:
        settings = {
            "name": cluster.name,
            "public_access_cidrs": cluster.public_access_cidrs,
            "admin_role_arns": cluster.admin_role_arns,
            "node_pools": cluster.node_pools,
        }
        yield from _beside_existing(settings, place)
        return
    if cluster.name is None:
        yield Broken((*place, "name"), None, "the name of a cluster to create such as idp-dev, or `existing` instead")
    if not cluster.admin_role_arns:
        yield Broken((*place, "admin_role_arns"), (), "at least one role: nobody else gets into the cluster")
    names = [pool.name for pool in cluster.node_pools]
    if missing := [name for name in POOLS if name not in names]:
        allowed = f"pools with the names {', '.join(POOLS)} ({', '.join(missing)} missing)"
        yield Broken((*place, "node_pools"), cluster.node_pools, allowed)
    yield from repeated(names, (*place, "node_pools"))
    for position, pool in enumerate(cluster.node_pools):
        yield from _pool(pool, (*place, "node_pools", position))


def _pool(pool: NodePool, place: Place) -> Iterator[Broken]:
    if pool.maximum < 1:
        yield Broken((*place, "maximum"), pool.maximum, "at least 1")
    elif pool.minimum > pool.maximum:
        yield Broken((*place, "minimum"), pool.minimum, f"at most maximum, {pool.maximum}")
    first = pool.instance_types[0]
    for position, kind in enumerate(pool.instance_types):
        if architecture(kind) != architecture(first):
            allowed = f"a type of the same architecture as {first}, {architecture(first)}"
            yield Broken((*place, "instance_types", position), kind, allowed)
    keys = Counter(label.partition("=")[0] for label in pool.labels)
    for position, label in enumerate(pool.labels):
        if keys[label.partition("=")[0]] > 1:
            yield Broken((*place, "labels", position), label, "each key once only")
    if pool.name == "runners" and pool.taint is None:
        allowed = "a taint such as idp/pool=runners, which keeps all but pipelines away"
        yield Broken((*place, "taint"), None, allowed)


def _roles_of_account(cluster: FoundationCluster, account_id: str) -> Iterator[Broken]:
    for position, arn in enumerate(cluster.admin_role_arns):
        if arn.split(":")[4] != account_id:
            allowed = f"a role of foundation.aws.account_id, arn:aws:iam::{account_id}:role/..."
            yield Broken((*HERE, "cluster", "admin_role_arns", position), arn, allowed)


def _zone_holds_domain(dns: DnsZone, domain: str) -> Iterator[Broken]:
    if dns.domain is not None and domain != dns.domain and not domain.endswith(f".{dns.domain}"):
        allowed = f"platform.dns_domain, {domain}, or a parent of it; null is the same"
        yield Broken((*HERE, "dns", "domain"), dns.domain, allowed)


def _projects(gitlab: Gitlab, place: Place) -> Iterator[Broken]:
    if not gitlab.projects:
        yield Broken(place, gitlab.projects, "at least one project: nobody else could deploy")
    yield from repeated([project.path for project in gitlab.projects], place, "path")
