"""Tokens of Vault end within a day."""

from __future__ import annotations

from collections.abc import Iterator

from policies.plain import UNKNOWN, Plain, at
from policies.rule import Finding, NotYetKnown, Resource, Rule, Severity, Violation
from policies.samples import declared
from policies.truth import Truth, every, some
from policies.vault import LOGIN_ROLES

LONGEST = 24 * 3600
"""A day, in seconds; Vault's own default is 32 days (developer.hashicorp.com/vault, Tokens, The general case)."""


def _check(resource: Resource) -> Iterator[Finding]:
    explicit, maximum, period, first = (
        at(resource.props, key) for key in ("tokenExplicitMaxTtl", "tokenMaxTtl", "tokenPeriod", "tokenTtl")
    )
    # A period sets the maximum aside: such a token can be renewed for ever, unless its end is explicit.
    ends = some((_is_short(explicit), every((_is_short(maximum), _is_unset(period)))))
    if ends is None:
        yield NotYetKnown("tokenExplicitMaxTtl")
    elif not ends:
        yield Violation(
            f"has no end within a day; allowed are up to {LONGEST} seconds, or as many of tokenMaxTtl without a period",
            "tokenExplicitMaxTtl",
        )
    if first is UNKNOWN:
        yield NotYetKnown("tokenTtl")
    elif not some((_is_unset(first), _is_short(first))):
        yield Violation(f"is longer than a day; allowed are up to {LONGEST} seconds", "tokenTtl")


def _is_short(seconds: Plain) -> Truth:
    if seconds is UNKNOWN:
        return None
    return isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 < seconds <= LONGEST


def _is_unset(seconds: Plain) -> Truth:
    return None if seconds is UNKNOWN else seconds is None or seconds == 0


def _role(**seconds: Plain) -> Resource:
    return declared("vault:kubernetes/authBackendRole:AuthBackendRole", **seconds)


RULE = Rule(
    id="vault_token_ttl",
    title="Tokens of Vault end within a day",
    severity=Severity.HIGH,
    why="A stolen token is good until it ends, and Vault's own limit is 32 days.",
    remedy="Set `token_ttl` to minutes and `token_explicit_max_ttl` to the longest that one task takes.",
    types=LOGIN_ROLES,
    check=_check,
    passing=(
        _role(tokenTtl=900, tokenExplicitMaxTtl=3600),
        _role(tokenMaxTtl=86400),
        _role(tokenMaxTtl=3600, tokenPeriod=0, tokenTtl=0),
        _role(tokenPeriod=900, tokenExplicitMaxTtl=86400),
        declared("vault:jwt/authBackendRole:AuthBackendRole", tokenExplicitMaxTtl=1),
    ),
    failing=(
        _role(),
        _role(tokenTtl=900),
        _role(tokenMaxTtl=86401),
        _role(tokenExplicitMaxTtl=0),
        _role(tokenExplicitMaxTtl=True),
        _role(tokenExplicitMaxTtl="1h"),
        _role(tokenMaxTtl=3600, tokenPeriod=900),
        _role(tokenMaxTtl=3600, tokenTtl=86401),
        declared("vault:appRole/authBackendRole:AuthBackendRole", tokenTtl=3600, tokenPeriod=3600),
    ),
)
