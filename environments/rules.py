"""Rules that no single value can show: each looks at several parts of an environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from environments import foundation_rules, policies_rules, secrets_rules, vault_rules
from environments.broken import Broken, foreign_image, repeated
from environments.foundation_rules import FoundationParts
from environments.quantities import as_cpu, as_memory, in_bytes, millicores
from environments.service_secrets import AGENT_CPU, AGENT_MEMORY, broken_secrets
from environments.special import LOCAL

if TYPE_CHECKING:
    from environments.model import Cluster, ContainerDefaults, Platform, State, Workspace
    from environments.policies import Policies
    from environments.secrets import Secrets

LOOPBACK_VERSION = "1.33"
"""Kubernetes minor version of the loopback cluster: that of k8s.io/kubernetes in tools/kubernetes/go.mod."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of an environment that are valid by themselves: a rule is tried when all it looks at is there."""

    name: str | None
    state: State | None
    cluster: Cluster | None
    foundation: FoundationParts | None
    """None where there is no foundation, or it is no mapping."""
    has_foundation: bool
    """Whether there is a foundation, which creates or finds the cluster, also where it has faults."""
    platform: Platform | None
    secrets: Secrets | None
    has_secrets: bool
    """Whether there are secrets, also where they have faults."""
    policies: Policies | None
    workspaces: Mapping[int, Workspace]
    """Valid workspaces by their position in the file."""
    workspace_names: Sequence[str | None]
    """The names of all workspaces, also of those with faults elsewhere; None where the name itself is wrong."""


def broken(parts: Parts) -> Iterator[Broken]:
    """Yield each broken rule of an environment."""
    if parts.name is not None:
        if parts.state is not None:
            yield from _state(parts.name, parts.state)
        if parts.cluster is not None:
            yield from _cluster(parts.name, parts.cluster, has_foundation=parts.has_foundation)
    if parts.foundation is not None:
        domain = parts.platform.dns_domain if parts.platform else None
        version = parts.cluster.version if parts.cluster else None
        yield from foundation_rules.broken(parts.foundation, parts.name, version, domain)
    if parts.platform is not None:
        yield from vault_rules.broken(parts.name, parts.platform, has_foundation=parts.has_foundation)
        if parts.secrets is not None:
            yield from vault_rules.address(parts.secrets, parts.platform)
    yield from secrets_rules.broken(parts.secrets, parts.workspaces, has_secrets=parts.has_secrets)
    yield from broken_secrets(parts.workspaces, has_secrets=parts.has_secrets)
    if parts.policies is not None:
        yield from policies_rules.broken(parts.policies, parts.name)
    yield from repeated(parts.workspace_names, ("workspaces",))
    for position, workspace in parts.workspaces.items():
        place = ("workspaces", position)
        yield from repeated([service.name for service in workspace.services], (*place, "services"))
        yield from _defaults(workspace.container_defaults, (*place, "container_defaults"))
        yield from _within_quota(workspace, (*place, "quota"))
        yield from _neighbours(workspace, parts.workspace_names, (*place, "network", "ingress_from"))
        if parts.platform is not None:
            for number, service in enumerate(workspace.services):
                yield from foreign_image(
                    service.image, parts.platform.registries, (*place, "services", number, "image")
                )


def _state(name: str, state: State) -> Iterator[Broken]:
    if name == LOCAL:
        return
    if state.backend == "file":
        yield Broken(("state", "backend"), state.backend, "s3://BUCKET; file is for the local environment only")
    if state.secrets_provider == "passphrase":
        yield Broken(
            ("state", "secrets_provider"),
            state.secrets_provider,
            "awskms://KEY; passphrase is for the local environment only",
        )


def _cluster(name: str, cluster: Cluster, *, has_foundation: bool) -> Iterator[Broken]:
    if cluster.kubeconfig is not None:
        return
    if name != LOCAL and not has_foundation:
        yield Broken(
            ("cluster", "kubeconfig"),
            None,
            "the path of a kubeconfig file; only an environment with a foundation, which has a cluster, may do without,"
            " and the local one, for the loopback cluster",
        )
        return
    if name == LOCAL and cluster.version != LOOPBACK_VERSION:
        yield Broken(("cluster", "version"), cluster.version, f"{LOOPBACK_VERSION!r}, which the loopback cluster runs")
    if cluster.context is not None:
        yield Broken(("cluster", "context"), cluster.context, "null: without a kubeconfig there is one context")


def _defaults(defaults: ContainerDefaults, place: tuple[str | int, ...]) -> Iterator[Broken]:
    if millicores(defaults.cpu_request) > millicores(defaults.cpu_limit):
        yield Broken((*place, "cpu_request"), defaults.cpu_request, f"at most cpu_limit, {defaults.cpu_limit}")
    if in_bytes(defaults.memory_request) > in_bytes(defaults.memory_limit):
        yield Broken(
            (*place, "memory_request"), defaults.memory_request, f"at most memory_limit, {defaults.memory_limit}"
        )


def _within_quota(workspace: Workspace, place: tuple[str | int, ...]) -> Iterator[Broken]:
    services, quota = workspace.services, workspace.quota
    pods = sum(service.replicas for service in services)
    agents = sum(service.replicas for service in services if service.secrets)
    cpu = agents * millicores(AGENT_CPU) + sum(service.replicas * millicores(service.cpu) for service in services)
    memory = agents * in_bytes(AGENT_MEMORY) + sum(service.replicas * in_bytes(service.memory) for service in services)
    more = f", and {AGENT_CPU} and {AGENT_MEMORY} for each of {agents} pods with secrets" if agents else ""
    if cpu > millicores(quota.cpu):
        allowed = f"at least {as_cpu(cpu)}, the sum of replicas x cpu of the services{more}"
        yield Broken((*place, "cpu"), quota.cpu, allowed)
    if memory > in_bytes(quota.memory):
        allowed = f"at least {as_memory(memory)}, the sum of replicas x memory of the services{more}"
        yield Broken((*place, "memory"), quota.memory, allowed)
    if pods > quota.pods:
        yield Broken((*place, "pods"), quota.pods, f"at least {pods}, the sum of replicas of the services")
    if len(services) > quota.services:
        yield Broken((*place, "services"), quota.services, f"at least {len(services)}, the number of services below")


def _neighbours(workspace: Workspace, names: Sequence[str | None], place: tuple[str | int, ...]) -> Iterator[Broken]:
    others = sorted({name for name in names if name is not None and name != workspace.name})
    for position, name in enumerate(workspace.network.ingress_from):
        if name not in others:
            allowed = f"another workspace of this file ({', '.join(others) or 'there is none'})"
            yield Broken((*place, position), name, allowed)
