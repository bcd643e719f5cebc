"""Containers are not started as root."""

from __future__ import annotations

from policies.condition import Field, absent, all_of, any_of, one_of, unset_or
from policies.demand import POD, PODS, Demand, demands
from policies.plain import Plain
from policies.pods import WORKLOADS
from policies.rule import Profile, Rule, Severity
from policies.samples import workload
from policies.security_context import OWN_USERS, context, for_containers

_FIELD = "runAsNonRoot"
_THE_PODS = all_of(absent(context(_FIELD)), one_of(Field(POD, "securityContext", _FIELD), True))


def _context(value: Plain) -> dict[str, Plain]:
    return {"securityContext": {"runAsNonRoot": value}}


RULE = Rule(
    id="pod_run_as_non_root",
    title="Containers are not started as root",
    severity=Severity.HIGH,
    why="Root in a container is root on the node once anything else gives way; the image's author chose the user.",
    remedy="Set `securityContext.runAsNonRoot: true` on the pod, and nothing else on its containers.",
    standards=("Pod Security restricted: Running as Non-root", "CIS Kubernetes 1.10 5.2.7"),
    types=WORKLOADS,
    profile=Profile.RESTRICTED,
    check=demands(
        Demand(
            PODS,
            any_of(OWN_USERS, unset_or(context(_FIELD), True)),
            "is false; allowed is true, or nothing, or any value with `hostUsers: false`",
            ("securityContext", _FIELD),
        ),
        for_containers(
            any_of(OWN_USERS, one_of(context(_FIELD), True), _THE_PODS),
            "is false or missing; allowed is true, here or on the pod, or any value with `hostUsers: false`",
            _FIELD,
        ),
    ),
    passing=(
        workload("Pod", {**_context(True), "containers": [{"name": "app"}, _context(None), _context(True)]}),
        workload("Deployment", {"containers": [_context(True)], "initContainers": [_context(True)]}),
        workload("Pod", {**_context(False), "hostUsers": False, "containers": [{"name": "app"}, _context(False)]}),
        workload("Deployment", {"containers": [{"image": "new:1"}]}, typed="apps/v1:DeploymentPatch"),
    ),
    failing=(
        workload("Pod", {"containers": [{"name": "app"}]}),
        workload("Pod", {**_context(False), "containers": [_context(True)]}),
        workload("Pod", {**_context(True), "hostUsers": True, "containers": [_context(False)]}),
        workload("Deployment", {"containers": [_context(True)], "initContainers": [{"name": "init"}]}),
        workload("CronJob", {**_context(False), "hostUsers": True}),
        workload("Pod", {"ephemeralContainers": [{"name": "debug"}]}),
        workload("Deployment", {"hostUsers": True, "containers": [_context(False)]}, typed="apps/v1:DeploymentPatch"),
    ),
)
