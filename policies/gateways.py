"""Gateways of the Gateway API and what listens on them."""

from __future__ import annotations

from policies.condition import Condition, Field, unset_or
from policies.demand import ITEM, OBJECT, Items
from policies.kinds import kubernetes
from policies.plain import Plain
from policies.rule import Resource
from policies.samples import sample

GROUP = "gateway.networking.k8s.io"
GATEWAYS = kubernetes(Gateway=GROUP)

LISTENERS = Items(OBJECT, (("spec", "listeners"),), replaced="protocol")
"""The listeners of a gateway; each has a protocol."""

PROTOCOL = Field(ITEM, "protocol")
FROM = Field(ITEM, "allowedRoutes", "namespaces", "from")
SELECTOR = ("allowedRoutes", "namespaces", "selector")

OWN_ROUTES: Condition = unset_or(FROM, "Same", "None")
"""That a listener takes routes of the gateway's own namespace only; so it does where nothing is said."""


def gateway(*listeners: Plain, typed: str = "Gateway", **metadata: Plain) -> Resource:
    """Return a sample of a gateway."""
    named: dict[str, Plain] = {"name": "gateway", "namespace": "idp-gateway"}
    return sample(f"{GROUP}/v1:{typed}", metadata={**named, **metadata}, spec={"listeners": list(listeners)})


def routes_from(which: str, **selector: Plain) -> dict[str, Plain]:
    """Return the part of a sample of a listener that says whose routes it takes."""
    chosen: dict[str, Plain] = {"from": which}
    return {"allowedRoutes": {"namespaces": {**chosen, **({"selector": selector} if selector else {})}}}


def route(typed: str = "HTTPRoute", **spec: Plain) -> Resource:
    """Return a sample of a route."""
    return sample(f"{GROUP}/v1:{typed}", metadata={"name": "web", "namespace": "team"}, spec=spec)
