"""Nobody can give himself the rights of others."""

from __future__ import annotations

from collections.abc import Iterator

from policies import identities
from policies.iam import Statement, depends_on, does, is_about_every, judged
from policies.plain import Plain
from policies.rule import Finding, Resource, Rule, Severity
from policies.samples import declared
from policies.truth import Truth, every, opposite, some

_ROLES = ("iam:PassRole", "sts:AssumeRole", "iam:UpdateAssumeRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePolicy")
_POLICIES = ("iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion")
_USERS = (
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:PutUserPolicy",
    "iam:UpdateLoginProfile",
)
_GROUPS = ("iam:AddUserToGroup", "iam:AttachGroupPolicy", "iam:PutGroupPolicy")
"""Actions with which an identity gets what another may do (docs.aws.amazon.com/IAM, Actions defined by IAM and STS)."""

_WAYS = (
    (_ROLES, ("role/Thing5f1c", "role/path/Thing5f1c")),
    (_POLICIES, ("policy/Thing5f1c", "policy/path/Thing5f1c")),
    (_USERS, ("user/Thing5f1c", "user/path/Thing5f1c")),
    (_GROUPS, ("group/Thing5f1c", "group/path/Thing5f1c")),
)
"""Actions, and names of what they are about that only a wildcard covers."""

_KEYS = ("iam:passedtoservice", "iam:permissionsboundary", "iam:policyarn", "iam:resourcetag/", "aws:resourcetag/")
"""Keys that hold the action to some of its resources, or what comes of it to some rights."""


def _check(resource: Resource) -> Iterator[Finding]:
    yield from judged(
        identities.statements(resource),
        _escalates,
        "allows an action that gives the rights of others, on any of them; allowed is a resource that names whose, "
        "or a condition on the boundary, the policy, the tags or the service that a role is passed to",
    )


def _escalates(statement: Statement) -> Truth:
    taken = some(every((does(statement, *actions), is_about_every(statement, *names))) for actions, names in _WAYS)
    return every(
        (taken, opposite(depends_on(statement, lambda key: key.startswith(_KEYS), lambda value: value != "*")))
    )


def _policy(action: Plain, resource: Plain = "*", **more: Plain) -> Resource:
    statement: Plain = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return declared("aws:iam/policy:Policy", policy={"Statement": [statement]})


RULE = Rule(
    id="iam_escalation",
    title="Nobody can take the rights of others",
    severity=Severity.CRITICAL,
    why="Who may pass any role to a machine, or write any policy, is an administrator under another name.",
    remedy="Name the roles, users or policies by ARN (`role/PATH/*`), or add a condition such as "
    "`iam:PassedToService` or `iam:PermissionsBoundary`.",
    types=identities.DOCUMENTS,
    check=_check,
    passing=(
        _policy("iam:PassRole", "arn:aws:iam::123456789012:role/idp/*"),
        _policy("iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": ["ec2.amazonaws.com"]}}),
        _policy(
            "iam:PutRolePolicy", Condition={"StringEquals": {"iam:PermissionsBoundary": "arn:aws:iam::1:policy/b"}}
        ),
        _policy(["iam:Get*", "iam:List*", "ec2:*"]),
        _policy("iam:CreateAccessKey", "arn:aws:iam::123456789012:user/${aws:username}"),
        declared("aws:iam/policy:Policy", policy={"Statement": {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}}),
        declared("aws:iam/policy:Policy", policy="{"),
    ),
    failing=(
        *(_policy(action) for actions, _ in _WAYS for action in actions),
        _policy("iam:*"),
        _policy("IAM:pass*"),
        _policy("i?m:PassRole"),
        _policy(["s3:GetObject", "sts:*"]),
        _policy("iam:PassRole", "arn:aws:iam::123456789012:role/*"),
        _policy("iam:PassRole", ["arn:aws:iam::123456789012:role/a", "arn:aws:iam::*"]),
        _policy("iam:CreatePolicyVersion", "arn:aws:iam::123456789012:policy/*"),
        _policy("iam:PutUserPolicy", "arn:aws:iam::123456789012:user/*"),
        _policy("iam:AddUserToGroup", "arn:aws:iam::123456789012:group/*"),
        _policy("iam:PassRole", Condition={"StringLike": {"iam:PassedToService": "*"}}),
        _policy("iam:PassRole", Condition={"StringEquals": {"aws:RequestedRegion": "eu-central-1"}}),
        _policy("iam:PassRole", Condition={"StringEqualsIfExists": {"iam:PassedToService": "ec2.amazonaws.com"}}),
        _policy("iam:PassRole", Condition={"ForAllValues:StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}),
        declared(
            "aws:iam/rolePolicy:RolePolicy",
            policy={"Statement": {"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}},
        ),
        declared(
            "aws:iam/policy:Policy",
            policy={"Statement": {"Effect": "Allow", "Action": "iam:PassRole", "NotResource": "arn:aws:iam::1:role/a"}},
        ),
    ),
)
