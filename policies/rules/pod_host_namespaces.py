"""Pods have networks, processes and shared memory of their own."""

from __future__ import annotations

from policies.condition import Field, unset_or
from policies.demand import POD, PODS, Demand, demands
from policies.pods import WORKLOADS
from policies.rule import Profile, Rule, Severity
from policies.samples import workload

_FIELDS = ("hostNetwork", "hostPID", "hostIPC")

RULE = Rule(
    id="pod_host_namespaces",
    title="Pods share no namespace of the node",
    severity=Severity.CRITICAL,
    why="A pod in the node's namespaces sees its traffic, its processes and their memory, whatever its user may do.",
    remedy="Leave out `hostNetwork`, `hostPID` and `hostIPC`.",
    standards=(
        "Pod Security baseline: Host Namespaces",
        "CIS Kubernetes 1.10 5.2.3",
        "CIS Kubernetes 1.10 5.2.4",
        "CIS Kubernetes 1.10 5.2.5",
        "CIS EKS 1.7.0 4.2.2",
        "CIS EKS 1.7.0 4.2.3",
        "CIS EKS 1.7.0 4.2.4",
    ),
    types=WORKLOADS,
    profile=Profile.BASELINE,
    check=demands(
        *(
            Demand(PODS, unset_or(Field(POD, name), False), "is true; allowed is false, or nothing", at=(name,))
            for name in _FIELDS
        )
    ),
    passing=(
        workload("Pod", {}),
        workload("Deployment", {"hostNetwork": False, "hostPID": False, "hostIPC": False}),
        workload("Deployment", {"hostUsers": True}, typed="apps/v1:DeploymentPatch"),
    ),
    failing=(
        workload("Pod", {"hostNetwork": True}),
        workload("Pod", {"hostPID": True}),
        workload("Pod", {"hostIPC": True}),
        workload("CronJob", {"hostNetwork": True, "hostPID": False}),
        workload("DaemonSet", {"hostPID": True}, typed="apps/v1:DaemonSetPatch"),
    ),
)
