"""Who asks without TLS is told to come back with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policies.gateways import GROUP, gateway, route
from policies.kinds import kubernetes
from policies.plain import UNKNOWN, Plain, at
from policies.rule import Finding, NotYetKnown, Resource, Severity, StackRule, Violation
from policies.truth import Truth, every, opposite, some

_PATH = "spec.rules"


def _check(resources: Sequence[Resource]) -> Iterator[Finding]:
    whole = [found for found in resources if not found.patch]
    gateways = [found for found in whole if found.kind == "Gateway"]
    for found in whole:
        if found.kind == "HTTPRoute":
            open_ = every((_serves(found), some(_plainly(found, on) for on in gateways)))
            if open_ is None:
                yield NotYetKnown(_PATH, found)
            elif open_:
                yield Violation(
                    "serves requests without TLS; on a listener for HTTP allowed are rules that redirect to https",
                    _PATH,
                    found,
                )


def _serves(found: Resource) -> Truth:
    """Tell whether a route does anything but redirect to https; without rules it leads all to its backends."""
    rules = at(found.props, "spec", "rules")
    if rules is UNKNOWN:
        return None
    listed = rules if isinstance(rules, list) else []
    return opposite(every((bool(listed), *(_redirects(rule) for rule in listed))))


def _redirects(rule: Plain) -> Truth:
    filters = at(rule, "filters")
    if rule is UNKNOWN or filters is UNKNOWN:
        return None
    return some(
        _is(at(one, "requestRedirect", "scheme"), "https") for one in (filters if isinstance(filters, list) else [])
    )


def _plainly(found: Resource, on: Resource) -> Truth:
    """Tell whether a route is attached to a listener for HTTP of a gateway."""
    listeners, parents = at(on.props, "spec", "listeners"), at(found.props, "spec", "parentRefs")
    if listeners is UNKNOWN or parents is UNKNOWN:
        return None
    return some(
        every((_is(at(listener, "protocol"), "HTTP"), _attached(found, parent, on, listener)))
        for listener in (listeners if isinstance(listeners, list) else [])
        for parent in (parents if isinstance(parents, list) else [])
    )


def _attached(found: Resource, parent: Plain, on: Resource, listener: Plain) -> Truth:
    namespace = at(parent, "namespace")
    section = at(parent, "sectionName")
    return every(
        (
            _same(at(parent, "name"), at(on.props, "metadata", "name")),
            _same(
                at(found.props, "metadata", "namespace") if namespace is None else namespace,
                at(on.props, "metadata", "namespace"),
            ),
            True if section is None else _same(section, at(listener, "name")),
        )
    )


def _is(value: Plain, expected: str) -> Truth:
    return None if value is UNKNOWN else value == expected


def _same(one: Plain, other: Plain) -> Truth:
    return None if one is UNKNOWN or other is UNKNOWN else one == other


_HTTP: Plain = {"name": "http", "protocol": "HTTP"}
_HTTPS: Plain = {"name": "https", "protocol": "HTTPS"}
_PARENT: dict[str, Plain] = {"name": "gateway", "namespace": "idp-gateway"}
_BACKENDS: Plain = {"backendRefs": [{"name": "web"}]}
_REDIRECT: Plain = {"filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}}]}


def _route(*rules: Plain, section: str = "http", typed: str = "HTTPRoute") -> Resource:
    return route(typed, parentRefs=[{**_PARENT, "sectionName": section}], rules=list(rules))


RULE = StackRule(
    id="gateway_redirect",
    title="Listeners without TLS only redirect",
    severity=Severity.HIGH,
    why="Who types a name without https would else stay without it, and anybody in between could read and change all.",
    remedy="Attach the route to the listener with TLS (`sectionName`), and give the one for HTTP a redirect to https.",
    types=kubernetes(Gateway=GROUP, HTTPRoute=GROUP),
    check=_check,
    passing=(
        (),
        (gateway(_HTTP, _HTTPS), _route(_REDIRECT), _route(_BACKENDS, section="https")),
        (gateway(_HTTP, name="other"), _route(_BACKENDS)),
        (gateway(_HTTP), _route(_BACKENDS, typed="HTTPRoutePatch")),
    ),
    failing=(
        (gateway(_HTTP, _HTTPS), _route(_BACKENDS)),
        (gateway(_HTTP, _HTTPS), _route(_REDIRECT, _BACKENDS)),
        (gateway(_HTTP), route(parentRefs=[_PARENT], rules=[_BACKENDS])),
        (gateway(_HTTP), _route()),
    ),
)
