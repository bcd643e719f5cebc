"""All containers see /proc with its masks."""

from __future__ import annotations

from policies.condition import unset_or
from policies.demand import demands
from policies.plain import Plain
from policies.pods import WORKLOADS
from policies.rule import Profile, Rule, Severity
from policies.samples import workload
from policies.security_context import context, for_containers


def _container(mount: Plain) -> dict[str, Plain]:
    return {"name": "app", "securityContext": {"procMount": mount}}


RULE = Rule(
    id="pod_proc_mount_restricted",
    title="Containers see /proc with its masks",
    severity=Severity.MEDIUM,
    why="Without the masks a fault in the kernel's user namespaces is a way to change the node.",
    remedy="Leave out `securityContext.procMount`.",
    standards=("Pod Security restricted: /proc Mount Type",),
    types=WORKLOADS,
    profile=Profile.RESTRICTED,
    check=demands(
        for_containers(
            unset_or(context("procMount"), "Default"), "has another value; allowed is Default, or nothing", "procMount"
        )
    ),
    passing=(
        workload("Pod", {"containers": [{"name": "app"}, _container("Default")]}),
        workload("Deployment", {"hostUsers": False, "containers": [_container("Default")]}),
        workload("Deployment", {"containers": [{"name": "app"}]}, typed="apps/v1:DeploymentPatch"),
    ),
    failing=(
        workload("Pod", {"containers": [_container("Default"), _container("Unmasked")]}),
        workload("Deployment", {"hostUsers": False, "initContainers": [_container("Unmasked")]}),
        workload("Pod", {"ephemeralContainers": [_container("default")]}),
        workload("Deployment", {"containers": [_container("Unmasked")]}, typed="apps/v1:DeploymentPatch"),
    ),
)
