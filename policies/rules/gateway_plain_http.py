"""What comes from outside comes encrypted."""

from __future__ import annotations

from policies.condition import all_of, any_of, one_of
from policies.demand import Demand, demands
from policies.gateways import GATEWAYS, LISTENERS, OWN_ROUTES, PROTOCOL, gateway, routes_from
from policies.rule import Rule, Severity

RULE = Rule(
    id="gateway_plain_http",
    title="Gateways take other namespaces' traffic by TLS only",
    severity=Severity.HIGH,
    why="A team's route on a listener without TLS sends its passwords and cookies through every network in between.",
    remedy="Use HTTPS; a listener for HTTP is for the gateway's own redirect (`allowedRoutes.namespaces.from: Same`).",
    types=GATEWAYS,
    check=demands(
        Demand(
            LISTENERS,
            any_of(one_of(PROTOCOL, "HTTPS", "TLS"), all_of(one_of(PROTOCOL, "HTTP"), OWN_ROUTES)),
            "has no TLS; allowed are HTTPS and TLS, and HTTP for routes of the gateway's own namespace",
            at=("protocol",),
        )
    ),
    passing=(
        gateway({"protocol": "HTTPS", **routes_from("All")}, {"protocol": "HTTP"}),
        gateway({"protocol": "HTTP", **routes_from("Same")}),
        gateway(typed="GatewayPatch"),
    ),
    failing=(
        gateway({"protocol": "HTTPS"}, {"protocol": "HTTP", **routes_from("All")}),
        gateway({"protocol": "HTTP", **routes_from("Selector", matchLabels={"a": "b"})}),
        gateway({"protocol": "TCP"}),
        gateway({"protocol": "HTTP", **routes_from("All")}, typed="GatewayPatch"),
    ),
)
