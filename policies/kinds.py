"""Which resources a rule looks at, told from Pulumi's type token alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

_TOKEN = re.compile(r"kubernetes:(?P<group>[^/:]+)/(?P<version>[^/:]+):(?P<kind>\w+)")


class Variant(Enum):
    """How a type carries the data of its kind."""

    WHOLE = ""
    PATCH = "Patch"
    """Server-side apply onto an object that exists: fields that are absent stay as they are."""
    LIST = "List"
    """Objects of the kind under `items`."""


@dataclass(frozen=True)
class Match:
    """A type token that a matcher accepts."""

    kind: str
    """`Deployment` for Deployment, DeploymentPatch and DeploymentList; the token itself for `Anything`."""
    variant: Variant


class Matcher(Protocol):
    """Decides from a type token such as `kubernetes:apps/v1:Deployment`."""

    def match(self, token: str) -> Match | None:
        """Return what the token stands for, or None if the rule does not look at it."""

    def describe(self) -> str:
        """Return what is matched, for the documentation."""


@dataclass(frozen=True)
class Anything:
    """Matches every type of every provider."""

    def match(self, token: str) -> Match | None:
        """Accept each token as a whole resource of its own kind."""
        return Match(token, Variant.WHOLE)

    def describe(self) -> str:
        """Return `every resource`."""
        return "every resource"


@dataclass(frozen=True)
class Kubernetes:
    """Matches kinds of the Kubernetes provider in all API versions and groups' variants.

    `kinds` maps a kind to the API groups that have or had it, as the provider's tokens spell them (`core` for the core
    group): Deployment was in `extensions` before `apps`.
    """

    kinds: tuple[tuple[str, frozenset[str]], ...]

    def match(self, token: str) -> Match | None:
        """Accept a kind, its Patch and its List."""
        parts = _TOKEN.fullmatch(token)
        if parts is None:
            return None
        for kind, groups in self.kinds:
            suffix = parts["kind"].removeprefix(kind)
            if parts["group"] in groups and parts["kind"].startswith(kind) and suffix in {v.value for v in Variant}:
                return Match(kind, Variant(suffix))
        return None

    def describe(self) -> str:
        """Return the kinds, comma separated."""
        return ", ".join(kind for kind, _ in self.kinds)


@dataclass(frozen=True)
class Exactly:
    """Matches types of any provider by their whole tokens; a type has a token for each spelling it has ever had."""

    kinds: tuple[tuple[str, tuple[str, ...]], ...]
    """Kind -> tokens, today's first: `aws:s3/bucket:Bucket` was `aws:s3/bucketV2:BucketV2` in pulumi-aws 6."""

    def match(self, token: str) -> Match | None:
        """Accept a token that is listed."""
        for kind, tokens in self.kinds:
            if token in tokens:
                return Match(kind, Variant.WHOLE)
        return None

    def describe(self) -> str:
        """Return today's types as programs write them, such as `aws.s3.Bucket`, comma separated."""
        return ", ".join(_written(tokens[0]) for _, tokens in self.kinds)


@dataclass(frozen=True)
class Everything:
    """Matches every type of a provider."""

    package: str

    def match(self, token: str) -> Match | None:
        """Accept each token of the provider as a whole resource of its own kind."""
        return Match(token, Variant.WHOLE) if token.startswith(f"{self.package}:") else None

    def describe(self) -> str:
        """Return `every resource of` the provider."""
        return f"every resource of {self.package}"


def exactly(**kinds: str) -> Exactly:
    """Build a matcher: `exactly(Bucket="aws:s3/bucket:Bucket aws:s3/bucketV2:BucketV2")`."""
    return Exactly(tuple((kind, tuple(tokens.split())) for kind, tokens in kinds.items()))


def _written(token: str) -> str:
    package, module, kind = token.split(":")
    folder = module.partition("/")[0]
    return ".".join(part for part in (package, folder, kind) if part != "index")


def kubernetes(**kinds: str) -> Kubernetes:
    """Build a matcher: `kubernetes(Deployment="apps extensions", Pod="core")`."""
    return Kubernetes(tuple((kind, frozenset(groups.split())) for kind, groups in kinds.items()))


ROUTES = kubernetes(HTTPRoute="gateway.networking.k8s.io", GRPCRoute="gateway.networking.k8s.io")
"""What leads requests from a gateway's listeners by their host."""

NAMESPACED = Kubernetes(
    kubernetes(
        ConfigMap="core",
        LimitRange="core",
        PersistentVolumeClaim="core",
        Pod="core",
        PodTemplate="core",
        ReplicationController="core",
        ResourceQuota="core",
        Secret="core",  # noqa: S106 (the kind)
        Service="core",
        ServiceAccount="core",
        Deployment="apps extensions",
        StatefulSet="apps",
        DaemonSet="apps extensions",
        ReplicaSet="apps extensions",
        HorizontalPodAutoscaler="autoscaling",
        Job="batch",
        CronJob="batch",
        Ingress="networking.k8s.io extensions",
        NetworkPolicy="networking.k8s.io extensions",
        PodDisruptionBudget="policy",
        Role="rbac.authorization.k8s.io",
        RoleBinding="rbac.authorization.k8s.io",
        Gateway="gateway.networking.k8s.io",
        ReferenceGrant="gateway.networking.k8s.io",
    ).kinds
    + ROUTES.kinds
)
"""The kinds of objects that people put into namespaces; not those that only the cluster itself makes."""
