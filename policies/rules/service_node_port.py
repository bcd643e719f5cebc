"""Services are not opened on every node."""

from __future__ import annotations

from policies.condition import Field, Not, one_of
from policies.demand import ITEM, WHOLE, Demand, demands
from policies.kinds import kubernetes
from policies.plain import Plain
from policies.rule import Resource, Rule, Severity
from policies.samples import sample


def _service(typed: str = "core/v1:Service", **spec: Plain) -> Resource:
    return sample(typed, metadata={"name": "web", "namespace": "team"}, spec=spec)


RULE = Rule(
    id="service_node_port",
    title="Services open no port on the nodes",
    severity=Severity.MEDIUM,
    why="A node port passes by the gateway, its certificates and its access log.",
    remedy="Use a ClusterIP service and a route of the gateway.",
    types=kubernetes(Service="core"),
    check=demands(
        Demand(
            WHOLE,
            Not(one_of(Field(ITEM, "spec", "type"), "NodePort")),
            "opens a port on every node; allowed are ClusterIP and LoadBalancer",
            at=("spec", "type"),
        )
    ),
    passing=(sample("core/v1:Service"), _service(type="ClusterIP"), _service(type="LoadBalancer")),
    failing=(
        _service(type="NodePort"),
        _service("core/v1:ServicePatch", type="NodePort"),
        sample("core/v1:ServiceList", items=[{"spec": {"type": "NodePort"}}]),
    ),
)
