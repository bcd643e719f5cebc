"""Short ways to write the passing and failing resources that each rule carries."""

from __future__ import annotations

from policies.plain import Plain
from policies.pods import pod_spec_path
from policies.rule import Provider, Resource

EXPLICIT = Provider("pulumi:providers:kubernetes", "cluster")

SHA = "sha256:" + "0123456789abcdef" * 4
"""A digest."""


def sample(token: str, /, provider: Provider | None = EXPLICIT, **props: Plain) -> Resource:
    """Return a resource of a Kubernetes type such as `apps/v1:Deployment` with the given top-level properties."""
    return _resource(token, props, provider)


def declared(token: str, /, **props: Plain) -> Resource:
    """Return a resource of any provider by its whole token, such as `aws:s3/bucket:Bucket`."""
    name = token.rpartition(":")[2].lower()
    provider = Provider(f"pulumi:providers:{token.partition(':')[0]}", "explicit")
    urn = f"urn:pulumi:dev.foundation::idp::{token}::{name}"
    return Resource(token, name, props, urn=urn, provider=provider)


def _resource(token: str, props: dict[str, Plain], provider: Provider | None = EXPLICIT) -> Resource:
    name = token.rpartition(":")[2].lower()
    return Resource(
        f"kubernetes:{token}", name, props, urn=f"urn:pulumi:dev.platform::idp::{token}::{name}", provider=provider
    )


def nested(keys: tuple[str, ...], value: Plain) -> dict[str, Plain]:
    """Return `value` under nested mappings: `nested(("a", "b"), 1)` is `{"a": {"b": 1}}`."""
    for key in reversed(keys[1:]):
        value = {key: value}
    return {keys[0]: value}


def workload(kind: str, spec: Plain, typed: str = "") -> Resource:
    """Return a workload of a kind in `pods.WORKLOADS` with a pod spec where that kind carries it."""
    return _resource(typed or _TOKENS[kind], nested(pod_spec_path(kind), spec))


def deployment(*containers: Plain) -> Resource:
    """Return a Deployment with the given containers."""
    return workload("Deployment", {"containers": list(containers)})


_TOKENS = {
    "Pod": "core/v1:Pod",
    "PodTemplate": "core/v1:PodTemplate",
    "ReplicationController": "core/v1:ReplicationController",
    "Deployment": "apps/v1:Deployment",
    "StatefulSet": "apps/v1:StatefulSet",
    "DaemonSet": "apps/v1:DaemonSet",
    "ReplicaSet": "apps/v1:ReplicaSet",
    "Job": "batch/v1:Job",
    "CronJob": "batch/v1:CronJob",
}
