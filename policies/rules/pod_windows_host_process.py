"""Windows containers are containers, not processes of the node."""

from __future__ import annotations

from policies.condition import unset_or
from policies.demand import demands
from policies.plain import Plain
from policies.pods import WORKLOADS
from policies.rule import Profile, Rule, Severity
from policies.samples import workload
from policies.security_context import context, for_all

_KEYS = ("windowsOptions", "hostProcess")


def _context(value: Plain) -> dict[str, Plain]:
    return {"securityContext": {"windowsOptions": {"hostProcess": value}}}


RULE = Rule(
    id="pod_windows_host_process",
    title="Windows containers are no processes of the node",
    severity=Severity.CRITICAL,
    why="A HostProcess container runs on the node itself, with the rights of its services.",
    remedy="Leave out `securityContext.windowsOptions.hostProcess`.",
    standards=("Pod Security baseline: HostProcess", "CIS Kubernetes 1.10 5.2.11"),
    types=WORKLOADS,
    profile=Profile.BASELINE,
    check=demands(*for_all(unset_or(context(*_KEYS), False), "is true; allowed is false, or nothing", *_KEYS)),
    passing=(
        workload("Pod", {"containers": [{"name": "app"}]}),
        workload("DaemonSet", {**_context(False), "containers": [_context(False)]}),
        workload("Deployment", {"containers": [{"name": "app"}]}, typed="apps/v1:DeploymentPatch"),
    ),
    failing=(
        workload("Pod", {**_context(True), "containers": [_context(False)]}),
        workload("StatefulSet", {"containers": [{"name": "a"}, _context(True)]}),
        workload("Job", {**_context(False), "initContainers": [_context(True)]}),
        workload("Pod", {"ephemeralContainers": [_context(True)]}, typed="core/v1:PodPatch"),
    ),
)
