"""Whose routes a gateway takes is chosen."""

from __future__ import annotations

from policies.condition import Field, Filled, all_of, any_of, one_of
from policies.demand import ITEM, Demand, demands
from policies.gateways import FROM, GATEWAYS, LISTENERS, OWN_ROUTES, SELECTOR, gateway, routes_from
from policies.rule import Rule, Severity

_CHOSEN = any_of(*(Filled(Field(ITEM, *SELECTOR, part)) for part in ("matchLabels", "matchExpressions")))

RULE = Rule(
    id="gateway_route_namespaces",
    title="Listeners take routes of chosen namespaces",
    severity=Severity.HIGH,
    why="On a listener for all namespaces anybody who may make a route takes over another team's host.",
    remedy="Set `allowedRoutes.namespaces.from: Selector`, with a label that only the platform sets, or `Same`.",
    types=GATEWAYS,
    check=demands(
        Demand(
            LISTENERS,
            any_of(OWN_ROUTES, all_of(one_of(FROM, "Selector"), _CHOSEN)),
            "takes routes of every namespace; allowed are Same, and Selector with a selector that isn't empty",
            at=("allowedRoutes", "namespaces"),
        )
    ),
    passing=(
        gateway({"protocol": "HTTPS"}),
        gateway({"protocol": "HTTPS", **routes_from("Same")}),
        gateway({"protocol": "HTTPS", **routes_from("Selector", matchLabels={"idp/workspace": "web"})}),
        gateway(
            {
                "protocol": "HTTPS",
                **routes_from("Selector", matchExpressions=[{"key": "idp/workspace", "operator": "Exists"}]),
            }
        ),
    ),
    failing=(
        gateway({"protocol": "HTTPS", **routes_from("All")}),
        gateway({"protocol": "HTTPS", **routes_from("Selector")}),
        gateway({"protocol": "HTTPS", **routes_from("Selector", matchLabels={})}, typed="GatewayPatch"),
    ),
)
