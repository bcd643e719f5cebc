"""Nothing turns the filter of system calls off."""

from __future__ import annotations

from policies.demand import demands
from policies.plain import Plain
from policies.pods import WORKLOADS
from policies.rule import Profile, Rule, Severity
from policies.samples import workload
from policies.security_context import profile, profile_for_all

_FIELD = "seccompProfile"


def _profile(kind: Plain) -> dict[str, Plain]:
    return profile(_FIELD, kind)


RULE = Rule(
    id="pod_seccomp",
    title="Nothing turns seccomp off",
    severity=Severity.HIGH,
    why="Unconfined opens all system calls of the kernel, among them those through which containers were left before.",
    remedy="Leave the profile out, or use `RuntimeDefault` or `Localhost`.",
    standards=("Pod Security baseline: Seccomp",),
    types=WORKLOADS,
    profile=Profile.BASELINE,
    check=demands(*profile_for_all(_FIELD)),
    passing=(
        workload("Pod", {"containers": [{"name": "app"}]}),
        workload("Pod", {**_profile("RuntimeDefault"), "containers": [_profile("Localhost")]}),
        workload("Deployment", {"containers": [{"name": "app"}]}, typed="apps/v1:DeploymentPatch"),
    ),
    failing=(
        workload("Pod", {**_profile("Unconfined"), "containers": [_profile("Localhost")]}),
        workload("Deployment", {"containers": [_profile("RuntimeDefault"), _profile("Unconfined")]}),
        workload("Job", {**_profile("Localhost"), "initContainers": [_profile("")]}),
        workload("Pod", {"ephemeralContainers": [{"securityContext": {"seccompProfile": {}}}]}),
        workload("Pod", _profile("Unconfined"), typed="core/v1:PodPatch"),
    ),
)
