"""Who listens with TLS has a certificate."""

from __future__ import annotations

from policies.condition import Field, Filled, any_of, one_of
from policies.demand import ITEM, Demand, demands
from policies.gateways import GATEWAYS, LISTENERS, PROTOCOL, gateway
from policies.rule import Rule, Severity

RULE = Rule(
    id="gateway_certificate",
    title="Listeners with TLS name their certificate",
    severity=Severity.MEDIUM,
    why="Without one the gateway answers with a certificate of its own making, and people learn to click it away.",
    remedy="Set `tls.certificateRefs`; `tls.mode: Passthrough` leaves it to the service.",
    types=GATEWAYS,
    check=demands(
        Demand(
            LISTENERS,
            any_of(
                Filled(Field(ITEM, "tls", "certificateRefs")),
                one_of(Field(ITEM, "tls", "mode"), "Passthrough"),
                one_of(PROTOCOL, "HTTP"),
            ),
            "is missing; allowed is a certificate, or the mode Passthrough",
            at=("tls", "certificateRefs"),
        )
    ),
    passing=(
        gateway({"protocol": "HTTPS", "tls": {"certificateRefs": [{"name": "wildcard"}]}}, {"protocol": "HTTP"}),
        gateway({"protocol": "TLS", "tls": {"mode": "Passthrough"}}),
    ),
    failing=(
        gateway({"protocol": "HTTPS"}),
        gateway({"protocol": "HTTPS", "tls": {"mode": "Terminate", "certificateRefs": []}}),
        gateway({"protocol": "TLS"}, typed="GatewayPatch"),
    ),
)
