"""A listener for several namespaces is for hosts that are the platform's."""

from __future__ import annotations

from policies.condition import Field, Filled, any_of
from policies.demand import ITEM, Demand, demands
from policies.gateways import GATEWAYS, LISTENERS, OWN_ROUTES, gateway, routes_from
from policies.rule import Rule, Severity

RULE = Rule(
    id="gateway_listener_host",
    title="Listeners for other namespaces have a host",
    severity=Severity.MEDIUM,
    why="Without a host a route may claim any name at all, that of the identity provider for one.",
    remedy="Set `hostname`, such as `*.dev.acme.example`.",
    types=GATEWAYS,
    check=demands(
        Demand(
            LISTENERS,
            any_of(Filled(Field(ITEM, "hostname")), OWN_ROUTES),
            "is missing; allowed is a host, or routes of the gateway's own namespace only",
            at=("hostname",),
        )
    ),
    passing=(
        gateway({"protocol": "HTTP"}),
        gateway({"protocol": "HTTPS", "hostname": "*.dev.example", **routes_from("All")}),
    ),
    failing=(
        gateway({"protocol": "HTTPS", **routes_from("All")}),
        gateway({"protocol": "HTTPS", "hostname": "", **routes_from("Selector", matchLabels={"a": "b"})}),
        gateway({"protocol": "TLS", **routes_from("All")}, typed="GatewayPatch"),
    ),
)
