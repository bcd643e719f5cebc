"""Containers give all capabilities up."""

from __future__ import annotations

from policies.condition import EachItem, Field, SomeItem, any_of, one_of
from policies.demand import demands
from policies.plain import Plain
from policies.pods import WORKLOADS
from policies.rule import Profile, Rule, Severity
from policies.samples import workload
from policies.security_context import WINDOWS, context, for_containers

_DROP, _ADD = ("capabilities", "drop"), ("capabilities", "add")
_NAME = Field("capability")


def _container(drop: list[Plain], *added: Plain) -> dict[str, Plain]:
    return {"name": "app", "securityContext": {"capabilities": {"drop": drop, "add": list(added)}}}


RULE = Rule(
    id="pod_capabilities_restricted",
    title="Containers give all capabilities up",
    severity=Severity.MEDIUM,
    why="Hardly any program needs one, and each is a part of root's power for whoever takes the program over.",
    remedy='Set `securityContext.capabilities.drop: ["ALL"]` on each container, and add at most NET_BIND_SERVICE.',
    standards=(
        "Pod Security restricted: Capabilities",
        "CIS Kubernetes 1.10 5.2.8",
        "CIS Kubernetes 1.10 5.2.10",
    ),
    types=WORKLOADS,
    profile=Profile.RESTRICTED,
    check=demands(
        for_containers(
            any_of(WINDOWS, SomeItem(context(*_DROP), "capability", one_of(_NAME, "ALL"))),
            "has no ALL in it; allowed is a list with ALL",
            *_DROP,
        ),
        for_containers(
            any_of(WINDOWS, EachItem(context(*_ADD), "capability", one_of(_NAME, "NET_BIND_SERVICE"))),
            "has another capability; allowed is NET_BIND_SERVICE",
            *_ADD,
        ),
    ),
    passing=(
        workload("Pod", {"containers": [_container(["ALL"]), _container(["NET_RAW", "ALL"], "NET_BIND_SERVICE")]}),
        workload("Deployment", {"containers": [{"securityContext": {"capabilities": {"drop": ["ALL"]}}}]}),
        workload("Pod", {"os": {"name": "windows"}, "containers": [{"name": "app"}]}),
        workload("Deployment", {"containers": [{"name": "app"}]}, typed="apps/v1:DeploymentPatch"),
    ),
    failing=(
        workload("Pod", {"containers": [{"name": "app"}]}),
        workload("Pod", {"os": {"name": "linux"}, "containers": [_container([])]}),
        workload("Deployment", {"containers": [_container(["ALL"]), _container(["NET_RAW", "all"])]}),
        workload("Job", {"initContainers": [_container(["ALL"], "NET_BIND_SERVICE", "CHOWN")]}),
        workload("Pod", {"ephemeralContainers": [_container(["ALL"], "ALL")]}),
        workload("Pod", {"containers": [_container(["ALL"], None)]}),
        workload("Pod", {"containers": [_container([None])]}),
        workload(
            "Deployment",
            {"os": {"name": "linux"}, "containers": [_container(["NET_RAW"])]},
            typed="apps/v1:DeploymentPatch",
        ),
    ),
)
