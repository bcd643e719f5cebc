"""Roles say who may take them."""

from __future__ import annotations

from collections.abc import Iterator

from policies.iam import is_for_everyone, judged, read
from policies.kinds import exactly
from policies.plain import Plain, at
from policies.rule import Finding, Resource, Rule, Severity
from policies.samples import declared


def _check(resource: Resource) -> Iterator[Finding]:
    yield from judged(
        read(at(resource.props, "assumeRolePolicy"), "assumeRolePolicy"),
        is_for_everyone,
        "lets anybody take the role; allowed are principals by name: accounts, roles, services, identity providers",
        readable=True,
    )


def _role(principal: Plain, effect: str = "Allow", **more: Plain) -> Resource:
    statement: Plain = {"Effect": effect, "Action": "sts:AssumeRole", "Principal": principal, **more}
    return declared("aws:iam/role:Role", assumeRolePolicy={"Statement": [statement]})


RULE = Rule(
    id="iam_trust",
    title="No role trusts everybody",
    severity=Severity.CRITICAL,
    why="A role that trusts `*` is for every account of AWS; a condition beside it is one mistake from being gone.",
    remedy="Name the principals that take the role; for an organization name its accounts.",
    types=exactly(Role="aws:iam/role:Role"),
    check=_check,
    passing=(
        _role({"Service": "ec2.amazonaws.com"}),
        _role({"AWS": ["arn:aws:iam::123456789012:role/a", "123456789012"]}),
        _role("*", effect="Deny"),
        _role({"AWS": "*"}, effect="Deny"),
    ),
    failing=(
        _role("*"),
        _role({"AWS": "*"}),
        _role({"Service": ["ec2.amazonaws.com"], "AWS": ["123456789012", "*"]}),
        _role({"AWS": "*"}, Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
        declared(
            "aws:iam/role:Role",
            assumeRolePolicy='{"Statement": {"Effect": "Allow", "NotPrincipal": {"AWS": "1"}}}',
        ),
        declared("aws:iam/role:Role", assumeRolePolicy="everybody"),
        declared("aws:iam/role:Role"),
    ),
)
