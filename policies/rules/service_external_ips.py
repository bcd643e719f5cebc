"""A service takes no addresses that are not its own."""

from __future__ import annotations

from policies.condition import Field, Filled, Not
from policies.demand import ITEM, WHOLE, Demand, demands
from policies.kinds import kubernetes
from policies.plain import Plain
from policies.rule import Resource, Rule, Severity
from policies.samples import sample


def _service(typed: str = "core/v1:Service", **spec: Plain) -> Resource:
    return sample(typed, metadata={"name": "web", "namespace": "team"}, spec=spec)


RULE = Rule(
    id="service_external_ips",
    title="Services claim no external addresses",
    severity=Severity.HIGH,
    why="Whoever may set `externalIPs` gets the traffic of any address that pods connect to (CVE-2020-8554).",
    remedy="Leave `spec.externalIPs` out.",
    standards=("CIS Kubernetes 1.10 1.2.3",),
    types=kubernetes(Service="core"),
    check=demands(
        Demand(
            WHOLE,
            Not(Filled(Field(ITEM, "spec", "externalIPs"))),
            "is not empty; allowed is an empty list, or nothing",
            at=("spec", "externalIPs"),
        )
    ),
    passing=(_service(), _service(externalIPs=[]), _service("core/v1:ServicePatch", externalIPs=None)),
    failing=(
        _service(externalIPs=["192.0.2.1"]),
        _service("core/v1:ServicePatch", externalIPs=["192.0.2.1", "192.0.2.2"]),
    ),
)
