"""Nobody holds a key of AWS that lasts."""

from __future__ import annotations

from collections.abc import Iterator

from policies.kinds import exactly
from policies.plain import UNKNOWN, at
from policies.rule import Finding, NotYetKnown, Resource, Rule, Severity, Violation
from policies.samples import declared


def _check(resource: Resource) -> Iterator[Finding]:
    if resource.kind == "Role":
        return
    status = at(resource.props, "status") if resource.kind == "AccessKey" else None
    if status is UNKNOWN:
        yield NotYetKnown("status")
    elif status != "Inactive":
        yield Violation("is a user, or the password or key of one; allowed are roles, and keys that are inactive", "")


RULE = Rule(
    id="iam_static_credentials",
    title="Identities are roles, not users with keys",
    severity=Severity.HIGH,
    why="A user's key is good until somebody deletes it, from wherever it has been copied to.",
    remedy="Use a role: EKS Pod Identity for pods, OIDC for pipelines, IAM Identity Center for people.",
    standards=("CIS AWS 3.0.0 1.21", "CIS AWS 5.0.0 1.20"),
    types=exactly(
        User="aws:iam/user:User",
        AccessKey="aws:iam/accessKey:AccessKey",
        UserLoginProfile="aws:iam/userLoginProfile:UserLoginProfile",
        Role="aws:iam/role:Role",
    ),
    check=_check,
    passing=(
        declared("aws:iam/role:Role"),
        declared("aws:iam/accessKey:AccessKey", status="Inactive"),
    ),
    failing=(
        declared("aws:iam/user:User", name="somebody"),
        declared("aws:iam/userLoginProfile:UserLoginProfile", user="somebody"),
        declared("aws:iam/accessKey:AccessKey", user="somebody"),
        declared("aws:iam/accessKey:AccessKey", status="Active"),
    ),
)
