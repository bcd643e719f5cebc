"""Policies name what they allow, not whole services."""

from __future__ import annotations

from collections.abc import Iterator

from policies import identities
from policies.iam import does_all_of_a_service, does_everything, judged
from policies.plain import Plain
from policies.rule import Finding, Resource, Rule, Severity
from policies.samples import declared
from policies.truth import some


def _check(resource: Resource) -> Iterator[Finding]:
    yield from judged(
        identities.statements(resource),
        lambda statement: some((does_everything(statement), does_all_of_a_service(statement))),
        "allows all of a service, or all but some; allowed are actions by name, or by a beginning such as `s3:Get*`",
    )


def _policy(kind: str = "aws:iam/policy:Policy", effect: str = "Allow", **elements: Plain) -> Resource:
    return declared(kind, policy={"Statement": [{"Effect": effect, "Resource": "arn:aws:s3:::a", **elements}]})


RULE = Rule(
    id="iam_wildcard_action",
    title="Policies name actions, not services",
    severity=Severity.MEDIUM,
    why="A service's wildcard also allows what nobody meant, and what AWS adds to the service later.",
    remedy="List the actions that are used; `aws accessanalyzer start-policy-generation` tells them from CloudTrail.",
    standards=("FSBP 1.0.0 IAM.21",),
    types=identities.DOCUMENTS,
    check=_check,
    passing=(
        _policy(Action="s3:GetObject"),
        _policy(Action=["s3:Get*", "ec2:Describe*"]),
        _policy(Action="s3:*", effect="Deny"),
        _policy(NotAction="s3:*", effect="Deny"),
    ),
    failing=(
        _policy(Action="s3:*"),
        _policy(Action=["s3:GetObject", "eks-auth:**"]),
        _policy(Action="*"),
        _policy(NotAction="iam:*"),
        _policy("aws:iam/rolePolicy:RolePolicy", Action="EC2:*"),
        declared(
            "aws:iam/role:Role",
            inlinePolicies=[{"policy": '{"Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]}'}],
        ),
    ),
)
