"""A route is for hosts that it names."""

from __future__ import annotations

from policies.condition import EachItem, Field, Filled, Matches, Not, all_of, any_of
from policies.demand import ITEM, WHOLE, Demand, demands
from policies.gateways import route
from policies.kinds import ROUTES
from policies.plain import Plain
from policies.rule import Rule, Severity

_HOSTS = Field(ITEM, "spec", "hostnames")
_RULES = Field(ITEM, "spec", "rules")
_NAMED = all_of(Filled(_HOSTS), EachItem(_HOSTS, "host", Not(Matches(Field("host"), r"\*.*"))))
# A redirect is for whoever comes.
_LEADS_NOWHERE = all_of(Filled(_RULES), EachItem(_RULES, "rule", Not(Filled(Field("rule", "backendRefs")))))

_BACKENDS: Plain = [{"backendRefs": [{"name": "web", "port": 80}]}]
_REDIRECT: Plain = [{"filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}}]}]

RULE = Rule(
    id="route_host",
    title="Routes name their hosts",
    severity=Severity.HIGH,
    why="A route without a host, or with a wildcard, gets the requests of every host that has no route of its own yet.",
    remedy="List the hosts in `spec.hostnames`, without `*`.",
    types=ROUTES,
    check=demands(
        Demand(
            WHOLE,
            any_of(_NAMED, _LEADS_NOWHERE),
            "is missing or has a wildcard; allowed are full names, or rules without backends",
            at=("spec", "hostnames"),
        )
    ),
    passing=(
        route(hostnames=["web.dev.example"], rules=_BACKENDS),
        route("GRPCRoute", hostnames=["a.dev.example", "b.dev.example"], rules=_BACKENDS),
        route(rules=_REDIRECT),
        route("HTTPRoutePatch", rules=_BACKENDS),
    ),
    failing=(
        route(rules=_BACKENDS),
        route(hostnames=[], rules=_BACKENDS),
        route(hostnames=["web.dev.example", "*.dev.example"], rules=_BACKENDS),
        route("GRPCRoutePatch", hostnames=["*"], rules=_BACKENDS),
    ),
)
