"""An Ingress is for hosts that it names."""

from __future__ import annotations

from policies.condition import Field, Filled, Matches, Not, absent, all_of
from policies.demand import ITEM, OBJECT, WHOLE, Demand, Items, demands
from policies.kinds import kubernetes
from policies.plain import Plain
from policies.rule import Resource, Rule, Severity
from policies.samples import sample

_HOST = Field(ITEM, "host")
_DEFAULT = ("spec", "defaultBackend")


def _ingress(typed: str = "networking.k8s.io/v1:Ingress", **spec: Plain) -> Resource:
    return sample(typed, metadata={"name": "web", "namespace": "team"}, spec=spec)


RULE = Rule(
    id="ingress_host",
    title="Ingresses name their hosts",
    severity=Severity.HIGH,
    why="A rule without a host, or with a wildcard, gets the requests of every host that has no rule of its own yet.",
    remedy="Set `host` in each rule, without `*`, and leave `spec.defaultBackend` out.",
    types=kubernetes(Ingress="networking.k8s.io extensions"),
    check=demands(
        Demand(
            Items(OBJECT, (("spec", "rules"),), replaced="http"),
            all_of(Filled(_HOST), Not(Matches(_HOST, r"\*.*"))),
            "is missing or has a wildcard; allowed is a full name",
            at=("host",),
        ),
        Demand(
            WHOLE,
            absent(Field(ITEM, *_DEFAULT)),
            "is for every host; allowed are rules with hosts",
            at=_DEFAULT,
        ),
    ),
    passing=(
        _ingress(rules=[{"host": "web.dev.example", "http": {}}]),
        _ingress("networking.k8s.io/v1:IngressPatch"),
    ),
    failing=(
        _ingress(rules=[{"http": {}}]),
        _ingress(rules=[{"host": "web.dev.example", "http": {}}, {"host": "*.dev.example", "http": {}}]),
        _ingress(defaultBackend={"service": {"name": "web"}}),
        _ingress("networking.k8s.io/v1:IngressPatch", rules=[{"http": {}}]),
    ),
)
