"""Containers open no port on the node."""

from __future__ import annotations

from policies.condition import EachItem, Field, unset_or
from policies.demand import EVERY_CONTAINER, ITEM, Demand, demands
from policies.plain import Plain
from policies.pods import WORKLOADS
from policies.rule import Profile, Rule, Severity
from policies.samples import workload


def _container(*ports: dict[str, Plain]) -> dict[str, Plain]:
    return {"name": "app", "ports": [{"containerPort": 8080, **port} for port in ports]}


RULE = Rule(
    id="pod_host_ports",
    title="Containers open no port on the node",
    severity=Severity.MEDIUM,
    why="A port of the node passes by network policies and the gateway, and takes the node's place towards others.",
    remedy="Leave out `hostPort`, and `hostNetwork` with it; use a Service.",
    standards=("Pod Security baseline: Host Ports", "CIS Kubernetes 1.10 5.2.13"),
    types=WORKLOADS,
    profile=Profile.BASELINE,
    check=demands(
        Demand(
            EVERY_CONTAINER,
            EachItem(Field(ITEM, "ports"), "port", unset_or(Field("port", "hostPort"), 0)),
            "has a host port; allowed is 0, or nothing",
            ("ports",),
        )
    ),
    passing=(
        workload("Pod", {"containers": [{"name": "app"}, _container({})]}),
        workload("Deployment", {"containers": [_container({"hostPort": 0}, {"hostPort": None})]}),
        workload("Deployment", {"hostNetwork": False, "containers": [_container({})]}),
        workload("Deployment", {"containers": [_container({})]}, typed="apps/v1:DeploymentPatch"),
    ),
    failing=(
        workload("Pod", {"containers": [_container({}, {"hostPort": 1})]}),
        workload("ReplicationController", {"initContainers": [_container({"hostPort": 8080})]}),
        workload("Pod", {"hostNetwork": True, "containers": [_container({})]}),
        workload("DaemonSet", {"containers": [_container({"hostPort": 53})]}, typed="apps/v1:DaemonSetPatch"),
    ),
)
