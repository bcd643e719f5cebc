"""No container is privileged."""

from __future__ import annotations

from policies.condition import unset_or
from policies.demand import demands
from policies.plain import Plain
from policies.pods import WORKLOADS
from policies.rule import Profile, Rule, Severity
from policies.samples import workload
from policies.security_context import context, for_containers


def _container(privileged: Plain) -> dict[str, Plain]:
    return {"name": "app", "securityContext": {"privileged": privileged}}


RULE = Rule(
    id="pod_privileged",
    title="No container is privileged",
    severity=Severity.CRITICAL,
    why="A privileged container has the node's devices and all capabilities: it is root on the node.",
    remedy="Leave out `securityContext.privileged`; add the one capability that is needed.",
    standards=("Pod Security baseline: Privileged Containers", "CIS Kubernetes 1.10 5.2.2", "CIS EKS 1.7.0 4.2.1"),
    types=WORKLOADS,
    profile=Profile.BASELINE,
    check=demands(
        for_containers(unset_or(context("privileged"), False), "is true; allowed is false, or nothing", "privileged")
    ),
    passing=(
        workload("Pod", {"containers": [{"name": "app"}]}),
        workload("Deployment", {"containers": [_container(False)], "initContainers": [_container(None)]}),
        workload("Deployment", {"containers": [{"name": "app"}]}, typed="apps/v1:DeploymentPatch"),
    ),
    failing=(
        workload("Deployment", {"containers": [_container(False), _container(True)]}),
        workload("CronJob", {"initContainers": [_container(True)]}),
        workload("Pod", {"ephemeralContainers": [_container(True)]}),
        workload("StatefulSet", {"containers": [_container(True)]}, typed="apps/v1:StatefulSetPatch"),
    ),
)
