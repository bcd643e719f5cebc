"""Containers, wherever a kind carries its pod template."""

from __future__ import annotations

from policies.kinds import kubernetes
from policies.plain import UNKNOWN, Plain

WORKLOADS = kubernetes(
    Pod="core",
    PodTemplate="core",
    ReplicationController="core",
    Deployment="apps extensions",
    StatefulSet="apps",
    DaemonSet="apps extensions",
    ReplicaSet="apps extensions",
    Job="batch",
    CronJob="batch",
)
"""All kinds of the Kubernetes API that carry a pod template, in the groups they have ever been in."""

LONG_RUNNING = kubernetes(
    ReplicationController="core",
    Deployment="apps extensions",
    StatefulSet="apps",
    DaemonSet="apps extensions",
    ReplicaSet="apps extensions",
)
"""Those of them whose pods are not meant to end."""

_TEMPLATE = ("spec", "template", "spec")
_POD_SPEC = {
    "Pod": ("spec",),
    "PodTemplate": ("template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}

RUNNING = ("containers", "initContainers")
"""Containers that a pod starts with; only these may have resources."""
ALL = (*RUNNING, "ephemeralContainers")


def pod_spec_path(kind: str) -> tuple[str, ...]:
    """Return the keys that lead to the pod spec of a kind in `WORKLOADS`."""
    return _POD_SPEC.get(kind, _TEMPLATE)


def defaulted(spec: Plain) -> Plain:
    """Return a pod spec with what the API server fills in and rules depend on.

    A volume without a source is an emptyDir; on the node's network a container port is the node's
    (SetDefaults_Volume and SetDefaults_PodSpec in pkg/apis/core/v1/defaults.go of Kubernetes).
    """
    if not isinstance(spec, dict):
        return spec
    changed: dict[str, Plain] = {}
    if isinstance(volumes := spec.get("volumes"), list):
        changed["volumes"] = [_with_source(volume) for volume in volumes]
    if (shared := spec.get("hostNetwork")) is True or shared is UNKNOWN:
        for name in ALL:
            if isinstance(listed := spec.get(name), list):
                changed[name] = [_on_host(container, shared) for container in listed]
    return {**spec, **changed} if changed else spec


def _with_source(volume: Plain) -> Plain:
    if not isinstance(volume, dict) or any(value is not None for key, value in volume.items() if key != "name"):
        return volume
    return {**volume, "emptyDir": {}}


def _on_host(container: Plain, shared: Plain) -> Plain:
    if not isinstance(container, dict) or not isinstance(ports := container.get("ports"), list):
        return container
    return {**container, "ports": [_host_port(port, shared) for port in ports]}


def _host_port(port: Plain, shared: Plain) -> Plain:
    if not isinstance(port, dict) or port.get("hostPort") not in (None, 0):
        return port
    return {**port, "hostPort": port.get("containerPort") if shared is True else UNKNOWN}
