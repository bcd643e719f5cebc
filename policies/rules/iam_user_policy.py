"""Users get their permissions through groups."""

from __future__ import annotations

from collections.abc import Iterator

from policies.kinds import exactly
from policies.plain import UNKNOWN, at
from policies.rule import Finding, NotYetKnown, Resource, Rule, Severity, Violation
from policies.samples import declared


def _check(resource: Resource) -> Iterator[Finding]:
    if resource.kind != "PolicyAttachment":
        yield Violation("gives a permission to one user; allowed are permissions of groups and roles", "")
        return
    users = at(resource.props, "users")
    if users is UNKNOWN:
        yield NotYetKnown("users")
    elif users:
        yield Violation("names users; allowed are groups and roles", "users")


_ARN = "arn:aws:iam::aws:policy/ReadOnlyAccess"

RULE = Rule(
    id="iam_user_policy",
    title="No policy is attached to a user",
    severity=Severity.LOW,
    why="What one user was given by hand stays when the work changes, and no review of groups finds it.",
    remedy="Attach the policy to a group that the user is in, or to a role.",
    standards=("FSBP 1.0.0 IAM.2", "CIS AWS 3.0.0 1.15", "CIS AWS 5.0.0 1.14"),
    types=exactly(
        UserPolicy="aws:iam/userPolicy:UserPolicy",
        UserPolicyAttachment="aws:iam/userPolicyAttachment:UserPolicyAttachment",
        PolicyAttachment="aws:iam/policyAttachment:PolicyAttachment",
    ),
    check=_check,
    passing=(
        declared("aws:iam/policyAttachment:PolicyAttachment", policyArn=_ARN, roles=["a"]),
        declared("aws:iam/policyAttachment:PolicyAttachment", policyArn=_ARN, groups=["a"], users=[]),
    ),
    failing=(
        declared("aws:iam/policyAttachment:PolicyAttachment", policyArn=_ARN, groups=["a"], users=["b"]),
        declared("aws:iam/userPolicy:UserPolicy", user="b"),
        declared("aws:iam/userPolicyAttachment:UserPolicyAttachment", user="b", policyArn=_ARN),
    ),
)
