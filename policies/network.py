"""What a NetworkPolicy does to the pods of its namespace."""

from __future__ import annotations

import re
from collections.abc import Callable

from policies.plain import UNKNOWN, Plain, at
from policies.truth import Truth, every, opposite, some

EVERYWHERE = ".*/0+"
"""Ranges of every address: those of a prefix of no bits, whatever stands before it."""
_PEERS = {"Ingress": "from", "Egress": "to"}


def denies_by_default(spec: Plain) -> Truth:
    """Tell whether a NetworkPolicy's spec closes every pod in both directions and has no rule that opens one fully.

    Fields that are absent count as the API server defaults them.
    """
    return every((selects_all(at(spec, "podSelector")), *(_closes(spec, direction) for direction in _PEERS)))


def selects_all(selector: Plain) -> Truth:
    """Tell whether a label selector that is absent or holds no requirement selects everything."""
    if selector is UNKNOWN:
        return None
    return every(_empty(at(selector, part)) for part in ("matchLabels", "matchExpressions"))


def _closes(spec: Plain, direction: str) -> Truth:
    rules = at(spec, direction.lower())
    opened = _any_of(rules, lambda rule: _lets_all(rule, _PEERS[direction]))
    return every((_applies(at(spec, "policyTypes"), direction, rules), opposite(opened)))


def _applies(types: Plain, direction: str, rules: Plain) -> Truth:
    if types is UNKNOWN:
        return None
    if _empty(types):
        # The API server's defaulting: always Ingress, Egress only where there are egress rules.
        return direction == "Ingress" or opposite(_empty(rules))
    return _any_of(types, lambda name: None if name is UNKNOWN else name == direction)


def _lets_all(rule: Plain, peers: str) -> Truth:
    if rule is UNKNOWN:
        return None
    return every((_is_open(at(rule, peers), _is_everyone), _is_open(at(rule, "ports"), _is_every_port)))


def _is_open(values: Plain, check: Callable[[Plain], Truth]) -> Truth:
    """Take an absent or empty list of peers or ports for all of them, as the API server does."""
    return some((_empty(values), _any_of(values, check)))


def _is_everyone(peer: Plain) -> Truth:
    if peer is UNKNOWN:
        return None
    block = at(peer, "ipBlock")
    if block is not None:
        cidr = at(block, "cidr")
        covers = None if cidr is UNKNOWN else isinstance(cidr, str) and re.fullmatch(EVERYWHERE, cidr) is not None
        return every((covers, _empty(at(block, "except"))))
    if at(peer, "namespaceSelector") is None:
        # A podSelector alone stays within the namespace.
        return False
    return every(selects_all(at(peer, part)) for part in ("namespaceSelector", "podSelector"))


def _is_every_port(port: Plain) -> Truth:
    if port is UNKNOWN:
        return None
    return _empty(at(port, "port"))


def _empty(value: Plain) -> Truth:
    return None if value is UNKNOWN else value in (None, "", [], {})


def _any_of(values: Plain, check: Callable[[Plain], Truth]) -> Truth:
    if values is UNKNOWN:
        return None
    return some(check(value) for value in values) if isinstance(values, list) else False
