"""Containers see /proc with its masks, unless they have users of their own."""

from __future__ import annotations

from policies.condition import any_of, unset_or
from policies.demand import demands
from policies.plain import Plain
from policies.pods import WORKLOADS
from policies.rule import Profile, Rule, Severity
from policies.samples import workload
from policies.security_context import OWN_USERS, context, for_containers


def _container(mount: Plain) -> dict[str, Plain]:
    return {"name": "app", "securityContext": {"procMount": mount}}


RULE = Rule(
    id="pod_proc_mount",
    title="Unmasked /proc is for pods with users of their own",
    severity=Severity.HIGH,
    why="Parts of /proc change the node's kernel for everybody; the masks keep root in a container away from them.",
    remedy="Leave out `securityContext.procMount`, or set `hostUsers: false` on the pod.",
    standards=("Pod Security baseline: /proc Mount Type",),
    types=WORKLOADS,
    profile=Profile.BASELINE,
    check=demands(
        for_containers(
            any_of(OWN_USERS, unset_or(context("procMount"), "Default")),
            "has another value; allowed is Default, or nothing, or any value with `hostUsers: false`",
            "procMount",
        )
    ),
    passing=(
        workload("Pod", {"containers": [{"name": "app"}, _container("Default")]}),
        workload("Deployment", {"hostUsers": False, "containers": [_container("Unmasked")]}),
        workload("Deployment", {"containers": [{"name": "app"}]}, typed="apps/v1:DeploymentPatch"),
        workload("Deployment", {"containers": [_container("Unmasked")]}, typed="apps/v1:DeploymentPatch"),
    ),
    failing=(
        workload("Pod", {"containers": [_container("Default"), _container("Unmasked")]}),
        workload("Deployment", {"hostUsers": True, "initContainers": [_container("Unmasked")]}),
        workload("StatefulSet", {"containers": [_container("Unmasked")]}),
        workload("Pod", {"ephemeralContainers": [_container("default")]}),
        workload(
            "Deployment",
            {"hostUsers": True, "containers": [_container("Unmasked")]},
            typed="apps/v1:DeploymentPatch",
        ),
    ),
)
