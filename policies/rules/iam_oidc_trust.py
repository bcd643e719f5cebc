"""Roles that trust an OIDC provider say which of its tokens they take."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.iam import Statement, depends_on, is_fixed, judged, listed, read
from policies.kinds import exactly
from policies.plain import UNKNOWN, Plain, at
from policies.rule import Finding, Resource, Rule, Severity
from policies.samples import declared
from policies.truth import Truth, every, opposite, some

# GitLab's begin with `project_path:`, GitHub's with `repo:`. A name that a wildcard continues is anybody's to take.
_OWNER = re.compile(r"(?:system:serviceaccount:|(?!system:)[^:*?$]+:)[^:*?$]+?[:/]")


def _check(resource: Resource) -> Iterator[Finding]:
    yield from judged(
        read(at(resource.props, "assumeRolePolicy"), "assumeRolePolicy"),
        _takes_any,
        "takes a token of anybody whom the provider knows; allowed is a condition on the token's `sub` "
        "that begins with the name of a project or service account",
    )


def _takes_any(statement: Statement) -> Truth:
    principal = statement.element("Principal")
    federated = principal if principal is UNKNOWN else at(principal, "Federated")
    through = some(
        None if one is UNKNOWN else isinstance(one, str) and ":oidc-provider/" in one for one in listed(federated)
    )
    named = depends_on(statement, lambda key: key.endswith(":sub"), _names_somebody)
    return every((through, opposite(named)))


def _names_somebody(subject: str) -> bool:
    return is_fixed(subject) or _OWNER.match(subject) is not None


_HOST = "gitlab.com"
_ARN = f"arn:aws:iam::123456789012:oidc-provider/{_HOST}"


def _role(condition: Plain, provider: Plain = _ARN, effect: str = "Allow") -> Resource:
    action = "sts:AssumeRoleWithWebIdentity"
    statement: Plain = {
        "Effect": effect,
        "Action": action,
        "Principal": {"Federated": provider},
        "Condition": condition,
    }
    return declared("aws:iam/role:Role", assumeRolePolicy={"Statement": [statement]})


def _subject(value: Plain, operator: str = "StringEquals", key: str = f"{_HOST}:sub") -> Resource:
    return _role({operator: {key: value}})


RULE = Rule(
    id="iam_oidc_trust",
    title="Roles for OIDC tokens name their subjects",
    severity=Severity.CRITICAL,
    why="An issuer signs tokens for all its users: without a subject every project on gitlab.com takes the role.",
    remedy="Add `StringEquals` (or `StringLike` with the project written out) on `HOST:sub`, beside `HOST:aud`.",
    types=exactly(Role="aws:iam/role:Role"),
    check=_check,
    passing=(
        _subject("project_path:acme/idp:ref_type:branch:ref:main"),
        _subject(["project_path:acme/idp:ref_type:branch:ref:*"], "StringLike"),
        _subject("auth0|5f1c"),
        _subject("system:serviceaccount:kube-system:*", "StringLike"),
        _subject("repo:acme/*", "StringLike", "token.actions.githubusercontent.com:sub"),
        _subject("system:serviceaccount:kube-system:aws-node", key="oidc.eks.eu-central-1.amazonaws.com/id/A:SUB"),
        _subject("repo:acme/idp:ref:refs/heads/main", "ForAnyValue:StringEquals"),
        _role({}, "cognito-identity.amazonaws.com"),
        _role({}, "arn:aws:iam::123456789012:saml-provider/people"),
        _role({}, effect="Deny"),
        declared("aws:iam/role:Role", assumeRolePolicy="{"),
    ),
    failing=(
        _role({}),
        _role(None),
        _role({}, ["arn:aws:iam::123456789012:saml-provider/people", _ARN]),
        _subject("https://gitlab.com", key=f"{_HOST}:aud"),
        _subject("*", "StringLike"),
        _subject("?*", "StringLike"),
        _subject("project_path:*", "StringLike"),
        _subject("project_path*", "StringLike"),
        _subject("repo:acme*", "StringLike"),
        _subject("repo:${aws:username}/*", "StringLike"),
        _subject("repo:?*:main", "StringLike"),
        _subject("system:serviceaccount:*", "StringLike"),
        _subject(["project_path:acme/idp:*", "*"], "StringLike"),
        _subject([]),
        _subject("project_path:acme/idp:ref_type:branch:ref:main", "StringEqualsIfExists"),
        _subject("project_path:acme/idp:ref_type:branch:ref:main", "ForAllValues:StringEquals"),
        _subject("project_path:acme/idp:ref_type:branch:ref:main", "StringNotEquals"),
    ),
)
