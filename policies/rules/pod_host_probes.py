"""Probes and lifecycle hooks ask the pod itself."""

from __future__ import annotations

from policies.condition import Field, empty
from policies.demand import EVERY_CONTAINER, ITEM, Demand, demands
from policies.plain import Plain
from policies.pods import WORKLOADS
from policies.rule import Profile, Rule, Severity
from policies.samples import nested, workload

_ASKING = (
    ("livenessProbe",),
    ("readinessProbe",),
    ("startupProbe",),
    ("lifecycle", "postStart"),
    ("lifecycle", "preStop"),
)
_HANDLERS = ("httpGet", "tcpSocket")
_HOSTS = tuple((*keys, handler, "host") for keys in _ASKING for handler in _HANDLERS)


def _container(path: str, host: Plain) -> dict[str, Plain]:
    return {"name": "app", **nested(tuple(path.split(".")), {"port": 80, "host": host})}


RULE = Rule(
    id="pod_host_probes",
    title="Probes and hooks ask the pod itself",
    severity=Severity.MEDIUM,
    why="The kubelet asks in the node's name: with a host, whoever writes the pod reaches what only nodes may.",
    remedy="Leave out `host`: the kubelet asks the pod.",
    standards=("Pod Security baseline: Host Probes / Lifecycle Hooks",),
    types=WORKLOADS,
    profile=Profile.BASELINE,
    check=demands(
        *(
            Demand(EVERY_CONTAINER, empty(Field(ITEM, *keys)), "is set; allowed is nothing, or an empty text", keys)
            for keys in _HOSTS
        )
    ),
    passing=(
        workload("Pod", {"containers": [{"name": "app", "livenessProbe": {"exec": {"command": ["true"]}}}]}),
        workload("Deployment", {"containers": [_container("readinessProbe.httpGet", "")]}),
        workload("Deployment", {"containers": [_container("lifecycle.preStop.tcpSocket", None)]}),
        workload("Deployment", {"containers": [{"name": "app"}]}, typed="apps/v1:DeploymentPatch"),
    ),
    failing=(
        workload("Pod", {"containers": [_container("livenessProbe.httpGet", "192.0.2.1")]}),
        workload("Pod", {"containers": [_container("livenessProbe.tcpSocket", "192.0.2.1")]}),
        workload("Deployment", {"containers": [{"name": "a"}, _container("readinessProbe.httpGet", "localhost")]}),
        workload("Deployment", {"initContainers": [_container("readinessProbe.tcpSocket", "127.0.0.1")]}),
        workload("Job", {"containers": [_container("startupProbe.httpGet", "a.example")]}),
        workload("Job", {"containers": [_container("startupProbe.tcpSocket", "a.example")]}),
        workload("StatefulSet", {"containers": [_container("lifecycle.postStart.httpGet", "a.example")]}),
        workload("StatefulSet", {"containers": [_container("lifecycle.postStart.tcpSocket", "a.example")]}),
        workload("Pod", {"ephemeralContainers": [_container("lifecycle.preStop.httpGet", "a.example")]}),
        workload("CronJob", {"containers": [_container("lifecycle.preStop.tcpSocket", "a.example")]}),
        workload(
            "Deployment", {"containers": [_container("livenessProbe.httpGet", "a")]}, typed="apps/v1:DeploymentPatch"
        ),
    ),
)
