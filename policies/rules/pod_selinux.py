"""SELinux labels are those of containers."""

from __future__ import annotations

from policies.condition import any_of, empty, one_of
from policies.demand import demands
from policies.plain import Plain
from policies.pods import WORKLOADS
from policies.rule import Profile, Rule, Severity
from policies.samples import workload
from policies.security_context import context, for_all

_OPTIONS = "seLinuxOptions"
# Pod Security Standards, SELinux; container_engine_t since Kubernetes 1.31.
_TYPES = ("container_t", "container_init_t", "container_kvm_t", "container_engine_t")
_TYPE, _USER, _ROLE = (context(_OPTIONS, key) for key in ("type", "user", "role"))
_NONE = "is set; allowed is nothing, or an empty text"


def _options(**options: Plain) -> dict[str, Plain]:
    return {"securityContext": {"seLinuxOptions": options}}


RULE = Rule(
    id="pod_selinux",
    title="SELinux labels are those of containers",
    severity=Severity.HIGH,
    why="Types, users and roles of the node's own programs are confined less than a container's, or not at all.",
    remedy="Leave out `seLinuxOptions.user` and `role`; leave out `type`, or use one for containers.",
    standards=("Pod Security baseline: SELinux",),
    types=WORKLOADS,
    profile=Profile.BASELINE,
    check=demands(
        *for_all(
            any_of(empty(_TYPE), one_of(_TYPE, *_TYPES)),
            f"is another type; allowed are {', '.join(_TYPES)}, or nothing",
            _OPTIONS,
            "type",
        ),
        *for_all(empty(_USER), _NONE, _OPTIONS, "user"),
        *for_all(empty(_ROLE), _NONE, _OPTIONS, "role"),
    ),
    passing=(
        workload("Pod", {**_options(level="s0:c1,c2"), "containers": [{"name": "app"}, _options()]}),
        workload("Deployment", {**_options(type="container_t"), "containers": [_options(type="container_init_t")]}),
        workload("Job", {"containers": [_options(type="container_kvm_t"), _options(type="container_engine_t")]}),
        workload("Pod", {"initContainers": [_options(type="", user="", role="")]}),
        workload("Deployment", {"containers": [_options(level="s0")]}, typed="apps/v1:DeploymentPatch"),
    ),
    failing=(
        workload("Pod", _options(type="spc_t")),
        workload("Pod", _options(user="system_u")),
        workload("Pod", _options(role="system_r")),
        workload("Deployment", {**_options(type="container_t"), "containers": [_options(type="container")]}),
        workload("CronJob", {"initContainers": [_options(type="container_t", user="system_u")]}),
        workload("Pod", {"ephemeralContainers": [_options(role="system_r")]}),
        workload("DaemonSet", {"containers": [_options(type="spc_t")]}, typed="apps/v1:DaemonSetPatch"),
    ),
)
