"""A service stands for pods of its own namespace."""

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
    id="service_external_name",
    title="Services are no names of something elsewhere",
    severity=Severity.MEDIUM,
    why="A name of another namespace's service makes the gateway lead there, and no ReferenceGrant is asked for.",
    remedy="Let programs use the name itself; lead routes to another namespace with a ReferenceGrant.",
    types=kubernetes(Service="core"),
    check=demands(
        Demand(
            WHOLE,
            Not(one_of(Field(ITEM, "spec", "type"), "ExternalName")),
            "is a name of something elsewhere; allowed are ClusterIP and LoadBalancer",
            at=("spec", "type"),
        )
    ),
    passing=(sample("core/v1:Service"), _service(type="ClusterIP")),
    failing=(
        _service(type="ExternalName", externalName="db.other.svc"),
        _service("core/v1:ServicePatch", type="ExternalName"),
    ),
)
