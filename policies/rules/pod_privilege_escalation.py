"""No process gets more rights than its parent had."""

from __future__ import annotations

from policies.condition import any_of, one_of
from policies.demand import demands
from policies.plain import Plain
from policies.pods import WORKLOADS
from policies.rule import Profile, Rule, Severity
from policies.samples import workload
from policies.security_context import WINDOWS, context, for_containers

_FIELD = "allowPrivilegeEscalation"


def _container(allowed: Plain) -> dict[str, Plain]:
    return {"name": "app", "securityContext": {"allowPrivilegeEscalation": allowed}}


RULE = Rule(
    id="pod_privilege_escalation",
    title="No process gets more rights than its parent",
    severity=Severity.HIGH,
    why="A program with the set-user-ID bit makes root of any user, in a container as elsewhere.",
    remedy="Set `securityContext.allowPrivilegeEscalation: false` on each container.",
    standards=(
        "Pod Security restricted: Privilege Escalation",
        "CIS Kubernetes 1.10 5.2.6",
        "CIS EKS 1.7.0 4.2.5",
    ),
    types=WORKLOADS,
    profile=Profile.RESTRICTED,
    check=demands(
        for_containers(any_of(WINDOWS, one_of(context(_FIELD), False)), "is true or missing; allowed is false", _FIELD)
    ),
    passing=(
        workload("Pod", {"containers": [_container(False)], "initContainers": [_container(False)]}),
        workload("Deployment", {"containers": []}),
        workload("Pod", {"os": {"name": "windows"}, "containers": [{"name": "app"}]}),
        workload("Deployment", {"containers": [{"name": "app"}]}, typed="apps/v1:DeploymentPatch"),
    ),
    failing=(
        workload("Pod", {"containers": [{"name": "app"}]}),
        workload("Pod", {"os": {"name": "linux"}, "containers": [_container(None)]}),
        workload("Deployment", {"containers": [_container(False), _container(True)]}),
        workload("CronJob", {"initContainers": [{"name": "app", "securityContext": {}}]}),
        workload("Pod", {"ephemeralContainers": [_container(True)]}),
        workload(
            "Deployment", {"os": {"name": "linux"}, "containers": [_container(True)]}, typed="apps/v1:DeploymentPatch"
        ),
    ),
)
