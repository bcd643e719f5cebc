"""A role of Vault for tokens of others says whose tokens it takes."""

from __future__ import annotations

from collections.abc import Iterator

from policies.iam import listed
from policies.kinds import exactly
from policies.plain import UNKNOWN, Plain, at, join
from policies.rule import Finding, NotYetKnown, Resource, Rule, Severity, Violation
from policies.samples import declared

_ROLE = "vault:jwt/authBackendRole:AuthBackendRole"


def _check(resource: Resource) -> Iterator[Finding]:
    yield from _audiences(at(resource.props, "boundAudiences"))
    claims = at(resource.props, "boundClaims")
    if claims is UNKNOWN:
        yield NotYetKnown("boundClaims")
    else:
        for name, value in claims.items() if isinstance(claims, dict) else ():
            yield from _claim(value, join("boundClaims", name))
        if not claims:
            yield from _unbound(resource)


def _audiences(bound: Plain) -> Iterator[Finding]:
    if bound is UNKNOWN:
        yield NotYetKnown("boundAudiences")
    elif not bound:
        yield Violation("is missing; allowed are the audiences that tokens for this Vault name", "boundAudiences")


def _claim(value: Plain, path: str) -> Iterator[Finding]:
    """Judge the values of a claim, which are one text with commas; a pattern of nothing but `*` takes any."""
    values = [part for one in listed(value) for part in (one.split(",") if isinstance(one, str) else [one])]
    if UNKNOWN in values:
        yield NotYetKnown(path)
    elif any(isinstance(one, str) and not one.strip().strip("*") for one in values):
        yield Violation("takes any value; allowed are values, or patterns with a beginning", path)


def _unbound(resource: Resource) -> Iterator[Finding]:
    """Judge a role without claims: people come through a provider that knows Vault, and jobs by their subject."""
    kind, subject = at(resource.props, "roleType"), at(resource.props, "boundSubject")
    if kind == "oidc":
        return
    if UNKNOWN in (kind, subject):
        yield NotYetKnown("boundClaims")
    elif not subject:
        yield Violation("is missing; allowed are claims that say whose tokens, or a subject", "boundClaims")


def _role(**changes: Plain) -> Resource:
    good: dict[str, Plain] = {"boundAudiences": ["vault"], "boundClaims": {"project_id": "1,2"}}
    return declared(_ROLE, **{**good, **changes})


RULE = Rule(
    id="vault_jwt_role",
    title="Jobs log in to Vault by audience and claims",
    severity=Severity.CRITICAL,
    why="gitlab.com signs tokens for every project there is: without claims all of them log in.",
    remedy="Set `bound_audiences`, and `bound_claims` such as `project_id` and `ref_protected` with exact values.",
    types=exactly(JwtRole=_ROLE),
    check=_check,
    passing=(
        _role(),
        _role(boundClaims=None, boundSubject="repo:acme/idp"),
        _role(boundClaims={}, roleType="oidc"),
        _role(boundClaims={"ref": "release/*"}, boundClaimsType="glob"),
    ),
    failing=(
        _role(boundClaims=None),
        _role(boundClaims={}, roleType="jwt"),
        _role(boundClaims={}, boundSubject=""),
        _role(boundClaims={"project_id": "*"}),
        _role(boundClaims={"project_id": "1", "ref": "main,*"}),
        _role(boundClaims={"project_id": ""}),
        _role(boundClaims={"ref": ["main", "**"]}),
        _role(boundAudiences=None),
        _role(boundAudiences=[]),
        _role(boundAudiences=[], roleType="oidc"),
    ),
)
