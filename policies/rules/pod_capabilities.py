"""Containers add no capability that a container does not have anyway."""

from __future__ import annotations

from policies.condition import EachItem, Field, one_of
from policies.demand import demands
from policies.plain import Plain
from policies.pods import WORKLOADS
from policies.rule import Profile, Rule, Severity
from policies.samples import workload
from policies.security_context import context, for_containers

# Those that container runtimes give by default, less NET_RAW (Pod Security Standards, Capabilities).
_USUAL = (
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
)
_ADD = ("capabilities", "add")


def _container(*added: Plain) -> dict[str, Plain]:
    return {"name": "app", "securityContext": {"capabilities": {"add": list(added)}}}


RULE = Rule(
    id="pod_capabilities",
    title="Containers add no unusual capability",
    severity=Severity.HIGH,
    why="Some capabilities are as good as root on the node; NET_RAW alone is enough to answer in another pod's name.",
    remedy="Leave the capability out of `securityContext.capabilities.add`.",
    standards=("Pod Security baseline: Capabilities", "CIS Kubernetes 1.10 5.2.9"),
    types=WORKLOADS,
    profile=Profile.BASELINE,
    check=demands(
        for_containers(
            EachItem(context(*_ADD), "capability", one_of(Field("capability"), *_USUAL)),
            f"has another capability; allowed are {', '.join(_USUAL)}",
            *_ADD,
        )
    ),
    passing=(
        workload("Pod", {"containers": [{"name": "app", "securityContext": {}}, _container()]}),
        workload("Job", {"containers": [_container("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID")]}),
        workload("Pod", {"initContainers": [_container("KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID")]}),
        workload("Pod", {"ephemeralContainers": [_container("SETPCAP", "SETUID", "SYS_CHROOT")]}),
        workload("Deployment", {"containers": [{"name": "app"}]}, typed="apps/v1:DeploymentPatch"),
    ),
    failing=(
        workload("Deployment", {"containers": [_container("CHOWN", "NET_RAW")]}),
        workload("ReplicaSet", {"initContainers": [_container("ALL")]}),
        workload("Pod", {"ephemeralContainers": [_container("SYS_PTRACE")]}),
        workload("Pod", {"containers": [_container("chown")]}),
        workload("Pod", {"containers": [_container(None)]}),
        workload("DaemonSet", {"containers": [_container("SYS_ADMIN")]}, typed="apps/v1:DaemonSetPatch"),
    ),
)
