"""No identity may do everything."""

from __future__ import annotations

from collections.abc import Iterator

from policies import identities
from policies.iam import Statement, does_everything, is_about_every, judged
from policies.plain import Plain
from policies.rule import Finding, NotYetKnown, Resource, Rule, Severity, Violation
from policies.samples import declared
from policies.truth import Truth, every

_ANYTHING = ("any/Thing:5f1c", "Thing5f1c")
"""Names of resources that only a wildcard covers."""

_MANAGED = ("AdministratorAccess", "IAMFullAccess", "PowerUserAccess")
"""Policies of AWS that allow everything, all of IAM (and so everything), or everything but IAM."""


def _check(resource: Resource) -> Iterator[Finding]:
    yield from judged(
        identities.statements(resource) if identities.DOCUMENTS.match(resource.type) else (),
        _wide,
        "allows every action on every resource; allowed are the actions that are needed",
        readable=True,
    )
    for found in identities.known(identities.arns(resource)):
        if isinstance(found, NotYetKnown):
            yield found
        elif found[1].endswith(tuple(f":aws:policy/{name}" for name in _MANAGED)):
            yield Violation("is an administrator's policy; allowed are policies for what is needed", found[0])


def _wide(statement: Statement) -> Truth:
    return every((does_everything(statement), is_about_every(statement, *_ANYTHING)))


def _document(action: Plain, resource: Plain, effect: str = "Allow") -> dict[str, Plain]:
    return {"Statement": {"Effect": effect, "Action": action, "Resource": resource}}


_ALL = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
_SOME = '{"Statement": {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::a/*"]}}'

RULE = Rule(
    id="iam_admin",
    title="No identity may do everything",
    severity=Severity.CRITICAL,
    why="Whoever takes over an administrator, by a leaked session or a wrong trust, has the whole account.",
    remedy="List the actions that are used, on the resources they are for; people administer through a role of SSO.",
    standards=("FSBP 1.0.0 IAM.1", "CIS AWS 3.0.0 1.16", "CIS AWS 5.0.0 1.15"),
    types=identities.GRANTS,
    check=_check,
    passing=(
        declared("aws:iam/policy:Policy", policy=_SOME),
        declared("aws:iam/policy:Policy", policy=_document("*", "*", "Deny")),
        declared("aws:iam/policy:Policy", policy=_document("*", "arn:aws:s3:::logs/*")),
        declared("aws:iam/policy:Policy", policy=_document("s3:*", "*")),
        declared("aws:iam/role:Role", assumeRolePolicy=_ALL),
        declared("aws:iam/role:Role", inlinePolicies=[{"name": "a", "policy": _SOME}, {}]),
        declared("aws:iam/role:Role", managedPolicyArns=["arn:aws:iam::aws:policy/SecurityAudit"]),
        declared(
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment", policyArn="arn:aws:iam::aws:policy/ReadOnlyAccess"
        ),
        declared(
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            policyArn="arn:aws:iam::123456789012:policy/AdministratorAccess",
        ),
    ),
    failing=(
        declared("aws:iam/policy:Policy", policy=_ALL),
        declared("aws:iam/policy:Policy", policy=_document("*:*", ["arn:aws:s3:::a", "*"])),
        declared(
            "aws:iam/policy:Policy", policy={"statement": [{"EFFECT": "Allow", "action": ["*"], "NotResource": "a"}]}
        ),
        declared("aws:iam/policy:Policy", policy=_document(["s3:Get*", "*"], "arn:aws:*")),
        declared("aws:iam/rolePolicy:RolePolicy", policy=_ALL),
        declared("aws:iam/groupPolicy:GroupPolicy", policy=_ALL),
        declared("aws:iam/userPolicy:UserPolicy", policy=_ALL),
        declared("aws:iam/role:Role", inlinePolicies=[{"policy": _SOME}, {"policy": _ALL}]),
        declared("aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy", inlinePolicy=_ALL),
        declared("aws:iam/policy:Policy", policy="{"),
        declared("aws:iam/policy:Policy", policy="[]"),
        declared("aws:iam/policy:Policy"),
        declared("aws:iam/policy:Policy", policy='{"Statement": ["Allow"]}'),
        declared("aws:iam/policy:Policy", policy='{"Statement": [], "Statement": []}'),
        *(
            declared(
                "aws:iam/rolePolicyAttachment:RolePolicyAttachment", policyArn=f"arn:aws-cn:iam::aws:policy/{name}"
            )
            for name in _MANAGED
        ),
        declared("aws:iam/policyAttachment:PolicyAttachment", policyArn="arn:aws:iam::aws:policy/AdministratorAccess"),
        declared("aws:iam/role:Role", managedPolicyArns=["arn:aws:iam::aws:policy/AdministratorAccess"]),
        declared(
            "aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment",
            managedPolicyArn="arn:aws:iam::aws:policy/AdministratorAccess",
        ),
    ),
)
