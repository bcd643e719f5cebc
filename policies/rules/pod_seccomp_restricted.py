"""Every container has a filter of system calls."""

from __future__ import annotations

from policies.condition import Field, absent, all_of, any_of, one_of
from policies.demand import POD, demands
from policies.plain import Plain
from policies.pods import WORKLOADS
from policies.rule import Profile, Rule, Severity
from policies.samples import workload
from policies.security_context import WINDOWS, context, for_containers, profile

_TYPE = ("seccompProfile", "type")
_TYPES = ("RuntimeDefault", "Localhost")
_ITS_OWN = one_of(context(*_TYPE), *_TYPES)
_THE_PODS = all_of(
    absent(context("seccompProfile")),
    one_of(Field(POD, "securityContext", *_TYPE), *_TYPES),
)


def _profile(kind: Plain) -> dict[str, Plain]:
    return profile("seccompProfile", kind)


RULE = Rule(
    id="pod_seccomp_restricted",
    title="Every container has a seccomp profile",
    severity=Severity.MEDIUM,
    why="Without a profile the kubelet's configuration decides, and it usually leaves all system calls open.",
    remedy="Set `securityContext.seccompProfile.type: RuntimeDefault` on the pod.",
    standards=("Pod Security restricted: Seccomp", "CIS Kubernetes 1.10 5.7.2"),
    types=WORKLOADS,
    profile=Profile.RESTRICTED,
    check=demands(
        for_containers(
            any_of(WINDOWS, _ITS_OWN, _THE_PODS),
            "is missing, or of another type; allowed are RuntimeDefault and Localhost, here or on the pod",
            *_TYPE,
        )
    ),
    passing=(
        workload("Pod", {**_profile("RuntimeDefault"), "containers": [{"name": "app"}]}),
        workload("Deployment", {"containers": [_profile("RuntimeDefault"), _profile("Localhost")]}),
        workload("Job", {**_profile("Localhost"), "initContainers": [{"name": "app"}]}),
        workload("Pod", {"os": {"name": "windows"}, "containers": [{"name": "app"}]}),
        workload("Deployment", {"containers": [{"image": "new:1"}]}, typed="apps/v1:DeploymentPatch"),
    ),
    failing=(
        workload("Pod", {"containers": [{"name": "app"}]}),
        workload("Pod", {"os": {"name": "linux"}, "containers": [{"name": "app"}]}),
        workload("Deployment", {"containers": [_profile("Localhost"), {"name": "app"}]}),
        workload("StatefulSet", {**_profile("RuntimeDefault"), "containers": [_profile("Unconfined")]}),
        workload("CronJob", {**_profile("RuntimeDefault"), "initContainers": [_profile("")]}),
        workload("Job", {**_profile("Unconfined"), "containers": [{"name": "app"}]}),
        workload("Pod", {"ephemeralContainers": [{"name": "debug"}]}),
        workload(
            "Deployment",
            {
                **_profile("Unconfined"),
                "os": {"name": "linux"},
                "containers": [{"image": "new:1"}],
            },
            typed="apps/v1:DeploymentPatch",
        ),
    ),
)
