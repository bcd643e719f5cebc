"""What comes through an Ingress comes encrypted."""

from __future__ import annotations

from policies.condition import Field, Filled
from policies.demand import ITEM, WHOLE, Demand, demands
from policies.kinds import kubernetes
from policies.plain import Plain
from policies.rule import Resource, Rule, Severity
from policies.samples import sample

_TLS = ("spec", "tls")


def _ingress(typed: str = "networking.k8s.io/v1:Ingress", **spec: Plain) -> Resource:
    return sample(typed, metadata={"name": "web", "namespace": "team"}, spec=spec)


RULE = Rule(
    id="ingress_tls",
    title="Ingresses have TLS",
    severity=Severity.HIGH,
    why="Without it passwords and cookies go through every network in between for anybody to read.",
    remedy="Use a route of the gateway, or set `spec.tls`.",
    types=kubernetes(Ingress="networking.k8s.io extensions"),
    check=demands(
        Demand(WHOLE, Filled(Field(ITEM, *_TLS)), "is missing; allowed is a list of hosts and secrets", at=_TLS)
    ),
    passing=(
        _ingress(tls=[{"hosts": ["web.dev.example"], "secretName": "web"}]),
        _ingress("extensions/v1beta1:Ingress", tls=[{"secretName": "web"}]),
        _ingress("networking.k8s.io/v1:IngressPatch"),
    ),
    failing=(_ingress(), _ingress(tls=[]), sample("networking.k8s.io/v1:IngressList", items=[{"spec": {}}])),
)
