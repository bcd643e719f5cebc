"""A load balancer says who may reach it."""

from __future__ import annotations

from policies.condition import Field, Filled, Not, any_of, one_of
from policies.demand import ITEM, WHOLE, Demand, demands
from policies.kinds import kubernetes
from policies.plain import Plain
from policies.rule import Resource, Rule, Severity
from policies.samples import sample


def _service(typed: str = "core/v1:Service", **spec: Plain) -> Resource:
    return sample(typed, metadata={"name": "web", "namespace": "team"}, spec=spec)


RULE = Rule(
    id="service_load_balancer",
    title="Load balancers name the addresses that may connect",
    severity=Severity.HIGH,
    why="A load balancer of a team's own is on the internet unless something says otherwise, and past the gateway.",
    remedy="Use a route of the gateway; a load balancer that is needed lists `spec.loadBalancerSourceRanges`.",
    types=kubernetes(Service="core"),
    check=demands(
        Demand(
            WHOLE,
            any_of(
                Not(one_of(Field(ITEM, "spec", "type"), "LoadBalancer")),
                Filled(Field(ITEM, "spec", "loadBalancerSourceRanges")),
            ),
            "is missing; allowed is a list of ranges, or another type",
            at=("spec", "loadBalancerSourceRanges"),
        )
    ),
    passing=(
        _service(type="ClusterIP"),
        _service(type="LoadBalancer", loadBalancerSourceRanges=["198.51.100.0/24"]),
        _service("core/v1:ServicePatch", type="LoadBalancer"),
    ),
    failing=(
        _service(type="LoadBalancer"),
        _service(type="LoadBalancer", loadBalancerSourceRanges=[]),
        sample("core/v1:ServiceList", items=[{"spec": {"type": "LoadBalancer"}}]),
    ),
)
